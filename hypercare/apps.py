"""App configuration."""

from importlib import import_module

from django.apps import AppConfig


class HypercareConfig(AppConfig):
    """The house. Importing the checks registers them; no business rule hides here."""

    name = "hypercare"

    def ready(self) -> None:
        """Register boot checks."""
        import_module("hypercare.checks")
