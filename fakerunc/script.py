"""The grammar of a stand-in's `sh -c`: from text to commands. What it knows is told in shell.py.

It must never run anything: it reads.
"""

import shlex
from dataclasses import dataclass


class NoScript(Exception):
    """What the grammar has no place for."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each as its words; `loud` are those whose output goes to stderr."""

    commands: tuple[tuple[str, ...], ...]
    loud: tuple[bool, ...]
    background: bool


@dataclass(frozen=True, slots=True)
class Forever:
    """`while true`."""

    body: "Script"


_OPERATORS = ";&|>"
Script = tuple[Pipeline | Forever, ...]


def parse(text: str) -> Script:
    words = list(_words(text))
    script = _script(words)
    if words:
        raise NoScript(words[0])
    return script


def _words(text: str) -> list[str]:
    lexer = shlex.shlex(text.replace("\n", ";"), posix=True, punctuation_chars=_OPERATORS)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError as problem:
        raise NoScript(str(problem)) from problem


def _script(words: list[str]) -> Script:
    items: list[Pipeline | Forever] = []
    while words and words[0] != "done":
        if set(words[0]) == {";"}:
            words.pop(0)
        elif words[0] == "while":
            items.append(_forever(words))
        else:
            items.append(_pipeline(words))
    return tuple(items)


def _forever(words: list[str]) -> Forever:
    if words[1:4] not in (["true", ";", "do"], [":", ";", "do"]):
        raise NoScript("while")
    del words[:4]
    body = _script(words)
    if words[:1] != ["done"]:
        raise NoScript("while without done")
    words.pop(0)
    return Forever(body)


def _pipeline(words: list[str]) -> Pipeline:
    commands: list[tuple[str, ...]] = []
    loud: list[bool] = []
    while True:
        command: list[str] = []
        while words and not _operator(words[0]):
            command.append(words.pop(0))
        shouts = words[:2] == [">&", "2"]
        del words[: 2 * shouts]
        if not command or (words and words[0].strip(";") not in {"", "&", "|"}):
            raise NoScript(words[0] if words else "end of script")
        commands.append(tuple(command))
        loud.append(shouts)
        if words[:1] != ["|"]:
            break
        words.pop(0)
    background = words[:1] == ["&"]
    del words[:background]
    return Pipeline(tuple(commands), tuple(loud), background)


def _operator(word: str) -> bool:
    return word != "" and not word.strip(_OPERATORS)
