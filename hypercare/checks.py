"""Boot checks: the switchboard resolves."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from hypercare import registry


@register()
def switchboard_resolves(**_: Any) -> list[CheckMessage]:
    """One error for each dotted path in `registry.py` that does not resolve to a function."""
    return [Error(f"registry.py names {path}, which does not exist.", id="hypercare.E001") for path in _broken()]


def _broken() -> list[str]:
    broken = []
    for path in registry.every_path():
        try:
            registry.resolve(path)
        except ImportError:
            broken.append(path)
    return broken
