"""Fill an installation with the demo: one period live on day 5, one getting ready, one in exit review."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from contributors.models import Delivery
from hypercare.demo import bulk, closed, cutover, mail, midnights, others
from hypercare.demo import people as cast
from hypercare.demo.script import Timeline
from hypercare.models import Timer
from incidents.models import Incident
from incidents.paging import sla_alerts
from periods.models import JournalEntry, Period

REFUSAL = (
    f"The demo makes {cast.address_of('admin')} an administrator, and its password is published: whoever reaches this "
    "installation could take it over. Nothing was changed. On an installation that only shows the product, and is "
    "thrown away afterwards: manage.py seed_demo --with-published-password"
)


class Command(BaseCommand):
    """Idempotent: what is there already is left alone."""

    help = "Tell the demo's story relative to now. A second run changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--if-empty` for the first start, `--size` for load work."""
        parser.add_argument("--if-empty", action="store_true", help="do nothing when there is any period")
        parser.add_argument("--size", type=int, default=0, help="also make a period LOAD1 with that many incidents")
        parser.add_argument(
            "--with-published-password",
            action="store_true",
            help="also where HYPERCARE_ENV is production: everybody knows the administrator's password then",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Seed, then say how to sign in. Raises CommandError in production unless told that this is meant."""
        if settings.PRODUCTION and not options["with_published_password"]:
            raise CommandError(REFUSAL)
        now = timezone.now()
        if options["if_empty"] and Period.objects.exists():
            if Period.objects.filter(key="BILL26").exists():
                self._say_logins()  # every start tells them, not only the first
            return
        if Period.objects.filter(key="BILL26").exists():
            self.stdout.write("The demo is here already; nothing changed.")
        else:
            seed(now)
            self._say_logins()
        if options["size"]:
            made = bulk.make_incidents(options["size"], at=now)
            self.stdout.write(f"LOAD1: {made} incidents added." if made else "LOAD1 is here already; nothing changed.")

    def _say_logins(self) -> None:
        self.stdout.write(f"Sign in with the password {cast.PASSWORD}:")
        for key, words in cast.LOGINS:
            self.stdout.write(f"  {cast.address_of(key):28} {words}")


@transaction.atomic
def seed(now: datetime) -> None:
    """The whole demo in one transaction; nobody is told about a past that never was."""
    people = cast.make_people()
    closed.add_closed_periods(people, now=now)
    script = Timeline(now)
    for story in (others.add_period_getting_ready, others.add_period_in_review, cutover.add_story):
        story(script, people)
    midnights.add_story(script)
    script.play()
    for incident in Incident.objects.open().select_related("period", "owner"):
        sla_alerts.settle_due(incident, at=now)
    JournalEntry.objects.filter(dispatched_at__isnull=True).update(dispatched_at=now)
    mail.queue_past_messages(Period.objects.get(key="BILL26"), now=now)
    Delivery.objects.filter(state__in=Delivery.OPEN, intended_at__lte=now).update(
        state=Delivery.State.CANCELLED, settled_at=now
    )
    Timer.objects.filter(fired_at__isnull=True, cleared_at__isnull=True, due_at__lte=now).update(cleared_at=now)
