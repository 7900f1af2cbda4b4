"""Where nobody is on duty although somebody must be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contributors.models import Role
from contributors.shifts import coverage
from periods.models import Period
from tests.factories import GO_LIVE, NOW, make_member, make_period, make_role, make_shift

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def cover(role: Role, start: datetime, hours: float, **fields: object) -> None:
    make_shift(role, make_member(role.period).user, starts_at=start, hours=hours, **fields)


def spans(period: Period, start: datetime, end: datetime) -> list[tuple[datetime, datetime, int]]:
    return [(gap.start, gap.end, gap.missing) for gap in coverage.find_gaps(period, start=start, end=end)]


def test_an_uncovered_role_is_one_gap_of_the_whole_interval():
    period = make_period()
    make_role(period)

    assert spans(period, NOW, NOW + DAY) == [(NOW, NOW + DAY, 1)]


def test_a_shift_fills_its_own_hours():
    period = make_period()
    cover(make_role(period), NOW + timedelta(hours=4), 8)

    found = spans(period, NOW, NOW + DAY)

    assert found == [(NOW, NOW + timedelta(hours=4), 1), (NOW + timedelta(hours=12), NOW + DAY, 1)]


def test_shifts_that_touch_leave_no_gap():
    period = make_period()
    role = make_role(period)
    for hour in (0, 8, 16):
        cover(role, NOW + timedelta(hours=hour), 8)

    assert spans(period, NOW, NOW + DAY) == []


def test_two_are_needed_where_the_headcount_says_so():
    period = make_period()
    cover(make_role(period, headcount=2), NOW, 24)

    found = coverage.find_gaps(period, start=NOW, end=NOW + DAY)

    assert [(gap.missing, gap.nobody) for gap in found] == [(1, False)]
    assert coverage.describe_gap(found[0], period).startswith("Billing engineering is 1 short")


@pytest.mark.parametrize("fields", [{"kind": "deputy"}, {"cancelled_at": NOW}])
def test_a_deputy_or_a_cancelled_shift_covers_nothing(fields):
    period = make_period()
    cover(make_role(period), NOW, 24, **fields)

    assert spans(period, NOW, NOW + DAY) == [(NOW, NOW + DAY, 1)]


def test_somebody_deactivated_covers_nothing():
    period = make_period()
    role = make_role(period)
    cover(role, NOW, 24)
    role.shifts.get().user.__class__.objects.filter(shifts__role=role).update(is_active=False)

    assert spans(period, NOW, NOW + DAY) == [(NOW, NOW + DAY, 1)]


def test_no_cover_is_required_before_go_live_nor_after_the_end():
    period = make_period()
    make_role(period)

    found = spans(period, GO_LIVE - DAY, period.ends_at + DAY)

    assert found == [(GO_LIVE, period.ends_at, 1)]


def test_cover_ends_where_the_role_says():
    period = make_period()
    make_role(period, cover_until=NOW + timedelta(hours=2))

    assert spans(period, NOW, NOW + DAY) == [(NOW, NOW + timedelta(hours=2), 1)]


def test_business_hours_are_those_of_the_periods_zone():
    period = make_period()
    make_role(period, cover="business")
    friday = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)

    found = spans(period, friday, friday + 3 * DAY)

    assert found == [(datetime(2026, 11, 20, 8, tzinfo=UTC), datetime(2026, 11, 20, 16, tzinfo=UTC), 1)]


def test_a_role_without_fixed_cover_has_no_gap():
    period = make_period()
    make_role(period, cover="none")

    assert spans(period, NOW, NOW + DAY) == []


def test_the_night_of_25_hours_needs_25():
    go_live = datetime(2026, 10, 24, 6, 0, tzinfo=UTC)
    period = make_period(go_live_at=go_live, went_live_at=go_live, ends_at=go_live + 7 * DAY)
    make_role(period)
    start, end = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)

    assert coverage.gap_minutes(period, start=start, end=end) == 25 * 60


def test_minutes_are_counted_per_missing_person():
    period = make_period()
    make_role(period, "One", headcount=2)
    make_role(period, "Two")

    assert coverage.gap_minutes(period, start=NOW, end=NOW + timedelta(hours=1)) == 180


def test_gaps_come_earliest_first_then_by_role():
    period = make_period()
    late, early = make_role(period, "Late"), make_role(period, "Early")
    cover(late, NOW, 1)

    assert [gap.role for gap in coverage.find_gaps(period, start=NOW, end=NOW + DAY)] == [early, late]


def test_a_gap_is_said_in_the_periods_zone():
    period = make_period()
    make_role(period, "Platform")
    start = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)

    (gap,) = coverage.find_gaps(period, start=start, end=start + timedelta(hours=8))

    assert coverage.describe_gap(gap, period) == "Platform has nobody Sat 21 Nov 17:00 to Sun 01:00"


@pytest.mark.parametrize("count", [1, 50])
def test_gaps_cost_two_queries_however_many_shifts(count, django_assert_num_queries):
    period = make_period()
    for n in range(count):
        cover(make_role(period, f"Role {n}"), NOW, 8)

    with django_assert_num_queries(2):
        found = coverage.find_gaps(period, start=NOW, end=NOW + DAY)

    assert len(found) == count


# --- The gate


def test_a_go_is_refused_while_a_gap_lies_in_the_first_seven_days():
    period = make_period(Period.Status.READINESS, go_live_at=GO_LIVE)
    role = make_role(period, "Platform", cover="12x7")
    for day in range(7):
        if day != 3:
            cover(role, GO_LIVE.replace(hour=5) + day * DAY, 15)

    found = coverage.find_blockers(period, "go", at=GO_LIVE - 2 * DAY)

    assert [blocker.text for blocker in found] == ["Platform has nobody Tue 17 Nov 08:00 to 20:00."]
    assert "?gap=" in found[0].url


def test_a_gap_in_the_second_week_does_not_stop_a_go():
    period = make_period(Period.Status.READINESS)
    role = make_role(period)
    for hour in range(0, 168, 24):
        cover(role, GO_LIVE + timedelta(hours=hour), 24)

    assert coverage.find_blockers(period, "go", at=GO_LIVE - DAY) == []


@pytest.mark.parametrize("transition", ["plan", "invite", "start", "close", "cancel"])
def test_other_steps_do_not_wait_for_cover(transition):
    period = make_period(Period.Status.READINESS)
    make_role(period)

    assert coverage.find_blockers(period, transition, at=NOW) == []


# --- The debrief's agenda


def test_the_agenda_names_who_is_missing_in_the_next_three_days():
    period = make_period()
    role = make_role(period, "Platform", cover_until=NOW + timedelta(hours=10))
    cover(role, NOW, 8)

    section = coverage.agenda_section(period, since=NOW - DAY, at=NOW)

    assert section.title == "Cover"
    assert [(line.text, line.note) for line in section.items] == [
        ("Platform has nobody Wed 18 Nov 22:12 to Thu 00:12", "2 h")
    ]


def test_a_covered_period_has_nothing_on_the_agenda():
    period = make_period()
    make_role(period, cover="none")

    assert coverage.agenda_section(period, since=NOW - DAY, at=NOW).items == []


# --- What lies ahead


@pytest.mark.parametrize(("status", "count"), [("active", 1), ("closed", 0)])
def test_gaps_ahead_are_those_of_the_next_seven_days(status, count):
    period = make_period(status)
    make_role(period)

    found = coverage.upcoming_gaps(period, at=NOW)

    assert len(found) == count
    assert all(gap.end <= NOW + 7 * DAY for gap in found)


def test_before_go_live_the_first_seven_days_count():
    period = make_period(Period.Status.READINESS)
    make_role(period)

    (gap,) = coverage.upcoming_gaps(period, at=GO_LIVE - 10 * DAY)

    assert (gap.start, gap.end) == (GO_LIVE, GO_LIVE + 7 * DAY)
