"""Bad input stops at the edge, with the field named; whatever the text, never with a traceback."""

import dataclasses
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import example, given
from hypothesis import strategies as st

from conman.api import translate
from conman.api.fields import LONGEST_TIMEOUT_MS, WORD_BYTES
from conman.api.signals import parse_signal
from conman.core import requests
from conman.core.model import ContainerSpec
from conman.errors import Code, ConmanError, Refusal
from conman.wire.v1 import conman_pb2 as wire

RID = "0123456789abcdef" * 2
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text("aA0_.-/=:\0\n ", max_size=6),
    st.sampled_from([RID, "x" * 129, "/", "..", "9" * 5000, "٣", "1:2", "SIGKILL", "A=1"]),
)
maps = st.dictionaries(texts, texts, max_size=3)
lists = st.lists(texts, max_size=3)

TRANSLATE: dict[type[Message], Callable[[Any], requests.Request]] = {
    wire.CreateContainerRequest: translate.create,
    wire.StartContainerRequest: translate.start,
    wire.StopContainerRequest: translate.stop,
    wire.KillContainerRequest: translate.kill,
    wire.RemoveContainerRequest: translate.remove,
    wire.ListContainersRequest: translate.list_all,
    wire.ContainerStatusRequest: translate.status,
    wire.WaitContainerRequest: translate.wait,
}


def a_create(**changes: object) -> wire.CreateContainerRequest:
    good: dict[str, Any] = {"request_id": RID, "name": "web", "command": "sh", "rootfs_path": "/r"}
    return wire.CreateContainerRequest(**(good | changes))


def refusal_of(message: Message) -> Refusal:
    with pytest.raises(ConmanError) as caught:
        TRANSLATE[type(message)](message)
    return caught.value.refusal


def refused_field(message: wire.CreateContainerRequest) -> str | None:
    try:
        translate.create(message)
    except ConmanError as error:
        return error.refusal.field
    return None


def test_a_create_with_nothing_but_what_it_needs() -> None:
    request = translate.create(a_create())
    assert request.name == "web"
    assert request.request_id == RID
    assert request.spec == ContainerSpec(
        command="sh", rootfs_path="/r", cwd="/", user="", hostname="", stop_signal=15, runtime=""
    )


def test_a_create_with_everything() -> None:
    request = translate.create(
        a_create(
            request_id="",
            args=["-c", ""],
            rootfs_readonly=True,
            env=["A=1", "B=", "C=d=e"],
            cwd="/w",
            user="1:2",
            hostname="h.example",
            labels={"b": "2", "a": ""},
            annotations={"k": "v"},
            stop_signal="int",
            runtime="/usr/bin/crun",
        )
    )
    assert request.request_id == ""
    assert request.spec == ContainerSpec(
        command="sh",
        args=("-c", ""),
        rootfs_path="/r",
        rootfs_readonly=True,
        env=("A=1", "B=", "C=d=e"),
        cwd="/w",
        user="1:2",
        hostname="h.example",
        labels=(("a", ""), ("b", "2")),
        annotations=(("k", "v"),),
        stop_signal=2,
        runtime="/usr/bin/crun",
    )


BAD_CREATES: list[tuple[str, dict[str, Any], str]] = [
    ("request_id", {"request_id": "7"}, "not 32 lower-case hex digits"),
    ("request_id", {"request_id": RID.upper()}, "not 32 lower-case hex digits"),
    ("name", {"name": ""}, "name is empty"),
    ("name", {"name": "-web"}, "no name for a container"),
    ("name", {"name": "web\n"}, "no name for a container"),
    ("name", {"name": "wéb"}, "no name for a container"),
    ("name", {"name": "x" * 129}, "no name for a container"),
    ("name", {"name": "../x"}, "no name for a container"),
    ("name", {"name": RID}, "looks like an id"),
    ("command", {"command": ""}, "there is no command"),
    ("command", {"command": "a\0b"}, "NUL"),
    ("command", {"command": "x" * (WORD_BYTES + 1)}, "at most 131071"),
    ("args", {"args": ["ok", "\0"]}, "NUL"),
    ("args", {"args": ["x" * WORD_BYTES] * 17}, "the kernel takes at most"),
    ("env", {"env": ["A"]}, "'A' is not KEY=VALUE"),
    ("env", {"env": ["=A"]}, "is not KEY=VALUE"),
    ("env", {"env": [""]}, "is not KEY=VALUE"),
    ("env", {"env": ["A=\0"]}, "NUL"),
    ("rootfs_path", {"rootfs_path": ""}, "no root file system"),
    ("rootfs_path", {"rootfs_path": "rootfs"}, "is relative"),
    ("rootfs_path", {"rootfs_path": "/a\0"}, "NUL"),
    ("rootfs_path", {"rootfs_path": "/" + "x" * 4095}, "at most 4095"),
    ("cwd", {"cwd": "w"}, "is relative"),
    ("cwd", {"cwd": "/\0"}, "NUL"),
    ("user", {"user": "root"}, "not UID or UID:GID"),
    ("user", {"user": "1:"}, "not UID or UID:GID"),
    ("user", {"user": "4294967295"}, "not UID or UID:GID"),
    ("user", {"user": "-1"}, "not UID or UID:GID"),
    ("user", {"user": "9" * 5000}, "not UID or UID:GID"),
    ("hostname", {"hostname": "a_b"}, "no host name"),
    ("hostname", {"hostname": "x" * 65}, "no host name"),
    ("labels", {"labels": {"": "x"}}, "a key of labels is empty"),
    ("labels", {"labels": {"a": "\0"}}, "NUL"),
    ("annotations", {"annotations": {"": ""}}, "a key of annotations is empty"),
    ("annotations", {"annotations": {"\0": ""}}, "NUL"),
    ("stop_signal", {"stop_signal": "SIGFOO"}, "there is no signal 'SIGFOO'"),
    ("stop_signal", {"stop_signal": "0"}, "there is no signal"),
    ("runtime", {"runtime": "bin/runc"}, "is relative"),
    ("runtime", {"runtime": "runc -x"}, "is no runtime"),
    ("runtime", {"runtime": "-x"}, "is no runtime"),
]


@pytest.mark.parametrize(("field", "changes", "why"), BAD_CREATES)
def test_bad_creates_name_the_field(field: str, changes: dict[str, Any], why: str) -> None:
    refusal = refusal_of(a_create(**changes))
    assert (refusal.code, refusal.field) == (Code.INVALID_ARGUMENT, field)
    assert why in refusal.sentence()
    assert refusal.hint
    assert len(refusal.sentence()) < 300


BAD_OTHERS: list[tuple[Message, str]] = [
    (wire.StartContainerRequest(), "container_id"),
    (wire.StartContainerRequest(container_id="a\0"), "container_id"),
    (wire.StartContainerRequest(container_id="x" * 256), "container_id"),
    (wire.StartContainerRequest(container_id="a", request_id="zz"), "request_id"),
    (wire.StopContainerRequest(container_id="a", timeout_ms=-1), "timeout_ms"),
    (
        wire.StopContainerRequest(container_id="a", timeout_ms=LONGEST_TIMEOUT_MS + 1),
        "timeout_ms",
    ),
    (wire.KillContainerRequest(container_id="a", signal="NOPE"), "signal"),
    (wire.RemoveContainerRequest(), "container_id"),
    (wire.ContainerStatusRequest(), "container_id"),
    (wire.WaitContainerRequest(), "container_id"),
    (wire.WaitContainerRequest(container_id="a", condition=7), "condition"),
]


@pytest.mark.parametrize("case", range(len(BAD_OTHERS)))
def test_the_other_requests_too(case: int) -> None:
    message, field = BAD_OTHERS[case]
    refusal = refusal_of(message)
    assert (refusal.code, refusal.field) == (Code.INVALID_ARGUMENT, field)


def test_what_is_not_said_has_a_default() -> None:
    stop = wire.StopContainerRequest(container_id="a")
    assert translate.stop(stop).timeout_ns == 10_000_000_000
    stop.timeout_ms = 0
    assert translate.stop(stop).timeout_ns == 0
    assert translate.kill(wire.KillContainerRequest(container_id="a")).signal == signal.SIGKILL
    assert translate.remove(wire.RemoveContainerRequest(container_id="a")).force is False
    assert translate.wait(wire.WaitContainerRequest(container_id="a")).removed is False
    removed = wire.WaitContainerRequest(container_id="a", condition=1)
    assert translate.wait(removed).removed is True


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("KILL", 9),
        ("sigkill", 9),
        ("9", 9),
        ("64", 64),
        ("CLD", 17),
        ("RTMIN", 34),
        ("SIGRTMIN+1", 35),
        ("rtmax-2", 62),
        ("RTMAX", 64),
        ("0", None),
        ("65", None),
        ("-9", None),
        ("٩", None),
        ("RTMIN-1", None),
        ("RTMAX+1", None),
        ("RTMIN+", None),
        ("RTMIN+999", None),
        ("SIGSIGKILL", None),
        ("SIG", None),
        ("", None),
        ("K\u0131LL", None),
    ],
)
def test_signals(text: str, number: int | None) -> None:
    assert parse_signal(text) == number


def test_the_digest_is_of_all_but_the_request_id() -> None:
    labels = [(key, "") for key in "abcdefgh"]
    one = translate.create(a_create(labels=dict(labels)))
    other_id = translate.create(a_create(request_id="", labels=dict(reversed(labels))))
    assert one.digest == other_id.digest
    others: list[requests.CreateContainer | requests.StartContainer] = [
        translate.create(a_create(name="w")),
        translate.create(a_create(args=["x"])),
        translate.create(a_create()),
        translate.start(wire.StartContainerRequest(request_id=RID, container_id="a")),
    ]
    remove = translate.remove(wire.RemoveContainerRequest(request_id=RID, container_id="a"))
    digests = {one.digest, remove.digest, *(other.digest for other in others)}
    assert len(digests) == 6


creates = st.builds(
    wire.CreateContainerRequest,
    request_id=texts,
    name=texts,
    command=texts,
    args=lists,
    rootfs_path=texts,
    rootfs_readonly=st.booleans(),
    env=lists,
    cwd=texts,
    user=texts,
    hostname=texts,
    labels=maps,
    annotations=maps,
    stop_signal=texts,
    runtime=texts,
)
others = st.one_of(
    st.builds(wire.StartContainerRequest, request_id=texts, container_id=texts),
    st.builds(
        wire.StopContainerRequest,
        request_id=texts,
        container_id=texts,
        timeout_ms=st.none() | st.integers(-(2**63), 2**63 - 1),
    ),
    st.builds(wire.KillContainerRequest, request_id=texts, container_id=texts, signal=texts),
    st.builds(wire.RemoveContainerRequest, container_id=texts, force=st.booleans()),
    st.builds(wire.ContainerStatusRequest, container_id=texts),
    st.builds(
        wire.WaitContainerRequest, container_id=texts, condition=st.integers(-(2**31), 2**31 - 1)
    ),
)


def leaves(value: object) -> Iterator[str]:
    if isinstance(value, tuple):
        for each in value:
            yield from leaves(each)
    elif isinstance(value, str):
        yield value


@given(creates | others)
@example(wire.KillContainerRequest(container_id="a", signal="9" * 5000))
def test_any_text_in_any_field_is_taken_or_refused_by_name(message: Message) -> None:
    try:
        request = TRANSLATE[type(message)](message)
    except ConmanError as error:
        refusal = error.refusal
        assert refusal.code is Code.INVALID_ARGUMENT
        assert refusal.field in message.DESCRIPTOR.fields_by_name
        assert refusal.what
        assert refusal.hint
        assert len(refusal.sentence()) < 600
    else:
        assert not any("\0" in each for each in leaves(dataclasses.astuple(request)))


#: The fields above this number are not read yet.
LAST_READ = 14


@given(
    st.data(),
    st.sampled_from(
        [f.name for f in wire.CreateContainerRequest.DESCRIPTOR.fields if f.number <= LAST_READ]
    ),
)
def test_one_odd_field_in_a_good_request(data: st.DataObject, field: str) -> None:
    descriptor = wire.CreateContainerRequest.DESCRIPTOR.fields_by_name[field]
    if field == "rootfs_readonly":
        value: Any = True
    elif descriptor.message_type is not None:
        value = data.draw(maps)
    else:
        value = data.draw(lists if descriptor.is_repeated else texts)
    assert refused_field(a_create(**{field: value})) in {None, field}
