"""The process that a runtime is told to exec: the container's own, with another program.

Pure, like config.json: a function of row, run, exec and setting alone.
"""

import json

from conman.core.bundle.config import permitted
from conman.core.execs import Exec
from conman.core.layout import Layout
from conman.core.model import Container
from conman.core.permits import Permits
from conman.core.spec import ConsoleSize
from conman.frozen import replace
from conman.oci import runtime_spec as oci

_MARK = "CONMAN_EXEC="


def process_json(
    container: Container,
    run: int,
    one: Exec,
    layout: Layout,
    permits: Permits,
    *,
    console_size: ConsoleSize | None = None,
) -> bytes:
    """The bytes of its process.json. What a patch of config.json says of the program is not for it."""
    asked, spec = _as_one_of_its_own(container, one), one.spec
    whole, _ = permitted(asked, run, layout, permits, console_size)
    process: oci.Process = {
        **whole["process"],
        "args": [spec.command, *spec.args],
        "cwd": asked.spec.cwd,
        "terminal": spec.tty,
    }
    process["env"] = [
        *_environment(process["env"], one),
        layout.exec_marker(container.id, run, one.id),
    ]
    return (json.dumps(process, sort_keys=True, separators=(",", ":")) + "\n").encode()


def _as_one_of_its_own(container: Container, one: Exec) -> Container:
    """A container whose program this is, and which is otherwise the same."""
    own, spec = container.spec, one.spec
    changed = replace(
        own,
        command=spec.command,
        args=spec.args,
        env=(*own.env, *spec.env),
        cwd=spec.cwd or own.cwd,
        privileged=own.privileged or spec.privileged,
    )
    resolved = replace(
        container.resolved,
        uid=one.identity.uid,
        gid=one.identity.gid,
        groups=one.identity.groups,
        home=one.identity.home,
    )
    return replace(container, spec=changed, resolved=resolved)


def _environment(inherited: list[str], one: Exec) -> list[str]:
    names = {entry.partition("=")[0] for entry in inherited}
    term = ["TERM=xterm"] if one.spec.tty and "TERM" not in names else []
    return [*term, *(entry for entry in inherited if not entry.startswith(_MARK))]
