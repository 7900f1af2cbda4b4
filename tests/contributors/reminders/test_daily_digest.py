"""One message a person a day about their checks, over all periods, and none about what was done meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contributors.messaging import rendering
from contributors.models import Delivery
from contributors.reminders import daily_digest
from hypercare.engine import timers
from hypercare.models import Timer, User
from periods import checklist
from periods.debriefs import actions
from periods.journal import journal
from periods.models import ChecklistItem, Period
from tests.factories import make_check, make_debrief, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NINE = datetime(2026, 11, 12, 8, tzinfo=UTC)  # Thursday 09:00 in Copenhagen, two days before go-live
CPH = "Europe/Copenhagen"


def pending(user: User) -> list[datetime]:
    rows = Timer.objects.filter(args__user=user.pk, fired_at__isnull=True, cleared_at__isnull=True)
    return list(rows.order_by("due_at").values_list("due_at", flat=True))


def anna_of(period: Period) -> User:
    return make_member(period, make_user("Anna Berg", timezone=CPH)).user


def told(user: User | None) -> int:
    return Delivery.objects.filter(recipient=user, kind="checklist_reminder").count()


def text_to(user: User | None) -> str:
    return rendering.render(Delivery.objects.get(recipient=user)).text


def fire(period: Period, at: datetime = NINE) -> None:
    daily_digest.arm_digests(period, at=at - HOUR)
    timers.fire_due(at=at)


def test_the_day_before_on_the_day_and_daily_while_late() -> None:
    period = make_period(Period.Status.READINESS)
    anna = anna_of(period)
    make_check(period, title="Fired test alert", owner=anna, due_at=NINE - DAY)
    make_check(period, title="Due today", owner=anna, due_at=NINE + 8 * HOUR)
    make_check(period, title="Due tomorrow", owner=anna, due_at=NINE + DAY + 12 * HOUR, blocking=False)
    make_check(period, title="On Saturday", owner=anna, due_at=NINE + 2 * DAY)
    make_check(period, title="Done already", owner=anna, due_at=NINE, status="done", done_at=NINE)

    fire(period)

    text = text_to(anna)
    assert "Late\n- Fired test alert, was due Wed 11 Nov, 09:00 (08:00 UTC), blocks the go" in text
    assert "Due today" in text
    assert "Due tomorrow, due Fri 13 Nov, 21:00" in text
    assert "On Saturday" not in text
    assert "Done already" not in text


def test_one_message_holds_what_is_due_in_every_period() -> None:
    one, two = make_period(Period.Status.READINESS), make_period(Period.Status.ACTIVE, name="Warehouse")
    anna = anna_of(one)
    make_member(two, anna)
    make_check(one, title="Rehearse", owner=anna, due_at=NINE)
    make_check(two, title="Count stock", owner=anna, due_at=NINE)
    daily_digest.arm_digests(one, at=NINE - HOUR)

    fire(two)

    text = text_to(anna)
    assert "Billing cut-over: Rehearse" in text
    assert "Warehouse: Count stock" in text


def test_nothing_is_said_of_what_was_done_meanwhile_and_nothing_follows() -> None:
    period = make_period(Period.Status.READINESS)
    anna = anna_of(period)
    check = make_check(period, owner=anna, due_at=NINE)
    daily_digest.arm_digests(period, at=NINE - HOUR)
    checklist.complete(check.pk, by=anna, at=NINE - HOUR)

    timers.fire_due(at=NINE)

    assert told(anna) == 0
    assert pending(anna) == []


def test_it_comes_every_morning_until_it_is_done() -> None:
    period = make_period(Period.Status.READINESS)
    anna = anna_of(period)
    check = make_check(period, owner=anna, due_at=NINE - DAY, blocking=False)
    fire(period)

    daily_digest.arm_digests(period, at=NINE + HOUR)
    timers.fire_due(at=NINE + DAY)
    assert told(anna) == 2
    ChecklistItem.objects.filter(pk=check.pk).update(status="done", done_at=NINE)
    timers.fire_due(at=NINE + 2 * DAY)

    assert told(anna) == 2


@pytest.mark.parametrize(("late_by", "hears"), [(2 * DAY - HOUR, 0), (2 * DAY, 1)])
def test_the_lead_hears_of_others_after_two_days(late_by: timedelta, hears: int) -> None:
    period = make_period(Period.Status.READINESS, lead=make_user("Lead", timezone=CPH))
    anna = anna_of(period)
    make_check(period, title="Late with Anna", owner=anna, due_at=NINE - late_by, blocking=False)

    fire(period)

    assert (told(anna), told(period.lead)) == (1, hears)
    if hears:
        assert "Late with others\n- Late with Anna (Anna Berg)" in text_to(period.lead)


def test_a_check_nobody_owns_is_the_leads() -> None:
    period = make_period(Period.Status.READINESS, lead=make_user("Lead", timezone=CPH))
    make_check(period, title="Orphan", due_at=NINE)

    fire(period)

    assert "Orphan" in text_to(period.lead)


def test_nine_is_nine_on_each_persons_clocks_over_daylight_saving() -> None:
    period = make_period(Period.Status.READINESS)
    near, far = anna_of(period), make_member(period, make_user("Bo", timezone="America/New_York")).user
    for person in (near, far):
        make_check(period, owner=person, due_at=NINE)

    daily_digest.arm_digests(period, at=datetime(2026, 10, 24, 14, tzinfo=UTC))

    mornings = {row.args["user"]: row.due_at for row in Timer.objects.filter(kind=daily_digest.KIND)}
    assert mornings[near.pk] == datetime(2026, 10, 25, 8, tzinfo=UTC)
    assert mornings[far.pk] == datetime(2026, 10, 25, 13, tzinfo=UTC)


def test_mornings_missed_while_the_engine_was_off_are_one_message() -> None:
    period = make_period(Period.Status.READINESS)
    anna = anna_of(period)
    make_check(period, owner=anna, due_at=NINE - 5 * DAY, blocking=False)
    daily_digest.arm_digests(period, at=NINE - 4 * DAY)

    timers.fire_due(at=NINE + 2 * HOUR)

    assert told(anna) == 1


def test_an_assignment_sets_the_next_morning_and_replays_change_nothing() -> None:
    period = make_period(Period.Status.READINESS)
    anna = anna_of(period)
    check = make_check(period, owner=None, due_at=NINE)
    checklist.assign(check.pk, owner=anna, by=period.lead, at=NINE - HOUR)

    journal.dispatch_entries(at=NINE - HOUR)
    daily_digest.arm_digests(period, at=NINE - HOUR)

    assert Timer.objects.filter(kind=daily_digest.KIND, args__user=anna.pk).count() == 1


def test_somebody_who_left_and_a_period_that_ended_are_left_alone() -> None:
    period, ended = make_period(Period.Status.READINESS), make_period(Period.Status.CLOSED)
    gone = make_member(period, make_user("Gone"), left_at=NINE - DAY).user
    make_check(period, owner=gone, due_at=NINE)
    make_check(ended, owner=gone, due_at=NINE)

    fire(period)
    fire(ended)
    timers.fire_due(at=NINE + DAY)

    assert told(gone) == 0


def test_a_timer_of_the_old_kind_hands_over_to_people() -> None:
    period = make_period(Period.Status.READINESS)
    anna = anna_of(period)
    make_check(period, owner=anna, due_at=NINE)

    daily_digest.on_due({"period": period.pk}, due_at=NINE - HOUR, at=NINE - HOUR)

    assert Timer.objects.filter(args__user=anna.pk).exists()


# --- Actions, and the day around them -----------------------------------------------------------


def test_actions_stand_beside_checks_with_the_shifts_and_debriefs_of_the_day() -> None:
    period = make_period(name="Billing cut-over")
    anna = anna_of(period)
    assert period.lead
    soon = NINE + 7 * DAY
    actions.add(period.pk, title="Check the jobs", owner=anna, due_at=soon + HOUR, by=period.lead, at=soon - DAY)
    make_check(period, title="Fired test alert", owner=anna, due_at=soon - DAY)
    make_shift(make_role(period, "Payments"), anna, starts_at=soon + DAY)
    make_debrief(period, starts_at=soon + 2 * HOUR)

    fire(period, soon)

    message = rendering.render(Delivery.objects.get(recipient=anna, kind="checklist_reminder"))
    assert message.subject == "To do for Billing cut-over: 1 late, 1 due by tomorrow"
    assert "Anna, 1 check and 1 action for you" in message.text
    assert "Your actions\n- Check the jobs, due Thu 19 Nov, 10:00" in message.text
    assert "You are on duty\n- Payments, Fri 20 Nov, 09:00 to 17:00" in message.text
    assert "Debriefs today\n- Debrief" in message.text


def test_an_action_alone_is_told_and_a_shift_alone_is_not() -> None:
    period = make_period()
    anna, bo = anna_of(period), make_member(period, make_user("Bo", timezone=CPH)).user
    assert period.lead
    soon = NINE + 7 * DAY
    make_shift(make_role(period, "Payments"), bo, starts_at=soon + HOUR)
    action = actions.add(period.pk, title="Check the jobs", owner=anna, due_at=soon, by=period.lead, at=soon - DAY)
    daily_digest.arm_digests(period, at=soon - HOUR)
    timers.fire_due(at=soon)
    actions.complete(action.pk, by=anna, at=soon + HOUR)
    timers.fire_due(at=soon + DAY)

    assert (told(anna), told(bo)) == (1, 0)
    assert not pending(anna)
