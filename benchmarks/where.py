"""Where the time goes: each effect as conmand's own log has it, beside what the client waited for.

Lives of their own, apart from those that budgets are held to: the log at `debug` costs time itself, some
0.1 ms a line. What no effect accounts for is told too; nothing may be left out to make a sum look better.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from conmand import Conmand, conmand
from figures import Account, clocked
from place import IDLE_S, warm_up

LOGGING = ("--log-level", "debug", "--log-format", "json")

#: As of the budgets: file caches, the zygote, the server's first calls.
_WARM_UP_ROUNDS = 3

_BETWEEN, _CALLS = "between its effects", "calls and client"


def where(top: Path, n: int) -> list[Account]:
    with conmand(top, flags=LOGGING) as ours:
        for _ in range(_WARM_UP_ROUNDS):
            ours.run()
            ours.forget()
        samples: dict[str, list[dict[str, float]]] = {}
        for _ in range(n):
            for what, work in _round(ours):
                samples.setdefault(what, []).append(_sample(ours, work))
            ours.forget()
    return [_account(what, taken) for what, taken in samples.items()]


def _round(ours: Conmand) -> Iterable[tuple[str, Callable[[], None]]]:
    time.sleep(IDLE_S)
    warm_up()
    yield "create + start, warm", ours.begin
    time.sleep(IDLE_S)
    yield "exec /bin/true to its exit code", ours.exec
    time.sleep(IDLE_S)
    yield "stop (KILL)", ours.end
    ours.forget()
    time.sleep(IDLE_S)
    yield "run /bin/true to its exit code", ours.run


def _sample(ours: Conmand, work: Callable[[], None]) -> dict[str, float]:
    """Whoever has his answer has it after its lines."""
    log = ours.place / "log"
    seen = log.stat().st_size
    total = clocked(work)
    with log.open("rb") as file:
        file.seek(seen)
        return parts(file.read().decode().splitlines(), total)


def parts(lines: Iterable[str], total: float) -> dict[str, float]:
    """What the lines of one sample account for, in ms, and what is left of its `total`."""
    effects: dict[str, float] = {}
    sagas: dict[str, float] = {}
    for line in lines:
        entry = json.loads(line)
        head = entry["event"].partition(":")[0]
        if "duration_ms" not in entry:
            continue
        if "/" in head:
            effects[head] = effects.get(head, 0.0) + float(entry["duration_ms"])
        elif head.endswith(" done"):
            saga = head.removesuffix(" done")
            sagas[saga] = sagas.get(saga, 0.0) + float(entry["duration_ms"])
    return _with_rests(effects, sagas, total)


def _with_rests(
    effects: dict[str, float], sagas: dict[str, float], total: float
) -> dict[str, float]:
    told: dict[str, float] = {}
    for saga, ms in sagas.items():
        own = {name: ms for name, ms in effects.items() if name.startswith(f"{saga}/")}
        told |= {**own, f"{saga}, {_BETWEEN}": ms - sum(own.values())}
    return {**told, _CALLS: total - sum(sagas.values())}


def _account(what: str, samples: list[dict[str, float]]) -> Account:
    names = dict.fromkeys(name for sample in samples for name in sample)
    medians = {
        name: statistics.median(sample.get(name, 0.0) for sample in samples) for name in names
    }
    rest = medians.pop(_CALLS)
    total = statistics.median(sum(sample.values()) for sample in samples)
    return Account(what, total, {**medians, _CALLS: rest})


def as_lines(accounts: Sequence[Account]) -> list[str]:
    """Nothing, for none."""
    lines: list[str] = []
    if accounts:
        lines = [
            "",
            "where the time goes, by conmand's log at debug (which takes some); medians, ms",
        ]
    for account in accounts:
        lines.append(f"{account.what:<50} {account.total:>6.1f}")
        lines += [f"    {name:<46} {ms:>6.2f}" for name, ms in account.parts.items()]
    return lines
