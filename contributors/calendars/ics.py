"""Reading calendars of others: from the bytes of an .ics file to what happens within a window, and what was left out.

Pure. Whatever a file says, the work is bounded: its size, its events, how often one repeats, and the time spent on
rules. Recurrence is dateutil's, on the wall clock of the event's own zone; an end given as a time of day stays that
time of day when the clocks change, one given as a duration keeps its length.
"""

from __future__ import annotations

import calendar as months
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from time import monotonic
from typing import Any, Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar, Component, Event, vRecur

from contributors.calendars.ics_events import (
    Attendee,
    as_list,
    clean_line,
    has_value,
    length_of,
    moment_of,
    moments_of,
    people_of,
    sequence_of,
    uid_of,
)
from contributors.shifts.intervals import Span
from hypercare.exceptions import Invalid
from periods.calendar.wallclock import instant

LARGEST: Final = 1_000_000
MOST_EVENTS: Final = 5000
MOST_FOUND: Final = 1000
MOST_STEPS: Final = 50_000
SECONDS_FOR_RULES: Final = 2.0
MOST_ZONE_RULES: Final = 40
MOST_LEFT: Final = 200
A_DAY: Final = timedelta(days=1)
STEPS: Final = {"HOURLY": timedelta(hours=1), "DAILY": A_DAY, "WEEKLY": 7 * A_DAY}
ZONE_RULE: Final = frozenset({"FREQ", "BYMONTH", "BYDAY", "BYMONTHDAY", "UNTIL", "COUNT", "INTERVAL", "WKST"})
MAKERS: Final = {
    "pagerduty": "PagerDuty",
    "opsgenie": "Opsgenie",
    "grafana": "Grafana OnCall",
    "google": "Google Calendar",
    "outlook": "Outlook",
    "exchange": "Outlook",
    "apple": "Apple Calendar",
}
AWAY: Final = re.compile(
    r"\b(out of (the )?office|ooo|away|annual leave|on leave|leave|vacation|holidays?|pto|sick|day off|time off|absent"
    r"|urlaub|abwesend|ferie|fravær|semester|vacances|congés?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One thing that happens within the window. `instance` tells repeats of one UID apart."""

    uid: str
    instance: str
    summary: str
    start: datetime
    end: datetime
    people: tuple[Attendee, ...] = ()
    cancelled: bool = False
    away: bool = False
    sequence: int = 0

    def as_json(self) -> dict[str, Any]:
        """For a row; `occurrence_from_json` reads it back."""
        return {**asdict(self), "start": self.start.isoformat(), "end": self.end.isoformat()}


@dataclass(slots=True)
class ParsedCalendar:
    """What a calendar says about a window, and what was not taken from it (summary, reason)."""

    name: str
    maker: str
    found: list[Occurrence] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes:
            self.notes.append(text)

    def leave(self, summary: str, why: str) -> None:
        """Say that something was left out."""
        if len(self.left) < MOST_LEFT:
            self.left.append((summary, why))


def occurrence_from_json(data: Mapping[str, Any]) -> Occurrence:
    """A `Occurrence` from its JSON."""
    people = tuple(Attendee(**one) for one in data["people"])
    times = {name: datetime.fromisoformat(data[name]) for name in ("start", "end")}
    return Occurrence(**{**data, **times, "people": people})


def read_calendar(data: bytes, *, window: Span, zone: ZoneInfo) -> ParsedCalendar:
    """What happens within `window`; times without a zone are those of `zone`. Raises Invalid (`file`)."""
    text = _unfolded(data)
    _check_zones(text)
    try:
        parsed = Calendar.from_ical(text)
    except (ValueError, LookupError, TypeError, ArithmeticError, AttributeError) as error:
        raise Invalid({"file": f"The calendar can't be read: {str(error)[:120] or 'it is damaged'}."}) from error
    reading = ParsedCalendar(
        clean_line(parsed.get("x-wr-calname", ""), 120), _maker(clean_line(parsed.get("prodid", ""), 200))
    )
    _CalendarReader(reading, window, zone).take(parsed.walk("VEVENT"))
    reading.found.sort(key=lambda one: (one.start, one.end, one.uid))
    return reading


def _unfolded(data: bytes) -> str:
    """The text with its long lines joined, checked for size and kind before anything is parsed."""
    if len(data) > LARGEST:
        raise Invalid(
            {"file": f"The calendar has more than {LARGEST // 1_000_000} MB. Export fewer days or one schedule."}
        )
    if not data.strip():
        raise Invalid({"file": "The file is empty."})
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    if "BEGIN:VCALENDAR" not in text.upper() or "\x00" in text:
        raise Invalid({"file": "This is not a calendar. Choose a file that ends in .ics."})
    text = re.sub(r"\r?\n[ \t]", "", text)
    if text.upper().count("BEGIN:VEVENT") > MOST_EVENTS:
        raise Invalid({"file": f"The calendar has more than {MOST_EVENTS} events. Export fewer days or one schedule."})
    # A year of five digits can't be a date; without it the rule goes on, and the window ends it.
    return re.sub(r";UNTIL=\d{9,}[^;\r\n]*|(?<=RRULE:)UNTIL=\d{9,}[^;\r\n]*;", "", text)


def _check_zones(text: str) -> None:
    """Zones are described by yearly rules. Any other would be worked out from 1970 on before we saw it."""
    rules = [
        rule
        for zone in re.findall(r"BEGIN:VTIMEZONE.*?END:VTIMEZONE", text, re.DOTALL | re.IGNORECASE)
        for rule in re.findall(r"^RRULE[^:\r\n]*:([^\r\n]*)", zone, re.MULTILINE | re.IGNORECASE)
    ]
    for rule in rules:
        parts = {name.upper(): value for name, _, value in (part.partition("=") for part in rule.split(";")) if name}
        if parts.get("FREQ", "").upper() != "YEARLY" or not ZONE_RULE.issuperset(parts):
            raise Invalid(
                {"file": "The calendar describes a time zone by a rule that is not yearly. Export it in UTC."}
            )
    if len(rules) > MOST_ZONE_RULES:
        raise Invalid({"file": "The calendar describes too many time zones. Export it in UTC."})


def _maker(prodid: str) -> str:
    return next((words for sign, words in MAKERS.items() if sign in prodid.lower()), "")


# --- Events -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _EventStart:
    """When an event begins, on the clocks of its zone, and how long it lasts: on those clocks, or exactly."""

    wall: datetime
    zone: tzinfo
    lasts: timedelta
    exact: bool

    def span(self, wall: datetime) -> Span:
        """The instants of a repeat that begins at `wall`."""
        start = _utc(wall, self.zone)
        return start, start + self.lasts if self.exact else _utc(wall + self.lasts, self.zone)


class _CalendarReader:
    """Takes the events of one calendar. The time for rules is counted over all of them."""

    def __init__(self, reading: ParsedCalendar, window: Span, zone: ZoneInfo) -> None:
        self.reading, self.window, self.zone = reading, window, zone
        self.seconds, self.outside = 0.0, 0
        self.by_key: dict[tuple[str, str], Occurrence] = {}

    def take(self, components: Sequence[Component]) -> None:
        """All events: those that stand alone, repeats, and repeats that were changed."""
        events = [one for one in components if isinstance(one, Event)]
        changed = {(uid_of(event), key) for event in events if (key := self._replaces(event))}
        counted = Counter(uid_of(event) for event in events if not self._replaces(event))
        twice = {uid for uid, times in counted.items() if times > 1}
        for event in events:
            summary = clean_line(event.get("summary", ""), 200) or "An event without a title"
            start = self._start(event, summary)
            if start is None:
                continue
            instance = self._replaces(event)
            if instance or "rrule" not in event:
                self._one(event, summary, start, instance or (start.wall.isoformat() if uid_of(event) in twice else ""))
                instances = self._extra(event)
            else:
                instances = [*self._repeats(event, summary, start), *self._extra(event)]
            skipped = {_key(_utc(*self._wall(moment))) for moment in moments_of(event, "exdate")}
            for wall in instances:
                key = _key(_utc(wall, start.zone))
                if key not in skipped and (uid_of(event), key) not in changed:
                    self._one(event, summary, _moved(start, wall), key)
        self.reading.found += self.by_key.values()
        if self.outside:
            first, last = (moment.astimezone(self.zone) for moment in self.window)
            many = "1 event lies" if self.outside == 1 else f"{self.outside} events lie"
            self.reading.note(f"{many} outside the window, {first:%-d %b %Y} to {last:%-d %b %Y}.")

    def _one(self, event: Event, summary: str, start: _EventStart, instance: str) -> None:
        begin, end = start.span(start.wall)
        if end <= begin:
            self.reading.leave(summary, "It has no length.")
        elif end <= self.window[0] or begin >= self.window[1]:
            self.outside += 1
        else:
            found = Occurrence(
                uid_of(event),
                instance,
                summary,
                begin,
                end,
                people_of(event),
                has_value(event, "status", "CANCELLED"),
                has_value(event, "x-microsoft-cdo-busystatus", "OOF") or bool(AWAY.search(summary)),
                sequence_of(event),
            )
            there = self.by_key.get((found.uid, instance))
            if there is None or there.sequence <= found.sequence:
                self.by_key[(found.uid, instance)] = found
            if len(self.by_key) > MOST_FOUND:
                raise Invalid({"file": f"More than {MOST_FOUND} events lie in the window. Export one schedule alone."})

    def _replaces(self, event: Event) -> str:
        """Which repeat an event stands for, if it stands for one."""
        moment = moment_of(event, "recurrence-id")
        return _key(_utc(*self._wall(moment))) if moment is not None else ""

    def _extra(self, event: Event) -> list[datetime]:
        return [self._wall(moment)[0] for moment in moments_of(event, "rdate")]

    def _start(self, event: Event, summary: str) -> _EventStart | None:
        begin, end, lasts = moment_of(event, "dtstart"), moment_of(event, "dtend"), length_of(event)
        if begin is None:
            self.reading.leave(summary, "Its start can't be read.")
            return None
        if begin.year < 1970 or begin.year > 9000:
            self.reading.leave(summary, f"It starts in the year {begin.year}.")
            return None
        wall, zone = self._wall(begin)
        self._say_zone(event, begin)
        if end is None:
            whole_day = A_DAY if not isinstance(begin, datetime) else timedelta(0)
            return _EventStart(wall, zone, whole_day if lasts is None else lasts, exact=lasts is not None)
        last, end_zone = self._wall(end)
        if end_zone == zone:
            return _EventStart(wall, zone, last - wall, exact=False)
        return _EventStart(wall, zone, _utc(last, end_zone) - _utc(wall, zone), exact=True)

    def _wall(self, moment: date) -> tuple[datetime, tzinfo]:
        if not isinstance(moment, datetime):
            return datetime.combine(moment, time(0)), self.zone
        return moment.replace(tzinfo=None), moment.tzinfo or self.zone

    def _say_zone(self, event: Event, begin: date) -> None:
        if not isinstance(begin, datetime):
            self.reading.note(f"Whole days were read from midnight to midnight in {self.zone.key}.")
        elif begin.tzinfo is None:
            named = clean_line(getattr(event["dtstart"], "params", {}).get("TZID", ""), 60)
            text = f"“{named}” is not a known time zone: its times" if named else "Times without a time zone"
            self.reading.note(f"{text} were read as {self.zone.key}.")

    # --- Repeats ---

    def _repeats(self, event: Event, summary: str, start: _EventStart) -> list[datetime]:
        rule = event["rrule"][0] if isinstance(event["rrule"], list) else event["rrule"]
        reason = _against(rule)
        if reason or not isinstance(rule, vRecur):
            self.reading.leave(summary, reason)
            return []
        if self.seconds > SECONDS_FOR_RULES:
            self.reading.leave(summary, "The rules before it took too long to work out. Export fewer repeating events.")
            return []
        began = monotonic()
        try:
            return list(self._within(rule, summary, start))
        except (ValueError, ArithmeticError, LookupError, TypeError):
            self.reading.leave(summary, "Its repetition can't be worked out.")
            return []
        finally:
            self.seconds += monotonic() - began

    def _within(self, rule: vRecur, summary: str, start: _EventStart) -> Iterator[datetime]:
        """Repeats that may touch the window, on the event's clocks."""
        low = self.window[0].astimezone(start.zone).replace(tzinfo=None) - max(start.lasts, timedelta(0)) - A_DAY
        high = self.window[1].astimezone(start.zone).replace(tzinfo=None) + A_DAY
        until = self._until(rule, start.zone)
        parts = (f"{name}={','.join(map(str, as_list(value)))}" for name, value in rule.items() if name != "UNTIL")
        first = start.wall if "COUNT" in rule else _nearer(start.wall, rule, low)
        taken = 0
        for steps, wall in enumerate(rrulestr(";".join(parts), dtstart=first)):
            if wall > high or (until is not None and wall > until):
                if until is None or until > high:
                    self.reading.note("Events that repeat for longer were read for this window only.")
                return
            if steps > MOST_STEPS or taken >= MOST_FOUND:
                self.reading.leave(
                    summary,
                    f"It repeats more than {MOST_STEPS if steps > MOST_STEPS else MOST_FOUND} "
                    "times; what lies beyond was not read.",
                )
                return
            if wall >= low:
                taken += 1
                yield wall

    def _until(self, rule: vRecur, zone: tzinfo) -> datetime | None:
        for value in as_list(rule.get("UNTIL")):
            if not isinstance(value, datetime):
                return datetime.combine(value, time.max) if isinstance(value, date) else None
            return value.astimezone(zone).replace(tzinfo=None) if value.tzinfo else value
        return None


def _moved(start: _EventStart, wall: datetime) -> _EventStart:
    """The same event at another time."""
    return _EventStart(wall, start.zone, start.lasts, start.exact)


def _against(rule: object) -> str:
    """Why a rule is not worked out; empty when it is."""
    if not isinstance(rule, vRecur):
        return "Its repetition can't be read."
    freq = str(next(iter(as_list(rule.get("FREQ"))), "")).upper()
    if freq in {"SECONDLY", "MINUTELY"}:
        return f"It repeats every {'second' if freq == 'SECONDLY' else 'minute'}. Shifts repeat hourly at most."
    if freq not in {*STEPS, "MONTHLY", "YEARLY"}:
        return "Its repetition can't be read."
    if any(len(as_list(rule.get(name))) > 1 for name in ("BYMINUTE", "BYSECOND")):
        return "It repeats several times an hour. Shifts repeat hourly at most."
    if freq in STEPS and any(name in rule for name in ("BYSETPOS", "BYWEEKNO", "BYYEARDAY")):
        return "Its repetition is too unusual to be worked out."
    in_months, days = as_list(rule.get("BYMONTH")) or [1], as_list(rule.get("BYMONTHDAY"))
    if days and not any(abs(int(day)) <= months.monthrange(2024, int(month))[1] for month in in_months for day in days):
        return "Its repetition names a day that no month has."
    return ""


def _nearer(wall: datetime, rule: vRecur, low: datetime) -> datetime:
    """A start that gives the same repeats from `low` on, without counting through the years before it."""
    freq, every = str(rule["FREQ"][0]).upper(), int(next(iter(as_list(rule.get("INTERVAL"))), 1))
    step = STEPS.get(freq)
    if step is None or wall >= low or every < 1:
        return wall
    return wall + (low - wall) // (every * step) * (every * step)


def _utc(wall: datetime, zone: tzinfo) -> datetime:
    if isinstance(zone, ZoneInfo):
        return instant(wall.date(), wall.time(), zone)
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _key(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"
