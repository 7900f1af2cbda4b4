"""Nobody is on duty who may not be: not an active member with a part in the work, then nobody's cover."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contributors.models import Delivery, Membership, Role, Rotation, Shift
from contributors.people import members as people_members
from contributors.reminders import reminders
from contributors.shifts import coverage, on_call, reassign, roles, roster, rotation_store
from contributors.shifts import release as shifts_release
from contributors.shifts.rotation_store import RotationSpec
from hypercare.exceptions import Invalid, Refused
from hypercare.models import User
from periods.journal import journal
from periods.lifecycle import gates
from periods.models import Period
from tests.factories import GO_LIVE, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BEFORE = GO_LIVE - 3 * DAY


class Plan:
    """Ann, Ben and Cleo in turn, day by day, around the clock."""

    def __init__(self) -> None:
        self.period = make_period(Period.Status.READINESS)
        self.people = [make_user(name, timezone="Europe/Copenhagen") for name in ("Ann", "Ben", "Cleo")]
        for person in self.people:
            make_member(self.period, person)
        self.role = make_role(self.period, "Desk", on_call=True)
        self.rotation = self.save("Days", layer=1)

    @property
    def by(self) -> User:
        assert self.period.lead
        return self.period.lead

    def save(self, name: str, *, layer: int, at: datetime = BEFORE, **more: Any) -> Rotation:
        spec = RotationSpec(
            role=self.role,
            name=name,
            people=tuple(self.people),
            first_on=date(2026, 11, 14),
            hand_off_at=time(0),
            zone_name="Europe/Copenhagen",
            layer=layer,
        )
        able = {
            member.user_id
            for member in people_members.members_of(self.period.pk)
            if member.right != "viewer" and member.user.is_active
        }
        people = tuple(user for user in spec.people if user.pk in able)
        return rotation_store.save(replace(spec, people=people), by=self.by, at=at, **more)

    def member(self, person: User) -> Membership:
        return Membership.objects.filter(period=self.period, user=person).latest("id")

    def overlap(self, minutes: int, at: datetime = BEFORE) -> None:
        cover = roles.CoverSpec("24x7", 1, on_call=True, overlap_minutes=minutes)
        roles.change_cover(self.role.pk, cover, by=self.by, at=at)

    def release(self, person: User, at: datetime = BEFORE) -> None:
        shifts_release.remove_member(self.member(person).pk, by=self.by, at=at)

    def watch(self, person: User, right: str = "viewer", at: datetime = BEFORE) -> None:
        shifts_release.change_member(self.member(person).pk, right=right, role=None, by=self.by, at=at)

    def coming(self, person: User) -> int:
        return Shift.objects.filter(role=self.role, user=person, cancelled_at__isnull=True).count()

    def gaps(self) -> list[coverage.RoleGap]:
        return coverage.find_gaps(self.period, start=GO_LIVE, end=GO_LIVE + 7 * DAY)


@pytest.fixture
def plan() -> Plan:
    return Plan()


def switch_off(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


# --- Who leaves stays away ----------------------------------------------------------------------


@pytest.mark.parametrize("how", ["released", "viewer", "switched off"])
def test_whoever_may_not_be_on_duty_stays_away_whatever_of_the_role_is_saved(plan: Plan, how: str) -> None:
    ben = plan.people[1]
    assert plan.gaps() == []
    {"released": plan.release, "viewer": plan.watch, "switched off": switch_off}[how](ben)
    at_once = plan.gaps()

    plan.overlap(15)
    other = plan.save("Nobody's", layer=0)
    rotation_store.end(other.pk, by=plan.by, at=BEFORE)

    assert plan.coming(ben) == 0
    assert at_once
    assert sum(gap.seconds for gap in plan.gaps()) == sum(gap.seconds for gap in at_once)
    assert [one.code for one in gates.find_blockers(plan.period, "go", at=BEFORE)].count("go.cover_gap") == len(at_once)


def test_the_turns_of_the_others_stay_where_they_were(plan: Plan) -> None:
    def held() -> list[tuple[str, datetime]]:
        rows = Shift.objects.filter(role=plan.role, cancelled_at__isnull=True).exclude(user=plan.people[1])
        return list(rows.order_by("starts_at").values_list("user__name", "starts_at"))

    before = held()
    plan.release(plan.people[1])
    rotation_store.remake_shifts(plan.period, plan.role, BEFORE)

    assert held() == before


def test_a_shift_that_still_stands_covers_nothing_and_pages_nobody(plan: Plan) -> None:
    ann = plan.people[0]
    at = GO_LIVE + HOUR
    assert on_call.responders_for(plan.role, plan.period, at=at)[0] == ann
    Membership.objects.filter(period=plan.period, user=ann).update(right="viewer")

    assert on_call.responders_for(plan.role, plan.period, at=at) == (None, None)
    assert roster.shifts_on_duty(plan.period, at=at) == []
    assert plan.gaps()
    shifts = roster.shifts_of_period(plan.period, start=GO_LIVE, end=GO_LIVE + 7 * DAY)
    window = {"start": GO_LIVE, "end": GO_LIVE + 7 * DAY}
    assert coverage.find_gaps_among(plan.period, [plan.role], shifts, **window) == plan.gaps()
    assert coverage.upcoming_gaps_of_all([plan.period], at=BEFORE) == coverage.upcoming_gaps(plan.period, at=BEFORE)


def test_what_was_worked_before_somebody_left_stays_covered() -> None:
    period = make_period()
    role, ben = make_role(period, cover="24x7"), make_user("Ben")
    member = make_member(period, ben)
    make_shift(role, ben, starts_at=GO_LIVE, hours=8)

    shifts_release.remove_member(member.pk, by=period.lead, at=GO_LIVE + 9 * HOUR)

    assert coverage.find_gaps(period, start=GO_LIVE, end=GO_LIVE + 8 * HOUR) == []


def test_the_hourly_look_cancels_what_a_switched_off_account_holds(plan: Plan) -> None:
    switch_off(plan.people[1])

    reminders.on_coverage_watch({"period": plan.period.pk}, due_at=GO_LIVE - DAY, at=GO_LIVE - DAY)

    assert plan.coming(plan.people[1]) == 0
    assert plan.coming(plan.people[0]) > 0


def test_the_lead_hears_at_once_what_somebody_leaves_open(plan: Plan) -> None:
    at = GO_LIVE - 12 * HOUR
    plan.release(plan.people[0], at=at)

    journal.dispatch_entries(at=at)
    journal.dispatch_entries(at=at)

    told = Delivery.objects.filter(recipient=plan.period.lead, kind__in=("coverage_gap", "coverage_ahead"))
    assert set(told.values_list("kind", flat=True)) == {"coverage_gap", "coverage_ahead"}
    assert told.count() == 2


# --- No way in ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "is_active", "words"),
    [
        ("viewer", True, "Vera only looks on in Billing cut-over. Give them another part in it first."),
        ("contributor", False, "Vera’s account is switched off. Choose somebody else."),
    ],
)
def test_no_shift_is_made_for_somebody_who_may_not_be_on_duty(
    plan: Plan, right: str, is_active: bool, words: str
) -> None:
    vera = make_user("Vera", is_active=is_active)
    make_member(plan.period, vera, right=right)
    shift = Shift.objects.filter(role=plan.role).earliest("starts_at")
    span = {"starts_at": shift.starts_at, "ends_at": shift.ends_at}

    with pytest.raises(Invalid) as fixed:
        roster.assign_shift(plan.role.pk, user=vera, **span, by=plan.by, at=BEFORE)
    with pytest.raises(Invalid) as given:
        reassign.replace(shift.pk, to=vera, **span, by=plan.by, at=BEFORE)
    with pytest.raises(Invalid) as turn:
        rotation_store.save(replace(rotation_store.spec_of(plan.rotation), people=(vera,)), by=plan.by, at=BEFORE)

    assert [fixed.value.errors["user"], given.value.errors["user"]] == [[words], [words]]
    assert turn.value.errors["people"] == [words]


# --- Whatever happens ---------------------------------------------------------------------------

STEPS = ("release", "add", "off", "on", "viewer", "contributor", "overlap", "again", "other", "end", "fixed")


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 2)), min_size=4, max_size=10))
def test_after_any_changes_on_call_gaps_and_gate_agree(steps: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        plan = Plan()
        for what, who in steps:
            person = User.objects.get(pk=plan.people[who].pk)
            plan.people[who] = person
            with suppress(Refused), transaction.atomic():
                _take(plan, what, person)
            _agree(plan)
        transaction.set_rollback(True)


def _take(plan: Plan, what: str, person: User) -> None:
    standing = rotation_store.standing_rotations(plan.period)
    acts: dict[str, Any] = {
        "release": lambda: plan.release(person),
        "add": lambda: people_members.add_member(
            plan.period.pk, user=person, right="contributor", role=None, by=plan.by, at=BEFORE
        ),
        "off": lambda: User.objects.filter(pk=person.pk).update(is_active=False),
        "on": lambda: User.objects.filter(pk=person.pk).update(is_active=True),
        "viewer": lambda: plan.watch(person),
        "contributor": lambda: plan.watch(person, "contributor"),
        "overlap": lambda: plan.overlap(Role.objects.get(pk=plan.role.pk).overlap_minutes + 5),
        "again": lambda: plan.save("Days", layer=1, rotation_id=max(row.pk for row in standing) if standing else None),
        "other": lambda: plan.save("Other", layer=2),
        "end": lambda: [rotation_store.end(row.pk, by=plan.by, at=BEFORE) for row in standing[-1:]],
        "fixed": lambda: roster.assign_shift(
            plan.role.pk, user=person, starts_at=GO_LIVE + HOUR, ends_at=GO_LIVE + 5 * HOUR, by=plan.by, at=BEFORE
        ),
    }
    acts[what]()


def _agree(plan: Plan) -> None:
    period = Period.objects.get(pk=plan.period.pk)
    members = Membership.objects.filter(period=period, left_at__isnull=True, user__is_active=True)
    able = set(members.exclude(right="viewer").values_list("user_id", flat=True))
    gaps = plan.gaps()
    for hours in range(1, 7 * 24, 11):
        at = GO_LIVE + hours * HOUR
        on = roster.shifts_on_duty(period, at=at)
        assert {shift.user_id for shift in on} <= able
        assert bool(on) != any(gap.start <= at < gap.end for gap in gaps), at
    blockers = gates.find_blockers(period, "go", at=BEFORE)
    assert [one.code for one in blockers].count("go.cover_gap") == len(gaps)
    roster.cancel_unheld_shifts(period, at=BEFORE)
    left = Shift.objects.filter(role=plan.role, cancelled_at__isnull=True, ends_at__gt=BEFORE)
    assert set(left.values_list("user_id", flat=True)) <= able
    assert plan.gaps() == gaps
