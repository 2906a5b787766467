"""`conmanctl container ...`: the verbs for scripts, one protobuf JSON answer a line."""

import click

from conman.ctl.lazy import LazyGroup

VERBS = "conman.ctl.verbs"
CHANGES = "conman.ctl.changes"

COMMANDS = {
    "create": ("conman.ctl.create", "create"),
    "start": ("conman.ctl.start", "start"),
    "stop": (VERBS, "stop"),
    "kill": (VERBS, "kill"),
    "pause": (CHANGES, "pause"),
    "unpause": (CHANGES, "unpause"),
    "update": (CHANGES, "update"),
    "rename": (CHANGES, "rename"),
    "remove": (VERBS, "remove"),
    "list": ("conman.ctl.questions", "list_containers"),
    "status": ("conman.ctl.questions", "status"),
    "inspect": ("conman.ctl.inspecting", "inspect"),
    "wait": ("conman.ctl.questions", "wait"),
    "cp": ("conman.ctl.cp", "cp"),
    "logs": ("conman.ctl.logs", "logs"),
    "reopen-log": ("conman.ctl.reopen_log", "reopen_log"),
    "stats": ("conman.ctl.stats", "stats"),
    "top": ("conman.ctl.top", "top"),
    "prune": ("conman.ctl.prune", "prune"),
}
ALIASES = {"state": "status", "delete": "remove", "rm": "remove", "ls": "list", "ps": "list"}


@click.group(cls=LazyGroup, commands_in=COMMANDS, aliases=ALIASES)
def container() -> None:
    """Create, run and remove containers, for scripts.

    Answers are protobuf JSON, one line each; -o table for people.

    CONTAINER is an id, a name, or a unique beginning of an id. Given several, each is
    tried, in order; the exit code is that of the first that failed.

    Aliases: state = status, ls and ps = list, delete and rm = remove.
    """
