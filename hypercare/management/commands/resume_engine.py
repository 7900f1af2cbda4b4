"""Let the engine run again, after looking at what it would send."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Count, Min

from contributors.messaging.delivery import expire_older_than
from contributors.models import Delivery
from hypercare.database import db_clock
from hypercare.engine import engine_pause, restore
from hypercare.models import Timer
from periods.models import JournalEntry


class Command(BaseCommand):
    """`manage.py resume_engine`: says what waits; sends it with --send, or drops what is old with --expire."""

    help = (
        "Say what a paused engine would send, and resume it: --send sends everything, --expire drops messages "
        "that should have gone out more than so many minutes ago (what is about to fire still fires)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the two ways to resume; without one, it only tells."""
        way = parser.add_mutually_exclusive_group()
        way.add_argument("--send", action="store_true", help="resume, and send everything that waits")
        way.add_argument("--expire", type=int, metavar="MINUTES", help="resume, but drop messages older than this")

    def handle(self, *args: Any, send: bool, expire: int | None, **options: Any) -> None:
        """Tell, then resume when asked to."""
        now = db_clock.now()
        self._tell(now)
        if not send and expire is None:
            self.stdout.write("Nothing was changed. Resume with --send, or with --expire MINUTES.")
            return
        if expire is not None:
            dropped = expire_older_than(now - timedelta(minutes=max(expire, 0)), at=now)
            self.stdout.write(f"Dropped as too old: {dropped}.")
        restore.adopt_database()
        self.stdout.write("The engine runs again." if engine_pause.resume() else "The engine was running.")

    def _tell(self, now: datetime) -> None:
        waiting = Delivery.objects.filter(state__in=Delivery.OPEN, next_at__lte=now)
        kinds = waiting.values_list("kind").annotate(count=Count("pk"), oldest=Min("intended_at"))
        for kind, count, oldest in kinds.order_by("kind"):
            self.stdout.write(f"Would send: {count} × {kind}, the oldest meant for {oldest:%Y-%m-%d %H:%M} UTC")
        timers = Timer.objects.filter(fired_at__isnull=True, cleared_at__isnull=True, due_at__lte=now)
        for kind, count in timers.values_list("kind").annotate(count=Count("pk")).order_by("kind"):
            self.stdout.write(f"Would fire: {count} × {kind}")
        entries = JournalEntry.objects.filter(dispatched_at__isnull=True).count()
        self.stdout.write(f"Would tell people of {entries} journal entries.")
