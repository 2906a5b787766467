"""Pages for man(1), one a command, made from what `--help` says: `make man`.

It must never say anything of its own: whoever changes a command changes its page.
"""

import os
import sys
from collections.abc import Iterator, Sequence

import click

from conman.ctl.cli import cli
from conman.ctl.lazy import LazyGroup, Verb, also
from conman.version import VERSION

_PROGRAM = "conmanctl"


def pages(
    command: click.Command, name: str = _PROGRAM, others: Sequence[str] = ()
) -> Iterator[tuple[str, str]]:
    """The name and the text of a command's page, and of those below it. `others`: names of it."""
    context = click.Context(command, info_name=name, **command.context_settings)
    text = "\n".join(_page(command, context, name, others))
    yield name.replace(" ", "-"), f"{text}\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            below = command.get_command(context, each)
            if below is not None:
                known = command.other_names(each) if isinstance(command, LazyGroup) else []
                yield from pages(below, f"{name} {each}", known)


def _page(
    command: click.Command, context: click.Context, name: str, others: Sequence[str]
) -> Iterator[str]:
    first, *rest = (command.help or "").split("\n\n")
    title = name.replace(" ", "-")
    yield f'.TH {title.upper()} 1 "" "conman {VERSION}" "conman"'
    yield from (".SH NAME", _text(f"{title} - {' '.join(first.split()).rstrip('.')}"))
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (".SH SYNOPSIS", f".B {_text(name)}", _text(usage))
    yield ".SH DESCRIPTION"
    for paragraph in (first, *rest):
        yield from (".PP", _text(" ".join(paragraph.split())))
    if others:
        yield from (".PP", _text(also(others)))
    yield ".SH OPTIONS"
    for record in _options(command, context):
        yield from (".TP", f".B {_text(record[0])}", _text(record[1]))
    yield from _commands(command, context, name)
    if isinstance(command, Verb):
        yield from (".SH EXAMPLE", ".EX", _text(f"{name} {command.example}".rstrip()), ".EE")
    above = name.rpartition(" ")[0]
    if above:
        yield from (".SH SEE ALSO", f".BR {_text(above.replace(' ', '-'))} (1)")


def _options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            yield record


def _commands(command: click.Command, context: click.Context, name: str) -> Iterator[str]:
    if not isinstance(command, click.Group):
        return
    yield ".SH COMMANDS"
    for each in command.list_commands(context):
        below = command.get_command(context, each)
        if below is not None:
            page = _text(f"{name} {each}".replace(" ", "-"))
            yield from (".TP", f".BR {page} (1)", _text(below.get_short_help_str(200)))


def _text(text: str) -> str:
    """For troff: its own signs mean themselves, and no line of text is a request."""
    shown = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{shown}" if shown.startswith((".", "'")) else shown


def main(directory: str) -> None:
    """Write all pages, as `conmanctl-run.1`, for the directory man1 of a MANPATH."""
    os.makedirs(directory, exist_ok=True)
    for title, text in pages(cli):
        with open(f"{directory}/{title}.1", "w", encoding="utf-8") as page:
            page.write(text)


if __name__ == "__main__":
    main(sys.argv[1])
