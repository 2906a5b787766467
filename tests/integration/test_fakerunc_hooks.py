"""Hooks: what each is told, when it runs, and what becomes of a container whose hook fails."""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fakerunc_lab import Lab, exit_of, lab

STAGES = ("prestart", "createRuntime", "createContainer", "poststart", "poststop")
INIT = "unable to start container process: error during container init: "
SAID = "error running hook #0: error running hook: exit status 3, stdout: out, stderr: err"


@pytest.fixture
def box() -> Iterator[Lab]:
    with lab(Path(tempfile.mkdtemp(prefix="fr-", dir="/tmp"))) as one:
        yield one


def noting(box: Lab, stage: str, end: str = "") -> dict[str, Any]:
    """A hook that notes what it is told, and where."""
    script = (
        "import json, os, sys; note = {'stage': sys.argv[1], 'cwd': os.getcwd(),"
        " 'env': os.environ.get('H'), 'state': json.load(sys.stdin)};"
        f" open('{box.place}/notes', 'a').write(json.dumps(note) + '\\n'); {end}"
    )
    args = ["hook", "-ISc", script, stage]
    return {"path": sys.executable, "args": args, "env": ["H=1"]}


def notes(box: Lab) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (box.place / "notes").read_text().splitlines()]


def test_every_hook_is_told_of_its_moment(box: Lab) -> None:
    hooks = {stage: [noting(box, stage)] for stage in STAGES}
    pid = box.created("true", hooks=hooks, annotations={"a": "b"})
    assert [note["stage"] for note in notes(box)] == list(STAGES[:-1])
    assert box.call("start", "c1").code == 0
    exit_of(pid)
    assert box.call("delete", "c1") == (0, "", "")
    told = {note["stage"]: note for note in notes(box)}
    assert told["prestart"] == {
        "stage": "prestart",
        "cwd": str(box.bundle),
        "env": "1",
        "state": {
            "ociVersion": "1.0.2-dev",
            "id": "c1",
            "status": "creating",
            "pid": pid,
            "bundle": str(box.bundle),
            "annotations": {"a": "b"},
        },
    }
    assert told["createRuntime"]["state"] == told["prestart"]["state"]
    assert told["createContainer"]["state"] == told["prestart"]["state"] | {"pid": 1}
    assert told["createContainer"]["cwd"] == str(box.bundle / "rootfs")
    assert told["poststart"]["state"] == told["prestart"]["state"] | {"status": "created"}
    assert told["poststop"]["state"]["status"] == "stopped"
    assert "pid" not in told["poststop"]["state"]


@pytest.mark.parametrize("stage", STAGES[:-1])
def test_a_hook_that_fails_ends_a_create(stage: str, box: Lab) -> None:
    fails = noting(
        box, stage, "print('out', end=''); sys.exit(print('err', end='', file=sys.stderr) or 3)"
    )
    box.prepare(
        "sleep",
        "100",
        hooks={stage: [fails, noting(box, "never")], "poststop": [noting(box, "poststop")]},
    )
    said = box.create()
    assert said.code == 1
    assert f"runc create failed: {'' if stage == 'poststart' else INIT}{SAID}" in said.err
    assert [note["stage"] for note in notes(box)] == [stage, "poststop"]
    assert list(box.root.iterdir()) == []
    assert box.members() == []


def test_what_is_gone_stays_gone_whatever_a_hook_says(box: Lab) -> None:
    hooks = {"poststop": [{"path": "/nope"}, noting(box, "never")]}
    pid = box.created("sleep", "100", hooks=hooks)
    said = box.call("delete", "--force", "c1")
    assert said.code == 0
    assert 'level=error msg="error running hook #0: fork/exec /nope: no such file' in said.err
    exit_of(pid)
    assert list(box.root.iterdir()) == []
    assert not (box.place / "notes").exists()


@pytest.mark.parametrize("path", ["/nope", "rel"])
def test_a_hook_that_is_not_there(path: str, box: Lab) -> None:
    box.prepare("sleep", "100", hooks={"prestart": [{"path": path}]})
    words = f"{INIT}error running hook #0: fork/exec {path}: no such file or directory"
    assert words in box.create().err


def test_a_hook_has_so_much_time(box: Lab) -> None:
    slow = {"path": "/bin/sleep", "args": ["sleep", "100"], "timeout": 1}
    box.prepare("sleep", "100", hooks={"createRuntime": [slow]})
    assert "error running hook #0: hook ran past specified timeout of 1.0s" in box.create().err
    assert box.members() == []


def test_a_programs_own_hook_is_never_run(box: Lab) -> None:
    """StartContainer names a file of the rootfs."""
    box.running("sleep", "100", hooks={"startContainer": [noting(box, "startContainer")]})
    assert not (box.place / "notes").exists()


@pytest.mark.parametrize(
    ("step", "status"),
    [("create-hooks", "none"), ("poststart-hooks", "created"), ("poststop-hooks", "none")],
)
def test_killed_before_hooks(step: str, status: str, box: Lab) -> None:
    stage = {"create-hooks": "prestart"}.get(step, step.removesuffix("-hooks"))
    box.prepare("sleep", "100", hooks={stage: [noting(box, stage)]})
    verb = "delete" if stage == "poststop" else "create"
    fault = {"FAKERUNC_FAULTS": f"{verb}@{step}=kill"}
    if verb == "delete":
        assert box.create().code == 0
        assert box.call("delete", "--force", "c1", **fault).code == -9
        exit_of(box.pid())
    else:
        assert box.create(**fault).code == -9
    assert not (box.place / "notes").exists()
    said = box.call("state", "c1")
    assert said.code == (1 if status == "none" else 0)
