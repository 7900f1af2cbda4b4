"""Monday's message to lead and sponsor, and the call for votes before a go-live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contributors.channels import Message
from contributors.messaging import rendering
from contributors.models import Delivery
from contributors.reminders import weekly_summary
from hypercare.engine import timers
from hypercare.models import Timer, User
from periods.go import gonogo
from periods.journal import journal
from periods.models import Period
from tests.factories import GO_LIVE, make_check, make_incident, make_member, make_period, make_role, make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 16, 7, tzinfo=UTC)  # 08:00 in Copenhagen, two days after go-live


def happened(period: Period, kind: str, at: datetime) -> None:
    journal.record(period, kind, by=period.lead, at=at)
    journal.dispatch_entries(at=at)


def mails(kind: str) -> dict[User | None, Message]:
    rows = Delivery.objects.filter(kind=kind).select_related("recipient", "period")
    return {row.recipient: rendering.render(row) for row in rows}


# --- The week -----------------------------------------------------------------------------------


def test_lead_and_sponsor_hear_on_monday_how_the_week_was() -> None:
    period = make_period(name="Billing cut-over")
    make_incident(period, title="Invoices twice", severity="P1", reported_at=MONDAY - DAY)
    happened(period, "period.started", MONDAY - 2 * DAY)

    timers.fire_due(at=MONDAY)

    told = mails("weekly_summary")
    assert set(told) == {period.lead, period.sponsor}
    message = told[period.lead]
    assert message.subject == "Week in review: Billing cut-over, day 3 of 14"
    assert "Invoices twice" in message.text
    assert "New: 1" in message.text
    assert "Open: 1, was 0" in message.text


def test_before_go_live_it_says_what_stands_in_the_way() -> None:
    period = make_period(Period.Status.READINESS, name="Billing cut-over")
    make_check(period, title="Rollback rehearsed", owner=period.lead, due_at=GO_LIVE - 10 * DAY, blocking=True)
    happened(period, "period.readiness_opened", MONDAY - 9 * DAY)

    timers.fire_due(at=MONDAY - 7 * DAY)

    message = mails("weekly_summary")[period.lead]
    assert message.subject == "5 days to go-live: Billing cut-over"
    assert "Checks: 0 of 1 done, 1 late, 1 that block the go" in message.text
    assert "In the way of a go" in message.text


def test_it_comes_each_monday_once_and_ends_with_the_period() -> None:
    period = make_period()
    for _ in range(2):
        happened(period, "period.started", MONDAY - DAY)
    for week in range(2):
        timers.fire_due(at=MONDAY + week * 7 * DAY)
    Period.objects.filter(pk=period.pk).update(status=Period.Status.CLOSED)
    for week in range(2, 4):
        timers.fire_due(at=MONDAY + week * 7 * DAY)

    assert Delivery.objects.filter(kind="weekly_summary", recipient=period.lead).count() == 2
    assert not Timer.objects.filter(kind=weekly_summary.KIND, fired_at__isnull=True).exists()


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Africa/Casablanca", "Asia/Kolkata"])
def test_monday_at_eight_is_by_the_periods_clocks(zone: str) -> None:
    period = Period(timezone=zone)
    at = datetime(2026, 3, 1, tzinfo=UTC)

    for _ in range(60):
        at = weekly_summary.next_monday(period, at)
        local = at.astimezone(period.zone)
        assert (local.weekday(), local.hour, local.minute) == (0, 8, 0)


# --- The call -----------------------------------------------------------------------------------


def getting_ready() -> tuple[Period, User]:
    period = make_period(Period.Status.READINESS)
    role = make_role(period, "Payments", required=True)
    holder = make_member(period, make_user("Anna Berg"), role=role).user
    happened(period, "period.readiness_opened", GO_LIVE - 10 * DAY)
    return period, holder


def test_whoever_has_not_voted_is_asked_three_days_and_one_day_before() -> None:
    period, holder = getting_ready()
    assert period.lead
    gonogo.vote(period.pk, choice="go", by=period.lead, at=GO_LIVE - 5 * DAY)

    timers.fire_due(at=GO_LIVE - 3 * DAY)

    told = mails("go_call")
    assert set(told) == {period.bau_owner, holder}
    assert told[holder].subject == f"Your vote is asked: go or no-go, {period.name}"
    assert "Payments" in told[holder].text
    timers.fire_due(at=GO_LIVE - DAY)
    assert Delivery.objects.filter(kind="go_call", recipient=holder).count() == 2


def test_the_sponsor_is_asked_once_everybody_else_has_spoken() -> None:
    period, holder = getting_ready()
    for person in (period.lead, period.bau_owner, holder):
        assert person
        gonogo.vote(period.pk, choice="go", by=person, at=GO_LIVE - 5 * DAY)

    timers.fire_due(at=GO_LIVE - 3 * DAY)

    told = mails("go_call")
    assert set(told) == {period.sponsor}
    assert told[period.sponsor].subject == f"Your decision is asked: go or no-go, {period.name}"


def test_a_period_that_is_decided_or_moved_calls_nobody() -> None:
    period, _ = getting_ready()
    Period.objects.filter(pk=period.pk).update(go_live_at=GO_LIVE + 7 * DAY)

    timers.fire_due(at=GO_LIVE - 3 * DAY)
    assert not Delivery.objects.filter(kind="go_call").exists()

    Period.objects.filter(pk=period.pk).update(status=Period.Status.READY, go_live_at=GO_LIVE)
    timers.fire_due(at=GO_LIVE - DAY)
    assert not Delivery.objects.filter(kind="go_call").exists()
