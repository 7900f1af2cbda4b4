"""Kill the worker with SIGKILL while messages are due, start it again, and count what arrives.

    python -m benchmarks.kill_worker [--database URL] [--count 500] [--kills 5]

Uses a database of its own (SQLite in a temporary directory; on PostgreSQL one that is made and dropped again), a mail
server inside this process, and the real worker as a process of its own. Fails when a message is lost, when
one does not settle, or when one arrives more often than its record allows for.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import django
from aiosmtpd.controller import Controller

from benchmarks._process import free_port

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 300  # seconds until the run is given up
TAKES = 0.03  # seconds the mail server takes over each mail: long enough to be killed in between


class Receiver:
    """A mail server that counts what it has accepted, by the message's own identity."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()

    async def handle_DATA(self, *given: Any) -> str:  # noqa: N802  aiosmtpd names it so
        """Accept one mail. It counts as received even if the sender is gone by now."""
        *_, envelope = given
        mail = BytesHeaderParser().parsebytes(envelope.original_content)
        self.received[mail["Message-ID"].strip("<>").partition("@")[0]] += 1
        await asyncio.sleep(TAKES)
        return "250 accepted"


@dataclass
class Worker:
    """The real worker, in a session of its own, so that nothing of it survives the kill."""

    command: list[str]
    log: Path
    kills: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Start it, output to the log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL, to it and its children: nothing can be finished or tidied up."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def check(self) -> None:
        """Stop the run when the worker ends by itself."""
        if self.process is not None and self.process.poll() is not None:
            raise SystemExit(f"The worker ended by itself:\n{self.log.read_text()[-3000:]}")


@contextmanager
def database(url: str, var: Path) -> Iterator[str]:
    """The address of an empty database that is gone afterwards."""
    if not url.startswith("postgres"):
        yield f"sqlite:///{var / 'kill_worker.sqlite3'}"
        return
    name = f"hypercare_kill_{os.getpid()}"
    _on_server(url, f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        _on_server(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _on_server(url: str, statement: str) -> None:
    import psycopg2  # noqa: PLC0415  Only PostgreSQL runs need it.

    connection = psycopg2.connect(urlunsplit(urlsplit(url)._replace(path="/postgres")))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def prepare(*, database_url: str, redis_url: str, mail_port: int, var: Path) -> None:
    """Point this process and its children at the run's own services, and make the tables."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "hypercare.settings",
        "HYPERCARE_ENV": "embedded",
        "HYPERCARE_VAR": str(var),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
        "BASE_URL": "http://127.0.0.1:8000",
        "PYTHONPATH": str(ROOT),
    }
    sys.path.insert(0, str(ROOT))
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415  Not before the settings are chosen.

    call_command("migrate", verbosity=0)


def worker_command(redis_url: str, var: Path) -> list[str]:
    """What `make run` starts; with Redis, what docker-compose.yml starts, clock and worker in one."""
    if not redis_url:
        return [sys.executable, "manage.py", "worker"]
    return [
        sys.executable, "-m", "celery", "-A", "hypercare", "worker", "-B", "-s", str(var / "beat"), "-c", "2",
        "--without-gossip", "--without-mingle", "-l", "WARNING",
    ]  # fmt: skip


def queue(count: int) -> None:
    """So many messages, all due now, to nine members of one period."""
    from django.db import transaction  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from contributors import notifications  # noqa: PLC0415
    from tests.factories import make_member, make_period  # noqa: PLC0415

    at = timezone.now()
    with transaction.atomic():
        period = make_period()
        people = [make_member(period).user for _ in range(9)]
        for number in range(count):
            notifications.notify(
                user=people[number % 9], kind="test", period=period, subject=f"test:{number}",
                context={"by": period.lead.name, "asked_at": at.isoformat()}, urgency=1, at=at, key=f"kill:{number}",
            )  # fmt: skip


def open_count() -> int:
    """How many messages have not settled."""
    from contributors.models import Delivery  # noqa: PLC0415

    return Delivery.objects.filter(state__in=Delivery.OPEN).count()


def run(worker: Worker, receiver: Receiver, *, count: int, kills: int) -> float:
    """Kill the worker each time another part has arrived, until everything has settled; seconds it took."""
    marks = [count * (number + 1) // (kills + 1) for number in range(kills)]
    started = time.monotonic()
    worker.start()
    while open_count():
        if marks and sum(receiver.received.values()) >= marks[0]:
            worker.kill()
            worker.kills += 1
            marks.pop(0)
            worker.start()
        worker.check()
        if time.monotonic() - started > LONGEST:
            break
        time.sleep(0.05)
    return time.monotonic() - started


def unexplained(receiver: Receiver) -> list[str]:
    """Messages that arrived more often than once for each attempt whose outcome was unknown, plus once."""
    from contributors.models import DeliveryAttempt  # noqa: PLC0415

    tries = DeliveryAttempt.objects.filter(outcome="uncertain").values_list("delivery_id", flat=True)
    allowed = Counter(str(pk) for pk in tries)
    return [pk for pk, times in receiver.received.items() if times > 1 + allowed[pk]]


def report(receiver: Receiver, *, worker: Worker, seconds: float) -> bool:
    """Print the figures; whether every promise was kept."""
    from django.db import connection  # noqa: PLC0415

    from contributors.models import Delivery  # noqa: PLC0415

    wanted = {str(pk) for pk in Delivery.objects.values_list("pk", flat=True)}
    sent = Delivery.objects.filter(state=Delivery.State.SENT).count()
    lost, repeats = wanted - receiver.received.keys(), receiver.received.total() - len(receiver.received)
    surprises = unexplained(receiver)
    print(
        f"{connection.vendor}: queued {len(wanted)}, sent {sent}, received distinct {len(receiver.received)}, "
        f"lost {len(lost)}, repeats {repeats} (unexplained {len(surprises)}), kills {worker.kills}, "
        f"seconds {seconds:.1f}"
    )
    return not lost and not surprises and sent == len(wanted)


def main() -> int:
    """Run once; 1 when something was lost, repeated without a reason or never settled."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--database", default="sqlite", help="postgres://… makes a database of its own on that server"
    )
    parser.add_argument(
        "--redis", default="", help="redis://… runs Celery on Redis instead of the embedded worker"
    )
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--kills", type=int, default=5)
    options = parser.parse_args()
    receiver, port = Receiver(), free_port()
    mail_server = Controller(receiver, hostname="127.0.0.1", port=port)
    with tempfile.TemporaryDirectory() as directory, database(options.database, Path(directory)) as url:
        var = Path(directory)
        prepare(database_url=url, redis_url=options.redis, mail_port=port, var=var)
        queue(options.count)
        worker = Worker(worker_command(options.redis, var), var / "worker.log")
        mail_server.start()
        try:
            seconds = run(worker, receiver, count=options.count, kills=options.kills)
        finally:
            worker.kill()
            mail_server.stop()
        kept = report(receiver, worker=worker, seconds=seconds)
        _disconnect()
    return 0 if kept else 1


def _disconnect() -> None:
    from django.db import connections  # noqa: PLC0415

    connections.close_all()


if __name__ == "__main__":
    sys.exit(main())
