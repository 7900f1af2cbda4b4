"""Write every secret anew with the first of ENCRYPTION_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hypercare.security import key_rotation


class Command(BaseCommand):
    """`manage.py rotate_secrets`: afterwards the older keys can be taken out of ENCRYPTION_KEYS."""

    help = "Encrypt every secret anew with the newest key. It may run while Hypercare does, and more than once."

    def handle(self, *args: Any, **options: Any) -> None:
        """Renew column by column; fails when a secret can't be read with any key."""
        lost = 0
        for count in key_rotation.rotate_secrets():
            lost += count.unreadable
            self.stdout.write(f"{count.column}: {count.renewed} written anew{_but(count.unreadable)}.")
        if lost:
            raise CommandError(
                f"{lost} could not be read with any key and stay as they are. Add their key to ENCRYPTION_KEYS, or "
                "have their owners enter them again."
            )
        self.stdout.write("All secrets are written with the newest key. Older ones can be taken out.")


def _but(unreadable: int) -> str:
    return f", {unreadable} unreadable" if unreadable else ""
