"""Prove that nobody altered the journal."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from periods.journal import journal
from periods.models import JournalEntry, Period


class Command(BaseCommand):
    """`manage.py verify_journal [KEY …]`: exit code 1 and a line for each place where a chain does not hold."""

    help = "Check the hash chain of every period's journal, or of the periods named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the keys."""
        parser.add_argument("keys", nargs="*", metavar="KEY", help="periods to check, such as BILL26; all by default")

    def handle(self, *args: Any, keys: list[str], **options: Any) -> None:
        """Print what was found; raise CommandError (exit code 1) unless everything holds."""
        periods = _periods(keys)
        complaints = [complaint for period in periods for complaint in journal.verify_chain(period)]
        for complaint in complaints:
            self.stderr.write(complaint)
        if complaints:
            raise CommandError(f"The journal does not hold in {len(complaints)} places.")
        count = JournalEntry.objects.filter(period__in=periods).count()
        self.stdout.write(
            f"{count} {'entry' if count == 1 else 'entries'} in {len(periods)} "
            f"{'period' if len(periods) == 1 else 'periods'}: unaltered, none missing."
        )


def _periods(keys: list[str]) -> list[Period]:
    periods = Period.objects.order_by("key")
    if not keys:
        return list(periods)
    found = list(periods.filter(key__in=[key.upper() for key in keys]))
    missing = {key.upper() for key in keys} - {period.key for period in found}
    if missing:
        raise CommandError(f"No such period: {', '.join(sorted(missing))}.")
    return found
