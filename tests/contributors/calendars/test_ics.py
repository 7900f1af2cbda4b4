"""Calendars of others are read for one window, whatever they say, and what is left out is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic
from zoneinfo import ZoneInfo

import pytest

from contributors.calendars import ics
from hypercare.exceptions import Invalid
from tests.contributors.calendar_files import GOOGLE, GRAFANA, OPSGENIE, OUTLOOK_AWAY, PAGERDUTY, event, export

CPH = ZoneInfo("Europe/Copenhagen")
HOURLY = "BEGIN:VEVENT\nUID:{}\nDTSTART:20261101T000000Z\nDURATION:PT1H\nRRULE:FREQ=HOURLY\nEND:VEVENT\n"
NEVER = HOURLY.replace("20261101", "19700105").replace("HOURLY", "DAILY;INTERVAL=7;BYDAY=TU")
WINDOW = (datetime(2026, 11, 13, 23, tzinfo=UTC), datetime(2026, 11, 28, 23, tzinfo=UTC))


def read(data: bytes, window=WINDOW) -> ics.ParsedCalendar:
    return ics.read_calendar(data, window=window, zone=CPH)


def times(reading: ics.ParsedCalendar) -> list[tuple[str, str]]:
    return [(f"{one.start:%d %H:%M}", f"{one.end:%d %H:%M}") for one in reading.found]


@pytest.mark.parametrize(
    ("text", "maker", "people"),
    [(PAGERDUTY, "PagerDuty", ["t@x.test", "p@x.test"]), (OPSGENIE, "Opsgenie", []), (GRAFANA, "Grafana OnCall", [])],
)
def test_exports_are_recognised_with_the_people_they_name(text, maker, people):
    reading = read(export(text, tomasz="t@x.test", priya="p@x.test"))

    assert reading.maker == maker
    assert [one.email for found in reading.found for one in found.people] == people
    assert times(reading)[0] == ("19 08:00", "19 16:00")


def test_a_weekly_series_is_expanded_within_the_window_with_its_changes():
    reading = read(export(GOOGLE))

    assert times(reading) == [("16 08:00", "16 16:00"), ("19 08:00", "19 16:00"), ("26 09:00", "26 17:00")]
    assert [one.summary for one in reading.found] == ["Tomasz Wójcik", "Tomasz Wójcik", "Priya Raman"]
    assert "Events that repeat for longer were read for this window only." in reading.notes


@pytest.mark.parametrize(
    ("lines", "start", "note"),
    [
        (["DTSTART:20261118T080000Z", "DURATION:PT8H"], "18 08:00", ""),
        (["DTSTART;TZID=Asia/Kolkata:20261118T080000", "DURATION:PT8H"], "18 02:30", ""),
        (["DTSTART:20261118T080000", "DURATION:PT8H"], "18 07:00", "Times without a time zone were read as"),
        (["DTSTART;TZID=Nowhere:20261118T080000", "DURATION:PT8H"], "18 07:00", "“Nowhere” is not a known"),
        (["DTSTART;VALUE=DATE:20261118"], "17 23:00", "Whole days were read"),
    ],
    ids=["utc", "IANA without VTIMEZONE", "floating", "unknown", "whole day"],
)
def test_every_way_to_tell_a_time_is_read_and_what_was_assumed_is_said(lines, start, note):
    reading = read(event("SUMMARY:On call", *lines))

    assert times(reading)[0][0] == start
    assert any(text.startswith(note) for text in reading.notes) if note else reading.notes == []


def test_a_zone_that_only_the_file_describes_is_used():
    zone = [
        "BEGIN:VTIMEZONE",
        "TZID:Plant",
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZOFFSETFROM:+0500",
        "TZOFFSETTO:+0500",
        "END:STANDARD",
        "END:VTIMEZONE",
        "BEGIN:VEVENT",
    ]
    file = event("DTSTART;TZID=Plant:20261118T080000", "DURATION:PT1H")

    reading = read(file.replace(b"BEGIN:VEVENT", "\r\n".join(zone).encode()))

    assert times(reading) == [("18 03:00", "18 04:00")]


def test_a_night_series_ends_by_the_clock_when_the_clocks_change():
    window = (datetime(2026, 10, 23, tzinfo=UTC), datetime(2026, 10, 27, tzinfo=UTC))
    lines = [
        "DTSTART;TZID=Europe/Copenhagen:20261001T220000",
        "DTEND;TZID=Europe/Copenhagen:20261002T060000",
        "RRULE:FREQ=DAILY",
    ]

    hours = {f"{one.start:%d}": one.end - one.start for one in read(event(*lines), window).found}

    assert hours["24"] == timedelta(hours=9)
    assert hours["25"] == timedelta(hours=8)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("FREQ=SECONDLY", "every second"),
        ("FREQ=MINUTELY;INTERVAL=5", "every minute"),
        ("FREQ=DAILY;BYHOUR=0,1;BYMINUTE=0,1,2,3;BYSECOND=0,1", "several times an hour"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "a day that no month has"),
        ("FREQ=HOURLY;BYSETPOS=400", "too unusual"),
        ("FREQ=NEVER", "can't be read"),
        ("FREQ=DAILY;COUNT=4000000;INTERVAL=1;BYHOUR=" + ",".join(map(str, range(24))), "more than"),
    ],
)
def test_a_rule_that_is_not_that_of_a_shift_is_left_out_with_a_reason(rule, why):
    began = monotonic()
    reading = read(event("SUMMARY:Odd", "DTSTART:20200101T000000Z", "DURATION:PT1H", f"RRULE:{rule}"))

    assert why in " ".join(text for _, text in reading.left)
    assert monotonic() - began < 5


@pytest.mark.parametrize("until", ["", ";UNTIL=99991231T000000Z", ";UNTIL=120261118T000000Z", ";COUNT=3650000"])
def test_ten_thousand_years_are_read_for_the_window_only(until):
    reading = read(event("DTSTART:20200101T080000Z", "DURATION:PT8H", f"RRULE:FREQ=DAILY{until}"))

    assert len(reading.found) == 15
    assert "Events that repeat for longer were read for this window only." in reading.notes


def test_many_rules_that_never_match_stop_costing_time():
    began = monotonic()

    reading = read(export("BEGIN:VCALENDAR\n" + "".join(map(NEVER.format, range(60))) + "END:VCALENDAR\n"))

    assert monotonic() - began < 30
    assert any("took too long" in why for _, why in reading.left)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"x" * 20_000_000, "more than 1 MB"),
        (b"<html>not found</html>", "not a calendar"),
        (b"BEGIN:VCALENDAR\x00", "not a calendar"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 5001 + b"END:VCALENDAR", "more than 5000 events"),
        (
            export(
                "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0000\n"
                "TZOFFSETTO:+0000\nRRULE:FREQ=SECONDLY\nEND:STANDARD\nEND:VTIMEZONE\nEND:VCALENDAR\n"
            ),
            "not yearly",
        ),
        (export("BEGIN:VCALENDAR\n" + "".join(map(HOURLY.format, "123")) + "END:VCALENDAR\n"), "More than 1000"),
    ],
    ids=["empty", "20 MB", "a page", "NUL", "5001 events", "a zone every second", "too many in the window"],
)
def test_what_cannot_be_a_calendar_of_shifts_is_refused_in_a_sentence(data, why):
    with pytest.raises(Invalid, match=why):
        read(data)


def test_out_of_office_is_told_from_meetings():
    window = (WINDOW[0], WINDOW[1] + timedelta(days=20))

    found = {one.summary: one.away for one in read(export(OUTLOOK_AWAY), window).found}

    assert found == {"Dentist": True, "Budget meeting": False, "Out of office": True}


def test_what_is_cancelled_declined_or_broken_does_not_stand_as_a_shift():
    text = PAGERDUTY.replace("UID:PQ1-1", "UID:PQ1-1\nSTATUS:CANCELLED").replace(
        "ATTENDEE:mailto", "ATTENDEE;PARTSTAT=DECLINED:mailto"
    )
    broken = "BEGIN:VEVENT\nUID:b\nDTSTART:garbage\nSUMMARY:Broken\nEND:VEVENT\nEND:VCALENDAR"

    reading = read(export(text.replace("END:VCALENDAR", broken), tomasz="t@x.test", priya="p@x.test"))

    assert [one.cancelled for one in reading.found] == [True, False]
    assert reading.found[1].people == ()
    assert ("Broken", "Its start can't be read.") in reading.left


def test_it_survives_being_kept():
    for found in read(export(GOOGLE)).found:
        assert ics.occurrence_from_json(found.as_json()) == found
