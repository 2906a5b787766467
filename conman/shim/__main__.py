"""A shim, or the zygote that forks shims, by exec of a file path.

    python3 -ISE .../conman/shim/__main__.py GIVEN shim DIRECTORY ALIVE READY
    python3 -ISE .../conman/shim/__main__.py GIVEN zygote CONNECTION

With -I nothing but the standard library can be found (`-m` neither), so the package's root is put on
the path here. GIVEN: the limit of descriptors that conmand was given, which it has raised; an older conmand,
which runs on while its files are replaced, does not say it. The rest in upper case, but for the run's directory:
numbers of inherited descriptors.
"""

import sys


def _start(*words: str) -> int:
    sys.path.insert(0, __file__.rsplit("/", 3)[0])
    if words[0].isdecimal():
        from conman.primitives.descriptors import begin_with  # noqa: PLC0415 - only now can it be found

        begin_with(int(words[0]))
        words = words[1:]
    if words[0] == "zygote":
        from conman.shim.zygote import serve  # noqa: PLC0415

        return serve(int(words[1]))
    from conman.shim.main import ignore_signals, main  # noqa: PLC0415

    ignore_signals()
    _, directory, alive, ready = words
    return main(directory, int(alive), int(ready))


if __name__ == "__main__":
    sys.exit(_start(*sys.argv[1:]))
