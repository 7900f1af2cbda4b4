"""Write every kind of message to files, to be looked at."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.template.loader import render_to_string

from contributors.messaging import message_templates, rendering
from contributors.messaging.message_templates.samples import sample_delivery


class Command(BaseCommand):
    """`manage.py preview_messages [--to FOLDER]`: each kind as .html and .txt, and an index. Touches no database."""

    help = "Write every kind of message with made-up content to var/messages, as HTML and as text."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the folder."""
        parser.add_argument("--to", type=Path, default=settings.VAR / "messages", metavar="FOLDER")

    def handle(self, *args: Any, to: Path, **options: Any) -> None:
        """Write the files and say where."""
        to.mkdir(parents=True, exist_ok=True)
        rows = []
        for kind in message_templates.KINDS:
            message = rendering.render(sample_delivery(kind))
            (to / f"{kind}.html").write_text(message.html)
            (to / f"{kind}.txt").write_text(f"Subject: {message.subject}\n\n{message.text}")
            rows.append((kind, message.subject))
        (to / "index.html").write_text(render_to_string("contributors/messaging/email/index.html", {"rows": rows}))
        self.stdout.write(f"{len(message_templates.KINDS)} messages in {to}, all of them at {to / 'index.html'}")
