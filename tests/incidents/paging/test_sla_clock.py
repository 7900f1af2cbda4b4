"""Target clocks: what is due when, in elapsed time and in business hours, over weekends and clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.paging.sla_clock import KINDS, TARGETS, SlaTarget, clocks_at, due_at, next_deadline

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
NEW_YORK = ZoneInfo("America/New_York")
HOUR = 3600
DAY = 8 * HOUR
QUARTER = timedelta(minutes=15)

# Monday 2 March 2026, 10:00 in Copenhagen.
REPORTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NO_ZONE = REPORTED.replace(tzinfo=None)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: ZoneInfo = COPENHAGEN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def read(severity="P1", *, after=timedelta(0), **moments):
    given_moments = {
        "reported_at": REPORTED,
        "acknowledged_at": None,
        "last_update_at": None,
        "mitigated_at": None,
        "resolved_at": None,
        "now": REPORTED + after,
        "zone": COPENHAGEN,
    }
    return {clock.kind: clock for clock in clocks_at(severity, **(given_moments | moments))}


def business_due(start, seconds, zone, holidays=frozenset()):
    """When so many seconds of business hours have passed since a start."""
    promise = {"P3": {"resolve": SlaTarget(seconds, "business")}}
    return due_at("P3", "resolve", since=start, zone=zone, holidays=holidays, targets=promise)


@pytest.mark.parametrize(
    ("start", "seconds", "expected"),
    [
        ("2026-03-02T10:00", 4 * HOUR, "2026-03-02T14:00"),
        ("2026-03-02T15:00", 4 * HOUR, "2026-03-03T11:00"),
        ("2026-03-02T07:00", HOUR, "2026-03-02T10:00"),
        ("2026-03-02T18:00", HOUR, "2026-03-03T10:00"),
        ("2026-03-02T09:00", DAY, "2026-03-02T17:00"),
        ("2026-03-02T17:00", HOUR, "2026-03-03T10:00"),
        ("2026-03-06T16:00", 2 * HOUR, "2026-03-09T10:00"),
        ("2026-03-07T12:00", HOUR, "2026-03-09T10:00"),
        ("2026-03-02T10:00", 10 * DAY, "2026-03-16T10:00"),
        # The weekend of the change: 16:00 CET on Friday, 10:00 CEST on Monday.
        ("2026-03-27T16:00", 2 * HOUR, "2026-03-30T10:00"),
        ("2026-10-23T16:00", 2 * HOUR, "2026-10-26T10:00"),
        ("2026-03-29T02:30", HOUR, "2026-03-30T10:00"),
        ("2026-03-07T12:00", 0, "2026-03-07T12:00"),
    ],
)
def test_business_time_counts_only_nine_to_five_on_weekdays(start, seconds, expected):
    assert business_due(local(start), seconds, COPENHAGEN) == local(expected)


def test_business_time_over_a_clock_change_is_a_different_number_of_elapsed_hours():
    spring = business_due(local("2026-03-27T16:00"), 2 * HOUR, COPENHAGEN) - local("2026-03-27T16:00")
    autumn = business_due(local("2026-10-23T16:00"), 2 * HOUR, COPENHAGEN) - local("2026-10-23T16:00")

    assert (spring, autumn) == (timedelta(hours=65), timedelta(hours=67))


def test_business_time_steps_over_holidays():
    easter = frozenset({date(2026, 4, 2), date(2026, 4, 3), date(2026, 4, 6)})

    assert business_due(local("2026-04-01T16:00"), 2 * HOUR, COPENHAGEN, easter) == local("2026-04-07T10:00")


def test_business_time_follows_the_zone_that_is_asked_for():
    assert business_due(REPORTED, HOUR, NEW_YORK) == local("2026-03-02T10:00", NEW_YORK)


def test_business_time_answers_in_utc_and_refuses_nonsense():
    assert business_due(REPORTED.astimezone(NEW_YORK), HOUR, COPENHAGEN).tzinfo is UTC
    with pytest.raises(ValueError, match="since: the time needs a time zone"):
        business_due(NO_ZONE, 1, COPENHAGEN)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no finding
@given(
    start=st.datetimes(NO_ZONE, NO_ZONE.replace(year=2030), timezones=st.just(UTC)),
    first=st.integers(1, 40 * HOUR),
    second=st.integers(1, 40 * HOUR),
    zone=st.sampled_from([COPENHAGEN, NEW_YORK, ZoneInfo("Asia/Kolkata"), ZoneInfo("Pacific/Auckland")]),
)
def test_business_time_adds_up(start, first, second, zone):
    at_once = business_due(start, first + second, zone)
    in_two = business_due(business_due(start, first, zone), second, zone)

    assert at_once == in_two
    assert at_once.astimezone(zone).weekday() < 5
    assert 9 <= (at_once - timedelta(microseconds=1)).astimezone(zone).hour < 17


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        ("P1", ["2026-03-02T10:15", "2026-03-02T10:30", "2026-03-02T14:00", "2026-03-02T18:00"]),
        ("P2", ["2026-03-02T10:30", "2026-03-02T12:00", "2026-03-02T18:00", "2026-03-03T10:00"]),
        ("P3", ["2026-03-02T14:00", "2026-03-03T10:00", "2026-03-05T10:00", "2026-03-09T10:00"]),
        ("P4", ["2026-03-03T10:00", "2026-03-09T10:00", "2026-03-16T10:00", "2026-03-23T10:00"]),
    ],
)
def test_each_severity_has_its_four_deadlines(severity, expected):
    read_clocks = read(severity)

    assert list(read_clocks) == list(KINDS)
    assert [clock.due_at for clock in read_clocks.values()] == [local(text) for text in expected]
    assert [clock.total_s for clock in read_clocks.values()] == [TARGETS[severity][kind].seconds for kind in KINDS]


@pytest.mark.parametrize(
    ("reported", "severity", "kind", "expected_utc"),
    [
        # The night without an hour: four elapsed hours are four hours, whatever the wall says.
        ("2026-03-29T00:30", "P1", "mitigate", "2026-03-29T04:30"),
        # The night with an hour twice.
        ("2026-10-25T00:30", "P1", "mitigate", "2026-10-25T04:30"),
        ("2026-10-25T00:30", "P2", "resolve", "2026-10-26T00:30"),
        # Reported on the Sunday of the change: counts from 09:00 on Monday, 07:00 or 08:00 UTC.
        ("2026-03-29T00:30", "P3", "acknowledge", "2026-03-30T11:00"),
        ("2026-10-25T00:30", "P3", "acknowledge", "2026-10-26T12:00"),
        # Friday 16:00 CET, three working days over the change.
        ("2026-03-27T15:00", "P3", "mitigate", "2026-04-01T14:00"),
        ("2026-10-23T14:00", "P3", "mitigate", "2026-10-28T15:00"),
    ],
)
def test_deadlines_hold_over_clock_changes(reported, severity, kind, expected_utc):
    assert due_at(severity, kind, since=utc(reported), zone=COPENHAGEN) == utc(expected_utc)


def test_a_holiday_moves_working_day_targets_and_leaves_a_p1_alone():
    holidays = frozenset({date(2026, 3, 3)})
    since = local("2026-03-02T16:00")

    assert due_at("P3", "acknowledge", since=since, zone=COPENHAGEN, holidays=holidays) == local("2026-03-04T12:00")
    assert due_at("P1", "resolve", since=since, zone=COPENHAGEN, holidays=holidays) == local("2026-03-03T00:00")


@pytest.mark.parametrize(
    ("minutes", "state", "left_s", "late_s"),
    [
        (0, "running", 900, 0),
        (11.25, "running", 225, 0),
        (11.3, "soon", 222, 0),
        (14.9, "soon", 6, 0),
        (15, "late", 0, 0),
        (20, "late", 0, 300),
    ],
)
def test_a_clock_runs_turns_soon_under_a_quarter_and_is_late_from_its_deadline(minutes, state, left_s, late_s):
    clock = read(after=timedelta(minutes=minutes))["acknowledge"]

    assert (clock.state, clock.left_s, clock.late_s) == (state, left_s, late_s)
    assert clock.soon_at == REPORTED + timedelta(minutes=11.25)


def test_a_business_clock_stands_still_at_night_and_over_the_weekend():
    reported = local("2026-03-06T16:00")

    left = [
        read("P3", reported_at=reported, now=local(now))["acknowledge"].left_s
        for now in ("2026-03-06T17:00", "2026-03-07T12:00", "2026-03-09T09:00", "2026-03-09T10:00")
    ]

    assert left == [3 * HOUR, 3 * HOUR, 3 * HOUR, 2 * HOUR]


def test_a_business_clock_is_late_in_elapsed_time():
    clock = read("P3", now=local("2026-03-02T20:00"))["acknowledge"]

    assert (clock.state, clock.late_s) == ("late", 6 * HOUR)


@pytest.mark.parametrize(
    ("minutes", "state", "left_s", "late_s"),
    [(5, "met", 600, 0), (14.99, "met", 0, 0), (15, "met_late", 0, 0), (25, "met_late", 0, 600)],
)
def test_acknowledging_ends_the_clock_and_keeps_whether_it_was_in_time(minutes, state, left_s, late_s):
    acknowledged = REPORTED + timedelta(minutes=minutes)

    clock = read(after=timedelta(days=2), acknowledged_at=acknowledged)["acknowledge"]

    assert (clock.state, clock.left_s // 60 * 60, clock.late_s) == (state, left_s, late_s)
    assert clock.finished_at == acknowledged
    assert not clock.is_open


def test_the_update_clock_starts_again_at_each_stakeholder_update():
    updated = REPORTED + timedelta(minutes=40)

    before = read(after=timedelta(minutes=35))["update"]
    after = read(after=timedelta(minutes=45), last_update_at=updated)["update"]

    assert (before.state, before.late_s) == ("late", 300)
    assert (after.state, after.due_at) == ("running", updated + timedelta(minutes=30))


def test_the_update_clock_pauses_while_mitigated_and_stops_when_resolved():
    mitigated = REPORTED + timedelta(minutes=10)
    resolved = REPORTED + timedelta(hours=5)

    paused = read(after=timedelta(hours=2), mitigated_at=mitigated)["update"]
    stopped = read(after=timedelta(hours=6), mitigated_at=mitigated, resolved_at=resolved)["update"]

    assert (paused.state, paused.left_s, paused.late_s) == ("paused", 20 * 60, 0)
    assert (stopped.state, stopped.finished_at, stopped.late_s) == ("met", resolved, 0)


def test_an_update_missed_before_mitigation_stays_on_record():
    late = read(
        after=timedelta(hours=6), mitigated_at=REPORTED + timedelta(hours=1), resolved_at=REPORTED + timedelta(hours=5)
    )["update"]

    assert (late.state, late.late_s) == ("met_late", 30 * 60)


def test_an_update_posted_after_mitigation_leaves_the_clock_paused_with_all_its_time():
    clock = read(
        after=timedelta(hours=3),
        mitigated_at=REPORTED + timedelta(hours=1),
        last_update_at=REPORTED + timedelta(hours=2),
    )["update"]

    assert (clock.state, clock.left_s) == ("paused", 30 * 60)


def test_resolving_ends_every_clock_even_without_acknowledgement_or_mitigation():
    resolved = REPORTED + timedelta(minutes=5)

    states = {kind: clock.state for kind, clock in read(after=QUARTER, resolved_at=resolved).items()}

    assert states == dict.fromkeys(KINDS, "met")


def test_a_pause_holds_mitigate_and_resolve_but_neither_acknowledge_nor_update():
    paused_at = REPORTED + timedelta(hours=1)

    held = read(after=timedelta(hours=3), pauses=[(paused_at, None)])

    assert {kind: clock.state for kind, clock in held.items()} == {
        "acknowledge": "late",
        "update": "late",
        "mitigate": "paused",
        "resolve": "paused",
    }
    assert held["mitigate"].left_s == 3 * HOUR


def test_a_pause_that_is_over_moves_the_deadline_by_its_length():
    pause = (REPORTED + timedelta(hours=1), REPORTED + timedelta(hours=3))
    overlapping = (REPORTED + timedelta(hours=2), REPORTED + timedelta(hours=3.5))

    resumed = read(after=timedelta(hours=4), pauses=[overlapping, pause])["mitigate"]

    assert resumed.due_at == REPORTED + timedelta(hours=6.5)
    assert (resumed.state, resumed.left_s) == ("running", 2.5 * HOUR)


def test_a_pause_over_a_night_costs_a_business_clock_nothing():
    night = (local("2026-03-02T18:00"), local("2026-03-03T08:00"))
    now = local("2026-03-03T12:00")

    assert read("P3", now=now, pauses=[night])["mitigate"] == read("P3", now=now)["mitigate"]


def test_pausing_does_not_hide_that_a_clock_was_already_late():
    clock = read(after=timedelta(hours=6), pauses=[(REPORTED + timedelta(hours=5), None)])["mitigate"]

    assert (clock.state, clock.late_s) == ("late", 2 * HOUR)


def test_a_regraded_incident_is_judged_from_its_report_time():
    moments = {"after": timedelta(hours=5), "acknowledged_at": REPORTED + timedelta(hours=1)}

    assert read("P3", **moments)["acknowledge"].state == "met"
    assert read("P1", **moments)["acknowledge"].state == "met_late"
    assert read("P1", **moments)["mitigate"].state == "late"


def test_the_next_deadline_is_the_nearest_open_clock():
    read_clocks = read(after=timedelta(minutes=20), acknowledged_at=REPORTED + timedelta(minutes=5))

    assert next_deadline(read_clocks.values()) == read_clocks["update"]


def test_a_late_clock_is_the_next_deadline_until_someone_stops_it():
    read_clocks = read(after=timedelta(minutes=20))

    assert next_deadline(read_clocks.values()).kind == "acknowledge"


def test_nothing_is_next_when_everything_is_paused_or_done():
    assert next_deadline(read(after=QUARTER, resolved_at=REPORTED).values()) is None
    assert next_deadline(()) is None


def test_a_period_may_bring_its_own_targets():
    own = {"P1": dict.fromkeys(KINDS, SlaTarget(60))}

    assert {clock.due_at for clock in read(targets=own).values()} == {REPORTED + timedelta(minutes=1)}


def test_an_unknown_severity_and_a_time_without_a_zone_are_refused_by_name():
    with pytest.raises(ValueError, match=r"severity: 'P5' is not a severity\. Choose P1, P2, P3, P4"):
        read("P5")
    with pytest.raises(ValueError, match="mitigated_at: the time needs a time zone"):
        read(mitigated_at=NO_ZONE)


@given(
    severity=st.sampled_from(sorted(TARGETS)), minutes=st.lists(st.integers(0, 40 * 24 * 60), min_size=2, max_size=2)
)
def test_time_only_ever_moves_an_untouched_clock_towards_late(severity, minutes):
    order = ("running", "soon", "late")
    earlier, later = (read(severity, after=timedelta(minutes=each)) for each in sorted(minutes))

    for kind in KINDS:
        assert order.index(earlier[kind].state) <= order.index(later[kind].state)
        assert earlier[kind].left_s >= later[kind].left_s
        assert earlier[kind].due_at == later[kind].due_at
