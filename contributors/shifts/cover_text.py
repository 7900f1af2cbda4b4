"""The cover of a role as people type it: days with another number, own weekly hours, later phases. Pure, both ways."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from contributors.shifts.requirements import WEEKDAYS
from periods.calendar.wallclock import instant

MOST_LINES: Final = 60
MOST_PEOPLE: Final = 50
PATTERNS: Final = ("24x7", "12x7", "business", "custom", "none")
_RANGE: Final = re.compile(r"^([a-z]{3})(?:\s*(?:-|–|to)\s*([a-z]{3}))?$")
_HOURS: Final = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)\s*(?:-|–|to)\s*([01]\d|2[0-4]):([0-5]\d)$")


class UnreadableCover(ValueError):
    """A line that cannot be meant; the text says which and what would be."""


def read_days(text: str) -> dict[str, int]:
    """`Mon 3` and `2026-11-23 6`, a line each. Raises Unreadable naming the line."""
    found: dict[str, int] = {}
    for line in _lines(text):
        day, _, number = line.rpartition(" ")
        key = day.strip().lower()[:3] if day.strip().lower()[:3] in WEEKDAYS else _iso(day.strip())
        if not key or not number.isdigit() or int(number) > MOST_PEOPLE:
            raise UnreadableCover(f"“{line}”: write a weekday or a date and a number, such as Mon 3 or 2026-11-23 6.")
        found[key] = int(number)
    return found


def write_days(numbers: Mapping[str, int]) -> str:
    """The same as text, weekdays first."""
    weekdays = [f"{day.capitalize()} {numbers[day]}" for day in WEEKDAYS if day in numbers]
    return "\n".join([*weekdays, *(f"{day} {numbers[day]}" for day in sorted(set(numbers) - set(WEEKDAYS)))])


def read_week(text: str) -> list[dict[str, Any]]:
    """`Mon-Fri 08:00-20:00 2`, a line each; the number may be left out. Raises Unreadable naming the line."""
    return [_hours_of(line) for line in _lines(text)]


def write_week(rows: Iterable[Mapping[str, Any]]) -> str:
    """The same as text."""
    lines = []
    for row in rows:
        days = " ".join([_span(row.get("days") or list(range(7))), f"{row['from']}-{row['to']}"])
        lines.append(f"{days} {row['people']}" if row.get("people") else days)
    return "\n".join(lines)


def read_phases(text: str, zone: ZoneInfo) -> list[dict[str, Any]]:
    """`12x7 until 2026-11-28 2`, a line each, the last without `until`. Raises Unreadable naming the line."""
    found = []
    for line in _lines(text):
        words = line.lower().split()
        number = int(words.pop()) if words and words[-1].isdigit() else 1
        until = _iso(words[2]) if len(words) == 3 and words[1] == "until" else ""
        if not words or words[0] not in PATTERNS or not 0 < number <= MOST_PEOPLE or (len(words) > 1 and not until):
            raise UnreadableCover(
                f"“{line}”: write a kind of cover ({', '.join(PATTERNS)}), until when and how many, "
                "such as 12x7 until 2026-11-28 2."
            )
        last = instant(date.fromisoformat(until) + timedelta(days=1), time(0), zone).isoformat() if until else None
        found.append({"cover": words[0], "until": last, "headcount": number})
    ends = [row["until"] for row in found]
    if None in ends[:-1] or ends[: len([e for e in ends if e])] != sorted(e for e in ends if e):
        raise UnreadableCover("Give the phases in order, each but the last with the day it ends.")
    return found


def write_phases(rows: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> str:
    """The same as text."""
    lines = []
    for row in rows:
        until = ""
        if row.get("until"):
            last = datetime.fromisoformat(row["until"]).astimezone(zone) - timedelta(microseconds=1)
            until = f" until {last:%Y-%m-%d}"
        lines.append(f"{row['cover']}{until} {row.get('headcount', 1)}")
    return "\n".join(lines)


def _lines(text: str) -> list[str]:
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise UnreadableCover(f"Write {MOST_LINES} lines at most.")
    return lines


def _iso(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _hours_of(line: str) -> dict[str, Any]:
    words = line.lower().split(" ")
    people = int(words.pop()) if words[-1].isdigit() else None
    days, hours = _RANGE.match(" ".join(words[:-1])), _HOURS.match(words[-1])
    names = [name for name in (days.groups() if days else ()) if name]
    if not hours or not names or any(name not in WEEKDAYS for name in names) or people == 0:
        raise UnreadableCover(f"“{line}”: write days, hours and a number, such as Mon-Fri 08:00-20:00 2.")
    first, last = WEEKDAYS.index(names[0]), WEEKDAYS.index(names[-1])
    count = (last - first) % 7 + 1
    row: dict[str, Any] = {
        "days": sorted((first + n) % 7 for n in range(count)),
        "from": f"{hours[1]}:{hours[2]}",
        "to": f"{int(hours[3]) % 24:02}:{hours[4]}",
    }
    return {**row, "people": min(people, MOST_PEOPLE)} if people else row


def _span(days: list[int]) -> str:
    """Days in a row as `Mon-Fri`, over the end of the week too."""
    held = set(days)
    first = next((day for day in sorted(held) if (day - 1) % 7 not in held), 0)
    last = (first + len(held) - 1) % 7
    names = [day.capitalize() for day in WEEKDAYS]
    return names[first] if len(held) == 1 else f"{names[first]}-{names[last]}"
