"""What `update` is asked for: limits, from flags or from a file, in runc's words where they are none.

It must never apply what it has read: the limits of a stand-in are only written down.
"""

import re
import sys
from collections.abc import Callable, Mapping
from typing import cast

from fakerunc.decoding import Object, Unreadable, load, load_text, number_at, object_at, text_at
from fakerunc.log import go_error

Limits = dict[str, object]  # the names are state.json's

_SIZE = re.compile(r"(\d+(?:\.\d+)*) ?([kKmMgGtTpP]?)[iI]?[bB]?")
_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
IGNORED = "Kernel memory settings are ignored and will be removed"


def asked(flags: Mapping[str, str]) -> Limits:
    """What is to be changed; Unreadable where it says nothing. A file makes flags unheard."""
    path = flags.get("resources", "")
    if not path:
        return _from_flags(flags)
    try:
        resources = load_text(sys.stdin.read(), _KIND) if path == "-" else load(path, _KIND)
    except OSError as failure:
        raise Unreadable(go_error("open", path, failure)) from failure
    return of(resources)


_KIND = "specs.LinuxResources"


def of(resources: Object) -> Limits:
    """linux.resources of config.json, or of update's file: what is 0 or empty is not asked for."""
    memory, cpu = object_at(resources, "memory") or {}, object_at(resources, "cpu") or {}
    pids, blkio = object_at(resources, "pids") or {}, object_at(resources, "blockIO") or {}
    found: Limits = {
        "memory": number_at(memory, "limit"),
        "memory_reservation": number_at(memory, "reservation"),
        "memory_swap": number_at(memory, "swap"),
        "cpu_shares": number_at(cpu, "shares", "uint64"),
        "cpu_quota": number_at(cpu, "quota"),
        "cpu_period": number_at(cpu, "period", "uint64"),
        "cpu_rt_quota": number_at(cpu, "realtimeRuntime"),
        "cpu_rt_period": number_at(cpu, "realtimePeriod", "uint64"),
        "cpuset_cpus": text_at(cpu, "cpus"),
        "cpuset_mems": text_at(cpu, "mems"),
        "pids_limit": number_at(pids, "limit"),
        "blkio_weight": number_at(blkio, "weight", "uint16"),
    }
    return {name: value for name, value in found.items() if value}


def number_in(limits: Limits, name: str) -> int:
    return cast("int", limits.get(name) or 0)


def _from_flags(flags: Mapping[str, str]) -> Limits:
    """In the order in which runc looks at them: the first that is wrong is told."""
    found: Limits = {}
    for flag, (name, read) in _FLAGS.items():
        if text := flags.get(flag):
            found[name] = read(flag, text)
    for flag, feature in _RDT.items():
        if flags.get(flag):
            raise Unreadable(f"Intel RDT/{feature} is not enabled")
    return {name: value for name, value in found.items() if value}


def _number(kind: str) -> Callable[[str, str], object]:
    pattern = re.compile(r"\d+" if kind == "Uint" else r"[+-]?\d+")

    def read(flag: str, text: str) -> object:
        if pattern.fullmatch(text):
            return int(text)
        why = f'strconv.Parse{kind}: parsing "{text}": invalid syntax'
        raise Unreadable(f"invalid value for {flag}: {why}")

    return read


def _size(flag: str, text: str) -> object:
    if text == "-1":
        return -1
    match = _SIZE.fullmatch(text)
    if not match:
        raise Unreadable(f"invalid value for {flag}: invalid size: '{text}'")
    return int(float(match[1]) * 1024 ** _UNITS[match[2].lower()])


def _plain(_flag: str, text: str) -> object:
    return text


_Reader = Callable[[str, str], object]
_FLAGS: dict[str, tuple[str, _Reader]] = {
    "blkio-weight": ("blkio_weight", _number("Int")),
    "cpuset-cpus": ("cpuset_cpus", _plain),
    "cpuset-mems": ("cpuset_mems", _plain),
    "cpu-period": ("cpu_period", _number("Uint")),
    "cpu-quota": ("cpu_quota", _number("Int")),
    "cpu-rt-period": ("cpu_rt_period", _number("Uint")),
    "cpu-rt-runtime": ("cpu_rt_quota", _number("Int")),
    "cpu-share": ("cpu_shares", _number("Uint")),
    "memory": ("memory", _size),
    "memory-swap": ("memory_swap", _size),
    "memory-reservation": ("memory_reservation", _size),
    "pids-limit": ("pids_limit", _number("Int")),
}
_RDT = {
    "l3-cache-schema": "CAT: l3 cache schema",
    "mem-bw-schema": "MBA: memory bandwidth schema",
}
