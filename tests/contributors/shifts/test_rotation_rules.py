"""Rotations: every instant has exactly one holder, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contributors.shifts.rotation_rules import (
    RotationLayer,
    RotationSite,
    Turn,
    WeeklyHours,
    expand_turns,
    find_problems,
    stack_layers,
    subtract_busy,
)

COPENHAGEN, KOLKATA, NEW_YORK = (ZoneInfo("Europe/Copenhagen"), ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York"))
UTC_ZONE = ZoneInfo("UTC")
DAY = timedelta(days=1)
ZONES = sorted(available_timezones() - {"Factory", "localtime"})
WEEKDAYS = frozenset(range(5))


def layer(**changes: object) -> RotationLayer:
    plain = {"people": (1, 2, 3), "first": date(2026, 11, 14), "at": time(8), "zone": COPENHAGEN}
    return RotationLayer(**{**plain, **changes})


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def in_order(found: list[list[Turn]]) -> list[Turn]:
    """The turns of all layers, by their start."""
    return sorted((turn for turns in found for turn in turns), key=lambda turn: turn.start)


def assert_one_holder(found: list[Turn], start: datetime, end: datetime) -> None:
    """No instant without a holder and none with two."""
    assert found[0].start == start
    assert found[-1].end == end
    assert all(before.end == after.start for before, after in pairwise(found))
    assert all(turn.start < turn.end for turn in found)


# --- What a rotation says -----------------------------------------------------------------------


def test_people_take_turns_in_their_order():
    found = expand_turns(layer(), at(2026, 11, 14), at(2026, 11, 18, 7))

    assert [(turn.person, turn.start.hour) for turn in found] == [(1, 7), (2, 7), (3, 7), (1, 7)]


def test_nobody_is_on_before_the_first_hand_off():
    found = expand_turns(layer(), at(2026, 11, 1), at(2026, 11, 15))

    assert found[0].start == at(2026, 11, 14, 7)


def test_a_rotation_that_began_years_ago_is_where_it_should_be():
    long_ago = layer(first=date(2020, 1, 1))

    found = expand_turns(long_ago, at(2026, 11, 14, 7), at(2026, 11, 15, 7))

    assert found == [
        Turn((date(2026, 11, 14) - date(2020, 1, 1)).days % 3 + 1, at(2026, 11, 14, 7), at(2026, 11, 15, 7))
    ]


def test_nobody_is_on_from_its_end():
    found = expand_turns(layer(until=at(2026, 11, 15, 12)), at(2026, 11, 14), at(2026, 11, 20))

    assert found[-1] == Turn(2, at(2026, 11, 15, 7), at(2026, 11, 15, 12))


@pytest.mark.parametrize(
    ("every", "unit", "hours"), [(1, "hours", 1), (8, "hours", 8), (1, "days", 24), (3, "days", 72), (2, "weeks", 336)]
)
def test_a_turn_lasts_as_long_as_it_says(every, unit, hours):
    found = expand_turns(layer(every=every, unit=unit, zone=UTC_ZONE), at(2026, 11, 14, 8), at(2027, 1, 14))

    assert {turn.end - turn.start for turn in found[:-1]} == {timedelta(hours=hours)}


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 28), 23), (date(2026, 10, 24), 25), (date(2026, 7, 1), 24)])
def test_a_daily_turn_over_a_change_of_the_clocks_lasts_an_hour_less_or_more(day, hours):
    changing = layer(first=day)

    first = expand_turns(changing, at(2026, 1, 1), at(2026, 12, 31))[0]

    assert first.end - first.start == timedelta(hours=hours)


def test_a_skipped_hand_off_happens_at_the_first_instant_after():
    found = expand_turns(layer(first=date(2026, 3, 28), at=time(2, 30)), at(2026, 3, 28), at(2026, 3, 30))

    assert found[1].start == at(2026, 3, 29, 1)


def test_a_repeated_hand_off_happens_at_its_first_occurrence():
    found = expand_turns(layer(first=date(2026, 10, 24), at=time(2, 30)), at(2026, 10, 24), at(2026, 10, 26))

    assert found[1].start == at(2026, 10, 25, 0, 30)


def test_an_hourly_turn_that_the_clocks_skip_has_no_length_and_is_left_out():
    night = layer(first=date(2026, 3, 29), at=time(0), every=1, unit="hours")

    found = expand_turns(night, at(2026, 3, 28, 23), at(2026, 3, 29, 3))

    assert [turn.person for turn in found] == [1, 2, 1, 2]
    assert_one_holder(found, at(2026, 3, 28, 23), at(2026, 3, 29, 3))


# --- Hours --------------------------------------------------------------------------------------


def test_hours_restrict_a_rotation():
    office = layer(hours=(WeeklyHours(time(9), time(17), WEEKDAYS),), every=1, unit="weeks")

    found = expand_turns(office, at(2026, 11, 14), at(2026, 11, 18))

    assert found == [
        Turn(1, at(2026, 11, 16, 8), at(2026, 11, 16, 16)),
        Turn(1, at(2026, 11, 17, 8), at(2026, 11, 17, 16)),
    ]


def test_hours_over_midnight_belong_to_the_day_they_start_on():
    friday_nights = layer(first=date(2026, 11, 1), hours=(WeeklyHours(time(22), time(6), frozenset({4})),))

    found = expand_turns(friday_nights, at(2026, 11, 18), at(2026, 11, 24))

    assert (found[0].start, found[-1].end) == (at(2026, 11, 20, 21), at(2026, 11, 21, 5))


# --- Layers -------------------------------------------------------------------------------------


def test_the_upper_layer_wins_where_it_has_somebody():
    always = layer(people=(1,), zone=UTC_ZONE, at=time(0))
    office = layer(people=(2,), zone=UTC_ZONE, at=time(0), hours=(WeeklyHours(time(9), time(17)),))

    found = in_order(stack_layers([always, office], at(2026, 11, 14), at(2026, 11, 15)))

    assert [(turn.person, turn.start.hour) for turn in found] == [(1, 0), (2, 9), (1, 17)]
    assert_one_holder(found, at(2026, 11, 14), at(2026, 11, 15))


def test_each_layer_says_what_it_keeps():
    always, never_seen = layer(people=(1,)), layer(people=(2,))

    assert stack_layers([never_seen, always], at(2026, 11, 14, 7), at(2026, 11, 15, 7))[0] == []


def test_a_span_of_somebody_else_is_cut_out():
    turn = Turn(1, at(2026, 11, 14), at(2026, 11, 15))

    left = subtract_busy([turn], [(at(2026, 11, 14, 6), at(2026, 11, 14, 9))])

    assert left == [Turn(1, at(2026, 11, 14), at(2026, 11, 14, 6)), Turn(1, at(2026, 11, 14, 9), at(2026, 11, 15))]


# --- Follow the sun -----------------------------------------------------------------------------

SUN = (
    RotationSite(COPENHAGEN, time(8), (1, 2)),
    RotationSite(NEW_YORK, time(9), (3,)),
    RotationSite(KOLKATA, time(6), (4, 5)),
)


def test_each_site_is_on_from_its_morning_to_the_next_sites():
    found = expand_turns(layer(people=(), sites=SUN), at(2026, 11, 16, 7), at(2026, 11, 17, 7))

    assert [(turn.person, turn.start.hour, turn.start.minute) for turn in found] == [(1, 7, 0), (3, 14, 0), (5, 0, 30)]


@pytest.mark.parametrize("year", range(2026, 2031))
def test_following_the_sun_leaves_no_instant_alone_in_any_year(year):
    found = expand_turns(layer(people=(), sites=SUN, first=date(2025, 12, 1)), at(year, 1, 1), at(year + 1, 1, 1))

    assert_one_holder(found, at(year, 1, 1), at(year + 1, 1, 1))


# --- Every zone ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*ZONES[::10], "Australia/Lord_Howe", "Africa/Casablanca"])
def test_every_instant_of_five_years_has_one_holder_in_every_zone(name):
    """A sample of the zones, so that the suite stays quick; `benchmarks.rotations` goes through all of them."""
    start, end = at(2026, 1, 2), at(2031, 1, 1)

    found = expand_turns(layer(zone=ZoneInfo(name), first=date(2025, 12, 1), at=time(2, 30)), start, end)

    assert_one_holder(found, start, end)
    assert all(timedelta(hours=22) <= turn.end - turn.start <= timedelta(hours=26) for turn in found[1:-1])


@settings(deadline=None, max_examples=150)
@given(
    zone=st.sampled_from(ZONES),
    begin=st.integers(0, 4 * 365 * 24),
    days=st.integers(1, 40),
    clock=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    every=st.integers(1, 30),
    unit=st.sampled_from(["hours", "days", "weeks"]),
    people=st.integers(1, 7),
)
def test_any_gap_free_rotation_has_one_holder_at_every_instant(zone, begin, days, clock, every, unit, people):
    start = at(2026, 1, 1) + timedelta(hours=begin)
    spec = layer(
        zone=ZoneInfo(zone),
        at=clock,
        every=every,
        unit=unit,
        people=tuple(range(people)),
        first=start.date() - timedelta(days=3),
    )

    found = expand_turns(spec, start, start + days * DAY)

    assert_one_holder(found, start, start + days * DAY)


@settings(deadline=None, max_examples=60)
@given(zone=st.sampled_from(ZONES), cut=st.integers(0, 20 * 24), length=st.integers(1, 100))
def test_where_one_layer_covers_all_the_layers_together_do(zone, cut, length):
    start, end = at(2026, 3, 20), at(2026, 4, 10)
    base = layer(zone=ZoneInfo(zone), first=date(2026, 3, 1))
    begin = start + timedelta(hours=cut)
    above = layer(
        zone=UTC_ZONE, people=(9,), first=begin.date(), at=begin.time(), until=begin + timedelta(hours=length)
    )

    found = in_order(stack_layers([base, above], start, end))

    assert_one_holder(found, start, end)


# --- What cannot stand --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"people": ()}, "people"),
        ({"every": 0}, "every"),
        ({"unit": "months"}, "unit"),
        ({"until": at(2026, 11, 1)}, "until"),
        ({"hours": (WeeklyHours(time(9), time(17), frozenset()),)}, "hours"),
        ({"sites": (RotationSite(COPENHAGEN, time(8), ()),)}, "people"),
        ({"sites": SUN, "unit": "hours"}, "unit"),
    ],
)
def test_a_rotation_that_cannot_stand_says_which_field_and_what_to_do(changes, field):
    assert list(find_problems(layer(**changes))) == [field]


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        expand_turns(layer(), datetime(2026, 11, 14), at(2026, 11, 15))  # noqa: DTZ001
