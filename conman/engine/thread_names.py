"""What a thread is called, where the kernel can be asked: for `ps -L`, and for whoever counts system calls.

It must never be needed: no decision depends on a thread's name.
"""

import os
import threading

#: What the kernel keeps of a thread's name.
COMM_BYTES = 15


def name_thread(name: str) -> None:
    """The calling one. `name`: an effect's, or what the thread is for; see proc(5), comm."""
    path = f"/proc/self/task/{threading.get_native_id()}/comm"
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(file, name.encode()[:COMM_BYTES])
    finally:
        os.close(file)
