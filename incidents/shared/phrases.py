"""How moments and people are said in the sentences of the domain (pages show `<time>` instead)."""

from __future__ import annotations

from datetime import datetime

from hypercare.models import User
from periods.models import Period


def moment_phrase(at: datetime, period: Period) -> str:
    """`13:24 on 18 Nov (Copenhagen)`: a moment in the period's own zone."""
    return f"{at.astimezone(period.zone):%H:%M on %-d %b} ({place_phrase(period)})"


def place_phrase(period: Period) -> str:
    """The city of the period's zone, or the zone's name when it has none."""
    return period.timezone.rpartition("/")[2].replace("_", " ")


def person_phrase(person: User | None) -> str:
    """A person's name; the machine when nobody did it."""
    return person.name if person else "An alert"


def duration_phrase(seconds: float) -> str:
    """`40 s`, `3 m`, `3 h 32 m` or `2 d 4 h`: a duration as the pages say it. Half a minute is rounded down."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} m"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"
