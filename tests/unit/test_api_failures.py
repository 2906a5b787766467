"""What the service says when it cannot: refusals, bad input, bugs; and clients that go away."""

import asyncio

import grpc
import grpc.aio
import pytest
from google.protobuf.message import Message

from conman.api.service import REQUEST_BYTES
from conman.core import requests
from conman.core.model import State
from conman.errors import Code, ConmanError, Refusal
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.api_lab import (
    CREATE,
    GONE,
    Reply,
    error_of,
    method,
    on,
    saying,
    serving,
    view,
)


def test_a_refusal_of_the_core() -> None:
    code, message, info = error_of(saying(GONE), "StartContainer", on("StartContainer"))
    assert (code, message) == ("NOT_FOUND", "there is no x; list them.")
    assert (info.reason, info.metadata["field"]) == ("NoSuchContainer", "container_id")


def test_bad_input_never_reaches_the_core() -> None:
    async def submit(_request: requests.Request) -> Reply:
        raise AssertionError

    code, _, info = error_of(submit, "StartContainer", wire.StartContainerRequest())
    assert (code, info.metadata["field"]) == ("INVALID_ARGUMENT", "container_id")


def test_a_refusal_too_long_for_the_wire_still_arrives() -> None:
    long = Refusal(Code.INTERNAL, "R", "\U0001f980" * 9000, "h" * 9000, "f" * 9000)
    code, message, _ = error_of(saying(long), "StartContainer", on("StartContainer"))
    assert code == "INTERNAL"
    assert message.endswith("...")


def test_an_error_of_the_daemon() -> None:
    async def submit(_request: requests.Request) -> Reply:
        raise ConmanError(GONE)

    assert error_of(submit, "StartContainer", on("StartContainer"))[0] == "NOT_FOUND"


@pytest.mark.parametrize("reply", [None, view(State.RUNNING)])
def test_a_bug_is_internal_and_in_the_log(
    reply: Reply | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def submit(_request: requests.Request) -> Reply:
        if reply is None:
            raise ZeroDivisionError
        return reply

    code, message, info = error_of(submit, "StartContainer", on("StartContainer"))
    assert (code, info.reason) == ("INTERNAL", "Bug")
    assert "look into its log" in message
    assert "StartContainerRequest failed by a bug" in caplog.text


def test_a_request_too_large_is_said() -> None:
    large = on("StartContainer", request_id="x" * REQUEST_BYTES)
    code, message, info = error_of(saying(GONE), "StartContainer", large)
    assert (code, info.reason) == ("RESOURCE_EXHAUSTED", "RequestTooLarge")
    assert f"conmand takes {REQUEST_BYTES}" in message


@pytest.mark.parametrize(("more", "is_taken"), [(0, True), (1, False)])
def test_the_largest_request_is_of_4_mib(more: int, is_taken: bool) -> None:
    """As docs/api.md says. Eight bytes are numbers and lengths, and another field."""
    request = on("StartContainer", request_id="x" * (4 * 1024 * 1024 - 8 + more))
    code, message, _ = error_of(saying(GONE), "StartContainer", request)
    assert (code != "RESOURCE_EXHAUSTED") is is_taken, message


def test_what_is_no_message_is_said() -> None:
    async def scene() -> grpc.aio.AioRpcError:
        async with serving(saying(GONE)) as channel:
            call = channel.unary_unary("/conman.v1.Conman/StartContainer")
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(b"\xff\xff", timeout=20)
            return caught.value

    error = asyncio.run(scene())
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "what came is no StartContainerRequest" in (error.details() or "")


def went_away(name: str, request: Message) -> str:
    """What becomes of the work when its client cancels."""
    fate: list[str] = []

    async def scene() -> None:
        begun, ended, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def submit(_request: requests.Request) -> Reply:
            begun.set()
            try:
                await go_on.wait()
                fate.append("ran to its end")
            except asyncio.CancelledError:
                fate.append("cancelled")
                raise
            finally:
                ended.set()
            return requests.Okay()

        async with serving(submit) as channel:
            call = asyncio.ensure_future(method(channel, name)(request))
            await begun.wait()
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            await asyncio.sleep(0.1)
            go_on.set()
            await asyncio.wait_for(ended.wait(), 20)

    asyncio.run(scene())
    [told] = fate
    return told


def test_a_client_that_goes_away_stops_questions_only() -> None:
    assert went_away("StopContainer", on("StopContainer")) == "ran to its end"
    assert went_away("CreateContainer", CREATE) == "ran to its end"
    assert went_away("WaitContainer", on("WaitContainer")) == "cancelled"
