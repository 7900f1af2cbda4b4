"""Say the code that makes the first administrator in the browser."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from hypercare.accounts import first_administrator


class Command(BaseCommand):
    """`manage.py setup_code`: for an installation that `up` did not start, such as docker compose."""

    help = "Say where the first administrator is made, and the code that the page asks for."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print address and code. Fails once somebody has an account."""
        if not first_administrator.is_wanted():
            raise CommandError("There is an account already. Whoever has it makes the others.")
        self.stdout.write(f"{settings.BASE_URL}{reverse('first_administrator')}")
        self.stdout.write(first_administrator.setup_code())
