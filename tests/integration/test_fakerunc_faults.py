"""What a caller meets when fakerunc is told to fail: errors, lies, delays, silence, each at its step."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.fakerunc_lab import Lab, exit_of, lab


@pytest.fixture
def box() -> Iterator[Lab]:
    with lab(Path(tempfile.mkdtemp(prefix="fr-", dir="/tmp"))) as one:
        yield one


def test_a_delete_that_is_busy_twice(box: Lab) -> None:
    box.created("sleep", "100")
    box.env = {"FAKERUNC_FAULTS": "delete=2*error(EBUSY)->off"}
    for _ in range(2):
        said = box.call("delete", "--force", "c1")
        assert said.code == 1
        assert "delete: begin: device or resource busy" in said.err
        assert box.status() == "created"
    assert box.call("delete", "--force", "c1") == (0, "", "")
    assert (box.place / "root.faults/log").read_text().count("\n") == 3


@pytest.mark.parametrize(
    ("step", "left"), [("make-cgroup", []), ("write-state", []), ("rename-pid-file", [])]
)
def test_a_create_undoes_what_a_fault_refused(step: str, left: list[str], box: Lab) -> None:
    box.prepare("sleep", "100")
    said = box.create(FAKERUNC_FAULTS=f"create@{step}=error(ENOSPC)")
    assert said.code == 1
    assert f"runc create failed: {step}: no space left on device" in said.err
    assert box.files() == left
    assert box.members() == []
    assert box.cgroups() == 0


@pytest.mark.parametrize("flavour", ["runc", "crun"])
@pytest.mark.parametrize("second", ["remove-cgroups", "kill-init", "answer"])
def test_an_undo_that_is_refused_goes_on_and_tells_the_first_refusal(
    flavour: str, second: str, box: Lab
) -> None:
    box.prepare("sleep", "100")
    box.env["FAKERUNC_FLAVOUR"] = flavour
    said = box.create(FAKERUNC_FAULTS=f"create@write-state=error(EIO),create@{second}=error(EBUSY)")
    assert said.code == 1
    assert "write-state: input/output error" in said.err
    assert "Traceback" not in said.err
    assert not (box.root / "c1").exists()
    assert box.members() == []
    assert box.cgroups() == (second == "remove-cgroups")


@pytest.mark.parametrize("flavour", ["runc", "crun"])
@pytest.mark.parametrize("step", ["make-directory", "make-fifo", "spawn-init", "await-init"])
def test_a_run_that_is_refused_leaves_no_init(step: str, flavour: str, box: Lab) -> None:
    box.prepare("sleep", "100")
    fault = {"FAKERUNC_FAULTS": f"run@{step}=error(EIO)", "FAKERUNC_FLAVOUR": flavour}
    said = box.call("run", "--bundle", str(box.bundle), "c1", **fault)
    assert said.code == 1
    assert f"{step}: input/output error" in said.err
    assert "Traceback" not in said.err
    assert box.members() == []
    assert not (box.root / "c1").exists()


def test_what_was_refused_anyway_keeps_its_words(box: Lab) -> None:
    box.prepare("/bin/nope")
    for step in ("remove-cgroups", "kill-init"):
        said = box.create(FAKERUNC_FAULTS=f"create@{step}=error(EBUSY)")
        assert 'exec: \\"/bin/nope\\": stat /bin/nope: no such file or directory' in said.err
        assert box.members() == []
        assert not (box.root / "c1").exists()


@pytest.mark.parametrize(("flavour", "words"), [("runc", "exec failed: "), ("crun", "")])
@pytest.mark.parametrize("where", ["exec", "exec@spawn-process", "exec@answer"])
def test_an_exec_fails_by_its_own_code(where: str, flavour: str, words: str, box: Lab) -> None:
    """Its program may exit with 1."""
    box.env["FAKERUNC_FLAVOUR"] = flavour
    box.running("sleep", "100")
    said = box.call("exec", "c1", "true", FAKERUNC_FAULTS=f"{where}=error(EIO)")
    assert said.code == 255
    step = "exec: begin" if where == "exec" else where.partition("@")[2]
    assert f"{words}{step}: input/output error" in said.err
    assert ("exec failed" in said.err) is (flavour == "runc")


@pytest.mark.parametrize("where", ["create", "create@answer"])
def test_a_create_fails_in_its_own_words(where: str, box: Lab) -> None:
    box.prepare("sleep", "100")
    said = box.create(FAKERUNC_FAULTS=f"{where}=error(EIO)")
    assert said.code == 1
    assert "runc create failed: " in said.err


def test_an_exec_ends_what_a_fault_refused(box: Lab) -> None:
    init = box.running("sleep", "100")
    fault = {"FAKERUNC_FAULTS": "exec@rename-pid-file=error(EIO)"}
    to = str(box.place / "exec.pid")
    said = box.call("exec", "-d", "--pid-file", to, "c1", "sleep", "100", **fault)
    assert said.code == 255
    assert "exec failed: rename-pid-file: input/output error" in said.err
    assert box.members() == [init]


def test_a_lie_did_nothing_and_says_so_of_nothing(box: Lab) -> None:
    box.prepare("sleep", "100")
    assert box.create(FAKERUNC_FAULTS="create=lie(0)") == (0, "", "")
    assert not (box.root / "c1").exists()
    assert box.create(FAKERUNC_FAULTS="create@answer=lie(3)") == (3, "", "")
    assert box.status() == "created"


@pytest.mark.parametrize("flavour", ["runc", "crun"])
def test_a_list_may_lie_at_its_answer(flavour: str, box: Lab) -> None:
    fault = {"FAKERUNC_FLAVOUR": flavour, "FAKERUNC_FAULTS": "list@answer=lie(9)"}
    assert box.call("list", **fault).code == 9


@pytest.mark.parametrize("flavour", ["runc", "crun"])
@pytest.mark.parametrize(
    "told",
    [{"FAKERUNC_FAULTS": "bogus=x"}, {"FAKERUNC_SEED": "abc"}, {"FAKERUNC_FAULTS": "list=kill(1)"}],
)
@pytest.mark.parametrize("command", ["state c1", "spec", "features", "--version", "bogus"])
def test_what_says_nothing_is_told_before_anything_is_done(
    command: str, told: dict[str, str], flavour: str, box: Lab
) -> None:
    log = ("--log", str(box.place / "log"), "--flavour", flavour)
    words = command.split()
    at = ("--bundle", str(box.place)) if command == "spec" else ()
    said = box.call(*words, *at, globals_=log, **told)
    assert said.code == 1
    assert "faults: " in said.err or "FAKERUNC_SEED: 'abc' is not a number" in said.err
    assert said.out == ""
    left = {path.name for path in box.place.iterdir()}
    assert not left & {"root", "log", "config.json", "root.faults"}


def test_a_start_may_take_its_time(box: Lab) -> None:
    pid = box.created("sh", "-c", "exit 4")
    began = time.monotonic()
    assert box.call("start", "c1", FAKERUNC_FAULTS="start=delay(300ms)") == (0, "", "")
    assert time.monotonic() - began >= 0.3
    assert exit_of(pid) == 4


def test_a_state_that_hangs_can_be_ended(box: Lab) -> None:
    box.created("sleep", "100")
    argv = [*box.runtime, "--root", str(box.root), "state", "c1"]
    env = os.environ | {"FAKERUNC_FAULTS": "state=hang"}
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE) as call:
        log = box.place / "root.faults/log"
        while not log.exists() or "hang" not in log.read_text():
            assert call.poll() is None
            os.sched_yield()
        call.terminate()
        assert call.wait(20) == -signal.SIGTERM
    assert box.status() == "created"


def test_installed_as_runc_it_finds_its_settings_beside_itself(box: Lab) -> None:
    named = box.place / "bin/runc"
    named.parent.mkdir()
    named.write_text(
        f"#!{sys.executable}\nimport sys\nfrom fakerunc.main import main\nsys.exit(main())\n"
    )
    named.chmod(0o755)
    (named.parent / "fakerunc.conf").write_text(f"root = {box.root}\nhierarchies = 3\n")
    box.prepare("sleep", "100")
    # No global option, and next to no environment: so podman calls.
    env = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    argv = [str(named), "create", "--bundle", str(box.bundle), "c1"]
    subprocess.run(argv, env=env, check=True, stdin=subprocess.DEVNULL)
    assert box.status() == "created"
    assert box.cgroups() == 3
    (named.parent / "fakerunc.conf").write_text("colour = red\n")
    done = subprocess.run(
        [str(named), "delete", "--force", "c1"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no setting is called 'colour'" in done.stderr
    assert box.status() == "created"
