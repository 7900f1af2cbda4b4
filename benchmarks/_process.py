"""Processes of a run: started in a group of their own, told signals, ended with all their children."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Process:
    """A process in a group of its own, so that nothing of it survives its kill."""

    command: list[str]
    log: Path
    env: dict[str, str] = field(default_factory=dict)
    cwd: Path = ROOT
    alone: bool = False  # whether it gets this environment and nothing of ours
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> Process:
        """Start it, output to the log."""
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=self.env if self.alone else {**os.environ, **self.env},
            )
        return self

    def tell(self, number: int) -> None:
        """Send a signal to it and its children."""
        if self.running is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.running.pid, number)

    def stop(self, number: int = signal.SIGKILL) -> None:
        """End it and wait for it."""
        if self.running is not None:
            if number == signal.SIGTERM:
                self.running.terminate()
                with suppress(subprocess.TimeoutExpired):
                    self.running.wait(timeout=30)
            self.tell(signal.SIGKILL)
            self.running.wait()
            self.running = None

    def cpu(self) -> float:
        """Processor seconds used so far by its group."""
        return cpu_of_group(self.running.pid) if self.running else 0.0


def cpu_of_group(group: int) -> float:
    """Processor seconds of all processes of a group."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError, ValueError):
            parts = stat.read_text().rpartition(")")[2].split()
            if int(parts[2]) == group:
                total += int(parts[11]) + int(parts[12])
    return total / TICKS


def cpu_of(pid: int) -> float:
    """Processor seconds of one process; 0 when it is gone or runs on another machine."""
    with suppress(OSError, IndexError, ValueError):
        parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / TICKS
    return 0.0


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Wait until somebody listens on a port of this machine, ten seconds at most."""
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
