"""Cover as people type it, read and written."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from contributors.shifts import cover_text
from contributors.shifts.cover_text import UnreadableCover

ZONE = ZoneInfo("Europe/Copenhagen")


def test_days_are_read_and_written():
    numbers = cover_text.read_days("Mon 3\n\n 2026-11-23  6\nsunday 0")

    assert numbers == {"mon": 3, "2026-11-23": 6, "sun": 0}
    assert cover_text.write_days(numbers) == "Mon 3\nSun 0\n2026-11-23 6"


def test_a_week_is_read_and_written():
    week = cover_text.read_week("Mon-Fri 08:00-20:00 2\nSat to Mon 22:00-24:00")

    assert week == [
        {"days": [0, 1, 2, 3, 4], "from": "08:00", "to": "20:00", "people": 2},
        {"days": [0, 5, 6], "from": "22:00", "to": "00:00"},
    ]
    assert cover_text.write_week(week) == "Mon-Fri 08:00-20:00 2\nSat-Mon 22:00-00:00"


def test_phases_are_read_and_written():
    phases = cover_text.read_phases("12x7 until 2026-11-28 2\nbusiness", ZONE)

    assert phases == [
        {"cover": "12x7", "until": "2026-11-28T23:00:00+00:00", "headcount": 2},
        {"cover": "business", "until": None, "headcount": 1},
    ]
    assert cover_text.write_phases(phases, ZONE) == "12x7 until 2026-11-28 2\nbusiness 1"


@pytest.mark.parametrize("text", ["Mon", "Someday 3", "2026-13-01 3", "Mon 99", "Mon three"])
def test_a_day_that_cannot_be_meant_is_named(text):
    with pytest.raises(UnreadableCover, match=text):
        cover_text.read_days(text)


@pytest.mark.parametrize(
    "text", ["Mon 25:00-26:00", "08:00-20:00", "Foo-Fri 08:00-20:00", "Mon 8-20", "Mon 08:00-20:00 0"]
)
def test_hours_that_cannot_be_meant_are_named(text):
    with pytest.raises(UnreadableCover, match=text):
        cover_text.read_week(text)


@pytest.mark.parametrize(
    "text",
    ["always", "12x7 until soon", "12x7 2026-11-28", "12x7\nbusiness until 2026-11-28", "12x7 until 2026-11-28 0"],
)
def test_phases_that_cannot_be_meant_are_refused(text):
    with pytest.raises(UnreadableCover):
        cover_text.read_phases(text, ZONE)


def test_too_many_lines_are_refused():
    with pytest.raises(UnreadableCover, match="60 lines"):
        cover_text.read_days("Mon 1\n" * 61)
