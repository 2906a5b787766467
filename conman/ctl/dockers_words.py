"""docker's options and commands that there are not: why, and what does the same here.

It is imported once somebody has typed what is not known. It must never name what there is: a test compares.
"""

from collections.abc import Iterable, Mapping, Sequence

#: So many letters an option has in common with what may have been meant.
_PREFIX = 2

_NETWORK = "containers have loopback only, there are no networks yet"
_HOSTS = (
    f"{_NETWORK}: leave it out for none; for the host's own --runtime-spec-patch"
    ' \'{"linux": {"namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}]}}\''
)
_IMAGES = "there are no images yet, a container's root is a directory: --rootfs DIR"
_UNPACKED = f"{_IMAGES}; `docker export CONTAINER | tar -xC DIR` makes one"
_HEALTH = "nobody looks after a container's health; ask with `exec`, from where it is to be known"
_RESOURCES = "--runtime-spec-patch has it, in linux.resources"
_IO = (
    "--runtime-spec-patch has it where groups are unified (cgroup v2): io.weight and io.max in"
    " linux.resources.unified"
)
_SIGNAL = (
    "the signal is the container's own, --stop-signal of its creation; `kill -s SIGNAL` sends"
    " another, and waits for nothing"
)
_ALL = "name them: $(conmanctl ps -q)"
_ONE_BY_ONE = "there is one host, and there are containers, each by itself"
_VOLUMES = "there are no volumes with a name; give a directory: -v DIR:DST"
_ELSEWHERE = (
    "--address names conmand's socket; another host's is forwarded, as in `ssh -L 5000:SOCKET HOST`"
)
_SIZES = "nobody adds up sizes"

_OF_CREATE = {
    "-p -P --publish --publish-all --expose": _NETWORK,
    "--network --net": _HOSTS,
    "--network-alias --net-alias --ip --ip6 --mac-address --link --link-local-ip": _NETWORK,
    "--dns --dns-opt --dns-option --dns-search": f"{_NETWORK}; a file of names: -v FILE:/etc/resolv.conf",
    "--add-host": f"{_NETWORK}; a file of names: -v FILE:/etc/hosts",
    "--entrypoint": "name the program as COMMAND, there is no image that has one",
    "--pull --platform --disable-content-trust -q --quiet": _IMAGES,
    "--init": "a container's COMMAND is its first process; begin with one that reaps, as in `-- tini PROGRAM`",
    "--shm-size": "give --tmpfs /dev/shm:size=64m",
    "--security-opt": "--runtime-spec-patch has it: linux.seccomp, process.apparmorProfile, noNewPrivileges",
    "--log-driver": "the log is conman's own, in the CRI format: `logs`; --log-opt says how large it may be",
    "--health-cmd --health-interval --health-retries --health-start-period --health-timeout": _HEALTH,
    "--health-start-interval --no-healthcheck": _HEALTH,
    "--pid": "a container has processes of its own, and conman knows its end by that",
    "--ipc --uts --cgroupns": "--runtime-spec-patch has it, in linux.namespaces",
    "--userns": "a container's users are the host's; -u says which its program is",
    "--gpus": "name its nodes: --device, for each",
    "--oom-score-adj": "--runtime-spec-patch has it, in process.oomScoreAdj",
    "--memory-swappiness --oom-kill-disable --device-cgroup-rule": _RESOURCES,
    "--cpu-rt-period --cpu-rt-runtime": _RESOURCES,
    "--blkio-weight --blkio-weight-device --device-read-bps --device-read-iops": _IO,
    "--device-write-bps --device-write-iops": _IO,
    "--kernel-memory": "the kernel has no such limit any more; -m counts its memory, too",
    "--cgroup-parent": "conmand's own groups are where all containers are: that is how it finds each process",
    "--volumes-from": "give each again, with -v",
    "--volume-driver": _VOLUMES,
    "--storage-opt": "a root file system takes what there is on its disk",
    "--cidfile": "the id is what `create` and `run -d` print",
    "-a --attach": "`run` shows all that it writes, `run -d` nothing",
    "--domainname": "-h takes the whole name",
    "--replace": "`rm -f NAME` before it",
    "--pod": _ONE_BY_ONE,
}
#: By the command's own name.
_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "run": _OF_CREATE,
    "create": _OF_CREATE,
    "stop": {"-s --signal": _SIGNAL, "-a --all": _ALL},
    "restart": {"-s --signal": _SIGNAL, "-a --all": _ALL},
    "kill": {"-a --all": _ALL},
    "remove": {"-l --link": _NETWORK, "-a --all": "`prune` removes all that do not run"},
    "update": {
        "--blkio-weight --kernel-memory --cpu-rt-period --cpu-rt-runtime": (
            "only --runtime-spec-patch of its creation has it"
        )
    },
    "ps": {"-s --size": _SIZES},
    "inspect": {"-s --size": _SIZES, "--type": "there is only one, container"},
    "logs": {"--details": "labels and environment are what `inspect` tells"},
    "cli": {
        "-H --host -c --context --tls --tlscacert --tlscert --tlskey --tlsverify": _ELSEWHERE,
        "-D --debug -l --log-level": "conmanctl has no log; conmand's --log-level is its own",
        "--config": "conmanctl has no file of settings; CONMAN_ADDRESS names conmand's socket",
    },
}
_COMMANDS = {
    "images image pull push build buildx builder tag rmi history search": _UNPACKED,
    "load save import login logout manifest trust": _UNPACKED,
    "commit export": f"{_IMAGES}; a tar of what is in a container: `cp CONTAINER:/ -`",
    "diff": "nobody compares; a tar of what is in a container: `cp CONTAINER:/ -`",
    "network port": _NETWORK,
    "volume": _VOLUMES,
    "system": "what there is of it is `info`, `events` and `prune`",
    "compose pod play kube generate stack service swarm node secret config": _ONE_BY_ONE,
    "plugin": "there are none",
    "context machine": _ELSEWHERE,
}


def no_such_option(option: str, command: str, guesses: Sequence[str]) -> str:
    """A sentence for `command`, by its own name. `guesses`: click's, kept where they begin as it does."""
    told = _of(_OPTIONS.get(command, {}), option)
    if told:
        return f"No such option '{option}': {told}"
    begun = option.lstrip("-")[:_PREFIX]
    # A name with a NUL is one of ours, which nobody can type.
    alike = [each for each in guesses if each.lstrip("-").startswith(begun) and "\0" not in each]
    return f"No such option '{option}'{_meant(alike)}"


def no_such_command(command: str, elsewhere: str) -> str:
    """`elsewhere`: the words by which conmanctl does know it, "" for none."""
    told = f"it is `{elsewhere}`" if elsewhere else _of(_COMMANDS, command)
    return f"No such command '{command}'{': ' if told else ''}{told}"


def _of(table: Mapping[str, str], word: str) -> str:
    return next((told for words, told in table.items() if word in words.split()), "")


def _meant(alike: Iterable[str]) -> str:
    shown = " or ".join(f"'{each}'" for each in alike)
    return f". Did you mean {shown}?" if shown else ""


def words() -> Mapping[str, Sequence[str]]:
    """All options that are explained, by command, and the commands under ""."""
    tables = {**_OPTIONS, "": _COMMANDS}
    return {name: " ".join(table).split() for name, table in tables.items()}
