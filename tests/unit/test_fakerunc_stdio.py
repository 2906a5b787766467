"""Words that fakerunc writes: all of them, or why not; and nothing of the process is changed by it."""

import os
import signal

from fakerunc import stdio


def test_who_writes_leaves_broken_pipes_to_others_as_they_were() -> None:
    reader, writer = os.pipe()
    try:
        assert stdio.write(writer, "words\n") is None
        assert os.read(reader, 100) == b"words\n"
    finally:
        os.close(reader)
        os.close(writer)
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN


def test_what_cannot_be_written_says_why() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        failure = stdio.write(full, "words\n")
    finally:
        os.close(full)
    assert failure is not None
    assert failure.strerror == "No space left on device"
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN
