"""The stand-in for a container's init: waits for start, then becomes the program's stand-in.

Run by path, in an isolated interpreter: its start-up is paid by every container, so it imports next
to nothing. It must never execute a file of the rootfs, and never outlive a create that has not
recorded it.
"""

import os
import signal
import sys

_HERE = os.path.abspath(__file__)
sys.path.insert(0, os.path.dirname(os.path.dirname(_HERE)))

# Found only now: an isolated interpreter has no path to them.
from fakerunc import leash as death  # noqa: E402
from fakerunc import signals  # noqa: E402


def main() -> None:
    match sys.argv[1:]:
        case ["init", ready, leash, kind, rule, fifo, *args]:
            pose_as_created(kind, rule)
            wait(int(ready), int(leash), rule, fifo, args)
        case ["exec", ready, init, *args]:
            enter(int(ready), int(init), args)
        case ["run", rule, *args]:
            # Imported late: the waiting init has no use for it.
            from fakerunc.programs import run  # noqa: PLC0415

            run(args, first_of_its_pids=rule == "own")
        case _:
            raise SystemExit("not meant to be run by hand: see fakerunc/standin.py")


def pose_as_created(kind: str, rule: str) -> None:
    """The waiting init of runc is a Go program with handlers of its own, crun's one in C that has none."""
    with open("/proc/self/comm", "w", encoding="ascii") as comm:
        comm.write("crun" if kind == "crun" else "runc:[2:INIT]")
    if kind == "crun":
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        answer_signals_as_program(rule)
    else:
        answer_signals_as_created()


def wait(ready: int, leash: int, rule: str, fifo: str, args: list[str]) -> None:
    if rule == "own":
        death.offer()
    os.write(ready, b"!")
    os.close(ready)
    if not os.read(leash, 1):
        # The create that made this died before it recorded it.
        os._exit(1)
    os.close(leash)
    # Returns when start opens the other end. Held until exec: its end of file says `begun`.
    told = os.open(fifo, os.O_WRONLY | os.O_CLOEXEC)
    answer_signals_as_program(rule)
    os.write(told, b"0")
    env = {name: text for name, text in os.environ.items() if name != "_LIBCONTAINER_STATEDIR"}
    argv = [sys.executable, "-ISE", _HERE, "run", rule, *args]
    os.execve(sys.executable, argv, env)  # noqa: S606 - no shell is wanted


def enter(ready: int, init: int, args: list[str]) -> None:
    """Beside init, not under it: no signal is kept from it but init's end, which is its own."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    answer_signals_as_program("shared")
    if init and not death.accept(init):
        os._exit(1)
    os.write(ready, b"!")
    os.close(ready)
    from fakerunc.programs import run  # noqa: PLC0415 - as above

    run(args, first_of_its_pids=False)


def catchable() -> list[int]:
    return [number for number in signal.valid_signals() if number not in signals.UNSTOPPABLE]


def answer_signals_as_created() -> None:
    """The rules of runc's own waiting init, which is a Go program."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in catchable():
        if number in signals.ENDS_CREATED:
            signal.signal(number, _exit_as_go)
        elif number != signal.SIGCHLD:
            signal.signal(number, signal.SIG_IGN)


def _exit_as_go(_number: int, _frame: object) -> None:
    os._exit(signals.CREATED_EXIT)


def answer_signals_as_program(rule: str) -> None:
    """What exec leaves to the program: as PID 1 it is safe from what it does not handle."""
    for number in catchable():
        if rule == "shared" or number == signal.SIGCHLD:
            signal.signal(number, signal.SIG_DFL)
        else:
            signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    main()
