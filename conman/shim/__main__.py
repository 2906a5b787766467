"""`python3 -ISE .../conman/shim/__main__.py DIRECTORY ALIVE READY`: a shim by exec of a file path.

With -I nothing but the standard library can be found (`-m` neither), so the package's root is put on
the path here. Arguments: the run's directory, and the numbers of two inherited descriptors.
"""

import sys


def _start() -> int:
    sys.path.insert(0, __file__.rsplit("/", 3)[0])
    from conman.shim.main import main  # noqa: PLC0415 - only now can it be found

    directory, alive, ready = sys.argv[1:]
    return main(directory, int(alive), int(ready))


if __name__ == "__main__":
    sys.exit(_start())
