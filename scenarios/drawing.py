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
)


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
    if number == 1:
        name = choices.among("name", names)
        wishes[:0] = [_create(choices, name), Ask("start", name)]
    return tuple(wishes)


def _create(choices: Choices, name: str) -> Ask:
    runtime = "other" if choices.once_in("runtime", 8) else ""
    return Ask("create", name, program=choices.among("program", PROGRAMS), runtime=runtime)


def _ask(choices: Choices, names: tuple[str, ...]) -> Ask:
    verb, name = choices.weighted("verb", VERBS), choices.among("name", names)
    match verb:
        case "create":
            return _create(choices, name)
        case "force":
            return Ask("remove", name, force=True)
        case "kill":
            return Ask("kill", name, signal=choices.among("signal", (9, 15, 10)))
        case "rename":
            return Ask("rename", name, to=choices.among("to", [n for n in NAMES if n != name]))
        case "update":
            return update(choices.among("memory", (64, 8, 32)), shares=512, name=name)
        case "list":
            return Ask("list", "")
        case _:
            return Ask(verb, name)
