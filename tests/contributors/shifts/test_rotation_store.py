"""Rotations as rows: shifts made from them, made anew, and what stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from contributors.handoffs import succession
from contributors.models import Delivery, Rotation, Shift
from contributors.shifts import (
    absences,
    coverage,
    go_live_moved,
    reassign,
    roles,
    roster,
    rotation_checks,
    rotation_store,
    work_time_limits,
)
from contributors.shifts.rotation_store import RotationSpec
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed
from hypercare.models import User
from periods.journal import journal
from periods.models import JournalEntry, Period
from tests.factories import GO_LIVE, NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
BEFORE = GO_LIVE - timedelta(days=3)
DAY = timedelta(days=1)


@pytest.fixture
def period() -> Period:
    return make_period(Period.Status.READINESS)


@pytest.fixture
def people(period: Period) -> tuple[User, ...]:
    return tuple(
        make_member(period, make_user(name, timezone="Europe/Copenhagen")).user for name in ("Ann", "Ben", "Cleo")
    )


def spec(period: Period, people: tuple[User, ...], **changes: object) -> RotationSpec:
    plain = {
        "role": make_role(period, on_call=True) if "role" not in changes else changes["role"],
        "name": "Nights",
        "people": people,
        "first_on": date(2026, 11, 14),
        "hand_off_at": time(8),
        "zone_name": "Europe/Copenhagen",
    }
    return RotationSpec(**{**plain, **changes})


def save(made: RotationSpec, *, at: datetime = BEFORE, **more: object) -> Rotation:
    return rotation_store.save(made, by=made.role.period.lead, at=at, **more)


def plan(role) -> list[tuple[str, datetime]]:
    found = Shift.objects.filter(role=role, cancelled_at__isnull=True).select_related("user")
    return [(shift.user.name, shift.starts_at) for shift in found.order_by("starts_at")]


def test_a_rotation_becomes_the_shifts_of_the_window(period, people):
    made = spec(period, people)

    save(made)

    assert [who for who, _ in plan(made.role)][:4] == ["Ann", "Ben", "Cleo", "Ann"]
    assert coverage.find_gaps(period, start=GO_LIVE + timedelta(hours=1), end=period.ends_at) == []
    assert JournalEntry.objects.get(period=period).data["users"] == sorted(user.pk for user in people)


def test_everybody_whose_shifts_change_is_told_once(period, people):
    save(spec(period, people))

    journal.dispatch_entries(at=BEFORE)
    journal.dispatch_entries(at=BEFORE)

    mails = Delivery.objects.filter(kind="shifts_planned")
    assert sorted(mails.values_list("recipient__name", flat=True)) == ["Ann", "Ben", "Cleo"]


@pytest.mark.parametrize("days", [14, 84])
def test_storing_a_window_takes_ten_statements_at_most(people, django_assert_max_num_queries, days):
    period = make_period(ends_at=GO_LIVE + days * DAY)
    for user in people:
        make_member(period, user)
    made = spec(period, people)

    with django_assert_max_num_queries(21) as asked:
        save(made)

    of_shifts = [one for one in asked.captured_queries if '"contributors_shift"' in one["sql"]]
    assert len(of_shifts) <= 3


def test_a_change_keeps_the_rows_that_stay_the_same(period, people):
    made = spec(period, people)
    rotation = save(made)
    before = {shift.pk: shift.revision for shift in Shift.objects.all()}

    save(made, rotation_id=rotation.pk)

    assert {shift.pk: shift.revision for shift in Shift.objects.filter(cancelled_at__isnull=True)} == before


def test_a_change_makes_the_coming_anew_and_leaves_the_past(people):
    period = make_period()
    for user in people:
        make_member(period, user)
    made = spec(period, people)
    rotation = save(made)

    save(replace(made, people=people[:1]), at=NOW, rotation_id=rotation.pk)

    shifts = plan(made.role)
    assert [who for who, when in shifts if when <= NOW] == ["Ann", "Ben", "Cleo", "Ann", "Ben"]
    assert {who for who, when in shifts if when > NOW} == {"Ann"}
    assert coverage.find_gaps(period, start=NOW, end=period.ends_at) == []


def test_overrides_and_fixed_shifts_outlive_a_change(period, people):
    made = spec(period, people)
    rotation = save(made)
    shift = Shift.objects.filter(user=people[0]).order_by("starts_at")[1]
    reassign.replace(
        shift.pk, to=people[1], starts_at=shift.starts_at, ends_at=shift.ends_at, by=period.lead, at=BEFORE
    )
    fixed = make_shift(made.role, people[2], starts_at=shift.starts_at)

    save(made, rotation_id=rotation.pk)

    then = roster.shifts_on_duty(period, at=shift.starts_at + timedelta(hours=1))
    assert sorted(one.user.name for one in then) == ["Ben", "Cleo"]
    assert Shift.objects.get(pk=fixed.pk).cancelled_at is None


def test_a_shift_taken_out_does_not_come_back(period, people):
    made = spec(period, people)
    rotation = save(made)
    shift = Shift.objects.order_by("starts_at")[3]
    roster.cancel_shift(shift.pk, by=period.lead, at=BEFORE)

    save(made, rotation_id=rotation.pk)

    assert (shift.user.name, shift.starts_at) not in plan(made.role)


def test_the_upper_layer_wins(period, people):
    made = spec(period, people[:1])
    save(made)

    save(replace(made, name="Days", layer=2, people=people[1:2], hours=({"from": "09:00", "to": "17:00"},)))

    noon = datetime(2026, 11, 16, 11, tzinfo=UTC)
    assert [shift.user.name for shift in roster.shifts_on_duty(period, at=noon)] == ["Ben"]
    assert coverage.find_gaps(period, start=GO_LIVE + DAY, end=period.ends_at) == []


def test_a_rotation_that_follows_the_sun_groups_people_by_their_zone(period):
    people = tuple(
        make_member(period, make_user(name, timezone=zone)).user
        for name, zone in (("Dane", "Europe/Copenhagen"), ("Priya", "Asia/Kolkata"), ("Marcus", "America/New_York"))
    )
    made = spec(period, people, follows_the_sun=True)

    save(made)

    assert [who for who, when in plan(made.role) if when.date() == date(2026, 11, 16)] == ["Priya", "Dane", "Marcus"]


def test_an_ended_rotation_takes_its_coming_shifts_with_it(period, people):
    made = spec(period, people)
    rotation = save(made)

    rotation_store.end(rotation.pk, by=period.lead, at=BEFORE)

    assert plan(made.role) == []
    with pytest.raises(AlreadyDone):
        rotation_store.end(rotation.pk, by=period.lead, at=BEFORE)


def test_a_day_of_25_hours_is_one_shift_of_25_hours():
    period = make_period(go_live_at=datetime(2026, 10, 20, 6, tzinfo=UTC), ends_at=datetime(2026, 10, 28, tzinfo=UTC))
    user = make_member(period).user
    made = spec(period, (user,), first_on=date(2026, 10, 20))

    save(made, at=datetime(2026, 10, 1, tzinfo=UTC))

    assert max(shift.ends_at - shift.starts_at for shift in Shift.objects.all()) == timedelta(hours=25)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"people": ()}, "people"),
        ({"zone_name": "Mars/Olympus"}, "zone_name"),
        ({"name": " "}, "name"),
        ({"kind": "boss"}, "kind"),
        ({"every": 0}, "every"),
    ],
)
def test_a_rotation_that_cannot_stand_is_refused_beside_its_field(period, people, changes, field):
    with pytest.raises(Invalid) as refusal:
        save(replace(spec(period, people), **changes))

    assert list(refusal.value.errors) == [field]
    assert not Rotation.objects.exists()


def test_strangers_do_not_take_turns(period, people):
    with pytest.raises(Invalid, match="is not part of"):
        save(spec(period, (*people, make_user("Nobody"))))


def test_only_who_plans_makes_rotations(period, people):
    made = spec(period, people)

    with pytest.raises(NotAllowed):
        rotation_store.save(made, by=people[0], at=BEFORE)


def test_a_turn_of_a_week_changes_hands_as_a_shift_a_day_and_stays_so(period, people):
    made = spec(period, people, unit="weeks")
    rotation = save(made)
    turn = Shift.objects.order_by("starts_at").first()

    reassign.replace(turn.pk, to=people[1], starts_at=turn.starts_at, ends_at=turn.ends_at, by=period.lead, at=BEFORE)
    save(made, rotation_id=rotation.pk)

    assert coverage.find_gaps(period, start=turn.starts_at, end=period.ends_at) == []
    assert {who for who, when in plan(made.role) if when < turn.ends_at} == {"Ben"}
    entry = JournalEntry.objects.get(period=period, kind="shift.covered")
    assert entry.data["ends_at"] == turn.ends_at.isoformat()


def test_a_rotation_moves_with_go_live(period, people):
    made = spec(period, people, unit="weeks")
    rotation = save(made)
    later = GO_LIVE + 7 * DAY
    entry = journal.record(
        period,
        "period.postponed",
        by=period.lead,
        at=BEFORE,
        old_go_live_at=GO_LIVE.isoformat(),
        new_go_live_at=later.isoformat(),
    )

    go_live_moved.move_shifts(entry)

    rotation.refresh_from_db()
    first = Shift.objects.order_by("starts_at").first()
    assert rotation.first_on == date(2026, 11, 21)
    assert first.ends_at - first.starts_at == 7 * DAY


# --- Meeting at hand-offs -----------------------------------------------------------------------


def meet(role, minutes: int, *, at: datetime = BEFORE):
    held = roles.CoverSpec(role.cover, role.headcount, on_call=role.on_call, overlap_minutes=minutes)
    return roles.change_cover(role.pk, held, by=role.period.lead, at=at)


def test_the_next_person_begins_earlier_where_the_role_says_so(period, people):
    made = spec(period, people[:2])
    save(made)

    meet(made.role, 15)

    shifts = list(Shift.objects.filter(role=made.role, cancelled_at__isnull=True).order_by("starts_at"))
    assert shifts[0].ends_at - shifts[1].starts_at == timedelta(minutes=15)
    assert succession.count_abrupt_changes(shifts) == 0
    assert JournalEntry.objects.get(kind="role.changed").data["users"] == sorted(one.pk for one in people[:2])


def test_nobody_begins_earlier_to_follow_themself_or_nobody(period, people):
    role = make_role(period, overlap_minutes=15)
    hours = ({"from": "09:00", "to": "12:00"},)

    save(spec(period, people, role=role, hours=hours))
    save(spec(period, people[:1], role=make_role(period, "Alone", on_call=True, overlap_minutes=15)))

    assert {shift.starts_at.minute for shift in Shift.objects.all()} == {0}


def test_planning_again_while_two_people_meet_changes_no_shift(period, people):
    made = spec(period, people[:2])
    save(made)
    meet(made.role, 15)
    before = set(Shift.objects.filter(cancelled_at__isnull=True).values_list("pk", "starts_at", "ends_at"))
    handing_over_at = Shift.objects.order_by("starts_at")[1].starts_at
    rotation = Rotation.objects.get()

    for minutes in (-1, 5, 16):
        at = handing_over_at + timedelta(minutes=minutes)
        rotation_store.save(made, by=period.lead, at=at, rotation_id=rotation.pk)

    assert set(Shift.objects.filter(cancelled_at__isnull=True).values_list("pk", "starts_at", "ends_at")) == before


def test_minutes_together_are_bounded(period, people):
    with pytest.raises(Invalid) as refused:
        meet(make_role(period), 121)

    assert refused.value.errors == {"overlap_minutes": ["Give 0 to 120 minutes."]}


# --- Limits on duty -----------------------------------------------------------------------------


def test_a_rotation_whose_turns_are_too_long_for_work_is_refused_and_nothing_is_planned(period, people):
    made = spec(period, people, role=make_role(period, on_call=False))

    with pytest.raises(Invalid) as refused:
        save(made)

    assert refused.value.errors["people"][0].startswith("Ann cannot work this: 24 h on duty")
    assert not Shift.objects.exists()
    assert not Rotation.objects.exists()


def test_rest_is_kept_from_what_people_work_elsewhere(period, people):
    office = ({"from": "09:00", "to": "17:00"},)
    made = spec(period, people[:1], role=make_role(period, on_call=False), hours=office)
    night = datetime(2026, 11, 17, 22, tzinfo=UTC)
    make_shift(make_role(period, "Night"), people[0], starts_at=night, hours=8)

    with pytest.raises(Invalid) as refused:
        save(made)

    assert "rest before" in refused.value.errors["people"][0]


def test_on_call_turns_may_be_long_and_changes_by_the_clocks_alone_only_warn(period, people):
    save(spec(period, people))

    assert Shift.objects.exists()


def test_turns_of_somebody_who_is_away_are_refused_by_name_and_day_unless_the_period_lets_them_warn(period, people):
    role = make_role(period, on_call=True)
    made = spec(period, people[:1], role=role, hours=({"from": "09:00", "to": "17:00"},))
    absences.add(people[0], starts_at=GO_LIVE + 2 * DAY, ends_at=GO_LIVE + 3 * DAY, at=BEFORE)

    with pytest.raises(Invalid) as refused:
        save(made)
    work_time_limits.set_limits(period.pk, {"away": {"limit": 0.5, "level": "warn"}}, by=period.lead, at=BEFORE)
    save(made)

    away = (GO_LIVE + 2 * DAY).astimezone(people[0].zone)
    assert f"{people[0]} is away {away:%a %-d %b %H:%M} to" in refused.value.errors["people"][0]
    assert Shift.objects.filter(user=people[0]).exists()


def test_a_preview_says_who_is_away_and_what_tires_them(period, people):
    role = make_role(period, on_call=False)
    made = spec(period, people[:1], role=role, hours=({"from": "09:00", "to": "17:00"},))
    absences.add(people[0], starts_at=GO_LIVE + 2 * DAY, ends_at=GO_LIVE + 3 * DAY, at=BEFORE)
    turns = rotation_store.preview_turns(made, period, start=GO_LIVE, end=GO_LIVE + 10 * DAY)

    found = rotation_checks.find_violations(period, role, made.kind, made.people, turns)

    assert {one.level for one in found} == {"away", "warn"}
    assert any("days in a row" in text for one in found for text in one.texts)
