"""A conmand and a shim, both stubs, that give a session with the container `web`.

What the shim does is a test's script. It must never leave a script unplayed: `StubShim.close` says so.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conman.wire.v1 import conman_pb2 as wire
from tests.unit.one_terminal import ENTRY
from tests.unit.stub_conmand import StubConmand
from tests.unit.stub_shim import PATIENCE_S, TOKEN, Script, StubShim

ID = "78f5f5f88847465c90c7124b8c7e3ea6"
Shims = Callable[..., StubShim]
BEGIN = (sys.executable, "-c", ENTRY)


@pytest.fixture
def shims(conmand: StubConmand) -> Iterator[Shims]:
    """Called with scripts: what the shim of container `web` does, which `conmand` then knows."""
    made: list[StubShim] = []
    with tempfile.TemporaryDirectory(prefix="cm", dir="/tmp") as directory:
        # Longer than a socket's path may be.
        long = Path(directory, "d" * 100)
        long.mkdir()
        Path(directory, "short").symlink_to(long)

        def make(*scripts: Script, tty: bool = False, stdin: bool = True) -> StubShim:
            made.append(StubShim(f"{directory}/short/{len(made)}", *scripts))
            knows(conmand, f"{long}/{len(made) - 1}", tty=tty, stdin=stdin)
            return made[-1]

        yield make
        for each in made:
            each.close()


def knows(conmand: StubConmand, path: str, *, tty: bool = False, stdin: bool = True) -> None:
    conmand.behave["InspectContainer"] = lambda *_: wire.InspectContainerResponse(
        status=wire.ContainerStatus(container_id=ID, name="web", state=wire.RUNNING),
        config=wire.CreateContainerRequest(name="web", stdin=stdin, tty=tty),
    )
    conmand.behave["OpenStream"] = lambda *_: wire.OpenStreamResponse(
        socket_path=path, token=TOKEN, tty=tty
    )


def begin(conmand: StubConmand, *words: str, by: tuple[str, ...] = ()) -> "subprocess.Popen[bytes]":
    """`by`: words that execute those that come after them."""
    return subprocess.Popen(
        [*by, *BEGIN, "--address", conmand.path, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def ran(conmand: StubConmand, *words: str, typed: bytes = b"") -> tuple[int, bytes, bytes]:
    process = begin(conmand, *words)
    out, err = process.communicate(typed, PATIENCE_S)
    return process.returncode, out, err
