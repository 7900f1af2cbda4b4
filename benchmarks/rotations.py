"""Final cover and gaps, and storing a window of shifts: G10 and G11 of the performance goals.

`python -m benchmarks.rotations` prints `name value unit goal`; `--every-zone` also walks each IANA zone through 2026
to 2030 and stops when an instant has no holder or two. It uses a database of its own in memory.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import django

os.environ["DATABASE_URL"] = "sqlite://:memory:"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hypercare.settings")
os.environ.setdefault("DEBUG", "true")
django.setup()

from django.conf import settings  # noqa: E402  after setup
from django.core.management import call_command  # noqa: E402  after setup
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from contributors.models import Membership, Role, Shift  # noqa: E402
from contributors.shifts import coverage, rotation_rules, rotation_store  # noqa: E402
from contributors.shifts.intervals import Requirement, find_gaps, union  # noqa: E402
from contributors.shifts.rotation_rules import RotationLayer, WeeklyHours  # noqa: E402
from hypercare.models import User  # noqa: E402
from periods.models import Period  # noqa: E402

START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS, ZONE = 90, "Europe/Copenhagen"
END = START + timedelta(days=DAYS)


def best(function: Callable[[], object], times: int = 15) -> float:
    """The median of some runs, in milliseconds of this process's processor time: others use the same cores."""
    spent = []
    for _ in range(times):
        began = time.process_time()
        function()
        spent.append((time.process_time() - began) * 1000)
    return statistics.median(spent)


def say(name: str, value: float, unit: str, goal: str = "") -> None:
    """One line of the table."""
    print(f"{name:<52} {value:>9.2f} {unit:<4} {goal}")


def layers(people: int) -> list[RotationLayer]:
    """Three layers: daily, weekly above it in office hours, hourly at weekends above both."""
    everybody, zone, first = tuple(range(people)), ZoneInfo(ZONE), date(2026, 8, 24)
    office = (WeeklyHours(clock(9), clock(17), frozenset(range(5))),)
    weekend = (WeeklyHours(clock(0), clock(0), frozenset({5, 6})),)
    return [
        RotationLayer(everybody, first, clock(8), zone),
        RotationLayer(everybody[::2], first, clock(9), zone, unit="weeks", hours=office),
        RotationLayer(everybody[1::2], first, clock(0), zone, every=8, unit="hours", hours=weekend),
    ]


def pure(people: int) -> int:
    """Final cover of three layers with ten overrides, and the gaps left."""
    found = [turn for turns in rotation_rules.stack_layers(layers(people), START, END) for turn in turns]
    aside = union((START + timedelta(days=8 * n), START + timedelta(days=8 * n, hours=6)) for n in range(10))
    kept = rotation_rules.subtract_busy(found, aside)
    return len(find_gaps([Requirement(START, END, 1)], [(turn.start, turn.end) for turn in kept]))


def house(people: int) -> Period:
    """A period of 90 days with people."""
    lead = User.objects.create(email=f"lead{people}@example.test", name="Lead")
    period: Period = Period.objects.create(
        key=f"B{people}",
        name="Bench",
        status="ready",
        status_since=START,
        timezone=ZONE,
        go_live_at=START,
        ends_at=END,
        planned_ends_at=END,
        created_by=lead,
        created_at=START,
        lead=lead,
    )
    users = [User(email=f"u{people}.{n}@example.test", name=f"U{n}") for n in range(people)]
    users = User.objects.bulk_create(users)
    Membership.objects.create(period=period, user=lead, right="owner", joined_at=START)
    Membership.objects.bulk_create(
        Membership(period=period, user=user, right="contributor", joined_at=START) for user in users
    )
    return period


def lead_of(period: Period) -> User:
    """Who leads it; here somebody does."""
    return User.objects.get(leads=period)


def stored(people: int) -> tuple[Period, float, int]:
    """Store a daily rotation of 90 days: seconds of processor time, and statements."""
    period = house(people)
    role = Role.objects.create(period=period, position=1, name="On call", code="EN", cover="24x7", on_call=True)
    lead = lead_of(period)
    users = tuple(User.objects.filter(memberships__period=period).exclude(pk=lead.pk).order_by("pk"))
    spec = rotation_store.RotationSpec(
        role=role, name="Daily", people=users, first_on=date(2026, 9, 1), hand_off_at=clock(8), zone_name=ZONE
    )
    with CaptureQueriesContext(connection) as asked:
        began = time.process_time()
        rotation_store.save(spec, by=lead, at=START - timedelta(days=1))
        spent = time.process_time() - began
    writes = [one for one in asked.captured_queries if "contributors_" in one["sql"] and "membership" not in one["sql"]]
    return period, spent, len(writes)


def wide() -> None:
    """The page's own question: 90 days, 20 roles, 100 people."""
    period = house(101)
    roles = Role.objects.bulk_create(
        Role(period=period, position=n, name=f"Role {n}", code="EN", cover="24x7") for n in range(20)
    )
    users = list(User.objects.filter(memberships__period=period).order_by("pk"))
    starts = [START + timedelta(hours=8 * third) for third in range(3 * DAYS)]
    Shift.objects.bulk_create(
        Shift(role=role, user=users[(5 * n + third) % 100], starts_at=at, ends_at=at + timedelta(hours=8))
        for n, role in enumerate(roles)
        for third, at in enumerate(starts)
    )
    with CaptureQueriesContext(connection) as asked:
        coverage.find_gaps(period, start=START, end=END)
    say(
        "gaps, 90 d x 20 roles x 100 people, 5400 shifts",
        best(lambda: coverage.find_gaps(period, start=START, end=END), 5),
        "ms",
    )
    say("  its statements", len(asked), "SQL", "<= 4")
    client, path = Client(HTTP_HOST="localhost"), f"/p/{period.key}/coverage/"
    client.force_login(lead_of(period))
    for name, view in (("five days", ""), ("the whole window", "?view=all")):
        client.get(path + view)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path + view)
        assert answer.status_code == 200, answer.status_code
        statements, size = len(asked), len(answer.content)  # The next request empties the record.
        say(f"coverage page of that window, {name}", best(partial(client.get, path + view), 5), "ms")
        say("  its statements", statements, "SQL", "the same for 2 roles x 4 people")
        say("  its size", size / 1000, "kB")


def every_zone() -> None:
    """Each instant of 2026 to 2030 has one holder in every zone."""
    began, start, end = (time.perf_counter(), datetime(2026, 1, 2, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC))
    zones = sorted(available_timezones() - {"Factory", "localtime"})
    for name in zones:
        for unit, every in (("days", 1), ("hours", 7), ("weeks", 1)):
            layer = RotationLayer((1, 2, 3), date(2025, 12, 1), clock(2, 30), ZoneInfo(name), every, unit)
            found = rotation_rules.expand_turns(layer, start, end)
            assert (found[0].start, found[-1].end) == (start, end), name
            assert all(one.end == other.start and one.start < one.end for one, other in pairwise(found)), name
    say(f"{len(zones)} zones, 5 years, 3 rotations each", time.perf_counter() - began, "s")


def main() -> int:
    """Print the figures; 1 when a goal is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--every-zone", action="store_true")
    options = parser.parse_args()
    settings.DEBUG = False  # Or the database keeps a copy of every statement, and pages pay for it.
    call_command("migrate", verbosity=0)
    few, many = best(lambda: pure(20)), best(lambda: pure(100))
    say("G10 final cover and gaps, 90 d x 100 people, 3 layers", many, "ms", "<= 20")
    say("G10 the same with 20 people", few, "ms")
    say("G10 growth 20 -> 100 people", many / few, "x", "<= 1.2")
    say("    bare limit: sort and sweep of as many intervals", best(bare), "ms")
    _, spent, statements = stored(100)
    say("G11 store 90 days of shifts", spent, "s", "<= 0.1")
    say("G11 its statements", statements, "SQL", "<= 10 beside the lock, rights and journal")
    wide()
    if options.every_zone:
        every_zone()
    return int(many > 20 or many / few > 1.2 or spent > 0.1)


def bare() -> None:
    """What no algorithm can do without: sorting the ends of as many intervals and walking them."""
    ends = sorted((START + timedelta(hours=n % 2160), n) for n in range(1200))
    sum(one[1] for one in ends)


if __name__ == "__main__":
    sys.exit(main())
