"""conmand check and conmand repair, on real stores and hosts, beside a daemon and without one."""

import json
import os
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from scenarios.stages.daemon import close
from tests.integration.one_conmand import Conmand, await_end
from tests.integration.real_runtime import REAL

pytestmark = pytest.mark.timeout(120)


ON_BOTH = pytest.mark.parametrize(
    "conmand", ["fakerunc", pytest.param(REAL, marks=pytest.mark.runc)], indirect=True
)


@pytest.fixture
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    runtime = getattr(request, "param", "fakerunc")
    one = Conmand(Path(tempfile.mkdtemp(prefix="ck", dir="/tmp")), "--runtime", runtime)
    one.start()
    yield one
    one.end()


def command(conmand: Conmand, *words: str, stdin: str = "") -> tuple[int, str, str]:
    """A subcommand of conmand with this one's settings."""
    process = conmand.begin(*words, stdin=subprocess.PIPE)
    out, _ = process.communicate(stdin, timeout=60)
    return process.returncode, out, conmand.errors.read_text()


def findings(conmand: Conmand) -> list[dict[str, Any]]:
    before = listing(conmand) if conmand.process is None else []
    code, out, said = command(conmand, "check", "--json")
    found: list[dict[str, Any]] = json.loads(out)["findings"]
    assert code == (1 if found else 0), said
    if conmand.process is None:
        assert listing(conmand) == before
    return found


def listing(conmand: Conmand) -> list[tuple[str, int, int]]:
    """All that lies in DATA and RUN, with sizes and times: what a check must leave as it was."""
    paths = [path for top in (conmand.data, conmand.run) for path in sorted(top.rglob("*"))]
    kept = [path for path in paths if "/rootfs" not in str(path)]
    return [(str(p), p.lstat().st_size, p.lstat().st_mtime_ns) for p in kept if p.parent.exists()]


def run(conmand: Conmand, name: str) -> str:
    container_id = conmand.create(name, "/bin/sleep", "100")
    assert conmand.ctl("start", name).code == 0
    return container_id


def tear(conmand: Conmand, container_id: str) -> None:
    with closing(sqlite3.connect(conmand.data / "conman.db")) as database, database:
        database.execute("UPDATE containers SET body = '{' WHERE id = ?", (container_id,))


def kill_the_shim(conmand: Conmand, container_id: str) -> None:
    [directory] = (conmand.run / "shims").glob(f"{container_id}-*")
    end(json.loads((directory / "shim.pid").read_text())["pid"])


def end(pid: int) -> None:
    handle = os.pidfd_open(pid)
    signal.pidfd_send_signal(handle, signal.SIGKILL)
    await_end(handle)


@ON_BOTH
def test_all_is_well_beside_a_daemon_and_without_one(conmand: Conmand) -> None:
    conmand.create("created", "/bin/true")
    run(conmand, "running")
    conmand.create("ended", "/bin/true")
    assert conmand.ctl("start", "ended").code == 0
    assert conmand.ctl("wait", "ended").code == 0
    assert findings(conmand) == []
    conmand.kill()
    assert findings(conmand) == []
    code, out, _ = command(conmand, "check")
    assert (code, out) == (0, "nothing found: store and host compared\n")


@ON_BOTH
def test_what_happened_while_no_daemon_lived(conmand: Conmand) -> None:
    container_id = run(conmand, "c")
    pid = conmand.status("c")["pid"]
    conmand.kill()
    kill_the_shim(conmand, container_id)
    end(pid)
    found = findings(conmand)
    assert {(each["id"], each["name"]) for each in found} == {(container_id, "c")}
    assert [each["what"] for each in found] == [
        f"its process {pid} has ended, and nobody settled that",
        "the shim of run 1 is gone",
    ]
    conmand.start()
    assert conmand.states() == {"c": "EXITED"}
    assert findings(conmand) == []


def test_an_interrupted_operation_and_garbage(conmand: Conmand) -> None:
    conmand.terminate()
    conmand.start(CONMAN_CRASH_AT="create-container/SpawnShim/after")
    words = ("--rootfs", str(conmand.rootfs), "c", "--", "/bin/true")
    assert conmand.ctl("create", "--connect-timeout", "0.1", *words).code == 1
    conmand.died()
    (conmand.data / "containers" / ("e" * 32)).mkdir()
    told = {each["what"] for each in findings(conmand)}
    assert told == {"create of run 1 was interrupted", "no record owns it: a directory"}
    conmand.start()
    assert findings(conmand) == []
    assert conmand.leftovers() == []


def test_what_is_no_store_cannot_be_checked(conmand: Conmand) -> None:
    code, out, said = command(conmand, "check", "--data-dir", str(conmand.top / "none"))
    assert (code, out) == (2, "")
    assert "there is no store" in said
    assert not (conmand.top / "none").exists()


def test_a_torn_record_is_shown_put_aside_mended_and_taken_back(conmand: Conmand) -> None:
    container_id = run(conmand, "web")
    pid = conmand.status("web")["pid"]
    conmand.kill()
    with closing(sqlite3.connect(conmand.data / "conman.db")) as database:
        [(whole,)] = database.execute("SELECT body FROM containers").fetchall()
    tear(conmand, container_id)
    [found] = findings(conmand)
    assert found["what"].startswith("its record cannot be read: ")
    code, out, _ = command(conmand, "repair")
    assert code == 1
    assert out.startswith(f"{container_id}: unreadable in table containers")
    # Nobody says yes.
    assert command(conmand, "repair", "--drop", container_id[:8], stdin="n\n")[0] == 1
    assert len(findings(conmand)) == 1
    code, out, said = command(conmand, "repair", "--drop", container_id[:8], "--yes")
    assert code == 0, said
    saved = conmand.data / "salvaged" / out.split("salvaged/")[1].split()[0]
    kept = json.loads(saved.read_text())
    assert (kept["id"], kept["name"], kept["container"]) == (container_id, "web", "{")
    code, out, said = command(conmand, "repair", "--restore", str(saved))
    assert code == 1
    assert "cannot be taken back" in said
    saved.write_text(json.dumps(kept | {"container": whole}))
    assert command(conmand, "repair", "--restore", str(saved))[0] == 0
    assert findings(conmand) == []
    conmand.start()
    assert conmand.states() == {"web": "RUNNING"}
    assert conmand.status("web")["pid"] == pid


def test_what_was_put_aside_for_good_is_collected(conmand: Conmand) -> None:
    container_id = conmand.create("web", "/bin/true")
    conmand.kill()
    end(int((conmand.run / "shims" / f"{container_id}-1" / "init.pid").read_text()))
    kill_the_shim(conmand, container_id)
    tear(conmand, container_id)
    assert command(conmand, "repair", "--drop", container_id, "--yes")[0] == 0
    conmand.start()
    conmand.create("web", "/bin/true")
    assert conmand.ctl("remove", "web").code == 0
    assert findings(conmand) == []


def test_nothing_is_repaired_beside_a_daemon(conmand: Conmand) -> None:
    container_id = conmand.create("web", "/bin/true")
    code, out, said = command(conmand, "repair")
    assert (code, out) == (0, "nothing is quarantined\n")
    code, _, said = command(conmand, "repair", "--drop", container_id, "--yes")
    assert code == 1
    assert "another conmand (pid " in said
    assert conmand.process is not None
    close_to_us = conmand.begin("repair", "--drop", "x", "--restore", "y")
    assert close_to_us.wait(30) == 2
    close(close_to_us)
