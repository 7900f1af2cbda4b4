"""Take the second step away from somebody who lost both phone and recovery codes."""

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hypercare.accounts import second_step
from hypercare.models import User


class Command(BaseCommand):
    """`manage.py reset_second_step maja@example.com`: the password alone lets them in, to turn it on anew."""

    help = "Take the second step away from somebody who lost phone and recovery codes; it is written to the log."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose."""
        parser.add_argument("email", help="The address they sign in with.")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        """Remove app and codes and end their sessions. Fails when nobody has the address."""
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            raise CommandError(f"Nobody has the address {email}.")
        if second_step.reset_second_step(user, by=f"{getpass.getuser()} at the command line"):
            self.stdout.write(f"{user} is signed out everywhere and signs in with the password alone.")
        else:
            self.stdout.write(f"{user} had no second step. Nothing was changed.")
