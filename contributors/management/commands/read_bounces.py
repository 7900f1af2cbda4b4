"""Read what mail servers report about mails that did not arrive."""

from __future__ import annotations

import logging
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from contributors.channels.email import delivery_reports
from contributors.messaging import bounces

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """`manage.py read_bounces [FILE or MAILDIR …]`: without one, a single report from standard input."""

    help = "Mark messages as bounced from delivery reports: files, Maildir folders, or standard input. Repeatable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the places."""
        parser.add_argument("places", nargs="*", type=Path, metavar="FILE_OR_MAILDIR")

    def handle(self, *args: Any, places: list[Path], **options: Any) -> None:
        """Read them all and say what came of it."""
        read, marked, odd = 0, 0, 0
        for raw in _reports(places):
            read += 1
            try:
                marked += bounces.apply_report(raw, at=timezone.now()) is not None
            except DatabaseError:
                raise
            except Exception:  # One report that can't be read must not hold up the others.
                logger.exception("A report of delivery can't be read")
                odd += 1
        unread = f", {odd} not to be read (the log says why)" if odd else ""
        self.stdout.write(f"{read} read, {marked} marked as bounced{unread}")


def _reports(places: list[Path]) -> Iterator[bytes]:
    if not places:
        yield sys.stdin.buffer.read(delivery_reports.LONGEST)
    for place in places:
        if not place.exists():
            raise CommandError(f"{place} does not exist.")
        for path in _files(place) if place.is_dir() else [place]:
            with path.open("rb") as file:
                yield file.read(delivery_reports.LONGEST)


def _files(maildir: Path) -> list[Path]:
    return sorted(path for name in ("new", "cur") for path in (maildir / name).glob("*") if path.is_file())
