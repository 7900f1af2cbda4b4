"""When a check is due, as days from the go-live day and a time of day: read from words, said back in words.

Pure. A date is counted back from go-live as well, so that whatever was typed moves along when go-live does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hypercare.ui.time_words import city_of, day_and_time
from periods.calendar.wallclock import instant, local_day

USUAL_TIME: Final = time(17, 0)
FURTHEST: Final = 3650
HELP: Final = "Such as “3 days before go-live”, “at go-live”, “tomorrow 12:00” or “2026-11-21 17:00”."
UNITS: Final = {"d": 1, "day": 1, "days": 1, "w": 7, "week": 7, "weeks": 7}
NUMBERS: Final = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_CLOCK = r"(?:\s*,?\s*(?:t|at)?\s*(?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d)(?::[0-5]\d)?)?)?"
_RELATIVE = re.compile(
    rf"(?:t\s*)?(?P<sign>[-−+])?\s*(?P<count>\d{{1,4}}|{'|'.join(NUMBERS)})\s*(?P<unit>{'|'.join(UNITS)})?"
    rf"\s*(?P<side>before|after)?(?:\s*(?:the\s+)?go-?\s?live)?{_CLOCK}"
)
_GO_LIVE = re.compile(rf"(?:at |on )?(?:the )?go-?\s?live(?P<day> day)?{_CLOCK}")
_ISO = re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d\d?)-(?P<day>\d\d?){_CLOCK}")
_NAMED = re.compile(
    rf"(?:(?:{'|'.join(WEEKDAYS)})[a-z]* )?(?P<day>\d\d?)\.? (?P<month>{'|'.join(MONTHS)})[a-z]*"
    rf"(?: (?P<year>\d{{4}}))?{_CLOCK}"
)
_NEAR = re.compile(rf"(?P<word>today|tomorrow|{'|'.join(WEEKDAYS)})[a-z]*{_CLOCK}")


class UnreadableDueDate(ValueError):
    """Words that are no due time; the message says what would be."""


@dataclass(frozen=True)
class DueDate:
    """Days from the go-live day and a time of day in the period's zone; no time is the time of go-live."""

    days: int
    time: time | None = None

    def at(self, go_live_at: datetime, zone: ZoneInfo) -> datetime:
        """The instant it means for a go-live."""
        local = go_live_at.astimezone(zone)
        if self.time is None and self.days == 0:
            return go_live_at
        clock = self.time if self.time is not None else local.time()
        return instant(local.date() + timedelta(days=self.days), clock, zone)


def due_date_of(moment: datetime, go_live_at: datetime, zone: ZoneInfo) -> DueDate:
    """The due that means a moment. Raises NotADue for one more than ten years away."""
    if moment == go_live_at:
        return DueDate(0)
    if abs(moment - go_live_at) > timedelta(days=FURTHEST):
        raise UnreadableDueDate("That is more than ten years from go-live.")
    days = (local_day(moment, zone) - local_day(go_live_at, zone)).days
    return DueDate(days, moment.astimezone(zone).time())


def days_as_text(days: int) -> str:
    """ "3 days before go-live", "on the day of go-live", "1 day after go-live"."""
    if days == 0:
        return "on the day of go-live"
    return f"{abs(days)} day{'s' if abs(days) != 1 else ''} {'before' if days < 0 else 'after'} go-live"


def describe_due_date(due_at: datetime, days: int, *, at: datetime, zone: ZoneInfo) -> str:
    """ "Tue 11 Nov 17:00 Copenhagen, 3 days before go-live": what was understood, with its zone."""
    name = "UTC" if zone.key == "UTC" else city_of(zone)
    return f"{day_and_time(due_at, at, zone)} {name}, {days_as_text(days)}"


def parse_due_date(text: str, *, go_live_at: datetime, zone: ZoneInfo, viewer: ZoneInfo, at: datetime) -> DueDate:
    """Read a due time. Days from go-live count in the period's zone, dates are meant in the viewer's.

    A date without a time is five in the afternoon; one without a year is the next. Raises NotADue.
    """
    said = " ".join(text.lower().replace("’", "'").split())
    if match := _GO_LIVE.fullmatch(said):
        clock = _clock(match)
        return DueDate(0, clock if clock or not match["day"] else USUAL_TIME)
    if match := _RELATIVE.fullmatch(said):
        return _relative(match)
    day = _day(said, local_day(at, viewer))
    if day is None:
        raise UnreadableDueDate(f"“{text.strip()[:40]}” is not a time. {HELP}")
    moment = instant(day[0], day[1] or USUAL_TIME, viewer)
    return due_date_of(moment, go_live_at, zone)


def _relative(match: re.Match[str]) -> DueDate:
    has_sign, side = match["sign"], match["side"]
    if not (has_sign or side):
        raise UnreadableDueDate("Say whether that is before or after go-live, such as “3 days before go-live”.")
    count = NUMBERS.get(match["count"]) or int(match["count"])
    days = count * UNITS[match["unit"] or "days"]
    if days > FURTHEST:
        raise UnreadableDueDate("That is more than ten years from go-live.")
    is_before = side == "before" or (not side and has_sign in "-−")
    return DueDate(-days if is_before else days, _clock(match) or USUAL_TIME)


def _clock(match: re.Match[str]) -> time | None:
    return time(int(match["hour"]), int(match["minute"] or 0)) if match["hour"] else None


def _day(said: str, today: date) -> tuple[date, time | None] | None:
    try:
        if match := _ISO.fullmatch(said):
            return date(int(match["year"]), int(match["month"]), int(match["day"])), _clock(match)
        if match := _NAMED.fullmatch(said):
            return _named(match, today), _clock(match)
        if match := _NEAR.fullmatch(said):
            return _near(match["word"], today), _clock(match)
    except ValueError as error:
        raise UnreadableDueDate(f"There is no such day. {HELP}") from error
    return None


def _named(match: re.Match[str], today: date) -> date:
    month = MONTHS.index(match["month"]) + 1
    if match["year"]:
        return date(int(match["year"]), month, int(match["day"]))
    found = date(today.year, month, int(match["day"]))
    # "3 January" said in November is the coming one; a few days ago stays in the past.
    return found if found >= today - timedelta(days=180) else found.replace(year=today.year + 1)


def _near(word: str, today: date) -> date:
    if word in WEEKDAYS:
        return today + timedelta(days=(WEEKDAYS.index(word) - today.weekday()) % 7)
    return today + timedelta(days=word == "tomorrow")
