"""Who is part of a period, who is on duty, who answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contributors.models import Membership, Shift
from contributors.people import members
from contributors.shifts import absences, on_call, release, roster
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from periods.models import JournalEntry, Period
from tests.factories import GO_LIVE, NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db


def on(period: Period) -> datetime:
    """An hour on day 5."""
    return NOW.replace(minute=0)


def last_entry(period: Period) -> JournalEntry:
    return JournalEntry.objects.filter(period=period).latest("seq")


def assign(period: Period, user: User, *, start: datetime = NOW, hours: float = 8, **more: object) -> Shift:
    role = more.pop("role", None) or make_role(period, f"Role {user.pk}")
    more.setdefault("by", period.lead)
    return roster.assign_shift(
        role.pk, user=user, starts_at=start, ends_at=start + timedelta(hours=hours), at=NOW, **more
    )


# --- Members


def test_adding_somebody_makes_them_a_member_and_writes_one_entry():
    period, priya = make_period(), make_user("Priya Raman")
    role = make_role(period)

    member = members.add_member(period.pk, user=priya, right="contributor", role=role, by=period.lead, at=NOW)

    entry = last_entry(period)
    assert (member.right, member.role, member.joined_at) == ("contributor", role, NOW)
    assert (entry.kind, entry.subject, entry.data["user"]) == ("contributor.added", f"member:{member.pk}", priya.pk)


def test_a_member_is_not_added_twice():
    period = make_period()
    priya = make_member(period, make_user("Priya Raman")).user

    with pytest.raises(AlreadyDone, match="Priya Raman is already part of Billing cut-over, as contributor"):
        members.add_member(period.pk, user=priya, right="viewer", role=None, by=period.lead, at=NOW)

    assert JournalEntry.objects.filter(period=period).count() == 0


@pytest.mark.parametrize(("right", "field"), [("boss", "right"), ("", "right")])
def test_an_unknown_right_is_named(right, field):
    period = make_period()

    with pytest.raises(Invalid) as refusal:
        members.add_member(period.pk, user=make_user(), right=right, role=None, by=period.lead, at=NOW)

    assert field in refusal.value.errors


def test_a_role_of_another_period_is_refused():
    period, foreign = make_period(), make_role(make_period(), "Elsewhere")

    with pytest.raises(Invalid, match="Elsewhere is not a role of"):
        members.add_member(period.pk, user=make_user(), right="support", role=foreign, by=period.lead, at=NOW)


def test_somebody_who_left_can_come_back_as_a_new_membership():
    period, priya = make_period(), make_user()
    make_member(period, priya, left_at=GO_LIVE)

    members.add_member(period.pk, user=priya, right="contributor", role=None, by=period.lead, at=NOW)

    assert Membership.objects.filter(period=period, user=priya).count() == 2


def test_inviting_records_when_and_that_a_second_time_is_a_reminder():
    period = make_period()
    member = make_member(period)

    members.invite(member.pk, by=period.lead, at=NOW)
    members.invite(member.pk, by=period.lead, at=NOW + timedelta(days=1))

    entries = JournalEntry.objects.filter(period=period, kind="contributor.invited").order_by("seq")
    member.refresh_from_db()
    assert member.invited_at == NOW + timedelta(days=1)
    assert [entry.data["again"] for entry in entries] == [False, True]


def test_inviting_all_asks_only_people_with_a_duty_who_were_not_asked():
    period = make_period()
    role = make_role(period)
    asked = make_member(period, role=role, invited_at=GO_LIVE)
    fresh = make_member(period, role=role)

    invited = members.invite_all(period.pk, by=period.lead, at=NOW)

    assert [member.pk for member in invited] == [fresh.pk]
    asked.refresh_from_db()
    assert asked.invited_at == GO_LIVE


def test_removing_somebody_cancels_what_they_were_to_work():
    period = make_period()
    member = make_member(period)
    role = make_role(period)
    past = make_shift(role, member.user, starts_at=NOW - timedelta(days=1))
    coming = make_shift(role, member.user, starts_at=NOW + timedelta(days=1))

    release.remove_member(member.pk, by=period.lead, at=NOW)

    past.refresh_from_db()
    coming.refresh_from_db()
    assert past.cancelled_at is None
    assert (coming.cancelled_at, coming.revision) == (NOW, 1)
    kinds = list(JournalEntry.objects.filter(period=period).order_by("seq").values_list("kind", flat=True))
    assert kinds == ["contributor.removed", "shift.cancelled"]


def test_the_named_lead_is_not_removed():
    period = make_period()
    lead = Membership.objects.get(period=period, user=period.lead)

    with pytest.raises(Refused, match="leads Billing cut-over"):
        release.remove_member(lead.pk, by=period.lead, at=NOW)


def test_the_only_owner_keeps_the_period():
    period = make_period()
    Membership.objects.filter(period=period).exclude(user=period.lead).update(right="viewer")
    lead = Membership.objects.get(period=period, user=period.lead)

    with pytest.raises(Refused, match="only owner"):
        release.change_member(lead.pk, right="viewer", role=None, by=period.lead, at=NOW)


def test_nothing_changes_in_a_closed_period():
    period = make_period(Period.Status.CLOSED)

    with pytest.raises(Refused, match="has ended"):
        members.add_member(period.pk, user=make_user(), right="viewer", role=None, by=period.lead, at=NOW)


def test_a_person_is_found_by_address_whatever_its_case():
    known = make_user("Priya Raman", email="priya@example.test")

    assert members.get_or_create_person(email=" Priya@Example.test ", name="Somebody else") == known


def test_an_unknown_address_makes_a_person_who_can_only_use_links():
    person = members.get_or_create_person(email="new@example.test", name="New  Person")

    assert person.name == "New Person"
    assert not person.has_usable_password()


# --- Shifts


def test_a_shift_is_planned_and_journalled():
    period = make_period()
    priya = make_member(period).user

    shift = assign(period, priya)

    entry = last_entry(period)
    assert (entry.kind, entry.subject, entry.data["user"]) == ("shift.added", f"shift:{shift.pk}", priya.pk)


@pytest.mark.parametrize(
    ("start", "hours", "field", "words"),
    [
        (NOW, 0, "ends_at", "must end after it starts"),
        (NOW, -1, "ends_at", "must end after it starts"),
        (NOW, 24.5, "ends_at", "24 hours at most"),
        (GO_LIVE - timedelta(hours=8), 4, "starts_at", "day of go-live, Sat 14 Nov"),
        (GO_LIVE + timedelta(days=14), 23, "ends_at", "last day, Sat 28 Nov"),
    ],
)
def test_times_that_cannot_stand_are_refused(start, hours, field, words):
    period = make_period()
    priya = make_member(period).user

    with pytest.raises(Invalid) as refusal:
        assign(period, priya, start=start, hours=hours)

    assert words in refusal.value.errors[field][0]
    assert Shift.objects.count() == 0


def test_the_day_of_go_live_counts_from_its_midnight():
    period = make_period()
    priya = make_member(period).user

    shift = assign(period, priya, start=datetime(2026, 11, 13, 23, 0, tzinfo=UTC))  # 00:00 in Copenhagen

    assert shift.pk


def test_one_person_is_on_a_role_once_at_a_time():
    period = make_period()
    priya = make_member(period, make_user("Priya Raman")).user
    role = make_role(period)
    assign(period, priya, role=role)

    with pytest.raises(Invalid, match="Priya Raman is already on Billing engineering from Wed 18 Nov 14:12"):
        assign(period, priya, role=role, start=NOW + timedelta(hours=7))


def test_shifts_may_touch_and_a_cancelled_one_does_not_count():
    period = make_period()
    priya = make_member(period).user
    role = make_role(period, on_call=True)
    first = assign(period, priya, role=role)

    assign(period, priya, role=role, start=first.ends_at)
    roster.cancel_shift(first.pk, by=period.lead, at=NOW)
    again = assign(period, priya, role=role)

    assert again.starts_at == first.starts_at


def test_two_roles_at_once_are_allowed():
    period = make_period()
    priya = make_member(period).user

    assign(period, priya, role=make_role(period, "Incident lead"))
    assign(period, priya, role=make_role(period, "Billing"))

    assert len(roster.shifts_on_duty(period, at=NOW)) == 2


def test_a_stranger_is_not_put_on_duty():
    period = make_period()

    with pytest.raises(Invalid, match="is not part of"):
        assign(period, make_user("Stranger"))


def test_cancelling_tells_calendars_and_works_once():
    period = make_period()
    shift = assign(period, make_member(period).user)

    roster.cancel_shift(shift.pk, by=period.lead, at=NOW)

    shift.refresh_from_db()
    assert (shift.cancelled_at, shift.revision) == (NOW, 1)
    assert last_entry(period).data["what"] == "cancelled"
    with pytest.raises(AlreadyDone, match="cancelled already"):
        roster.cancel_shift(shift.pk, by=period.lead, at=NOW)


def test_a_shift_that_is_over_stays():
    period = make_period()
    shift = assign(period, make_member(period).user)

    with pytest.raises(Refused, match="is over"):
        roster.cancel_shift(shift.pk, by=period.lead, at=shift.ends_at)


# --- Who is on, who answers


def test_duty_begins_at_its_start_and_ends_before_its_end():
    period = make_period()
    shift = assign(period, make_member(period).user)

    assert roster.shifts_on_duty(period, at=shift.starts_at - timedelta(seconds=1)) == []
    assert roster.shifts_on_duty(period, at=shift.starts_at) == [shift]
    assert roster.shifts_on_duty(period, at=shift.ends_at) == []


@pytest.mark.parametrize("count", [1, 50])
def test_duty_costs_one_query(count, django_assert_num_queries):
    period = make_period()
    for n in range(count):
        make_shift(make_role(period, f"Role {n}"), make_member(period).user)

    with django_assert_num_queries(1):
        on = roster.shifts_on_duty(period, at=NOW)
        assert [(shift.role.name, shift.user.name) for shift in on]

    assert len(on) == count


def test_a_page_without_a_role_goes_to_the_role_that_answers_pages():
    period = make_period()
    pages, other = make_role(period, "Engineering"), make_role(period, "Finance")
    priya, tomasz = make_member(period).user, make_member(period).user
    make_shift(pages, priya)
    make_shift(other, tomasz)

    assert on_call.responders_for(None, period, at=NOW) == (priya, None)
    assert on_call.responders_for(other, period, at=NOW) == (tomasz, None)


def test_the_deputy_is_who_holds_a_deputy_shift():
    period, role = make_period(), None
    role = make_role(period)
    first, second = make_member(period).user, make_member(period).user
    make_shift(role, second, kind="deputy")
    make_shift(role, first)

    assert on_call.responders_for(None, period, at=NOW) == (first, second)


def test_the_named_deputy_stands_in_where_nobody_holds_the_shift():
    period = make_period()
    role = make_role(period)
    named = make_member(period, role=role, is_deputy=True).user

    assert on_call.responders_for(None, period, at=NOW) == (None, named)


def test_somebody_deactivated_is_not_paged():
    period = make_period()
    gone = make_member(period, make_user(is_active=False)).user
    make_shift(make_role(period), gone)

    assert on_call.responders_for(None, period, at=NOW) == (None, None)


def hours_of(period, start, end):
    """Hours on duty by person."""
    return roster.hours_of_shifts(roster.shifts_of_period(period, start=start, end=end), start=start, end=end)


def test_hours_in_two_roles_at_once_count_once():
    period = make_period()
    priya = make_member(period).user
    make_shift(make_role(period, "One"), priya, hours=8)
    make_shift(make_role(period, "Two"), priya, starts_at=NOW + timedelta(hours=4), hours=8)

    found = hours_of(period, NOW - timedelta(days=1), NOW + timedelta(days=1))

    assert found == {priya.pk: 12.0}


def test_hours_are_cut_to_the_week_asked_for():
    period = make_period()
    priya = make_member(period).user
    make_shift(make_role(period), priya, hours=8)

    assert hours_of(period, NOW + timedelta(hours=6), NOW + timedelta(days=1)) == {priya.pk: 2.0}


# --- Fit to work --------------------------------------------------------------------------------


def test_a_shift_without_enough_rest_is_refused_with_the_reason():
    period = make_period()
    priya = make_member(period).user
    role = make_role(period)
    assign(period, priya, role=role)

    with pytest.raises(Invalid) as refusal:
        assign(period, priya, role=role, start=NOW + timedelta(hours=16))

    assert refusal.value.errors == {
        "user": [f"{priya} cannot work this: Only 8 h rest before Thu 19 Nov 05:12, 11 h is the least."]
    }


def test_what_is_only_warned_of_is_kept_with_the_shift():
    period = make_period()
    priya = make_member(period).user

    shift = assign(period, priya, start=NOW + timedelta(hours=7), hours=10)

    assert shift.warnings == ["Night shift of 10 h from Wed 18 Nov 20:12"]
    assert JournalEntry.objects.get(subject=f"shift:{shift.pk}").data["warnings"] == shift.warnings


def test_somebody_away_is_not_put_on_duty():
    period = make_period()
    priya = make_member(period).user
    absences.add(priya, starts_at=NOW + timedelta(hours=1), ends_at=NOW + timedelta(days=2), at=NOW)

    with pytest.raises(Invalid, match="is away Wed 18 Nov 14:12 to Fri 20 Nov 13:12"):
        assign(period, priya)


def test_nobody_is_on_duty_in_two_periods_at_once():
    here, there = make_period(), make_period()
    priya = make_member(here).user
    make_member(there, priya)
    assign(there, priya)

    with pytest.raises(Invalid, match="Nobody can be in two places"):
        assign(here, priya)
