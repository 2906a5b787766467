"""`sh` for stand-ins: enough of a shell for exits, traps, output and a tree of processes.

    sh -c SCRIPT, or sh alone: each line of its stdin is one, with a prompt on a terminal

    script    item { ; item }          a newline is a `;`
    item      pipeline [&]  |  while true; do script done
    pipeline  command { | command }
    command   a program of programs.py, or
              exit [N]    trap 'SCRIPT' SIG...    trap - SIG...    wait    kill [-SIG] $$ or $!    :
              each with words in quotes and, at its end, `>&2`

$$ is 1 in a pid namespace of its own. A command runs in the shell's own process; `&` and `|` make
processes, which die with the one that made them unless the pid namespace is shared. Of an operator in
quotes, `'|'`, it knows no better. It must never run anything else: that is an error, exit 127.
"""

import os
import select
import signal

from fakerunc import leash, signals
from fakerunc.programs import complain, named, write
from fakerunc.script import Forever, NoScript, Pipeline, Script, parse

_PR_SET_PDEATHSIG = 1
_PROMPT = b"# "


class Exit(Exception):
    """The shell ends."""

    def __init__(self, code: int) -> None:
        """As far as an exit code reaches: eight bits."""
        super().__init__(code)
        self.code = code & 255


def shell(args: list[str], *, first_of_its_pids: bool) -> int:
    """`sh` with these arguments: its exit code."""
    running = Shell(args[0], first_of_its_pids=first_of_its_pids)
    try:
        match args[1:]:
            case ["-c", script, *_]:
                running.understand(script)
            case [] | ["-"]:
                running.listen()
            case _:
                return complain(f"{args[0]}: this stand-in knows -c SCRIPT only, or its input")
    except Exit as end:
        running.status = end.code
    running.end_children()
    return running.status


class Shell:
    """A shell at work: its traps, its children, its last status."""

    def __init__(self, name: str, *, first_of_its_pids: bool) -> None:
        """`first_of_its_pids`: it is PID 1 where it lives."""
        self.name = name
        self.first = first_of_its_pids
        self.status = 0
        self.pid = os.getpid()
        self.children: list[int] = []
        self.last_child = 0
        self.traps: dict[int, str] = {}
        self.caught: list[int] = []

    def understand(self, text: str) -> None:
        try:
            self.do(parse(text))
        except NoScript as problem:
            complain(f"{self.name}: not in this stand-in's grammar: {problem}")
            self.status = 2

    def listen(self) -> None:
        """Until its input ends. On a terminal nothing that is typed or sent there ends it but that."""
        talks = os.isatty(0)
        if talks and not self.first:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
        # A trap that comes while it waits for a line is not slept over: it is read of, too.
        woken, waking = os.pipe()
        os.set_blocking(waking, False)
        signal.set_wakeup_fd(waking)
        while True:
            if talks:
                write(2, _PROMPT)
            line = self._line(woken)
            if line is None:
                return
            self.understand(line)

    def _line(self, woken: int) -> str | None:
        """Byte by byte: what follows is for the programs that it calls."""
        line = b""
        while not line.endswith(b"\n"):
            if 0 not in select.select([0, woken], [], [])[0]:
                os.read(woken, 4096)
                self._spring()
                continue
            byte = os.read(0, 1)
            if not byte:
                break
            line += byte
        return line.decode(errors="surrogateescape") if line else None

    def do(self, script: Script) -> None:
        for item in script:
            match item:
                case Forever(body=body):
                    while True:
                        self.do(body)
                case Pipeline(commands=[command], loud=[loud], background=False):
                    self.status = self._command(command, loud=loud)
                case Pipeline():
                    self._processes(item)
            self._spring()

    def _spring(self) -> None:
        """Runs the traps of signals that came while a command ran."""
        while self.caught:
            self.do(parse(self.traps[self.caught.pop(0)]))

    def _command(self, words: tuple[str, ...], *, loud: bool) -> int:
        words = tuple(self._expanded(word) for word in words)
        if not loud:
            return self._obey(words)
        kept = os.dup(1)
        os.dup2(2, 1)
        try:
            return self._obey(words)
        finally:
            os.dup2(kept, 1)
            os.close(kept)

    def _expanded(self, word: str) -> str:
        mine = "1" if self.first else str(self.pid)
        return word.replace("$$", mine).replace("$!", str(self.last_child))

    def _obey(self, words: tuple[str, ...]) -> int:
        match words:
            case [":", *_]:
                return 0
            case ["exit"]:
                raise Exit(self.status)
            case ["exit", code] if code.isdigit():
                raise Exit(int(code))
            case ["trap", script, *names] if names:
                return self._trap(script, names)
            case ["wait"]:
                return self._wait()
            case ["kill", *rest]:
                return self._kill(rest)
            case _:
                return self._program(list(words))

    def _program(self, words: list[str]) -> int:
        program = named(os.path.basename(words[0]))
        if program is None:
            complain(f"{self.name}: {words[0]}: not found")
            return 127
        return program(words)

    def _trap(self, script: str, names: list[str]) -> int:
        parse(script)
        for name in names:
            number = signals.parse(name)
            if number is None or not 0 < number <= signals.LAST:
                return complain(f"{self.name}: trap: {name}: bad signal")
            if script == "-":
                self.traps.pop(number, None)
                signal.signal(number, signal.SIG_IGN if self.first else signal.SIG_DFL)
                continue
            self.traps[number] = script
            signal.signal(number, self._catch if script else signal.SIG_IGN)
        return 0

    def _catch(self, number: int, _frame: object) -> None:
        self.caught.append(number)

    def _kill(self, words: list[str]) -> int:
        """PID 1 is safe even from its own KILL; what it traps reaches it."""
        named = words[0].removeprefix("-") if words[:1] and words[0].startswith("-") else ""
        number = signals.parse(named)
        targets = words[1:] if named else words
        if number is None or not all(target.isdigit() for target in targets):
            return complain(f"{self.name}: kill: bad arguments")
        for target in targets:
            shell = target == self._expanded("$$")
            if not shell or not self.first or self.traps.get(number):
                os.kill(self.pid if shell else int(target), number)
        return 0

    def _wait(self) -> int:
        """For all background children; a trapped signal ends it early, as in a real shell."""
        # Held back until asked for: one that came between a look and a sleep would be slept over.
        told = {signal.SIGCHLD, *(number for number, script in self.traps.items() if script)}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, told)
        while self.children and not self.caught:
            pid, status = os.waitpid(self.children[0], os.WNOHANG)
            if pid:
                self.children.pop(0)
                self.status = _as_a_shell_counts(status)
            elif (number := signal.sigwaitinfo(told).si_signo) in self.traps:
                self.caught.append(number)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return 128 + self.caught[0] if self.caught else 0

    def _processes(self, pipeline: Pipeline) -> None:
        """One process for each command, each one's output the next one's input."""
        made: list[int] = []
        source = 0
        for command, loud in zip(pipeline.commands, pipeline.loud, strict=True):
            last = len(made) == len(pipeline.commands) - 1
            reader, writer = (0, 1) if last else os.pipe()
            made.append(self._fork(command, loud=loud, stdin=source, stdout=writer))
            for fd in {source, writer} - {0, 1}:
                os.close(fd)
            source = reader
        if pipeline.background:
            self.last_child = made[-1]
            self.children += made
            self.status = 0
        else:
            self.status = [_reap(pid) for pid in made][-1]

    def _fork(self, command: tuple[str, ...], *, loud: bool, stdin: int, stdout: int) -> int:
        shell = os.getpid()
        # A child of PID 1 is killed by what PID 1 ignores, from its first instant on.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            return pid
        code = 127
        try:
            if self.first:
                die_with(shell)
            self._reset_signals()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.dup2(stdin, 0)
            os.dup2(stdout, 1)
            os.closerange(3, leash.FD + self.first)
            code = self._command(command, loud=loud)
        except Exit as end:
            code = end.code
        finally:
            os._exit(code)

    def end_children(self) -> None:
        """As the kernel does for PID 1: nobody of its namespace is left when its end is seen."""
        for pid in self.children if self.first else ():
            os.kill(pid, signal.SIGKILL)
            _reap(pid)

    def _reset_signals(self) -> None:
        """A child keeps what the script ignores, and nothing else: it is not PID 1."""
        for number in signal.valid_signals() - signals.UNSTOPPABLE:
            ignored = self.traps.get(number) == ""
            signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)


def _reap(pid: int) -> int:
    return _as_a_shell_counts(os.waitpid(pid, 0)[1])


def _as_a_shell_counts(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def die_with(parent: int) -> None:
    """The end of PID 1 is the end of its namespace; the kernel's own means, without the namespace."""
    # Only here: most scripts have no children, and ctypes is slow to import.
    import ctypes  # noqa: PLC0415

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)
