"""What a seed begins with: a host, and clients with what they want."""

from scenarios.choices import Choices
from scenarios.clients import Ask
from scenarios.crowd import Crowd, Member
from scenarios.stories.changes import update
from scenarios.world import World

#: No name is the beginning of an id.
NAMES = ("web", "site", "queue")
PROGRAMS = (
    "/bin/sleep",
    "/bin/obey",
    "/bin/exit7",
    "/bin/true",
    "/bin/eats",
    "/bin/feeds",
    "/bin/vforks",
)
VERBS = (
    ("create", 5),
    ("start", 5),
    ("stop", 2),
    ("kill", 2),
    ("remove", 1),
    ("force", 2),
    ("pause", 2),
    ("unpause", 2),
    ("update", 1),
    ("rename", 1),
    ("status", 3),
    ("list", 1),
    ("wait", 1),
    ("attach", 1),
    ("run-exec", 1),
    ("kill-exec", 1),
    ("exec-status", 1),
)
#: What somebody wants of an exec, from its beginning: drawn one by one they would hardly ever meet.
SESSIONS = (
    ("exec", "attach-exec", "start-exec", "exec-status", "wait-exec"),
    ("exec", "start-exec", "kill-exec", "exec-status"),
    ("run-exec", "exec-status", "kill-exec", "wait-exec"),
    ("run-exec", "wait-exec", "exec", "start-exec"),
)
#: What ends by itself, what does not, and what is not there.
EXECS = ("/bin/exit7", "/bin/sleep", "/bin/missing")


def host(choices: Choices) -> World:
    world = World()
    world.kept.kernel_tells = not choices.once_in("kernel-is-silent", 4)
    return world


def crowd(choices: Choices) -> Crowd:
    """One to three clients with one to five wishes each, over one to three names."""
    names = NAMES[: 1 + choices.below("names", 3)]
    count = 1 + choices.below("clients", 3)
    members = tuple(Member(f"client-{n}", _asks(choices, names, n)) for n in range(1, count + 1))
    return Crowd(choices, members)


def _asks(choices: Choices, names: tuple[str, ...], number: int) -> tuple[Ask, ...]:
    """The first one begins with a container that runs, or nobody has anything to do."""
    wishes = [_ask(choices, names) for _ in range(1 + choices.below("wishes", 5))]
    name = choices.among("name", names)
    has_session = choices.once_in("session", 2 if number == 1 else 8)
    if has_session:
        verbs = choices.among("session-of", SESSIONS)
        wishes[:0] = [_of_exec(choices, verb, name) for verb in verbs]
    if number == 1:
        programs = PROGRAMS[:3] if has_session else PROGRAMS
        wishes[:0] = [_create(choices, name, programs), Ask("start", name)]
    return tuple(wishes)


def _create(choices: Choices, name: str, programs: tuple[str, ...] = PROGRAMS) -> Ask:
    runtime = "other" if choices.once_in("runtime", 8) else ""
    return Ask("create", name, program=choices.among("program", programs), runtime=runtime)


def _ask(choices: Choices, names: tuple[str, ...]) -> Ask:
    verb, name = choices.weighted("verb", VERBS), choices.among("name", names)
    match verb:
        case "create":
            return _create(choices, name)
        case "force":
            return Ask("remove", name, force=True)
        case "run-exec" | "kill-exec":
            return _of_exec(choices, verb, name)
        case "kill":
            return Ask(verb, name, signal=choices.among("signal", (9, 15, 10)))
        case "rename":
            return Ask("rename", name, to=choices.among("to", [n for n in NAMES if n != name]))
        case "update":
            return update(choices.among("memory", (64, 8, 32)), shares=512, name=name)
        case "list":
            return Ask("list", "")
        case _:
            return Ask(verb, name)


def _of_exec(choices: Choices, verb: str, name: str) -> Ask:
    match verb:
        case "exec" | "run-exec":
            program, limit = choices.among("exec", EXECS), choices.among("limit", (0, 3))
            return Ask(verb, name, program=program, limit=limit)
        case "kill-exec":
            return Ask(verb, name, signal=choices.among("signal", (9, 15, 10)))
        case _:
            return Ask(verb, name)
