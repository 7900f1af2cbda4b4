"""Times on the night the clocks go back in Berlin, for people in three other zones: right, and never two for one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from contributors.messaging import blocks
from hypercare.pages.home import home
from hypercare.ui import time_words
from tests.factories import make_member, make_period, make_role, make_shift, make_user
from tests.hypercare.scene import signed_in, words

BERLIN, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
# Clocks in Berlin go back from 03:00 to 02:00 at 01:00 UTC.
EVENING = datetime(2026, 10, 24, 18, 0, tzinfo=UTC)
FIRST, SECOND = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_an_hour_that_comes_twice_says_which_of_the_two_it_is() -> None:
    assert time_words.clock_time(FIRST, BERLIN) == "02:30 (UTC+2)"
    assert time_words.clock_time(SECOND, BERLIN) == "02:30 (UTC+1)"
    assert time_words.day_and_time(SECOND, EVENING, BERLIN) == "Sun 25 Oct 02:30 (UTC+1)"
    assert time_words.deadline_time(FIRST, EVENING, BERLIN) == "Sun 02:30 (UTC+2)"
    assert time_words.relative_time(FIRST, FIRST + timedelta(days=2), BERLIN) == "Sun 02:30 (UTC+2)"
    assert blocks.time_span(EVENING, SECOND, BERLIN) == "Sat 24 Oct, 20:00 to Sun 25 Oct, 02:30 (UTC+1)"


def test_every_other_hour_needs_no_such_word() -> None:
    assert "(" not in time_words.clock_time(FIRST - timedelta(hours=2), BERLIN)
    assert "(" not in time_words.clock_time(SECOND + timedelta(hours=2), BERLIN)
    assert time_words.clock_time(SECOND, ZoneInfo("America/New_York")) == "21:30"
    assert time_words.clock_time(SECOND, ZoneInfo("UTC")) == "01:30"


def test_where_clocks_move_half_an_hour_only_that_half_hour_comes_twice() -> None:
    twice = datetime(2026, 4, 4, 14, 45, tzinfo=UTC)

    assert time_words.clock_time(twice, LORD_HOWE) == "01:45 (UTC+11)"
    assert time_words.clock_time(twice + timedelta(minutes=30), LORD_HOWE) == "01:45 (UTC+10:30)"
    assert time_words.clock_time(twice - timedelta(minutes=30), LORD_HOWE) == "01:15"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "Sat 24 Oct", "22:00 to 06:00"),
        ("America/New_York", "Sat 24 Oct", "16:00 to 01:00"),
        ("Asia/Kolkata", "Sun 25 Oct", "01:30 to 10:30"),
        ("Australia/Lord_Howe", "Sun 25 Oct", "07:00 to 16:00"),
    ],
)
def test_a_shift_over_the_change_is_shown_in_everybodys_own_time(zone: str, day: str, hours: str) -> None:
    with time_machine.travel(EVENING, tick=False):
        person = make_user("Ines Weber", timezone=zone)
        period = make_period(
            timezone="Europe/Berlin",
            go_live_at=EVENING - timedelta(days=3),
            went_live_at=EVENING - timedelta(days=3),
            ends_at=EVENING + timedelta(days=10),
            planned_ends_at=EVENING + timedelta(days=10),
        )
        make_member(period, person)
        make_shift(make_role(period), person, starts_at=datetime(2026, 10, 24, 20, tzinfo=UTC), hours=9)

        page = words(signed_in(person).get("/shifts/"))
        first = words(signed_in(person).get("/"))

    assert day in page
    assert re.search(hours.replace(" to ", r"\s+to\s+"), page)
    assert time_words.city_of(ZoneInfo(zone)) in first


@pytest.mark.django_db
def test_a_day_of_25_hours_is_as_wide_as_the_others_in_the_week() -> None:
    with timezone.override(BERLIN):
        person = make_user("Ines Weber", timezone="Europe/Berlin")
        role = make_role(make_period(timezone="Europe/Berlin"))
        make_shift(role, person, starts_at=datetime(2026, 10, 25, 18, tzinfo=UTC), hours=5)
        make_shift(role, person, starts_at=datetime(2026, 10, 26, 18, tzinfo=UTC), hours=5)

        sunday, monday = home._week(person, datetime(2026, 10, 25, 11, tzinfo=UTC))["days"][:2]

    assert [(bar["x"], bar["width"]) for bar in sunday["bars"]] == [(800, 200)]
    assert [(bar["x"], bar["width"]) for bar in monday["bars"]] == [(792, 208)]
