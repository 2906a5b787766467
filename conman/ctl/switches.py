"""Options as Go's programs have them: `--rm=true`, `--sig-proxy=false`, `-it=false`, `-m=64m`.

click's flags take no value, a switch is turned off by its other name, `--no-sig-proxy`, and a `=` behind a letter
is a part of the value. It must never touch a word that is the program's: what stands behind a command's name
there is not ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.parser import (
        _OptionParser,  # pyright: ignore[reportPrivateUsage] - what click's make_parser returns
    )


class Switch(click.Option):
    """One of two names, of which help shows how it is turned off."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        return record and (f"{self.opts[0]}=false, {self.secondary_opts[0]}", record[1])


def taught(parser: "_OptionParser", options: Sequence[click.Option]) -> "_OptionParser":
    """The same, which knows how each plain flag is turned off: the last word on it holds."""
    for each in options:
        if each.is_bool_flag and not each.secondary_opts:
            parser.add_option(each, [_off(each)], each.name, action="store_const", const=False)
    return parser


def _off(option: click.Option) -> str:
    """Of a plain flag a name that nobody can type: no argument has a NUL."""
    return option.secondary_opts[0] if option.secondary_opts else f"--{option.name}\0"


def switched(command: click.Command, ctx: click.Context, words: Sequence[str]) -> list[str]:
    """The same words as click has them. Raises click's UsageError for what is no BOOL."""
    options = [each for each in command.get_params(ctx) if isinstance(each, click.Option)]
    ours = {*_places(options, words, interspersed=ctx.allow_interspersed_args)}
    known = {name: each for each in options for name in each.opts}
    return [
        each
        for place, word in enumerate(words)
        for each in (_switched(known, word, ctx) if place in ours else [word])
    ]


def _switched(known: Mapping[str, click.Option], word: str, ctx: click.Context) -> list[str]:
    name, is_said, value = word.partition("=")
    if not is_said or not _is_option(word):
        return [word]
    if word.startswith("--"):
        option = known.get(name)
        return _flag(option, name, value, ctx) if option and option.is_bool_flag else [word]
    return _letters(known, name, value, ctx) or [word]


def _letters(
    known: Mapping[str, click.Option], letters: str, value: str, ctx: click.Context
) -> list[str]:
    """What `-it=VALUE` says; nothing: no letter that we know is said something of."""
    *before, last = (known.get(f"-{letter}") for letter in letters[1:])
    if last is None or not all(each is not None and each.is_bool_flag for each in before):
        return []
    if not last.is_bool_flag:
        return [f"{letters}{value}"] if value else []
    others = [letters[:-1]] if before else []
    return [*others, *_flag(last, f"-{letters[-1]}", value, ctx)]


def _flag(option: click.Option, name: str, value: str, ctx: click.Context) -> list[str]:
    try:
        is_on = click.BOOL.convert(value, option, ctx)
    except click.UsageError:
        # Of who is still typing nothing is wrong yet.
        if ctx.resilient_parsing:
            return [name]
        raise
    return [name if is_on else _off(option)]


def _places(
    options: Sequence[click.Option], words: Sequence[str], *, interspersed: bool
) -> Iterator[int]:
    """Of the words that may be options: no values, and nothing of a program's."""
    valued = {name for each in options if not (each.is_flag or each.count) for name in each.opts}
    place = 0
    while place < len(words) and words[place] != "--":
        word = words[place]
        if not interspersed and not _is_option(word):
            break
        yield place
        place += 2 if _awaits_value(word, valued) else 1


def _is_option(word: str) -> bool:
    return word.startswith("-") and word != "-"


def _awaits_value(word: str, valued: set[str]) -> bool:
    """Whether the next word is this option's: of letters the first that takes one takes all the rest."""
    if word.startswith("--"):
        return word in valued
    letters = word.partition("=")[0]
    taking = [place for place, letter in enumerate(letters) if place and f"-{letter}" in valued]
    return _is_option(word) and bool(taking) and taking[0] == len(word) - 1
