"""runc's log: logrus lines on stderr, or in the file that --log names, as text or JSON.

Callers parse these lines, so they are copied to the letter. It must never end the process: what an
error means for the exit code is main's business.
"""

import errno
import os
import time
from dataclasses import dataclass

from fakerunc import stdio
from fakerunc.record import go_json

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/@^+")
_ESCAPES = {'"': r"\"", "\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
# The one place in runc that logs an answer; with --debug it names it, prettier in text.
_CALLERS = {
    "text": {"func": "main.fatalWithCode()", "file": "utils.go:61"},
    "json": {
        "func": "main.fatalWithCode",
        "file": "github.com/opencontainers/runc/utils.go:61",
    },
}


@dataclass(frozen=True, slots=True)
class Log:
    """Where lines go (`path` empty: stderr) and how they look; `form` is text or json.

    `folder`: where a relative path begins, since create, run and exec leave their caller's directory.
    """

    path: str = ""
    form: str = "text"
    debug: bool = False
    folder: str = ""

    @property
    def file(self) -> str:
        return os.path.join(self.folder, self.path)

    def error(self, words: str) -> None:
        """An answer: besides its line in a file, the bare words for who reads stderr."""
        self._write("error", words, _CALLERS.get(self.form, _CALLERS["text"]) if self.debug else {})
        if self.path:
            stdio.write(2, words if words.endswith("\n") else f"{words}\n")

    def warning(self, words: str) -> None:
        self._write("warning", words, {})

    def _write(self, level: str, words: str, caller: dict[str, str]) -> None:
        line = _json(level, words, caller) if self.form == "json" else _text(level, words, caller)
        if not self.path:
            stdio.write(2, line)
            return
        try:
            with open(self.file, "a", encoding="utf-8", errors="surrogateescape") as file:
                file.write(line)
        except OSError as failure:
            lost = go_error("write", self.path, failure)
            stdio.write(2, f"Failed to write to log, {lost}\n")


def complaint_about(log: Log) -> str:
    """Why this log cannot be kept, in runc's words, or nothing; opens the file as runc does first."""
    if log.form not in {"text", "json"}:
        return f"invalid log-format: {log.form}"
    if not log.path:
        return ""
    try:
        os.close(os.open(log.file, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o644))
    except OSError as failure:
        return go_error("open", log.path, failure)
    return ""


def go_error(verb: str, path: str, failure: OSError) -> str:
    """An error of Go's os package; its errno texts are the C library's in small letters."""
    return f"{verb} {path}: {os.strerror(failure.errno or 0).lower()}"


def rename_error(failure: OSError) -> str:
    """Go looks first, and has an answer of its own where a directory is in the way."""
    where = f"{failure.filename} {failure.filename2}"
    in_the_way = isinstance(failure, IsADirectoryError)
    return go_error("rename", where, FileExistsError(errno.EEXIST, "") if in_the_way else failure)


def rfc3339(nanoseconds: int) -> str:
    """Wall clock in UTC; Go drops the zeros at the end."""
    seconds, fraction = divmod(nanoseconds, 10**9)
    digits = f".{fraction:09d}".rstrip("0").rstrip(".")
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + digits + "Z"


def _now() -> str:
    zone = time.strftime("%z")
    suffix = "Z" if zone in {"+0000", ""} else f"{zone[:3]}:{zone[3:]}"
    return time.strftime("%Y-%m-%dT%H:%M:%S") + suffix


def _json(level: str, words: str, caller: dict[str, str]) -> str:
    fields = {"level": level, "msg": words, "time": _now()} | caller
    return go_json(dict(sorted(fields.items()))) + "\n"


def _text(level: str, words: str, caller: dict[str, str]) -> str:
    fields = {"time": _now(), "level": level, "msg": words} | caller
    return " ".join(f"{key}={_quoted(text)}" for key, text in fields.items()) + "\n"


def _quoted(text: str) -> str:
    if _PLAIN.issuperset(text):
        return text
    return '"' + "".join(_escaped(c) for c in text) + '"'


def _escaped(c: str) -> str:
    return _ESCAPES.get(c) or (c if c.isprintable() else f"\\x{ord(c):02x}")
