"""The help: under runc's heading where that is the name it goes by, with fakerunc's own words below.

It must never say of a command what the command line does not read: options are those of options.py.
"""

from fakerunc.options import COMMANDS, Syntax

# What each does, and its arguments.
_COMMANDS = {
    "checkpoint": ("refused, as by a runc without criu", "ID"),
    "create": ("make a container of a bundle, which waits for its start", "ID"),
    "delete": ("remove what is held of a container", "ID"),
    "events": ("tell of a container's OOMs and of what it uses", "ID"),
    "exec": ("run another process in a container", "ID ARGS"),
    "features": ("say what this runtime can do", ""),
    "kill": ("send a signal to init, or to every process (default: TERM)", "ID [SIGNAL]"),
    "list": ("list the containers of a root", ""),
    "pause": ("stop every process of a container", "ID"),
    "ps": ("show the processes of a container", "ID [PS OPTIONS]"),
    "restore": ("refused, as by a runc without criu", "ID"),
    "resume": ("let the processes of a paused container go on", "ID"),
    "run": ("create and start a container, wait for its end, remove it", "ID"),
    "spec": ("write a config.json", ""),
    "start": ("let a created container's program begin", "ID"),
    "state": ("print what is known of a container", "ID"),
    "update": ("set limits of a container", "ID"),
}

_GLOBAL = """
GLOBAL OPTIONS:
   --root DIR           where the state is kept (default: $XDG_RUNTIME_DIR/fakerunc)
   --log FILE           where the log is kept (default: stderr)
   --log-format FORMAT  text or json
   --debug              name the origin of log lines
   --flavour NAME       runc (the default) or crun: whose words, codes and files
   --systemd-cgroup, --criu, --rootless  accepted, without meaning here
   --help, -h           show this
   --version, -v        print the version

ENVIRONMENT:
   FAKERUNC_FAULTS       faults on order, such as create@rename-state=kill or delete=2*error(EBUSY)
   FAKERUNC_SEED         of the faults that are left to chance (default: 0)
   FAKERUNC_FLAVOUR      as --flavour
   FAKERUNC_HIERARCHIES  how many cgroup directories a container has (default: 1)

fakerunc.conf in the directory of the program says the same, and root: see docs/fakerunc.md.
"""


def text(name: str, command: str = "") -> str:
    """All of it, or that of a command; `name` is the program's own."""
    return _of_command(name, command) if command in _COMMANDS else _whole(name)


def _whole(name: str) -> str:
    heading = "Open Container Initiative runtime" if name == "runc" else "runc's command line"
    listed = "".join(f"   {command:12}{words}\n" for command, (words, _) in _COMMANDS.items())
    return (
        f"NAME:\n   {name} - {heading}, by fakerunc: over stand-in processes, without containers\n\n"
        f"USAGE:\n   {name} [global options] command [command options] [arguments...]\n\n"
        f"COMMANDS:\n{listed}{_GLOBAL}"
    )


def _of_command(name: str, command: str) -> str:
    words, arguments = _COMMANDS[command]
    options = "".join(f"   {line}\n" for line in _options(COMMANDS[command]))
    usage = f"{name} {command} [command options] {arguments}".rstrip()
    return f"NAME:\n   {name} {command} - {words}\n\nUSAGE:\n   {usage}\n" + (
        f"\nOPTIONS:\n{options}" if options else ""
    )


def _options(syntax: Syntax) -> list[str]:
    short = {full: f", -{letter}" for letter, full in syntax.aliases.items()}
    valued = sorted({*syntax.values, *syntax.numbers, *syntax.durations, *syntax.lists})
    return sorted(
        [f"--{name}{short.get(name, '')}" for name in syntax.switches]
        + [f"--{name} value{short.get(name, '')}" for name in valued]
    )
