"""Keep a few processes running together under one Ctrl-C. Knows nothing of Hypercare or Django.

A child that dies is started again, later each time it dies young, because an installation without its engine
looks healthy while nobody is told anything. One that keeps dying young ends everything, with its exit code.
Each child leads its own session, so a terminal's Ctrl-C reaches only the supervisor, which then stops the
children in order; on Linux a child is also told to stop when the supervisor itself is killed.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import FrameType
from typing import IO

# Run before the child's own program, as a program of its own: code between fork and exec could hang on a lock
# that one of our threads holds. 1 is PR_SET_PDEATHSIG; it outlives exec.
TIED_TO_PARENT = (
    "import ctypes, os, signal, sys; ctypes.CDLL(None).prctl(1, signal.SIGTERM); "
    "os.getppid() == int(sys.argv[1]) or sys.exit(1); os.execv(sys.argv[2], sys.argv[2:])"
)


@dataclass(kw_only=True)
class Patience:
    """How long the supervisor waits for what, in seconds."""

    young: float = 10.0  # a child that dies before this age died young
    deaths: int = 5  # deaths in youth, in a row, after which everything stops
    first_pause: float = 0.5  # before the first new start; doubled with each death in youth
    grace: float = 10.0  # between asking the children to stop and killing them


@dataclass
class Child:
    """One supervised command, its process and how often in a row it died young."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    young_deaths: int = 0


@dataclass
class Supervisor:
    """Run the commands until a signal or a hopeless child; `run` returns the exit code."""

    commands: Mapping[str, Sequence[str]]
    env: Mapping[str, str]
    say: Callable[[str], None]
    patience: Patience = field(default_factory=Patience)
    # A queue, because a signal's handler may put into it while the same thread waits for it: with the lock of an
    # Event it would wait for itself, for ever.
    _woken: SimpleQueue[None] = field(default_factory=SimpleQueue)
    # Each child's output has a thread, and two at once would print one line into the other. No signal's handler speaks.
    _one_line_at_a_time: threading.Lock = field(default_factory=threading.Lock)
    _asked_to_stop: bool = False
    _in_a_hurry: bool = False

    def __post_init__(self) -> None:
        self._children = [Child(name, command) for name, command in self.commands.items()]
        self._width = max(len(name) for name in self.commands)

    def run(self) -> int:
        """Start all, watch them, stop all. 0 after a signal, otherwise the code of the child that gave up."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        code = 0
        try:
            for child in self._children:
                self._start(child)
            while not self._asked_to_stop and not code:
                with suppress(Empty):
                    self._woken.get(timeout=0.5)
                code = self._look_after_children()
        finally:
            self._stop_all()
        return code

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._in_a_hurry = self._asked_to_stop  # asked twice: no more grace
        self._asked_to_stop = True
        self._woken.put(None)

    def _start(self, child: Child) -> None:
        # Only ever from the main thread: the kernel's notice of a dead parent means the thread that forked.
        child.process = subprocess.Popen(  # noqa: S603  # our own commands
            tied_to_this_process(child.command),
            env=dict(self.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        child.started_at = time.monotonic()
        output = child.process.stdout
        threading.Thread(target=self._relay, args=(child.name, output), daemon=True).start()

    def _relay(self, name: str, output: IO[bytes]) -> None:
        """Pass on what a child prints, line by line, under its name."""
        with output:
            for line in output:
                if words := line.decode(errors="replace").rstrip():
                    self._say(f"{name:<{self._width}} | {words}")
        self._woken.put(None)  # the end of its output is the first sign of a child's end

    def _say(self, line: str) -> None:
        with self._one_line_at_a_time:
            self.say(line)

    def _look_after_children(self) -> int:
        """Note the dead, start again whoever is due; return a code other than 0 when one is past hope."""
        for child in self._children:
            if child.process is None:
                if time.monotonic() >= child.start_again_at and not self._asked_to_stop:
                    self._start(child)
            elif child.process.poll() is not None:
                code = self._bury(child, child.process)
                if code:
                    return code
        return 0

    def _bury(self, child: Child, process: subprocess.Popen[bytes]) -> int:
        """Sweep up after a dead child and plan its new start; return its exit code after the last try."""
        kill_group(process.pid)  # its own children must not hold the port or the queue
        code = exit_code(process.returncode)
        child.process = None
        died_young = time.monotonic() - child.started_at < self.patience.young
        child.young_deaths = child.young_deaths + 1 if died_young else 0
        if child.young_deaths >= self.patience.deaths:
            self._say(f"{child.name} stopped {child.young_deaths} times in a row (code {code}). Giving up.")
            return code or 1
        pause = self.patience.first_pause * 2 ** max(child.young_deaths - 1, 0)
        child.start_again_at = time.monotonic() + pause
        self._say(f"{child.name} stopped by itself (code {code}); starting it again in {pause:g} s.")
        return 0

    def _stop_all(self) -> None:
        """Ask every child to stop, wait for the grace, then kill whatever is left of their sessions."""
        self._say("Stopping …")
        processes = [child.process for child in self._children if child.process]
        for process in processes:
            if process.poll() is None:
                process.terminate()
        last_moment = time.monotonic() + self.patience.grace
        while any(process.poll() is None for process in processes):
            if self._in_a_hurry or time.monotonic() > last_moment:
                break
            time.sleep(0.05)
        for process in processes:
            kill_group(process.pid)
            process.wait()


def tied_to_this_process(command: Sequence[str]) -> list[str]:
    """Wrap a command so that it is asked to stop when this process dies (Linux only)."""
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", "-c", TIED_TO_PARENT, str(os.getpid()), *command]


def kill_group(pid: int) -> None:
    """Kill what is left of the session that a child led."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nobody left; macOS answers PermissionError where only zombies are


def exit_code(returncode: int) -> int:
    """Return the code a shell would show: 128 + n for death by signal n."""
    return 128 - returncode if returncode < 0 else returncode
