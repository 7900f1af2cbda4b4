"""App configuration."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class HypercareConfig(AppConfig):
    """The house. Importing the checks registers them; no business rule hides here."""

    name = "hypercare"

    def ready(self) -> None:
        """Register boot checks, and have Django's own signal of a sign-in start the clock of its session."""
        import_module("hypercare.checks")
        user_logged_in.connect(import_module("hypercare.accounts.accounts").note_sign_in, dispatch_uid="session clock")
