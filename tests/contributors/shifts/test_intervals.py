"""Cover: what is required, who is there, what is missing, to the instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contributors.shifts.intervals import (
    PATTERNS,
    Gap,
    Requirement,
    clip,
    find_gaps,
    required_windows,
    total_minutes,
    union,
)

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
# Monday 2 March 2026, midnight UTC.
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


def at(hour):
    return MIDNIGHT + timedelta(hours=hour)


def span(start, end):
    return at(start), at(end)


def need(start, end, headcount=1):
    return Requirement(at(start), at(end), headcount)


def in_hours(found):
    return [
        ((gap.start - MIDNIGHT) / timedelta(hours=1), (gap.end - MIDNIGHT) / timedelta(hours=1), gap.missing)
        for gap in found
    ]


@pytest.mark.parametrize(
    ("required", "shifts", "expected"),
    [
        # Nothing required, nothing missing.
        ([], [], []),
        ([], [span(0, 8)], []),
        # Nobody there.
        ([need(0, 8)], [], [(0, 8, 1)]),
        # Covered exactly; shifts that only touch leave no gap.
        ([need(0, 8)], [span(0, 8)], []),
        ([need(0, 8)], [span(0, 4), span(4, 8)], []),
        ([need(0, 8)], [span(-5, 20)], []),
        # Holes at the beginning, in the middle and at the end.
        ([need(0, 8)], [span(1, 3), span(5, 7)], [(0, 1, 1), (3, 5, 1), (7, 8, 1)]),
        # Two needed.
        ([need(0, 8, 2)], [span(0, 8)], [(0, 8, 1)]),
        ([need(0, 8, 2)], [span(0, 6), span(4, 8)], [(0, 4, 1), (6, 8, 1)]),
        ([need(0, 8, 2)], [span(2, 4)], [(0, 2, 2), (2, 4, 1), (4, 8, 2)]),
        # Somebody leaves as somebody comes: still one gap.
        ([need(0, 8, 2)], [span(0, 4), span(4, 8)], [(0, 8, 1)]),
        # Requirements that touch make one gap; with another headcount, two.
        ([need(0, 4), need(4, 8)], [], [(0, 8, 1)]),
        ([need(0, 4), need(4, 8, 2)], [], [(0, 4, 1), (4, 8, 2)]),
        # Of overlapping requirements the greatest counts.
        ([need(0, 24), need(9, 17, 2)], [span(0, 24)], [(9, 17, 1)]),
        ([need(0, 8), need(0, 8)], [span(0, 8)], []),
        # Empty and backwards intervals count for nothing.
        ([need(3, 3), need(8, 0), need(0, 8, 0)], [], []),
        ([need(0, 2)], [span(1, 1), span(2, 0)], [(0, 2, 1)]),
    ],
)
def test_a_gap_is_where_fewer_are_there_than_required(required, shifts, expected):
    assert in_hours(find_gaps(required, shifts)) == expected


def test_the_order_of_shifts_and_their_zone_do_not_matter():
    shifts = [span(5, 8), span(0, 3)]
    abroad = [(start.astimezone(COPENHAGEN), end.astimezone(COPENHAGEN)) for start, end in reversed(shifts)]

    found = find_gaps([need(0, 8)], abroad)

    assert found == find_gaps([need(0, 8)], shifts) == [Gap(at(3), at(5), 1)]
    assert found[0].start.tzinfo is UTC


def test_minutes_add_up_and_a_begun_minute_counts():
    assert total_minutes([Gap(at(0), at(1), 2), Gap(at(2), at(2.5), 1)]) == 90
    assert total_minutes([(at(0), at(0) + timedelta(seconds=61))]) == 2
    assert total_minutes([span(3, 1)]) == 0
    assert total_minutes([]) == 0


def test_union_joins_what_touches_and_clip_cuts_to_the_window():
    assert union([span(5, 6), span(0, 2), span(1, 3), span(3, 4), span(8, 7)]) == [span(0, 4), span(5, 6)]
    assert clip([span(0, 4), span(6, 9), span(9, 12)], at(2), at(8)) == [span(2, 4), span(6, 8)]


# --- Patterns


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=COPENHAGEN).astimezone(UTC)


def test_around_the_clock_is_one_interval():
    assert required_windows("24x7", at(3), at(30), COPENHAGEN, headcount=2) == [Requirement(at(3), at(30), 2)]


def test_twelve_by_seven_is_eight_to_twenty_every_day_cut_to_the_window():
    found = required_windows("12x7", local("2026-03-06T10:00"), local("2026-03-09T09:00"), COPENHAGEN)

    assert [(each.start, each.end) for each in found] == [
        (local("2026-03-06T10:00"), local("2026-03-06T20:00")),
        (local("2026-03-07T08:00"), local("2026-03-07T20:00")),
        (local("2026-03-08T08:00"), local("2026-03-08T20:00")),
        (local("2026-03-09T08:00"), local("2026-03-09T09:00")),
    ]


def test_business_hours_leave_out_weekends_and_holidays():
    found = required_windows(
        "business",
        local("2026-04-01T00:00"),
        local("2026-04-08T00:00"),
        COPENHAGEN,
        holidays=frozenset({date(2026, 4, 2), date(2026, 4, 3), date(2026, 4, 6)}),
    )

    assert [(each.start, each.end) for each in found] == [
        (local("2026-04-01T09:00"), local("2026-04-01T17:00")),
        (local("2026-04-07T09:00"), local("2026-04-07T17:00")),
    ]


def test_no_pattern_requires_nothing_and_neither_does_no_time():
    assert required_windows("none", at(0), at(100), COPENHAGEN) == []
    assert all(required_windows(pattern, at(5), at(5), COPENHAGEN) == [] for pattern in PATTERNS)


@pytest.mark.parametrize(
    ("day", "starts_utc"),
    [("2026-03-28", "07:00"), ("2026-03-29", "06:00"), ("2026-10-24", "06:00"), ("2026-10-25", "07:00")],
)
def test_patterns_keep_their_wall_clock_hours_over_a_clock_change(day, starts_utc):
    found = required_windows("12x7", local(f"{day}T00:00"), local(f"{day}T23:59"), COPENHAGEN)

    assert [f"{each.start:%H:%M}" for each in found] == [starts_utc]
    assert found[0].end - found[0].start == timedelta(hours=12)


def test_a_pattern_that_opens_in_a_skipped_hour_opens_at_the_first_instant_after_it():
    night = {"12x7": (time(2, 30), time(5, 0))}

    spring = required_windows("12x7", local("2026-03-29T00:00"), local("2026-03-29T12:00"), COPENHAGEN, hours=night)
    autumn = required_windows("12x7", local("2026-10-25T00:00"), local("2026-10-25T12:00"), COPENHAGEN, hours=night)

    assert [(f"{w.start:%H:%M}", f"{w.end:%H:%M}") for w in spring] == [("01:00", "03:00")]
    assert [(f"{w.start:%H:%M}", f"{w.end:%H:%M}") for w in autumn] == [("00:30", "04:00")]


def test_an_unknown_pattern_and_a_time_without_a_zone_are_refused_by_name():
    with pytest.raises(ValueError, match="pattern: '8x5' is not a cover pattern"):
        required_windows("8x5", at(0), at(8), COPENHAGEN)
    with pytest.raises(ValueError, match="end: the time needs a time zone"):
        required_windows("24x7", at(0), at(8).replace(tzinfo=None), COPENHAGEN)


# --- Properties

HOURS_OF_WEEK = st.integers(0, 48)
SPANS = st.lists(st.tuples(HOURS_OF_WEEK, HOURS_OF_WEEK).map(lambda pair: span(*pair)), max_size=12)
NEEDS = st.lists(st.tuples(HOURS_OF_WEEK, HOURS_OF_WEEK, st.integers(0, 3)).map(lambda each: need(*each)), max_size=6)


def missing_at(moment, required, shifts):
    """The same answer by the definition, one instant at a time."""
    needed = max((n.headcount for n in required if n.start <= moment < n.end), default=0)
    return max(0, needed - sum(start <= moment < end for start, end in shifts))


@given(NEEDS, SPANS)
def test_every_instant_is_covered_or_reported_as_missing_so_many(required, shifts):
    found = find_gaps(required, shifts)

    for half_hour in range(97):
        moment = at(half_hour / 2)
        reported = [gap.missing for gap in found if gap.start <= moment < gap.end]
        assert (reported or [0]) == [missing_at(moment, required, shifts)]


@given(NEEDS, SPANS)
def test_gaps_are_proper_sorted_disjoint_and_as_long_as_they_can_be(required, shifts):
    found = find_gaps(required, shifts)

    assert all(gap.start < gap.end and gap.missing > 0 for gap in found)
    for earlier, later in pairwise(found):
        assert earlier.end <= later.start
        assert (earlier.end, earlier.missing) != (later.start, later.missing)


@given(NEEDS, SPANS)
def test_filling_every_gap_leaves_none(required, shifts):
    fill = [(gap.start, gap.end) for gap in find_gaps(required, shifts) for _ in range(gap.missing)]

    assert find_gaps(required, [*shifts, *fill]) == []


@given(SPANS)
def test_union_keeps_every_instant_and_counts_none_twice(spans):
    merged = union(spans)

    for half_hour in range(97):
        moment = at(half_hour / 2)
        inside = any(start <= moment < end for start, end in spans)
        assert sum(start <= moment < end for start, end in merged) == inside
    assert all(earlier[1] < later[0] for earlier, later in pairwise(merged))


@given(
    pattern=st.sampled_from(PATTERNS),
    start=st.datetimes(MIDNIGHT.replace(tzinfo=None), MIDNIGHT.replace(tzinfo=None, year=2035), timezones=st.just(UTC)),
    hours=st.integers(0, 24 * 21),
    zone=st.sampled_from([COPENHAGEN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")]),
)
def test_windows_are_proper_disjoint_and_inside(pattern, start, hours, zone):
    end = start + timedelta(hours=hours)

    found = required_windows(pattern, start, end, zone)

    assert all(start <= each.start < each.end <= end for each in found)
    assert all(earlier.end <= later.start for earlier, later in pairwise(found))
