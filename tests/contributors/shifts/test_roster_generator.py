"""Generate from the plan: fair, rested, and honest about what it could not do."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from contributors.models import Delivery, Shift
from contributors.shifts import absences, coverage, roster_generator, work_time_limits
from hypercare.exceptions import AlreadyDone, NotAllowed, Refused
from periods.journal import journal
from periods.models import JournalEntry, Period
from tests.factories import GO_LIVE, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
BEFORE = GO_LIVE - timedelta(days=3)
DAY = timedelta(days=1)


def staffed(count: int, *, zones: tuple[str, ...] = ("Europe/Copenhagen",), **role: object) -> Period:
    period = make_period(Period.Status.READINESS)
    duty = make_role(period, **role)
    for n in range(count):
        make_member(period, make_user(f"Person {n:02}", timezone=zones[n % len(zones)]), role=duty)
    return period


def test_enough_people_leave_no_gap_and_break_nothing_that_blocks():
    period = staffed(6)

    found = roster_generator.propose(period, at=BEFORE)

    assert found.unmet == ()
    Shift.objects.bulk_create(found.shifts)
    assert coverage.find_gaps(period, start=period.starts_at, end=period.ends_at) == []
    for load in found.loads:
        assert not [one for one in work_time_limits.find_breaches(load.worked, load.user.zone) if one.level == "block"]


def test_hours_and_nights_are_shared():
    found = roster_generator.propose(staffed(6), at=BEFORE)

    hours, nights = ([getattr(load, name) for load in found.loads] for name in ("hours", "nights"))
    assert max(hours) - min(hours) <= 16
    assert max(nights) - min(nights) <= 14


def test_with_people_around_the_world_few_work_at_night():
    here = roster_generator.propose(staffed(6), at=BEFORE)
    around = roster_generator.propose(
        staffed(6, zones=("Europe/Copenhagen", "Asia/Kolkata", "America/New_York")), at=BEFORE
    )

    assert sum(load.nights for load in around.loads) < sum(load.nights for load in here.loads) / 2


def test_nobody_is_planned_while_away():
    period = staffed(6)
    user = period.roles.get().members.order_by("id").first().user
    absences.add(user, starts_at=GO_LIVE + DAY, ends_at=GO_LIVE + 4 * DAY, at=BEFORE)

    found = roster_generator.propose(period, at=BEFORE)

    inside = [
        s
        for s in found.shifts
        if s.user_id == user.pk and s.starts_at < GO_LIVE + 4 * DAY and s.ends_at > GO_LIVE + DAY
    ]
    assert inside == []


def test_whoever_takes_over_begins_earlier_where_the_role_wants_people_to_meet():
    plain = roster_generator.propose(staffed(8), at=BEFORE).shifts
    meeting = roster_generator.propose(staffed(8, overlap_minutes=15), at=BEFORE).shifts

    def begun(shifts: tuple[Shift, ...]) -> list[tuple[Shift, Shift]]:
        return [
            (one, other)
            for one in shifts
            for other in shifts
            if one.kind == other.kind == "primary" and one.starts_at < other.starts_at < one.ends_at < other.ends_at
        ]

    assert begun(plain) == []
    assert begun(meeting)
    assert {one.ends_at - other.starts_at for one, other in begun(meeting)} == {timedelta(minutes=15)}
    assert all(one.user_id != other.user_id for one, other in begun(meeting))


def test_too_few_people_are_said_with_the_reason():
    found = roster_generator.propose(staffed(2), at=BEFORE)

    assert found.unmet
    assert any("rest" in reason for one in found.unmet for reason in one.reasons)


def test_a_role_without_people_says_so_once():
    found = roster_generator.propose(staffed(0), at=BEFORE)

    assert [one.reasons for one in found.unmet] == [("Nobody has the duty Billing engineering",)]


def test_what_is_planned_stays_and_is_counted():
    period = staffed(6)
    role = period.roles.get()
    user = role.members.order_by("id").first().user
    make_shift(role, user, starts_at=GO_LIVE + DAY)

    found = roster_generator.propose(period, at=BEFORE)

    assert all(s.starts_at >= GO_LIVE + DAY + timedelta(hours=8) or s.ends_at <= GO_LIVE + DAY for s in found.shifts)


def test_several_are_planned_where_several_are_needed():
    period = staffed(6, cover="business", headcount=2)

    found = roster_generator.propose(period, at=BEFORE)

    monday = datetime(2026, 11, 16, 8, tzinfo=UTC)
    assert len({s.user_id for s in found.shifts if s.starts_at == monday}) == 2


def test_accepting_puts_it_in_the_plan_and_undoing_takes_it_out():
    period = staffed(6)
    shown = roster_generator.propose(period, at=BEFORE)

    batch, many = roster_generator.accept(period.pk, version=shown.version, by=period.lead, at=BEFORE)

    assert many == len(shown.shifts) == Shift.objects.filter(cancelled_at__isnull=True).count()
    assert len(JournalEntry.objects.get(period=period, kind="shift.planned").data["users"]) == 6

    assert roster_generator.undo(period.pk, batch, by=period.lead, at=BEFORE) == many
    assert not Shift.objects.filter(cancelled_at__isnull=True).exists()
    with pytest.raises(AlreadyDone):
        roster_generator.undo(period.pk, batch, by=period.lead, at=BEFORE)


def test_a_proposal_that_is_out_of_date_is_shown_again():
    period = staffed(6)
    shown = roster_generator.propose(period, at=BEFORE)
    work_time_limits.set_limits(period.pk, {}, by=period.lead, at=BEFORE)

    with pytest.raises(Refused, match="has changed since"):
        roster_generator.accept(period.pk, version=shown.version, by=period.lead, at=BEFORE)


def test_each_is_told_how_many_shifts_are_theirs_not_how_many_the_roster_has():
    period = staffed(4)
    shown = roster_generator.propose(period, at=BEFORE)
    batch, many = roster_generator.accept(period.pk, version=shown.version, by=period.lead, at=BEFORE)
    roster_generator.undo(period.pk, batch, by=period.lead, at=BEFORE)

    journal.dispatch_entries(at=BEFORE)

    own = Counter(shift.user_id for shift in shown.shifts)
    said = sorted(Delivery.objects.filter(kind="shifts_planned").values_list("recipient", "context__title"))
    assert max(own.values()) < many
    assert said == sorted(
        (user, f"{count} {word}") for user, count in own.items() for word in ("new or changed", "taken away")
    )


def test_only_who_plans_accepts():
    period = staffed(6)

    with pytest.raises(NotAllowed):
        roster_generator.accept(period.pk, version=0, by=make_member(period).user, at=BEFORE)


@pytest.mark.parametrize("people", [4, 12])
def test_a_proposal_costs_the_same_however_many_people(people, django_assert_num_queries):
    period = staffed(people)

    with django_assert_num_queries(7):
        roster_generator.propose(period, at=BEFORE)
