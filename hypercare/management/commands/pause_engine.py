"""Stop telling people, for instance before a restore; nothing is lost by it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from hypercare.database import db_clock
from hypercare.engine import engine_pause


class Command(BaseCommand):
    """`manage.py pause_engine`: the engine's brake."""

    help = "Pause the engine: nothing is sent, no timer fires, and every page says so. resume_engine ends it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the reason, which every page shows."""
        parser.add_argument("--why", default="Maintenance.", help="shown on every page")

    def handle(self, *args: Any, why: str, **options: Any) -> None:
        """Pause from the next tick on."""
        done = engine_pause.pause(why=why, at=db_clock.now())
        self.stdout.write("The engine is paused." if done else "The engine was paused already.")
