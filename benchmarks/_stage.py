"""What the runs share: a database of their own, the real worker, a mail server to send to, and the checker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.kill_worker import database, free_port, prepare

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Process:
    """A process in a group of its own, so that nothing of it survives its kill."""

    command: list[str]
    log: Path
    env: dict[str, str] = field(default_factory=dict)
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> Process:
        """Start it, output to the log."""
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.command, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True, env={**os.environ, **self.env},
            )  # fmt: skip
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


@dataclass
class Stage:
    """One run's own services."""

    var: Path
    redis: str
    port: int
    sink: Process
    workers: list[Process] = field(default_factory=list)

    @property
    def arrivals(self) -> list[tuple[float, str, str]]:
        """What the mail server accepted: when, which message, for whom."""
        lines = (self.var / "arrivals").read_text().splitlines()
        return [
            (float(at), key, who) for at, key, who in (line.split() for line in lines if line.count(" ") == 2)
        ]

    def worker(self, **env: str) -> Process:
        """Start a worker: the embedded one, or Celery with its clock where there is Redis."""
        number = len(self.workers)
        command = [sys.executable, "manage.py", "worker"]
        if self.redis:
            command = [
                sys.executable, "-m", "celery", "-A", "hypercare", "worker", "-B",
                "-s", str(self.var / f"beat{number}"),
                "-c", "2", "--without-gossip", "--without-mingle", "-l", "WARNING", "-n", f"run{os.getpid()}-{number}",
            ]  # fmt: skip
        made = Process(command, self.var / f"worker{number}.log", env=env).start()
        self.workers.append(made)
        return made


@contextmanager
def stage(*, database_url: str, redis: str) -> Iterator[Stage]:
    """Services of one run, gone afterwards. Must be entered once a process: Django's settings are set by it."""
    with tempfile.TemporaryDirectory() as directory, database(database_url, Path(directory)) as url:
        var, port = Path(directory), free_port()
        prepare(database_url=url, redis_url=redis, mail_port=port, var=var)
        sink = Process(
            [sys.executable, "-m", "benchmarks._sink", str(port), str(var / "arrivals")], var / "sink.log"
        )
        made = Stage(var, redis, port, sink)
        sink.start()
        _wait_for(port)
        try:
            yield made
        finally:
            for process in (*made.workers, sink):
                process.stop()
            from django.db import connections  # noqa: PLC0415  Not before the settings are chosen.

            connections.close_all()


def _wait_for(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)


def people(count: int, *, names: list[str] | None = None) -> Any:
    """A period with so many members; the kind in front of their address says how the mail server treats them."""
    from contributors.models import Membership  # noqa: PLC0415
    from hypercare.models import User  # noqa: PLC0415
    from tests.factories import make_period  # noqa: PLC0415

    period = make_period()
    kinds = names or ["kind"]
    users = User.objects.bulk_create(
        [User(email=f"{kinds[n % len(kinds)]}-{n}@example.net", name=f"Person {n}") for n in range(count)]
    )
    Membership.objects.bulk_create(
        [Membership(period=period, user=user, right="support", joined_at=period.go_live_at) for user in users]
    )
    return period, users


def queue(
    count: int, *, at: datetime, every: timedelta = timedelta(), period: Any, users: Any, kind: str = ""
) -> None:
    """So many messages, the first due at an instant, the next a step later each."""
    from contributors.models import Delivery  # noqa: PLC0415

    Delivery.objects.bulk_create(
        [
            Delivery(
                dedupe_key=f"run:{kind}:{number}", period=period, recipient=users[number % len(users)],
                address=users[number % len(users)].email, kind="period_started", subject=f"run:{kind}{number}",
                context={"by": "Maja Lindqvist"}, intended_at=at + every * number, next_at=at + every * number,
                created_at=at,
            )
            for number in range(count)
        ],
        batch_size=1000,
    )  # fmt: skip


def wait_until_settled(*, longest: float, but: int = 0) -> float:
    """Wait until all but so many messages have settled; seconds it took."""
    from contributors.models import Delivery  # noqa: PLC0415

    started = time.monotonic()
    while Delivery.objects.filter(state__in=Delivery.OPEN).count() > but:
        if time.monotonic() - started > longest:
            break
        time.sleep(0.25)
    return time.monotonic() - started


def percentile(values: list[float], part: float) -> float:
    """The value that so large a part of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


def show(name: str, value: float, unit: str, goal: str = "") -> None:
    """One line of the table that `make bench` prints."""
    print(f"{name:<52} {value:>10.2f} {unit:<6} {goal}", flush=True)


@dataclass(frozen=True)
class Verdict:
    """What the checker found: names of broken promises, and the counts behind them."""

    lost: int
    repeats: int
    unexplained: int
    broken: tuple[str, ...]


def check(stage: Stage, *, faults: int = 0, senders: int = 8) -> Verdict:
    """Join database, record and the mail server's log: which promises of docs/delivery.md do not hold?"""
    from contributors.delivery import LONGEST_WAIT, most_attempts  # noqa: PLC0415
    from contributors.models import Delivery, DeliveryAttempt  # noqa: PLC0415

    rows = {str(row.pk): row for row in Delivery.objects.filter(subject__startswith="run:")}
    arrived = Counter(key for _, key, _ in stage.arrivals if key in rows)
    unknown: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for key, outcome in DeliveryAttempt.objects.values_list("delivery_id", "outcome"):
        unknown[str(key)] += outcome == "uncertain"
        lines[str(key)] += 1
    S = Delivery.State  # noqa: N806
    lost = [key for key, row in rows.items() if row.state in (S.SENT, *Delivery.OPEN) and not arrived[key]]
    unexplained = [key for key, times in arrived.items() if times > 1 + unknown[key]]
    repeats = arrived.total() - len(arrived)
    broken = []
    if unexplained or repeats > (1 + faults) * senders:
        broken.append("I2 repeats")
    if any(arrived[key] and not unknown[key] for key, row in rows.items() if row.state == S.CANCELLED):
        broken.append("I3 sent after it was taken back")
    if any(row.attempts > most_attempts(row.urgency) for row in rows.values()):
        broken.append("I9 attempts")
    if any(
        row.next_at - row.intended_at > LONGEST_WAIT * row.attempts + timedelta(minutes=5)
        for row in rows.values()
    ):
        broken.append("I9 wait")
    if any(lines[key] < row.attempts - (row.state == S.SENDING) for key, row in rows.items()):
        broken.append("I10 record")
    return Verdict(len(lost), repeats, len(unexplained), tuple(broken))
