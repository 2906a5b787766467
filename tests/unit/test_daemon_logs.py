"""A record becomes one line, as text or as JSON, whatever words and fields it bears."""

import json
import logging
import sys

import pytest

from conman.daemon.logs import Json, Text


def record(words: str, fields: dict[str, str] | None = None, exc_info: object = None) -> str:
    return Text().format(made(words, fields, exc_info))


def made(words: str, fields: dict[str, str] | None, exc_info: object) -> logging.LogRecord:
    kept = {
        "name": "conman.engine.spans",
        "levelno": logging.WARNING,
        "levelname": "WARNING",
        "msg": "%s",
        "args": (words,),
        "created": 1_796_000_000.123,
        "msecs": 123.0,
        "exc_info": exc_info,
    }
    kept |= {"fields": fields} if fields is not None else {}
    return logging.makeLogRecord(kept)


def test_text() -> None:
    line = record("stop-container done", {"container": "web", "duration_ms": "1.5"})
    when = "2026-11-30T00:53:20.123Z"
    assert line == f"{when} warning  stop-container done container=web duration_ms=1.5"
    assert record("no fields").endswith("warning  no fields")


@pytest.mark.parametrize("words", ["a\nb", "a\rb", "\x1b[31mred", "a\u2028b", "\ud800"])
def test_foreign_words_forge_no_line(words: str) -> None:
    assert record(words, {"reason": words}).isprintable()


def test_a_field_that_could_be_taken_for_two_is_quoted() -> None:
    assert record("x", {"reason": "a b=c"}).endswith(" reason='a b=c'")
    assert record("x", {"reason": ""}).endswith(" reason=''")


def test_json_says_the_same() -> None:
    one = made('a "word"\n', {"container_id": "7f"}, None)
    line = Json().format(one)
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2026-11-30T00:53:20.123Z",
        "level": "warning",
        "logger": "conman.engine.spans",
        "event": 'a "word"\n',
        "container_id": "7f",
    }


def test_a_traceback_is_told() -> None:
    try:
        int("x")
    except ValueError:
        info = sys.exc_info()
    assert (
        "ValueError: invalid literal" in json.loads(Json().format(made("x", {}, info)))["exception"]
    )
    assert record("x", {}, info).endswith("base 10: 'x'")
