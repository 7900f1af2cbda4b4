"""Readiness of 1,000 checks beside that of 100: bytes, statements and processor time of the page.

    python -m benchmarks.checks

Both lists are in one period each, of a SQLite file in a temporary directory, asked for in turns. Bytes and statements
are the same on every machine and decide; a time that is missed is said and fails nothing.
"""

from __future__ import annotations

import os
import tempfile
import time
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Final

import django

if TYPE_CHECKING:
    from django.test import Client

    from hypercare.models import User

SIZES: Final = (100, 1_000)
ROUNDS: Final = 15
MOST_BYTES, MOST_MS = 300_000, 400
CATEGORIES: Final = 10


def main() -> int:
    """Make both, ask in turns, print a line each, and say whether the goals hold."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("DATABASE_URL", "REDIS_URL"):
            os.environ.pop(name, None)
        os.environ |= {"HYPERCARE_VAR": folder, "HYPERCARE_ENV": "embedded"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hypercare.settings")
        django.setup()
        client, paths = _made()
        times: dict[str, list[float]] = {path: [] for path in paths}
        for _ in range(ROUNDS):
            for path in paths:
                begun = time.process_time()
                client.get(path)
                times[path].append(1000 * (time.process_time() - begun))
        return _report(client, times)


def _made() -> tuple[Client, list[str]]:
    from django.conf import settings  # noqa: PLC0415  not before the settings are chosen
    from django.core.management import call_command  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from hypercare.models import User  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    lead = User.objects.create_user("lead@example.test", name="Maja Lindqvist")
    client = Client()
    client.force_login(lead)
    return client, [f"/p/{_period(lead, size)}/readiness/?show=all" for size in SIZES]


def _period(lead: User, size: int) -> str:
    from django.utils import timezone  # noqa: PLC0415

    from contributors.people import members  # noqa: PLC0415
    from periods.models import ChecklistItem, Period  # noqa: PLC0415

    now = timezone.now()
    live = now + timedelta(days=10)
    period = Period.objects.create(
        key=f"C{size}",
        name=f"{size} checks",
        status=Period.Status.READINESS,
        status_since=now,
        go_live_at=live,
        ends_at=live + timedelta(days=14),
        planned_ends_at=live + timedelta(days=14),
        lead=lead,
        created_by=lead,
        created_at=now,
    )
    members.add_member(period.pk, user=lead, right="owner", role=None, by=lead, at=now)
    ChecklistItem.objects.bulk_create(
        ChecklistItem(
            period=period,
            position=n,
            category=f"Category {n * CATEGORIES // size}",
            owner=lead if n % 2 else None,
            title=f"Check {n}: the nightly export of the ledger reaches the warehouse before six",
            due_at=live,
            due_days=0,
            blocking=n % 5 == 0,
            evidence_wanted="Screenshot of the dashboard",
        )
        for n in range(size)
    )
    return str(period.key)


def _report(client: Client, times: dict[str, list[float]]) -> int:
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    statements, sizes = [], []
    for path, spent in times.items():
        with CaptureQueriesContext(connection) as asked:
            sizes.append(len(client.get(path).content))
        statements.append(len(asked))
        print(f"{path}: {sizes[-1] / 1000:.0f} kB, {statements[-1]} statements, median {median(spent):.0f} ms")
    first, last = (median(spent) for spent in times.values())
    print(f"growth from {SIZES[0]} to {SIZES[1]}: {last / first:.2f} times")
    if last > MOST_MS:
        print(f"MISSED: {last:.0f} ms, goal {MOST_MS}")
    return int(len(set(statements)) > 1 or max(sizes) > MOST_BYTES)


if __name__ == "__main__":
    raise SystemExit(main())
