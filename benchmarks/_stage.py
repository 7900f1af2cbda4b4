"""What the runs share: a database of their own, the real worker, a mail server to send to, and the checker.

On PostgreSQL and Redis the product's processes are those that are shipped (`shipped/image.py`): the environment of
requirements.lock alone, the files of the image, HYPERCARE_ENV=production. The run itself has the tests' environment.
"""

from __future__ import annotations

import itertools
import os
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import django

from benchmarks._process import Process, cpu_of, free_port, wait_for
from benchmarks.shipped import image
from benchmarks.shipped.image import Image

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/hypercare"
CELERY_PROCESSES = 2  # of each worker
REDIS = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/8"


class Sessions:
    """Processor seconds of the database's sessions of this run, those that ended included as far as they were seen."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._seen: dict[int, float] = {}

    def look(self) -> float:
        """Read them again; the sum. 0 where the database is no server on this machine."""
        from django.db import connection  # noqa: PLC0415

        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
                self._seen |= {pid: used for (pid,) in cursor.fetchall() if (used := cpu_of(pid))}
        return sum(self._seen.values())


@dataclass
class Stage:
    """One run's own services."""

    var: Path
    redis: str
    port: int
    sink: Process
    hook_port: int
    hooks: Process
    workers: list[Process] = field(default_factory=list)
    services: list[Process] = field(default_factory=list)
    server: Any = None
    image: Image | None = None

    @property
    def arrivals(self) -> list[tuple[float, str, str]]:
        """What was taken in by the mail server or the receiver of webhooks: when, which message, for whom."""
        return sorted(_lines(self.var / "arrivals") + _lines(self.var / "hooked"))

    @property
    def tries(self) -> list[tuple[float, str, str]]:
        """Every request to the receiver of webhooks, taken in or not."""
        return _lines(self.var / "hooked.tries")

    @property
    def cuts(self) -> list[tuple[float, str, str]]:
        """How many seconds each answer lasted that the receiver of webhooks never ended."""
        return _lines(self.var / "hooked.cuts")

    def begin(self, workers: int = 1, *, in_flight: int = 0, **env: str) -> list[Process]:
        """Start so many workers and wait until the engine ticks: their start is not what is measured.

        `in_flight`: how many messages each may have under way in all its processes; 0 leaves it as installed.
        """
        from hypercare.models import Heartbeat  # noqa: PLC0415

        if in_flight:
            env["SENDER_THREADS"] = str(in_flight // (CELERY_PROCESSES if self.redis else 1))
        started = [self.worker(**env) for _ in range(workers)]
        ends = time.monotonic() + 90
        while not Heartbeat.objects.filter(name="engine").exists() and time.monotonic() < ends:
            time.sleep(0.2)
        time.sleep(2.0 * workers)
        return started

    def worker(self, **env: str) -> Process:
        """Start a worker: the embedded one, or Celery with its clock where there is Redis."""
        number = len(self.workers)
        shipped = self.image if "PYTHONPATH" not in env else None  # what stands there needs the tests' environment
        python = shipped.python if shipped else sys.executable
        command = [python, "manage.py", "worker"]
        if self.redis:
            command = [
                python,
                "-m",
                "celery",
                "-A",
                "hypercare",
                "worker",
                "-B",
                "-s",
                str(self.var / f"beat{number}"),
                "-c",
                str(CELERY_PROCESSES),
                "--without-gossip",
                "--without-mingle",
                "-l",
                "WARNING",
                "-n",
                f"run{os.getpid()}-{number}",
            ]
        made = self.process(command, f"worker{number}", **env)
        self.workers.append(made)
        return made.start()

    def web(self, port: int) -> Process:
        """The web part as it is shipped, not started; of runs on PostgreSQL and Redis only."""
        assert self.image is not None
        command = [word.replace("0.0.0.0:8000", f"127.0.0.1:{port}") for word in self.image.command]
        made = self.process([*command, "--log-level", "warning"], "web")
        self.services.append(made)
        return made

    def process(self, command: list[str], name: str, **env: str) -> Process:
        """One of the product's processes, not started."""
        if self.image is None:
            return Process(command, self.var / f"{name}.log", env=env)
        env = {"PYTHONPATH": "", "PATH": self.image.env["PATH"], **env}
        return Process(command, self.var / f"{name}.log", env=env, cwd=self.image.code)


def _lines(log: Path) -> list[tuple[float, str, str]]:
    whole = (line.split() for line in log.read_text().splitlines() if line.count(" ") == 2)
    return [(float(at), key, who) for at, key, who in whole]


@contextmanager
def database(url: str, var: Path) -> Iterator[str]:
    """The address of an empty database that is gone afterwards."""
    if not url.startswith("postgres"):
        yield f"sqlite:///{var / 'run.sqlite3'}"
        return
    name = f"hypercare_run_{os.getpid()}"
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


def prepare(*, database_url: str, redis_url: str, mail_port: int, var: Path, production: bool) -> None:
    """Point this process and its children at the run's own services, and make the tables."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "hypercare.settings",
        "HYPERCARE_ENV": "production" if production else "embedded",
        "HYPERCARE_VAR": str(var),
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "BASE_URL": f"http{'s' if production else ''}://127.0.0.1:8000",
        "BEHIND_TLS_PROXY": "true",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
        "DEFAULT_FROM_EMAIL": "Hypercare <hypercare@localhost>",
        "PYTHONPATH": str(ROOT),
    }
    sys.path.insert(0, str(ROOT))
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415  Not before the settings are chosen.

    call_command("migrate", verbosity=0)


@contextmanager
def stage(*, database_url: str, redis: str) -> Iterator[Stage]:
    """Services of one run, gone afterwards. Must be entered once a process: Django's settings are set by it."""
    # A run that is told to end takes its workers along: one left behind would take the next run's ticks from Redis.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    production = database_url.startswith("postgres") and bool(redis)
    with (
        tempfile.TemporaryDirectory() as directory,
        database(database_url, Path(directory)) as url,
        image.built() if production else nullcontext() as shipped,
    ):
        var, port, hook_port = Path(directory), free_port(), free_port()
        if shipped:
            (var / "static").symlink_to(shipped.data / "static")
        os.environ["OUTGOING_ALLOW"] = "127.0.0.0/8"
        prepare(database_url=url, redis_url=redis, mail_port=port, var=var, production=production)
        sink = _receiver("benchmarks._sink", port, var / "arrivals")
        hooks = _receiver("benchmarks._hooks", hook_port, var / "hooked")
        made = Stage(var, redis, port, sink, hook_port, hooks, image=shipped)
        try:
            yield made
        finally:
            for process in (*made.workers, *made.services, sink, hooks):
                process.stop()
            from django.db import connections  # noqa: PLC0415  Not before the settings are chosen.

            connections.close_all()


def _receiver(module: str, port: int, log: Path) -> Process:
    process = Process([sys.executable, "-m", module, str(port), str(log)], log.with_suffix(".log")).start()
    wait_for(port)
    return process


@dataclass(frozen=True)
class Person:
    """A member of the period, and the fields of a message that say where it goes."""

    user: Any
    place: dict[str, Any]


def people(count: int, *, names: list[str] | None = None, hook_port: int = 0) -> tuple[Any, list[Person]]:
    """A period with so many members, reached by mail, or by a webhook of their own at a port of this machine.

    The kind in front of their address says how the receiver treats them.
    """
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
    if hook_port:
        return period, _by_webhook(users, hook_port)
    return period, [Person(user, {"channel": "email", "address": user.email}) for user in users]


def _by_webhook(users: list[Any], port: int) -> list[Person]:
    from contributors import contact_points  # noqa: PLC0415
    from contributors.channels.webhook import signatures  # noqa: PLC0415
    from contributors.models import ContactPoint  # noqa: PLC0415

    now = datetime.now(UTC)
    points = ContactPoint.objects.bulk_create(
        [
            ContactPoint(
                user=user,
                kind="webhook",
                label="Hook",
                shown=f"127.0.0.1:{port}",
                created_at=now,
                verified_at=now,
                target=f"http://127.0.0.1:{port}/{user.email.partition('@')[0]}",
                signing_key=signatures.new_signing_key(),
            )
            for user in users
        ]
    )
    return [
        Person(point.user, {"channel": "webhook", "address": contact_points.address_of(point), "point": point})
        for point in points
    ]


def queue(
    count: int, *, at: datetime, every: timedelta = timedelta(), period: Any, to: list[Person], kind: str = ""
) -> None:
    """So many messages, the first due at an instant, the next a step later each."""
    from contributors.models import Delivery  # noqa: PLC0415

    context = {"by": "Maja Lindqvist", "at": period.go_live_at.isoformat(), "ends_at": period.ends_at.isoformat()}
    Delivery.objects.bulk_create(
        [
            Delivery(
                **person.place,
                dedupe_key=f"run:{kind}:{number}",
                period=period,
                recipient=person.user,
                kind="period_started",
                subject=f"run:{kind}{number}",
                context=context,
                intended_at=at + every * number,
                next_at=at + every * number,
                created_at=at,
            )
            for number, person in zip(range(count), itertools.cycle(to), strict=False)
        ],
        batch_size=1000,
    )


def wait_until_settled(*, longest: float, but: int = 0, look: Callable[[], object] = lambda: None) -> float:
    """Wait until all but so many messages have settled, looking at something meanwhile; seconds it took."""
    from django.db import DatabaseError, connection  # noqa: PLC0415

    from contributors.models import Delivery  # noqa: PLC0415

    started = time.monotonic()
    while time.monotonic() - started <= longest:
        try:
            if Delivery.objects.filter(state__in=Delivery.OPEN).count() <= but:
                break
            look()
        except DatabaseError:  # Taken away by the run.
            connection.close()
        time.sleep(0.5)
    return time.monotonic() - started


def lateness(stage: Stage, *, of: str = "") -> list[float]:
    """How long after it was meant to go each message arrived first, of people whose address begins so."""
    from contributors.models import Delivery  # noqa: PLC0415

    meant = {str(pk): at.timestamp() for pk, at in Delivery.objects.values_list("pk", "intended_at")}
    first: dict[str, float] = {}
    for at, key, who in stage.arrivals:
        if who.startswith(of) and key in meant:
            first.setdefault(key, at - meant[key])
    return list(first.values())


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


def check(stage: Stage, *, repeats_allowed: int = 0) -> Verdict:
    """Join database, record and the mail server's log: which promises of docs/delivery.md do not hold?"""
    from contributors.messaging.delivery import LONGEST_WAIT, MOST_ATTEMPTS, is_page  # noqa: PLC0415
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
    if unexplained or repeats > repeats_allowed:
        broken.append("I2 repeats")
    if any(arrived[key] and not unknown[key] for key, row in rows.items() if row.state == S.CANCELLED):
        broken.append("I3 sent after it was taken back")
    if any(row.attempts > MOST_ATTEMPTS and not is_page(row) for row in rows.values()):
        broken.append("I9 attempts")
    if any(row.next_at - row.intended_at > LONGEST_WAIT * row.attempts + timedelta(minutes=5) for row in rows.values()):
        broken.append("I9 wait")
    if any(lines[key] < row.attempts - (row.state == S.SENDING) for key, row in rows.items()):
        broken.append("I10 record")
    return Verdict(len(lost), repeats, len(unexplained), tuple(broken))
