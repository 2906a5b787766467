"""Hooks (OCI runtime specification, config.md, POSIX-platform Hooks): run on the host, as runc runs them.

They are the one thing of a bundle that is executed: prestart, createRuntime, createContainer, poststart
and poststop name programs of the host. A startContainer hook is a program of the rootfs, and is never
run. It must never hide what a hook said.
"""

import errno
import os
import signal
import subprocess
from dataclasses import dataclass

from fakerunc.decoding import Object, number_at, objects_at, text_at, texts_at
from fakerunc.log import go_error
from fakerunc.record import OCI_VERSION, go_json

STAGES = ("prestart", "createRuntime", "createContainer", "poststart", "poststop")


class HookFailed(Exception):
    """str() is runc's complaint, with what the hook said."""


@dataclass(frozen=True, slots=True)
class Hook:
    """`env` empty: it has its caller's; `timeout` in seconds, 0 for none."""

    path: str
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    timeout: int = 0


Hooks = dict[str, tuple[Hook, ...]]


def of(written: Object) -> Hooks:
    """Those of config.json's `hooks` that are ever run."""
    return {stage: tuple(_hook(one) for one in objects_at(written, stage)) for stage in STAGES}


def _hook(one: Object) -> Hook:
    return Hook(
        text_at(one, "path"), texts_at(one, "args"), texts_at(one, "env"), number_at(one, "timeout")
    )


def written(hooks: tuple[Hook, ...]) -> list[dict[str, object]]:
    """As config.json has them."""
    return [
        {"path": h.path, "args": list(h.args), "env": list(h.env), "timeout": h.timeout}
        for h in hooks
    ]


def state(
    id: str,  # noqa: A002 - what runc calls it
    status: str,
    pid: int,
    bundle: str,
    annotations: tuple[tuple[str, str], ...],
) -> bytes:
    """What a hook reads on its stdin; `pid` 0 is left out."""
    shown: dict[str, object] = {"ociVersion": OCI_VERSION, "id": id, "status": status}
    shown |= {"pid": pid} if pid else {}
    shown |= {"bundle": bundle}
    shown |= {"annotations": dict(annotations)} if annotations else {}
    return go_json(shown).encode("utf-8", "surrogateescape")


def run(hooks: tuple[Hook, ...], told: bytes, cwd: str) -> None:
    """One after the other; the first that fails is the last."""
    for number, hook in enumerate(hooks):
        if words := _complaint(hook, told, cwd):
            raise HookFailed(f"error running hook #{number}: {words}")


def _complaint(hook: Hook, told: bytes, cwd: str) -> str:
    if "\0" in "".join((hook.path, *hook.args, *hook.env)):
        return go_error("fork/exec", hook.path, OSError(errno.EINVAL, ""))
    try:
        child = subprocess.Popen(
            list(hook.args) or [hook.path],
            # Never by PATH.
            executable=os.path.join(cwd, hook.path),
            env=dict(entry.split("=", 1) for entry in hook.env if "=" in entry) or None,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_hear_signals,  # noqa: PLW1509 - there are no threads yet
        )
    except OSError as failure:
        return go_error("fork/exec", hook.path, failure)
    try:
        out, err = child.communicate(told, hook.timeout or None)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return f"hook ran past specified timeout of {hook.timeout:.1f}s"
    if child.returncode == 0:
        return ""
    return (
        f"error running hook: {_end(child.returncode)}, stdout: {_text(out)}, stderr: {_text(err)}"
    )


def _hear_signals() -> None:
    """In the child: a run in the foreground holds them all back."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _end(code: int) -> str:
    return f"exit status {code}" if code > 0 else f"signal: {signal.strsignal(-code)}".lower()


def _text(said: bytes) -> str:
    return said.decode("utf-8", "surrogateescape")
