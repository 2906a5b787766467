"""The signals as runc's command line knows them: their names, and which of them move an init.

Constants and one parser, so that the waiting stand-in, which must start fast, and the model, which
must be pure, share one truth. It must never import anything: every container would pay for it.
"""

# golang.org/x/sys/unix.SignalNum on Linux: the names that runc accepts, with or without SIG, in any
# case. Real-time signals and the aliases CLD, IOT, POLL, UNUSED have none; numbers reach them all.
NUMBERS = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "ILL": 4,
    "TRAP": 5,
    "ABRT": 6,
    "BUS": 7,
    "FPE": 8,
    "KILL": 9,
    "USR1": 10,
    "SEGV": 11,
    "USR2": 12,
    "PIPE": 13,
    "ALRM": 14,
    "TERM": 15,
    "STKFLT": 16,
    "CHLD": 17,
    "CONT": 18,
    "STOP": 19,
    "TSTP": 20,
    "TTIN": 21,
    "TTOU": 22,
    "URG": 23,
    "XCPU": 24,
    "XFSZ": 25,
    "VTALRM": 26,
    "PROF": 27,
    "WINCH": 28,
    "IO": 29,
    "PWR": 30,
    "SYS": 31,
}

KILL = 9
TERM = 15
CONT = 18
STOP = 19
LAST = 64

# HUP INT QUIT ILL TRAP ABRT BUS FPE SEGV TERM STKFLT SYS: a created init, which is still runc's own
# Go program, answers these by exit(2); the other 52 but KILL and STOP do nothing to it (measured).
ENDS_CREATED = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 16, 31})
CREATED_EXIT = 2

# Not even the first process of a pid namespace is safe from these when they come from outside.
UNSTOPPABLE = frozenset({KILL, STOP})

# In a shared pid namespace nothing protects an init: the kernel's defaults that are not death.
DEFAULT_IGNORED = frozenset({17, 18, 23, 28})
DEFAULT_SUSPENDS = frozenset({STOP, 20, 21, 22})


def parse(text: str) -> int | None:
    """The number that `runc kill ID text` sends, which may be no signal's; None: `unknown signal`."""
    if text == "":
        return TERM
    digits = text[1:] if text[0] in "+-" else text
    if digits.isascii() and digits.isdigit() and -(2**63) <= int(text) < 2**63:
        return int(text)
    return NUMBERS.get(text.upper().removeprefix("SIG"))
