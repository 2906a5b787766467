"""Whatever a client sends, conmand answers with a status that says what is wrong, and nothing is left.

One real daemon over fakerunc is sent every request of the service with fields that are anything, and
bytes that are no request. Never a traceback, INTERNAL or UNKNOWN; always an ErrorInfo, with the field
where one is at fault; afterwards the host has what it had, and conmand answers. The same inputs in every
`make test`; `make bad-input TRIES=5000` draws new ones, and prints how many.
"""

import os
import socket
from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings

from tests.integration.any_request import METHODS, mangled, requests
from tests.integration.under_fire import DEADLINE_S, Target, under_fire

TRIES = int(os.environ.get("CONMAN_BAD_INPUT_TRIES", "0"))
SERVED = sorted(METHODS)
TEXTS = [
    (method, field.name)
    for method in SERVED
    for field in METHODS[method].input_type.fields
    if field.type == field.TYPE_STRING
]
NO_TEXT = b"\xff\xfe"
SILENCE_S = 30

pytestmark = pytest.mark.timeout(0 if TRIES else 300)


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with under_fire() as one:
        yield one
        told = ", ".join(f"{count} {code}" for code, count in one.codes.most_common())
        print(f"\nbad input: {one.codes.total()} requests sent: {told}")  # noqa: T201 - what -s shows


def tries(usual: int) -> settings:
    """`TRIES` are shared among the methods, and new ones are drawn."""
    return settings(
        max_examples=max(usual, TRIES // (2 * len(SERVED))) if TRIES else usual,
        derandomize=not TRIES,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@pytest.mark.parametrize("method", SERVED)
def test_any_fields(target: Target, method: str) -> None:
    @tries(100 if method == "CreateContainer" else 25)
    @given(request=requests(method, target.standing))
    def send(request: Message) -> None:
        answer = target.send(method, request.SerializeToString())
        target.judge(method, answer)
        if answer.code == "INVALID_ARGUMENT":
            assert is_field(METHODS[method].input_type, answer.field), answer

    send()
    target.is_unharmed()


def is_field(kind: Descriptor, path: str) -> bool:
    name, _, rest = path.partition(".")
    field = kind.fields_by_name.get(name)
    return field is not None and (not rest or is_field(field.message_type, rest))


@pytest.mark.parametrize("method", SERVED)
def test_any_bytes(target: Target, method: str) -> None:
    @tries(25)
    @given(raw=mangled(method, target.standing))
    def send(raw: bytes) -> None:
        target.judge(method, target.send(method, raw))

    send()
    target.is_unharmed()


@pytest.mark.parametrize(("method", "field"), TEXTS)
def test_bytes_that_are_no_text(target: Target, method: str, field: str) -> None:
    number = METHODS[method].input_type.fields_by_name[field].number
    is_no_text(target, method, field, length_delimited(number, NO_TEXT))


@pytest.mark.parametrize(
    ("method", "field", "inner"),
    [
        ("CreateContainer", "labels", b"\x0a\x01k" + b"\x12\x02" + NO_TEXT),
        ("CreateContainer", "sysctls", b"\x0a\x02" + NO_TEXT),
        ("CreateContainer", "mounts.source", b"\x12\x02" + NO_TEXT),
        ("CreateContainer", "resources.cpuset_mems", b"\x4a\x02" + NO_TEXT),
        ("CreateContainer", "ulimits", b"\x0b\x0b"),
        ("ListContainers", "filter.names", b"\x12\x02" + NO_TEXT),
    ],
    ids=["a map's value", "a map's key", "mounts", "resources", "no message", "filter"],
)
def test_nested_bytes_that_are_no_text(
    target: Target, method: str, field: str, inner: bytes
) -> None:
    outer = METHODS[method].input_type.fields_by_name[field.partition(".")[0]].number
    is_no_text(target, method, field, length_delimited(outer, inner))


def is_no_text(target: Target, method: str, field: str, raw: bytes) -> None:
    answer = target.send(method, raw, DEADLINE_S)
    assert (answer.code, answer.reason) == ("INVALID_ARGUMENT", "BadInput"), answer
    assert answer.field == field, answer


def length_delimited(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(number: int) -> bytes:
    low = [number >> shift & 0x7F for shift in range(0, max(1, number.bit_length()), 7)]
    return bytes([*(part | 0x80 for part in low[:-1]), low[-1]])


@pytest.mark.parametrize("method", SERVED)
@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x0b" * 10_000, id="groups without an end"),
        pytest.param(b"\x12\xff\xff\xff\xff\x0f", id="a length beyond the end"),
        pytest.param(b"\x80" * 20, id="a number without an end"),
        pytest.param(b"\x07\x00", id="no wire type"),
    ],
)
def test_what_is_no_message(target: Target, method: str, raw: bytes) -> None:
    answer = target.send(method, raw, DEADLINE_S)
    assert (answer.code, answer.reason) == ("INVALID_ARGUMENT", "BadInput"), answer


@pytest.mark.parametrize("method", SERVED)
def test_a_request_that_is_too_large(target: Target, method: str) -> None:
    for size in (5, 70):
        # Of the last field that there can be: nobody knows it.
        raw = length_delimited(2**29 - 1, b"x" * (size * 1024 * 1024))
        answer = target.send(method, raw, DEADLINE_S)
        assert answer.code == "RESOURCE_EXHAUSTED", answer
    target.is_unharmed()


def test_methods_that_there_are_not(target: Target) -> None:
    for method in ("Nothing", "", "CreateContainer/", "%00", "createcontainer"):
        assert target.send(method, b"").code == "UNIMPLEMENTED"
    target.is_unharmed()


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
        b"\0" * 4096,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 4096,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x04\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff",
    ],
    ids=["http", "tls", "zeros", "no frames", "no headers"],
)
def test_garbage_on_the_socket(target: Target, garbage: bytes) -> None:
    """Whoever talks nonsense is hung up on; others notice nothing."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(SILENCE_S)
        peer.connect(str(target.conmand.run / "conmand.sock"))
        peer.sendall(garbage)
        target.is_unharmed()
        try:
            while peer.recv(65536):
                pass
        except ConnectionResetError:
            pass
    target.is_unharmed()


def test_many_who_say_nothing(target: Target) -> None:
    peers = [socket.socket(socket.AF_UNIX) for _ in range(100)]
    try:
        for peer in peers:
            peer.connect(str(target.conmand.run / "conmand.sock"))
        target.is_unharmed()
    finally:
        for peer in peers:
            peer.close()
    target.is_unharmed()
