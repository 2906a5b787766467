"""python -m vm box | shell | suite [FILE...] | clean: what the Makefile calls. Trouble is one sentence and exit code 1, never a traceback."""

import sys

from vm import box, suite
from vm.guests import guest
from vm.installing import install
from vm.places import alone, clean, held
from vm.trouble import Trouble


def main(words: list[str]) -> int:
    try:
        if words == ["clean"]:
            with held():
                clean()
            return 0
        with alone():
            return _do(words)
    except Trouble as trouble:
        print(f"vm: {trouble}", file=sys.stderr)
        return 1


def _do(words: list[str]) -> int:
    match words:
        case ["box"]:
            print(f"the box is {box.ensure()}")
            return 0
        case ["shell"]:
            with guest() as machine:
                install(machine)
                return machine.shell()
        case ["suite", *files]:
            with guest() as machine:
                install(machine)
                suite.play(machine, tuple(files))
            return 0
        case _:
            raise Trouble(
                f"there is no {' '.join(words)!r}: python -m vm box | shell | suite [FILE...] | clean"
            )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
