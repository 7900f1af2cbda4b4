"""Reminders come when they help, look again before they speak, and stop when there is nothing to say."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from contributors.messaging import rendering
from contributors.models import Acknowledgement, Delivery, Link, Membership
from contributors.reminders import reminders
from hypercare.engine import timers
from hypercare.models import Timer, User
from periods import checklist
from periods.debriefs import debriefs
from periods.journal import journal
from periods.models import Debrief, Period
from tests.factories import GO_LIVE, NOW, make_debrief, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LONG_BEFORE = GO_LIVE - timedelta(days=20)


def pending(kind: str) -> list[datetime]:
    timers_ = Timer.objects.filter(kind=kind, fired_at__isnull=True, cleared_at__isnull=True)
    return list(timers_.order_by("due_at").values_list("due_at", flat=True))


def told(kind: str) -> list[str]:
    rows = Delivery.objects.filter(kind=kind).select_related("recipient")
    return sorted(str(row.recipient) for row in rows)


def text_to(user: User | None) -> str:
    return rendering.render(Delivery.objects.get(recipient=user)).text


def ask(period: Period, name: str, **fields: Any) -> Membership:
    """Somebody who was invited and has not answered."""
    return make_member(period, make_user(name), invited_at=LONG_BEFORE, **fields)


# --- Acknowledgements ---------------------------------------------------------------------------


def test_missing_answers_are_asked_for_seven_three_and_one_day_before_go_live() -> None:
    period = make_period(Period.Status.READINESS)

    reminders.arm_reminders(period, at=LONG_BEFORE)

    assert pending("readiness.reminder") == [GO_LIVE - days * DAY for days in (7, 3, 1)]


def test_steps_that_are_past_when_readiness_opens_late_are_left_out() -> None:
    period = make_period(Period.Status.READINESS)

    reminders.arm_reminders(period, at=GO_LIVE - 2 * DAY)

    assert pending("readiness.reminder") == [GO_LIVE - DAY]


@pytest.mark.parametrize(("days", "others"), [(7, []), (3, ["Lead"]), (1, ["Lead", "Sponsor"])])
def test_closer_to_go_live_more_people_hear_who_is_missing(days: int, others: list[str]) -> None:
    period = make_period(Period.Status.READINESS)
    silent, answered = ask(period, "Silent"), ask(period, "Answered")
    Acknowledgement.objects.create(membership=answered, state="ready", at=LONG_BEFORE)
    make_member(period, make_user("Never Asked"))
    reminders.arm_reminders(period, at=GO_LIVE - days * DAY - HOUR)

    timers.fire_due(at=GO_LIVE - days * DAY)

    assert told("readiness_reminder") == sorted(["Silent", *others])
    assert Link.objects.get().user == silent.user
    assert f"{'1 day' if days == 1 else f'{days} days'} to go-live" in text_to(silent.user)
    if others:
        assert "1 person has not confirmed they are ready" in text_to(period.lead)
        assert "- Silent" in text_to(period.lead)


def test_nobody_is_bothered_when_everybody_has_answered() -> None:
    period = make_period(Period.Status.READINESS)
    reminders.arm_reminders(period, at=LONG_BEFORE)

    timers.fire_due(at=GO_LIVE - DAY)

    assert pending("readiness.reminder") == []
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("status", [Period.Status.PLANNED, Period.Status.ACTIVE, Period.Status.CANCELLED])
def test_a_step_that_fires_after_readiness_is_over_says_nothing(status: str) -> None:
    period = make_period(Period.Status.READINESS)
    ask(period, "Silent")
    reminders.arm_reminders(period, at=LONG_BEFORE)
    Period.objects.filter(pk=period.pk).update(status=status)

    timers.fire_due(at=GO_LIVE - 3 * DAY)

    assert not Delivery.objects.exists()


def test_a_postponed_go_live_moves_the_steps_and_the_old_ones_say_nothing() -> None:
    period = make_period(Period.Status.READINESS)
    ask(period, "Silent")
    reminders.arm_reminders(period, at=LONG_BEFORE)
    timers.fire_due(at=GO_LIVE - 7 * DAY)
    assert Delivery.objects.count() == 1
    later = GO_LIVE + 14 * DAY
    period.go_live_at, period.ends_at = later, later + 14 * DAY
    period.save(update_fields=["go_live_at", "ends_at"])

    reminders.arm_reminders(period, at=GO_LIVE - 6 * DAY)

    assert pending("readiness.reminder") == [later - days * DAY for days in (7, 3, 1)]
    timers.fire_due(at=later - 7 * DAY)
    assert Delivery.objects.filter(kind="readiness_reminder").count() == 2


def test_steps_missed_while_the_engine_was_off_are_told_once_each_when_it_is_back() -> None:
    period = make_period(Period.Status.READINESS)
    ask(period, "Silent")
    reminders.arm_reminders(period, at=LONG_BEFORE)

    reminders.arm_reminders(period, at=GO_LIVE - HOUR)
    fired = timers.fire_due(at=GO_LIVE - HOUR)

    assert fired >= 3
    assert all(row.not_after == GO_LIVE for row in Delivery.objects.all())


# --- Debriefs -----------------------------------------------------------------------------------


def test_everybody_who_takes_part_is_told_fifteen_minutes_before_a_debrief() -> None:
    period = make_period()
    member, viewer = make_member(period).user, make_member(period, right="viewer").user
    debrief = make_debrief(period, starts_at=NOW + HOUR)
    reminders.arm_reminders(period, at=NOW)

    assert pending("debrief.reminder") == [NOW + timedelta(minutes=45)]
    timers.fire_due(at=NOW + timedelta(minutes=45))

    people = told("debrief_soon")
    assert str(member) in people
    assert str(viewer) not in people
    assert {row.not_after for row in Delivery.objects.filter(kind="debrief_soon")} == {debrief.starts_at}


def test_a_moved_debrief_is_told_of_at_its_new_time_only() -> None:
    period = make_period()
    debrief = make_debrief(period, starts_at=NOW + HOUR)
    reminders.arm_reminders(period, at=NOW)
    debrief.starts_at = NOW + 3 * HOUR
    debrief.save(update_fields=["starts_at"])

    timers.fire_due(at=NOW + timedelta(minutes=50))
    assert not Delivery.objects.exists()
    reminders.arm_reminders(period, at=NOW + timedelta(minutes=50))
    timers.fire_due(at=NOW + timedelta(minutes=165))

    assert len(told("debrief_soon")) == 3


@pytest.mark.parametrize("status", [Debrief.Status.SKIPPED, Debrief.Status.RUNNING, Debrief.Status.FINISHED])
def test_a_debrief_that_is_not_to_come_is_not_told_of(status: str) -> None:
    period = make_period()
    debrief = make_debrief(period, starts_at=NOW + HOUR)
    reminders.arm_reminders(period, at=NOW)
    Debrief.objects.filter(pk=debrief.pk).update(status=status)

    timers.fire_due(at=NOW + timedelta(minutes=45))

    assert not Delivery.objects.exists()


def test_a_debrief_that_has_begun_by_now_is_not_told_of_any_more() -> None:
    period = make_period()
    make_debrief(period, starts_at=NOW + HOUR)
    reminders.arm_reminders(period, at=NOW)

    timers.fire_due(at=NOW + 2 * HOUR)

    assert not Delivery.objects.filter(kind="debrief_soon").exists()


# --- Cover --------------------------------------------------------------------------------------


def test_the_lead_is_told_every_hour_while_somebody_is_missing_within_a_day() -> None:
    period = make_period()
    role = make_role(period, name="Billing engineering")
    make_shift(role, make_member(period).user, starts_at=NOW - HOUR, hours=9)
    reminders.arm_reminders(period, at=NOW)
    first = NOW.replace(hour=14, minute=0)

    assert pending("coverage.watch") == [first]
    for hour in range(2):
        timers.fire_due(at=first + hour * HOUR)

    assert told("coverage_gap") == ["Lead", "Lead"]
    mail = rendering.render(Delivery.objects.filter(kind="coverage_gap").earliest("created_at"))
    assert mail.subject == "Nobody on duty: Billing engineering, Wed 18 Nov, 21:12, Billing cut-over"
    assert [row.not_after for row in Delivery.objects.order_by("created_at")] == [first + HOUR, first + 2 * HOUR]


def test_while_everybody_is_there_the_watch_goes_on_in_silence() -> None:
    period = make_period()
    role, user = make_role(period), make_member(period).user
    for day in range(3):
        make_shift(role, user, starts_at=NOW + day * DAY, hours=24)
    reminders.arm_reminders(period, at=NOW)

    timers.fire_due(at=NOW + HOUR)

    assert not Delivery.objects.exists()
    assert len(pending("coverage.watch")) == 1


def test_the_watch_begins_a_day_before_go_live_and_ends_with_the_period() -> None:
    ready = make_period(Period.Status.READY)
    reminders.arm_reminders(ready, at=GO_LIVE - 10 * DAY)
    assert pending("coverage.watch") == [GO_LIVE - DAY + HOUR]
    timers.clear_prefix("coverage.watch:", at=NOW)

    reminders.arm_reminders(make_period(), at=GO_LIVE + 14 * DAY - HOUR / 2)

    assert pending("coverage.watch") == []


# --- Setting ------------------------------------------------------------------------------------


def test_setting_again_changes_nothing() -> None:
    period = make_period(Period.Status.READINESS)
    make_debrief(period, starts_at=GO_LIVE + DAY)
    reminders.arm_reminders(period, at=LONG_BEFORE)
    before = list(Timer.objects.order_by("key").values("key", "due_at", "fence"))

    reminders.arm_reminders(period, at=LONG_BEFORE)

    assert list(Timer.objects.order_by("key").values("key", "due_at", "fence")) == before


def test_an_ended_period_has_no_reminders_left_and_leaves_others_alone() -> None:
    period, other = make_period(Period.Status.READINESS), make_period(Period.Status.READINESS)
    for each in (period, other):
        reminders.arm_reminders(each, at=LONG_BEFORE)
    count = Timer.objects.filter(args__period=other.pk, cleared_at__isnull=True).count()
    Period.objects.filter(pk=period.pk).update(status=Period.Status.CANCELLED)
    period.refresh_from_db()

    reminders.arm_reminders(period, at=LONG_BEFORE)

    assert not Timer.objects.filter(args__period=period.pk, cleared_at__isnull=True).exists()
    assert Timer.objects.filter(args__period=other.pk, cleared_at__isnull=True).count() == count


def test_the_journal_sets_them_when_a_period_moves_or_its_parts_are_made() -> None:
    period = make_period(Period.Status.READINESS)
    checklist.make_checklist(period, by=period.lead, at=LONG_BEFORE)

    journal.dispatch_entries(at=LONG_BEFORE)
    assert len(pending("readiness.reminder")) == 3
    assert pending("checklist.reminder")
    debriefs.schedule(period, by=period.lead, at=LONG_BEFORE)
    journal.dispatch_entries(at=LONG_BEFORE)

    assert len(pending("debrief.reminder")) == Debrief.objects.filter(period=period).count() > 0


def test_a_gap_later_in_the_week_is_told_once():
    period = make_period(status="active")
    role = make_role(period, "Platform", cover="24x7", cover_until=NOW + timedelta(days=3))
    user = make_member(period).user
    make_shift(role, user, starts_at=NOW, hours=24)
    make_shift(role, user, starts_at=NOW + timedelta(hours=24), hours=24)

    for hour in range(3):
        at = NOW + timedelta(hours=hour)
        reminders.on_coverage_watch({"period": period.pk}, due_at=at, at=at)

    mails = Delivery.objects.filter(kind="coverage_ahead")
    assert [mail.context["gaps"][0]["role"] for mail in mails] == ["Platform"]
