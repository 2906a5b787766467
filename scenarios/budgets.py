"""How long a run may be, as words: `60s`, `5m`, `1h`, or a number of runs, as `1e6`."""

import re
from dataclasses import dataclass

from scenarios.usage import Usage

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
ENDLESS = float("inf")


@dataclass(frozen=True, slots=True)
class Budget:
    """One of both is ENDLESS, or both are."""

    seconds: float = ENDLESS
    runs: float = ENDLESS


def budget(text: str) -> Budget:
    """Of `--budget`; "": endless. Raises Usage."""
    if not text:
        return Budget()
    if re.fullmatch(r"\d{1,12}(?:e\d{1,2})?", text):
        runs = float(text)
        if runs < 1:
            raise Usage(f"--budget {text!r} makes no sense: give 1 or more runs, or a time as 60s")
        return Budget(runs=runs)
    return Budget(seconds=seconds(text, "--budget", "60s, 5m or 1h, or a number of runs, as 1e6"))


def seconds(text: str, option: str, instead: str = "60s, 5m or 1h") -> float:
    """Raises Usage."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if found is None or float(found[1]) == 0:
        raise Usage(f"{option} {text!r} is no time: write {instead}")
    return float(found[1]) * _UNITS[found[2]]
