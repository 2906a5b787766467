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
from conman.api.fields import LONGEST_TIMEOUT_MS
from conman.api.signals import parse_signal
from conman.core import requests
from conman.errors import Code, ConmanError, Refusal
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.any_create import RID, a_create, creates, texts

TRANSLATE: dict[type[Message], Callable[[Any], requests.Request]] = {
    wire.CreateContainerRequest: translate.create,
    wire.StartContainerRequest: translate.start,
    wire.StopContainerRequest: translate.stop,
    wire.KillContainerRequest: translate.kill,
    wire.RemoveContainerRequest: translate.remove,
    wire.ListContainersRequest: translate.list_containers,
    wire.ContainerStatusRequest: translate.status,
    wire.InspectContainerRequest: translate.inspect,
    wire.WaitContainerRequest: translate.wait,
}


def refusal_of(message: Message) -> Refusal:
    with pytest.raises(ConmanError) as caught:
        TRANSLATE[type(message)](message)
    return caught.value.refusal


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
    assert translate.stop(stop).timeout_ns is None
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


def test_a_condition_that_there_is_not_is_told_with_those_that_there_are() -> None:
    with pytest.raises(ConmanError) as caught:
        translate.wait(wire.WaitContainerRequest(container_id="a", condition=7))
    refusal = caught.value.refusal
    assert refusal.what == "there is no condition 7"
    assert refusal.hint == "give one of [0, 1]"
