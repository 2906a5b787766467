"""What this installation was told: a file beside the program, and the environment over it.

    # fakerunc.conf, in the directory of the program, whatever its name there: runc, for instance
    root = /run/somewhere        where the state is, without --root
    hierarchies = 10             FAKERUNC_HIERARCHIES, cgroup directories of a container
    faults = delete=2*error(EBUSY)->off        FAKERUNC_FAULTS: faults.py
    seed = 7                     FAKERUNC_SEED, of the faults that are left to chance
    flavour = crun               FAKERUNC_FLAVOUR, whose words and files: runc's, or crun's

It must never guess: a line or a value that says nothing ends the call before anything is done.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

FILE = "fakerunc.conf"
_NAMES = ("root", "hierarchies", "faults", "seed", "flavour")
FLAVOURS = ("runc", "crun")
_VARIABLES = {
    "FAKERUNC_HIERARCHIES": "hierarchies",
    "FAKERUNC_FAULTS": "faults",
    "FAKERUNC_SEED": "seed",
    "FAKERUNC_FLAVOUR": "flavour",
}


class BadSetting(Exception):
    """str() names the setting, and what it may be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`faults` is text still: faults.py reads it."""

    root: str = ""
    hierarchies: int = 1
    faults: str = ""
    seed: int = 0
    flavour: str = "runc"


def settings(program: str = "", environment: Mapping[str, str] | None = None) -> Settings:
    """Those in force for the program at this path (default: this one)."""
    here = os.path.dirname(os.path.abspath(program or sys.argv[0]))
    found = _from_file(os.path.join(here, FILE))
    env = os.environ if environment is None else environment
    found |= {
        name: (variable, env[variable]) for variable, name in _VARIABLES.items() if variable in env
    }
    root = found.get("root", ("", ""))[1]
    if root and not root.startswith("/"):
        raise BadSetting(f"{found['root'][0]}: {root!r} is not an absolute path")
    return Settings(
        # Beside it are its faults: `{root}.faults`.
        root=os.path.normpath(root) if root else "",
        hierarchies=_number(found, "hierarchies", 1, least=1),
        faults=found.get("faults", ("", ""))[1],
        seed=_number(found, "seed", 0, least=0),
        flavour=flavour(*found.get("flavour", ("", "runc"))),
    )


_Found = dict[str, tuple[str, str]]  # a name: where it was said, and what


def _from_file(path: str) -> _Found:
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return {}
    except OSError as failure:
        raise BadSetting(f"{path}: {os.strerror(failure.errno or 0).lower()}") from failure
    except UnicodeDecodeError as failure:
        raise BadSetting(f"{path}: not in UTF-8") from failure
    found: _Found = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in text.partition("="))
        where = f"{path}, line {number}"
        if not equals or name not in _NAMES:
            known = ", ".join(_NAMES)
            raise BadSetting(f"{where}: no setting is called {name!r}; there are {known}")
        found[name] = f"{where}: {name}", value
    return found


def flavour(where: str, name: str) -> str:
    """The same, where there is such a flavour; `where` it was asked for."""
    if name not in FLAVOURS:
        known = ", ".join(FLAVOURS)
        raise BadSetting(f"{where}: no flavour is called {name!r}; there are {known}")
    return name


def _number(found: _Found, name: str, otherwise: int, *, least: int) -> int:
    where, text = found.get(name, ("", str(otherwise)))
    if not (text.isascii() and text.isdigit() and int(text) >= least):
        raise BadSetting(f"{where}: {text!r} is not a number from {least} on")
    return int(text)
