"""Switches that are on by themselves, turned off as Go's programs have it: `--sig-proxy=false`.

click knows only the other name of such a switch, `--no-sig-proxy`. It must never touch a word that is the
program's: what stands behind a command's name there is not ours.
"""

from collections.abc import Iterator, Sequence

import click


class Switch(click.Option):
    """One of two names, of which help shows how it is turned off."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        return record and (f"{self.opts[0]}=false, {self.secondary_opts[0]}", record[1])


def switched(command: click.Command, ctx: click.Context, words: Sequence[str]) -> list[str]:
    """The same words, `--NAME=BOOL` as click has it. Raises click's UsageError for what is no BOOL."""
    options = [each for each in command.get_params(ctx) if isinstance(each, click.Option)]
    ours = {*_places(options, words, interspersed=ctx.allow_interspersed_args)}
    switches = {name: each for each in options if each.secondary_opts for name in each.opts}
    return [
        _switched(switches, word, ctx) if place in ours else word
        for place, word in enumerate(words)
    ]


def _switched(switches: dict[str, click.Option], word: str, ctx: click.Context) -> str:
    name, is_said, value = word.partition("=")
    switch = switches.get(name)
    if not is_said or switch is None:
        return word
    try:
        is_on = click.BOOL.convert(value, switch, ctx)
    except click.UsageError:
        # Of who is still typing nothing is wrong yet.
        if ctx.resilient_parsing:
            return name
        raise
    return name if is_on else switch.secondary_opts[0]


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
    taking = [place for place, letter in enumerate(word) if place and f"-{letter}" in valued]
    return _is_option(word) and bool(taking) and taking[0] == len(word) - 1
