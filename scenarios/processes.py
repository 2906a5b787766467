"""A process of the simulated host, and a runtime call in flight: data, as `world` holds it."""

from dataclasses import dataclass

from fakerunc import model


@dataclass(frozen=True, slots=True)
class Process:
    """`marks`: what its environment holds; `program`: what an init will run, `image` 2 once it does.

    `code`, `signal`: how it ended, as wait(2) tells. `pending`: signals that wait for a thaw.
    """

    kind: str
    parent: int
    pid: int = 0
    marks: tuple[str, ...] = ()
    cgroup: str = ""
    program: str = ""
    cmdline: str = ""
    image: int = 1
    alive: bool = True
    stopped: bool = False
    pending: tuple[int, ...] = ()
    code: int = 0
    signal: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A runtime call in flight. `steps` None: it has not looked yet."""

    pid: int
    parent: int
    command: model.Command
    bundle: str
    pid_file: str
    state_directory: str
    steps: tuple[model.Step, ...] | None = None
    answer: model.Answer = model.OK
    init: int = 0
