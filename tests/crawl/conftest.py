"""Says at the end how much was walked."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _no_limits(settings: Any) -> None:
    """Nobody asks for every address in a minute; what is counted is tested in
    tests/hypercare/security/test_limits.py."""
    settings.LIMITS = dict.fromkeys(settings.LIMITS, 1_000_000)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line: addresses, routes, roles, days."""
    reports = [one for outcome in ("passed", "failed") for one in terminalreporter.stats.get(outcome, [])]
    noted = [dict(one.user_properties) for one in reports if getattr(one, "when", "") == "call"]
    walked = [one for one in noted if "asked" in one]
    if not walked:
        return
    routes, roles, days = (
        len(set().union(*(one[name].split("\n") for one in walked)) - {""}) for name in ("routes", "roles", "days")
    )
    asked = sum(one["asked"] for one in walked)
    terminalreporter.write_line(f"Crawled {asked} addresses of {routes} routes, as {roles} roles, on {days} days.")
