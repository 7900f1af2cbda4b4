"""What happens to workers: killed, frozen, restarted, starved of memory, too many of them, with a wrong clock, off."""

from __future__ import annotations

import resource
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks._process import Process
from benchmarks._stage import Stage, lateness, people, percentile, queue, wait_until_settled
from benchmarks.faults._load import IN_FLIGHT, LONGEST, Result, load, not_later, nothing_twice
from scripts import another_day

STARTS = 20.0  # seconds a worker may take to start on a busy machine


def kill(run: Stage) -> Result:
    """1: the worker is killed three times, and started again."""
    (worker,) = run.begin(in_flight=IN_FLIGHT)
    load(400)
    for _ in range(3):
        time.sleep(3)
        worker.stop()
        worker.start()
    wait_until_settled(longest=LONGEST)
    return Result(3, (not_later(run, 25 + STARTS),))


def freeze(run: Stage) -> Result:
    """2: one of two workers stands still for longer than its lease, with messages under way."""
    worker, _ = run.begin(2, in_flight=IN_FLIGHT)
    load(400)
    time.sleep(3)
    held = _stop_while_sending(worker)
    time.sleep(26)
    worker.tell(signal.SIGCONT)
    wait_until_settled(longest=LONGEST)
    return Result(1, ((f"{held} held when it stopped", held > 0), not_later(run, 30)))


def _stop_while_sending(worker: Process) -> int:
    """Make a worker stand still in a moment in which it holds messages; how many."""
    from contributors.models import Delivery  # noqa: PLC0415

    for _ in range(40):
        worker.tell(signal.SIGSTOP)
        sending = set(Delivery.objects.filter(state="sending").values_list("pk", flat=True))
        time.sleep(0.4)  # what the other worker holds is sent meanwhile
        if held := Delivery.objects.filter(state="sending", pk__in=sending).count():
            return held
        worker.tell(signal.SIGCONT)
        time.sleep(0.05)
    return 0


def rolling(run: Stage) -> Result:
    """3: workers are restarted properly, one after the other, and nothing comes twice."""
    first, second = run.begin(2)
    load(400)
    for worker in (first, second):
        time.sleep(2)
        worker.stop(signal.SIGTERM)
        worker.start()
    wait_until_settled(longest=LONGEST)
    return Result(0, (nothing_twice(run),))


def outage(run: Stage) -> Result:
    """4: everything was off for a quarter of an hour; a person gets one message about an incident."""
    from contributors.models import Delivery  # noqa: PLC0415

    period, to = people(20)
    old = datetime.now(UTC) - timedelta(minutes=15)
    queue(1000, at=old, every=timedelta(milliseconds=600), period=period, to=to)
    rows = list(Delivery.objects.all())
    for number, row in enumerate(rows):
        row.subject = f"incident:{number // 40}"  # twice to each of 20 people
    Delivery.objects.bulk_update(rows, ["subject"], batch_size=500)
    started = time.monotonic()
    run.worker()
    wait_until_settled(longest=LONGEST)
    took = time.monotonic() - started
    about = dict(Delivery.objects.values_list("pk", "subject"))
    told = Counter((who, about[next(pk for pk in about if str(pk) == key)]) for _, key, who in run.arrivals)
    return Result(
        0,
        (
            (f"at most {max(told.values(), default=0)} a person and incident", max(told.values(), default=0) <= 1),
            (f"{len(told)} told of 500", len(told) == 500),
            (f"drained in {took:.0f} s, goal 60", took <= 60 + STARTS),
        ),
    )


def memory(run: Stage) -> Result:
    """5: the worker gets no more memory for eight seconds, then it is ended as the kernel would, and started again."""
    (worker,) = run.begin(in_flight=IN_FLIGHT)
    load(400)
    time.sleep(3)
    starved = sum(_starve(pid) for pid in _family(worker))
    time.sleep(8)
    worker.stop()
    worker.start()
    wait_until_settled(longest=LONGEST)
    return Result(1, ((f"{starved} processes starved", starved >= 2), not_later(run, 25 + STARTS)))


def _family(worker: Process) -> list[int]:
    """The worker's own process and those it made."""
    group = worker.running.pid if worker.running else 0
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[2]) == group:
                found.append(int(stat.parent.name))
        except (OSError, IndexError, ValueError):
            continue
    return found


def _starve(pid: int) -> bool:
    """No more address space than it has: what it asks for next is refused."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    resource.prlimit(pid, resource.RLIMIT_AS, (pages * resource.getpagesize(), resource.RLIM_INFINITY))
    return True


def two_clocks(run: Stage) -> Result:
    """14: four workers, each with a clock of its own; messages come once and timers fire once."""
    from contributors.models import Delivery  # noqa: PLC0415
    from hypercare.engine import timers  # noqa: PLC0415
    from hypercare.models import Timer  # noqa: PLC0415

    run.begin(4)
    begins, period = load(400)
    # Each tells the lead once about a message that could not be sent: the row's key says for which.
    for number in range(200):
        at = datetime.fromtimestamp(begins + number / 20, UTC)
        dead = Delivery(
            dedupe_key=f"dead:{number}",
            period=period,
            recipient=period.sponsor,
            address="gone@example.net",
            kind="period_started",
            subject=f"dead:{number}",
            state="dead",
            context={},
            created_at=at,
            intended_at=at,
            next_at=at,
            settled_at=at,
        )
        dead.save(force_insert=True)
        args = {"delivery": str(dead.pk)}
        timers.arm(f"undelivered:{dead.pk}", kind="delivery.undelivered", due_at=at, args=args)
    time.sleep(400 / 40)
    wait_until_settled(longest=LONGEST)
    fired = Timer.objects.filter(kind="delivery.undelivered", fired_at__isnull=False).count()
    told = Delivery.objects.filter(kind="undelivered").count()
    return Result(0, (nothing_twice(run), (f"{fired} timers fired, {told} told, of 200", fired == told == 200)))


def wrong_clock(run: Stage) -> Result:
    """23: one worker's machine is an hour fast, the other's an hour slow; only the database's clock counts."""
    for seconds in (3600, -3600):
        run.begin(1, in_flight=0, **another_day.environment(seconds))
    load(400)
    wait_until_settled(longest=LONGEST)
    late = lateness(run)
    early, p99 = sum(seconds < 0 for seconds in late), percentile(late, 0.99)
    return Result(
        0, ((f"{early} before their time", not early), (f"p99 {p99:.2f} s, goal 2", p99 <= 2.0), nothing_twice(run))
    )
