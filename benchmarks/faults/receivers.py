"""What receivers do to us: busy, silent, endless, gone, breaking off; and people who answer in the last moment."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime

from benchmarks._hooks import RETRY_AFTER_S
from benchmarks._stage import Stage, lateness, percentile, wait_until_settled
from benchmarks.faults._load import LONGEST, PER_SECOND, Result, load

OTHERS = ["kind"] * 4
TICK = 1.0  # seconds from one look at what is due to the next, where no hint came


def busy(run: Stage) -> Result:
    """15: a fifth of the people's servers say “try later” twice; all are reached in the end."""
    from contributors.models import Delivery  # noqa: PLC0415

    run.begin()
    load(300, names=["busy", *OTHERS])
    wait_until_settled(longest=LONGEST)
    sent = Delivery.objects.filter(state="sent").count()
    return Result(0, ((f"{sent} of 300 sent", sent == 300),))


def retry_after(run: Stage) -> Result:
    """16: a fifth of the receivers ask for a pause of 15 seconds; nobody knocks before it is over."""
    run.begin()
    load(100, names=["wait", *OTHERS], hook_port=run.hook_port)
    wait_until_settled(longest=LONGEST)
    tries: dict[str, list[float]] = defaultdict(list)
    for at, key, _ in run.tries:
        tries[key].append(at)
    pauses = [times[1] - times[0] for times in tries.values() if len(times) > 1]
    shortest = min(pauses, default=0.0)
    return Result(
        0,
        (
            (f"{len(pauses)} asked to wait", len(pauses) == 20),
            (f"shortest pause {shortest:.1f} s", shortest >= RETRY_AFTER_S),
        ),
    )


def hung(run: Stage) -> Result:
    """17: a fifth of the people's servers never answer; the others get theirs in time."""
    from contributors.models import Breaker, Delivery  # noqa: PLC0415

    run.begin()
    load(800, names=["hang", *OTHERS])
    time.sleep(800 / PER_SECOND + 7)
    healthy = Delivery.objects.filter(address__startswith="kind")
    p99 = percentile(lateness(run, of="kind"), 0.99)
    waiting = healthy.filter(state__in=Delivery.OPEN).count()
    Delivery.objects.filter(address__startswith="hang").delete()
    return Result(
        0,
        (
            (f"healthy p99 {p99:.2f} s, goal 1", p99 <= 1.0),
            (f"{waiting} healthy still waiting", not waiting),
            (f"{Breaker.objects.count()} destinations known to be silent", Breaker.objects.exists()),
        ),
    )


def endless(run: Stage) -> Result:
    """18: some answer a byte at a time for ever, some with a gigabyte; both are cut off, the others are on time."""
    from contributors.models import Delivery, DeliveryAttempt  # noqa: PLC0415

    run.begin()
    load(300, names=["drip", "huge", *OTHERS * 2], hook_port=run.hook_port)
    time.sleep(300 / PER_SECOND + 14)
    p99 = percentile(lateness(run, of="kind"), 0.99)
    lasted: dict[str, list[float]] = defaultdict(list)
    for seconds, _, who in run.cuts:
        lasted[who.partition("-")[0]].append(seconds)
    dripped, heaped = max(lasted["drip"], default=99.0), max(lasted["huge"], default=99.0)
    noted = DeliveryAttempt.objects.filter(outcome="uncertain").count()
    waiting = Delivery.objects.filter(recipient__email__startswith="kind", state__in=Delivery.OPEN).count()
    Delivery.objects.filter(state__in=Delivery.OPEN).delete()
    return Result(
        0,
        (
            (f"healthy p99 {p99:.2f} s, goal 1", p99 <= 1.0),
            (f"drip cut after {dripped:.1f} s", dripped <= 11.0),
            (f"gigabyte after {heaped:.1f} s", heaped <= 3.0),
            (f"{noted} noted as unknown", noted > 0),
            (f"{waiting} healthy still waiting", not waiting),
        ),
    )


def reset(run: Stage) -> Result:
    """19: a fifth of the receivers take each message in and break the connection off; the second has the same key."""
    from contributors.models import Delivery  # noqa: PLC0415

    run.begin()
    load(200, names=["reset", *OTHERS], hook_port=run.hook_port)
    wait_until_settled(longest=LONGEST)
    times = Counter(key for _, key, who in run.arrivals if who.startswith("reset"))
    sent = Delivery.objects.filter(state="sent").count()
    return Result(
        len(times),
        (
            (f"{sent} of 200 sent", sent == 200),
            (
                f"{len(times)} broken off, each came twice under one key",
                len(times) == 40 and set(times.values()) == {2},
            ),
        ),
        in_flight=1,
    )


def gone(run: Stage) -> Result:
    """20: some addresses do not exist; those messages are dead, visible, and somebody is told."""
    from contributors.models import Delivery  # noqa: PLC0415
    from periods.models import JournalEntry  # noqa: PLC0415

    run.begin()
    load(100, names=["gone", "kind", "kind", "kind"])
    wait_until_settled(longest=60)
    time.sleep(3)
    dead = Delivery.objects.filter(state="dead", subject__startswith="run:").count()
    told = JournalEntry.objects.filter(kind="message.failed").count()
    return Result(0, ((f"{dead} dead, {told} in the journal", dead == 25 == told),))


def mail_down(run: Stage) -> Result:
    """20: the mail server is off; each page goes out by the person's next way within a minute."""
    from contributors.models import ContactPoint, Delivery  # noqa: PLC0415

    run.begin()
    load(40, names=["kind"], ahead=4, hook_port=run.hook_port)
    pages = Delivery.objects.filter(subject__startswith="run:")
    for row in pages.select_related("recipient"):
        assert row.recipient is not None
        pages.filter(pk=row.pk).update(
            urgency=Delivery.Urgency.PAGE, channel="email", address=row.recipient.email, point=None
        )
    run.sink.stop(signal.SIGKILL)
    meant = Delivery.objects.filter(subject__startswith="run:", channel="webhook")
    ways, reached, ends = ContactPoint.objects.count(), 0, time.monotonic() + 70
    while reached < ways and time.monotonic() < ends:
        time.sleep(1)
        reached = meant.filter(state="sent").values("recipient").distinct().count()
    hooked = [at for at, _, who in run.arrivals if who.startswith("kind")]
    latest = max(hooked, default=0.0) - min((row.intended_at.timestamp() for row in meant), default=0.0)
    Delivery.objects.filter(channel="email", state__in=Delivery.OPEN).delete()  # tried again for minutes
    return Result(
        0,
        (
            (f"{reached} of {ways} people reached by another way", reached == ways),
            (f"latest after {latest:.0f} s, goal 60", latest <= 60),
        ),
    )


def acknowledge(run: Stage) -> Result:
    """30: messages are taken back just as they are due or claimed; no attempt begins after that stood.

    Every second one within 50 ms of its time, the others at any moment of the two ticks after it, so that some are
    surely caught before, some while and some after the worker claimed them.
    """
    from django.db import connections  # noqa: PLC0415

    from contributors.messaging import outbox  # noqa: PLC0415
    from contributors.models import Delivery  # noqa: PLC0415

    count = 600
    (worker,) = run.begin()
    begins, period = load(count)
    taken: dict[str, int] = {}

    late = [random.uniform(-0.05, 2 * TICK if number % 2 else 0.05) for number in range(count)]  # noqa: S311
    order = sorted((begins + number / PER_SECOND + late[number], number) for number in range(count))

    def take_back() -> None:
        for when, number in order:
            time.sleep(max(0.0, when - time.time()))
            outbox.cancel_unsent(period, f"run:{number}", kinds=("period_started",), at=datetime.now(UTC))
            taken[f"run:{number}"] = Delivery.objects.values_list("attempts", flat=True).get(subject=f"run:{number}")
        connections.close_all()

    thread = threading.Thread(target=take_back)
    thread.start()
    thread.join()
    wait_until_settled(longest=60)
    worker.stop(signal.SIGTERM)
    rows = list(Delivery.objects.filter(subject__in=taken))
    begun_after = sum(row.attempts > taken[row.subject] for row in rows)
    cancelled = sum(row.state == "cancelled" for row in rows)
    return Result(
        0,
        (
            (f"{cancelled} taken back, {begun_after} begun after that", not begun_after),
            ("both happened", 0 < cancelled < count),
        ),
    )
