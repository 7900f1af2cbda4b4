"""Fault runs: break something while messages are due, then count what was lost, what came twice and what came late.

    python -m benchmarks.faults [--only kill,hung] [--quick]

Each run has a database, a mail server and workers of its own. The checker joins database, record and the mail
server's log and names the promise of docs/delivery.md that does not hold. `--quick` runs the two-minute part.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks._stage import Stage, check, people, percentile, queue, stage, wait_until_settled

POSTGRES = "postgres://postgres@127.0.0.1:5432/hypercare"
REDIS = "redis://127.0.0.1:6379/8"
PER_SECOND = 40
UP = 22.0  # seconds until a worker is up even on a busy machine: its start is not what is measured


@dataclass(frozen=True)
class Result:
    """What a run did: how often it broke something, and goals of its own by name with whether they were met."""

    faults: int = 0
    goals: tuple[tuple[str, bool], ...] = ()


def load(
    count: int, *, names: list[str] | None = None, ahead: float = UP, kind: str = ""
) -> tuple[float, Any]:
    """So many messages, 40 due a second to 20 people, the first so many seconds from now."""
    period, users = people(20, names=names)
    at = datetime.now(UTC) + timedelta(seconds=ahead)
    queue(count, at=at, every=timedelta(seconds=1 / PER_SECOND), period=period, users=users, kind=kind)
    return at.timestamp(), period


def lateness(run: Stage, *, of: str = "") -> list[float]:
    """How long after it was meant to go each message arrived first, of people whose address begins so."""
    from contributors.models import Delivery  # noqa: PLC0415

    meant = {str(pk): at.timestamp() for pk, at in Delivery.objects.values_list("pk", "intended_at")}
    first: dict[str, float] = {}
    for at, key, who in run.arrivals:
        if who.startswith(of) and key in meant:
            first.setdefault(key, at - meant[key])
    return list(first.values())


def not_later(run: Stage, seconds: float) -> tuple[str, bool]:
    """The goal that nothing arrives later than this."""
    worst = max(lateness(run), default=0.0)
    return f"latest after {worst:.1f} s, goal {seconds:g}", worst <= seconds


# --- The runs -----------------------------------------------------------------------------------


def kill(run: Stage) -> Result:
    """1, 26: the worker is killed three times, and started again."""
    load(400)
    worker = run.worker()
    time.sleep(UP)
    for _ in range(3):
        time.sleep(3)
        worker.stop()
        worker.start()
    wait_until_settled(longest=120)
    return Result(3, (not_later(run, 25 + 2 * UP),))


def freeze(run: Stage) -> Result:
    """2: one of two workers stands still for longer than its lease."""
    load(400)
    worker = run.worker()
    run.worker()
    time.sleep(UP + 3)
    worker.tell(signal.SIGSTOP)
    time.sleep(26)
    worker.tell(signal.SIGCONT)
    wait_until_settled(longest=120)
    return Result(1, (not_later(run, 30),))


def rolling(run: Stage) -> Result:
    """3: workers are restarted properly, one after the other, and nothing comes twice."""
    load(400)
    first, second = run.worker(), run.worker()
    time.sleep(UP)
    for worker in (first, second):
        worker.stop(signal.SIGTERM)
        worker.start()
    wait_until_settled(longest=120)
    keys = Counter(key for _, key, _ in run.arrivals)
    return Result(0, (("nothing came twice", max(keys.values(), default=0) <= 1),))


def outage(run: Stage) -> Result:
    """4: everything was off for a quarter of an hour; a person gets one message about an incident."""
    from contributors.models import Delivery  # noqa: PLC0415

    period, users = people(20)
    old = datetime.now(UTC) - timedelta(minutes=15)
    queue(1000, at=old, every=timedelta(milliseconds=600), period=period, users=users)
    rows = list(Delivery.objects.all())
    for number, row in enumerate(rows):
        row.subject = f"incident:{number // 40}"  # twice to each of 20 people
    Delivery.objects.bulk_update(rows, ["subject"], batch_size=500)
    started = time.monotonic()
    run.worker()
    wait_until_settled(longest=120)
    took = time.monotonic() - started
    about = dict(Delivery.objects.values_list("pk", "subject"))
    told = Counter((who, about[next(pk for pk in about if str(pk) == key)]) for _, key, who in run.arrivals)
    return Result(0, (
        (f"at most {max(told.values(), default=0)} a person and incident", max(told.values(), default=0) <= 1),
        (f"{len(told)} told of 500", len(told) == 500),
        (f"drained in {took:.0f} s, goal 60", took <= 60 + UP),
    ))  # fmt: skip


def cut(run: Stage) -> Result:
    """8: the database drops every session, four times."""
    from django.db import connection  # noqa: PLC0415

    load(400)
    run.worker()
    time.sleep(UP)
    for _ in range(4):
        time.sleep(3)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    wait_until_settled(longest=120)
    return Result(4, (not_later(run, 30),))


def no_redis(run: Stage) -> Result:
    """13: there is no Redis at all; the embedded worker ticks by itself."""
    run.redis = ""
    load(200, ahead=UP)
    run.worker()
    wait_until_settled(longest=120)
    return Result(0, (not_later(run, 3),))


def two_clocks(run: Stage) -> Result:
    """14: two clocks and two workers; everything once."""
    load(400)
    run.worker()
    run.worker()
    wait_until_settled(longest=120)
    keys = Counter(key for _, key, _ in run.arrivals)
    return Result(0, (("nothing came twice", max(keys.values(), default=0) <= 1),))


def busy(run: Stage) -> Result:
    """15: a fifth of the people's servers say “try later” twice; all are reached in the end."""
    from contributors.models import Delivery  # noqa: PLC0415

    load(300, names=["busy", "kind", "kind", "kind", "kind"])
    run.worker()
    wait_until_settled(longest=120)
    sent = Delivery.objects.filter(state="sent").count()
    return Result(0, ((f"{sent} of 300 sent", sent == 300),))


def hung(run: Stage) -> Result:
    """17: a fifth of the people's servers never answer; the others get theirs in time."""
    from contributors.models import Breaker, Delivery  # noqa: PLC0415

    load(800, names=["hang", "kind", "kind", "kind", "kind"])
    run.worker()
    time.sleep(UP + 800 / PER_SECOND + 5)
    healthy = Delivery.objects.filter(address__startswith="kind")
    p99 = percentile(lateness(run, of="kind"), 0.99)
    waiting = healthy.filter(state__in=Delivery.OPEN).count()
    Delivery.objects.filter(address__startswith="hang").delete()
    return Result(0, (
        (f"healthy p99 {p99:.2f} s, goal 1", p99 <= 1.0), (f"{waiting} healthy still waiting", not waiting),
        (f"{Breaker.objects.count()} destinations known to be silent", Breaker.objects.exists()),
    ))  # fmt: skip


def gone(run: Stage) -> Result:
    """20: some addresses do not exist; those messages are dead, visible, and somebody is told."""
    from contributors.models import Delivery  # noqa: PLC0415
    from periods.models import JournalEntry  # noqa: PLC0415

    load(100, names=["gone", "kind", "kind", "kind"])
    run.worker()
    wait_until_settled(longest=60)
    time.sleep(3)
    dead = Delivery.objects.filter(state="dead", subject__startswith="run:").count()
    told = JournalEntry.objects.filter(kind="message.failed").count()
    return Result(0, ((f"{dead} dead, {told} in the journal", dead == 25 == told),))


def acknowledge(run: Stage) -> Result:
    """30: each message is taken back within 50 ms of its time; no attempt begins after that stood."""
    from django.db import connections  # noqa: PLC0415

    from contributors import notifications  # noqa: PLC0415
    from contributors.models import Delivery  # noqa: PLC0415

    count = 600
    begins, period = load(count)
    taken: dict[str, int] = {}
    worker = run.worker()

    def take_back() -> None:
        for number in range(count):
            due = begins + number / PER_SECOND + random.uniform(-0.05, 0.05)  # noqa: S311
            time.sleep(max(0.0, due - time.time()))
            notifications.cancel(period, f"run:{number}", kinds=("period_started",), at=datetime.now(UTC))
            taken[f"run:{number}"] = Delivery.objects.values_list("attempts", flat=True).get(
                subject=f"run:{number}"
            )
        connections.close_all()

    thread = threading.Thread(target=take_back)
    thread.start()
    thread.join()
    wait_until_settled(longest=60)
    worker.stop(signal.SIGTERM)
    rows = list(Delivery.objects.filter(subject__in=taken))
    begun_after = sum(row.attempts > taken[row.subject] for row in rows)
    cancelled = sum(row.state == "cancelled" for row in rows)
    return Result(0, (
        (f"{cancelled} taken back, {begun_after} begun after that", not begun_after),
        ("both happened", 0 < cancelled < count),
    ))  # fmt: skip


ON_POSTGRES = (
    kill, freeze, rolling, outage, cut, no_redis, two_clocks, busy, hung, gone, acknowledge
)  # fmt: skip
RUNS: dict[str, tuple[Callable[[Stage], Result], str]] = {
    **{run.__name__.replace("_", "-"): (run, POSTGRES) for run in ON_POSTGRES}, "kill-sqlite": (kill, "sqlite"),
}  # fmt: skip
QUICK = ("kill-sqlite", "outage", "acknowledge")


def run_one(name: str, database: str, redis: str) -> int:
    """Run one in this process and print its line; 1 when something was lost or a promise was broken.

    A goal in seconds is a figure: it says MISSED, and the machine may be the reason. It does not fail the run.
    """
    fault, wanted = RUNS[name]
    on = database if wanted == POSTGRES else wanted
    started = time.monotonic()
    with stage(database_url=on, redis=redis if on != "sqlite" else "") as run:
        result = fault(run)
        verdict = check(run, faults=result.faults)
        late = lateness(run)
    missed = [said for said, met in result.goals if not met]
    broken = [*verdict.broken, *(["lost"] if verdict.lost else [])]
    print(
        f"{name:<12} lost {verdict.lost}, repeats {verdict.repeats} (unexplained {verdict.unexplained}), "
        f"late p50 {percentile(late, 0.5):.2f} s, p99 {percentile(late, 0.99):.2f} s; "
        f"{'; '.join(said for said, _ in result.goals)}; {time.monotonic() - started:.0f} s"
        f"{'  BROKEN: ' + ', '.join(broken) if broken else ''}{'  MISSED: ' + '; '.join(missed) if missed else ''}",
        flush=True,
    )
    return 1 if broken or any(" goal " not in said for said in missed) else 0


def main() -> int:
    """Run all or the named ones, each in a process of its own; 1 when one of them failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help=f"some of: {', '.join(RUNS)}")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--here", default="", help=argparse.SUPPRESS)
    parser.add_argument("--database", default=os.environ.get("DATABASE_URL") or POSTGRES)
    parser.add_argument("--redis", default=os.environ.get("REDIS_URL") or REDIS)
    options = parser.parse_args()
    if options.here:
        return run_one(options.here, options.database, options.redis)
    names = options.only.split(",") if options.only else QUICK if options.quick else tuple(RUNS)
    services = ["--database", options.database, "--redis", options.redis]
    codes = [
        subprocess.run(
            [sys.executable, "-m", "benchmarks.faults", "--here", name, *services], check=False
        ).returncode
        for name in names
    ]
    print(f"{codes.count(0)} of {len(codes)} runs kept every promise", flush=True)
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
