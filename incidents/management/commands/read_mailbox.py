"""Take in mails: from the mailbox, from files, or one from standard input (for a mail server's own hook)."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from incidents.intake.mail import mail_intake, mail_store, mailbox


class Command(BaseCommand):
    """`manage.py read_mailbox [FILE or MAILDIR … | -]`: without a place, the mailbox that MAILBOX_URL names."""

    help = "Take in mails as reports: the mailbox of MAILBOX_URL, files, Maildir folders, or - for standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the places."""
        parser.add_argument("places", nargs="*", metavar="FILE_OR_MAILDIR")

    def handle(self, *args: Any, places: list[str], **options: Any) -> None:
        """Read them all and say what came of it."""
        if not places:
            return self._poll()
        outcomes: Counter[str] = Counter()
        for place in places:
            for raw in _mails(place):
                outcomes[_taken(raw)] += 1
        for outcome, count in sorted(outcomes.items()):
            self.stdout.write(f"{count} {outcome.lower()}")
        return None

    def _poll(self) -> None:
        try:
            self.stdout.write(f"{mailbox.poll(at=timezone.now())} read")
        except mailbox.MailboxAway as error:
            raise CommandError(str(error)) from error


def _taken(raw: bytes) -> str:
    """Keep a mail and read it; what became of it, in words."""
    at = timezone.now()
    row = mail_store.read_stored(mail_store.store_mail(raw, at=at).pk, at=at)
    return row.mail.get_outcome_display() if row.mail else row.get_state_display()


def _mails(place: str) -> list[bytes]:
    if place == "-":
        return [sys.stdin.buffer.read(mail_intake.LARGEST)]
    path = Path(place)
    if not path.exists():
        raise CommandError(f"{place} does not exist.")
    folders = (path / name for name in ("new", "cur"))
    files = sorted(one for folder in folders for one in folder.glob("*") if one.is_file()) if path.is_dir() else [path]
    return [_start_of(one) for one in files]


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(mail_intake.LARGEST)
