"""The cgroup lock is opened when a request comes that a runtime follows, and before that request goes on."""

import asyncio

import pytest

from conman.core import requests as r
from conman.core.execs import ExecSpec
from conman.core.spec import ContainerSpec
from conman.daemon.warming import warming

_COMMON = ("1" * 32, "digest", "web")


class Heard:
    """Who was called, in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def warm(self) -> None:
        self.calls.append("warm")

    async def submit(self, _request: r.Request) -> r.Reply:
        self.calls.append("submit")
        return r.Okay()


@pytest.mark.parametrize(
    ("request_", "calls"),
    [
        (r.CreateContainer(*_COMMON, ContainerSpec("")), ["warm", "submit"]),
        (r.CreateExec(*_COMMON, ExecSpec("")), ["warm", "submit"]),
        (r.StartExec(*_COMMON, "e" * 32), ["warm", "submit"]),
        (r.StopContainer(*_COMMON, None), ["submit"]),
        (r.ContainerStatus("web"), ["submit"]),
    ],
)
def test_before_a_runtime_comes(request_: r.Request, calls: list[str]) -> None:
    heard = Heard()

    async def asked() -> r.Reply:
        return await warming(heard.submit, heard)(request_)

    assert asyncio.run(asked()) == r.Okay()
    assert heard.calls == calls


def test_where_there_is_no_lock_nothing_is_between() -> None:
    heard = Heard()
    assert warming(heard.submit, None) == heard.submit
