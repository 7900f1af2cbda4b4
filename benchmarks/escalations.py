"""G6: so many escalation steps due at one instant: each fired once, its page written, its next step set.

    python -m benchmarks.escalations [--database postgres://…] [--redis redis://…] [--count 10000]

The incidents are spread over 50 periods, each with somebody on shift. Prints the time until the last step had fired,
and the processor time of each, in which the engine also reads the journal and begins to send the pages.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks._stage import POSTGRES, REDIS, Sessions, show, stage

PERIODS = 50
AHEAD = 15.0


def prepare(count: int, at: datetime) -> None:
    """Periods, who is on shift, open incidents that page since ten minutes ago, and the second step of each, due."""
    from contributors.models import Shift  # noqa: PLC0415
    from hypercare.models import Timer, User  # noqa: PLC0415
    from incidents.models import Incident  # noqa: PLC0415
    from tests.factories import make_member, make_period, make_role, make_user  # noqa: PLC0415

    began = at - timedelta(minutes=10)
    steps = [
        {"who": who, "after": after, "role": None, "person": None, "label": who.capitalize()}
        for who, after in (("on_shift", 0), ("deputy", 10), ("lead", 20))
    ]
    named = [make_user(name) for name in ("Lead", "Sponsor", "Owner")]  # a password takes long to make
    people = User.objects.bulk_create(
        User(email=f"person-{number}@example.net", name=f"Person {number}") for number in range(2 * PERIODS)
    )
    for number in range(PERIODS):
        period = make_period(lead=named[0], sponsor=named[1], bau_owner=named[2])
        role = make_role(period)
        for kind, person in zip(("primary", "deputy"), people[2 * number :], strict=False):
            make_member(period, person, role=role)
            Shift.objects.create(
                role=role, user=person, kind=kind, starts_at=at - timedelta(hours=4), ends_at=at + timedelta(hours=4)
            )
        incidents = Incident.objects.bulk_create(
            Incident(
                period=period,
                number=n + 1,
                title="Invoices issued twice",
                impact="high",
                urgency="high",
                severity="P1",
                reported_at=began,
                updated_at=began,
                paging_since=began,
                escalation_round=1,
            )
            for n in range(count // PERIODS + (number < count % PERIODS))
        )
        Timer.objects.bulk_create(
            Timer(
                key=f"escalation:{incident.pk}:1:1",
                kind="incident.escalation",
                due_at=at,
                args={
                    "incident": incident.pk,
                    "round": 1,
                    "step": 1,
                    "started_at": began.isoformat(),
                    "ladder": steps,
                    "answers": 1,
                },
            )
            for incident in incidents
        )


def found(at: datetime) -> dict[str, Any]:
    """What the database says about them."""
    from contributors.models import Delivery  # noqa: PLC0415
    from hypercare.models import Timer  # noqa: PLC0415

    mine = Timer.objects.filter(key__startswith="escalation:", due_at=at)
    pages = Counter(Delivery.objects.filter(kind="page").values_list("dedupe_key", flat=True))
    return {
        "pending": mine.filter(fired_at__isnull=True).count(),
        "fired": mine.filter(fired_at__isnull=False).count(),
        "paged": len({key.rpartition("~")[0] or key for key in pages}),
        "failed": mine.filter(attempts__gt=1).count(),
    }


def wait_until_fired(at: datetime, sessions: Sessions) -> tuple[float, float]:
    """Seconds after the instant at which the first and the last had fired."""
    first = 0.0
    while time.time() - at.timestamp() < 300:
        now, said = time.time() - at.timestamp(), found(at)
        sessions.look()
        if said["fired"] and not first:
            first = now
        if not said["pending"]:
            return first, now
        time.sleep(0.25)
    return first, -1.0


def main() -> int:
    """Run once; 1 when a step was lost or fired without its page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default=POSTGRES)
    parser.add_argument("--redis", default=REDIS)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    with stage(database_url=options.database, redis=options.redis) as run:
        (worker,) = run.begin()
        at = datetime.now(UTC) + timedelta(seconds=AHEAD + options.count / 500)
        prepare(options.count, at)
        time.sleep(max(0.0, at.timestamp() - time.time() - 0.2))
        sessions = Sessions()
        before, database = worker.cpu(), sessions.look()
        first, last = wait_until_fired(at, sessions)
        used, stored, said = worker.cpu() - before, sessions.look() - database, found(at)
    show("first step fired", first, "s")
    show(f"{options.count} steps fired (G6)", last, "s", "< 30")
    show("processor time for each: worker", used / options.count * 1000, "ms")
    show("processor time for each: database", stored / options.count * 1000, "ms")
    show("fired", said["fired"], "")
    show("pages written", said["paged"], "")
    return 0 if said["fired"] == options.count == said["paged"] else 1


if __name__ == "__main__":
    sys.exit(main())
