"""Where a shim says what went wrong: its stderr, which its spawner has led to a file beside its socket."""

import os


def complain(text: str) -> None:
    try:
        os.write(2, f"shim {os.getpid()}: {text}\n".encode())
    except OSError:
        return  # RUN is full, and there is nowhere else to say it
