"""Conditions of a go: met with evidence in time, or the go ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from contributors.models import Delivery
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, TransitionRefused
from hypercare.models import Timer
from periods.go import conditions, gonogo
from periods.journal import journal
from periods.lifecycle import lifecycle
from periods.models import Action, GoCondition, GoDecision, JournalEntry, Period
from tests.factories import GO_LIVE, make_check, make_member, make_user
from tests.periods.story import DURING_READINESS as AT
from tests.periods.story import make_ready_to_decide

pytestmark = pytest.mark.django_db

STATUS = Period.Status
STATE = GoCondition.State
HOUR = timedelta(hours=1)
DUE = GO_LIVE - 6 * HOUR


def agreed(*due: Any, period: Period | None = None) -> tuple[Period, list[GoCondition]]:
    """A go with a condition for each deadline, owned by Arjun; the first answers an open check."""
    period = period or make_ready_to_decide()
    owner = make_member(period, make_user("Arjun Mehta")).user
    check = make_check(period, title="Alert on duplicate invoices")
    rows = [{"text": f"Condition {n}", "owner": owner.pk, "due_at": when} for n, when in enumerate(due or (DUE,), 1)]
    rows[0]["objection"] = f"go.check_open:check:{check.pk}"
    gonogo.decide(period.pk, outcome="go_with_conditions", conditions=rows, by=period.sponsor, at=AT)
    period.refresh_from_db()
    return period, list(GoCondition.objects.filter(period=period).order_by("position"))


def kinds(period: Period) -> list[str]:
    return list(JournalEntry.objects.filter(period=period, at__gt=AT).order_by("seq").values_list("kind", flat=True))


def test_each_condition_has_its_own_owner_deadline_and_the_objection_it_answers() -> None:
    period, (first, second) = agreed(DUE, DUE + HOUR)

    assert period.status == STATUS.READY
    assert (first.answers, second.answers) == ("“Alert on duplicate invoices” is not done.", "")
    assert (first.owner.name, second.due_at, first.state) == ("Arjun Mehta", DUE + HOUR, STATE.OPEN)
    assert Timer.objects.filter(kind="period.condition").count() == 2


def test_everything_that_is_wrong_with_any_condition_is_said_at_once() -> None:
    period = make_ready_to_decide()
    rows = [{"text": "", "owner": period.lead_id, "due_at": DUE}, {"text": "x", "owner": 0, "due_at": AT}]

    with pytest.raises(Invalid) as refusal:
        gonogo.decide(period.pk, outcome="go_with_conditions", conditions=rows, by=period.sponsor, at=AT)

    assert list(refusal.value.errors) == ["conditions/0/text", "conditions/1/owner", "conditions/1/due_at"]


def test_a_condition_never_stands_in_for_a_vote() -> None:
    period = make_ready_to_decide()
    period.go_votes.filter(voter=period.lead).update(replaced_at=AT)
    silent = next(one for one in gonogo.find_blockers(period, at=AT) if one.code == "go.vote_missing")
    row = {"text": "Maja votes", "owner": period.lead_id, "due_at": DUE, "objection": silent.key}

    with pytest.raises(TransitionRefused) as refusal:
        gonogo.decide(period.pk, outcome="go_with_conditions", conditions=[row], by=period.sponsor, at=AT)

    assert refusal.value.codes == ("go.vote_missing",)


@pytest.mark.parametrize("who", ["owner", "lead", "sponsor"])
def test_owner_lead_or_sponsor_say_with_evidence_that_it_is_met(who: str) -> None:
    period, (row,) = agreed()
    by = row.owner if who == "owner" else getattr(period, who)

    conditions.meet_condition(row.pk, evidence="https://wiki.example/drill", by=by, at=DUE - HOUR)
    timers.fire_due(at=DUE + HOUR)

    row.refresh_from_db()
    period.refresh_from_db()
    assert (row.state, row.settled_by, row.evidence) == (STATE.MET, by, "https://wiki.example/drill")
    assert (period.status, kinds(period)) == (STATUS.READY, ["go.condition_met"])


def test_somebody_else_or_without_evidence_does_not_meet_it() -> None:
    period, (row,) = agreed()

    with pytest.raises(NotAllowed) as refusal:
        conditions.meet_condition(row.pk, evidence="Seen", by=period.bau_owner, at=AT)
    with pytest.raises(Invalid):
        conditions.meet_condition(row.pk, evidence=" ", by=row.owner, at=AT)

    assert refusal.value.reasons == ("Arjun Mehta, Lead (lead) or Sponsor (sponsor) says whether this is met.",)
    assert kinds(period) == []


def test_a_second_time_says_who_was_first() -> None:
    _, (row,) = agreed()
    conditions.meet_condition(row.pk, evidence="Seen", by=row.owner, at=DUE - HOUR)

    with pytest.raises(AlreadyDone) as refusal:
        conditions.meet_condition(row.pk, evidence="Seen", by=row.owner, at=DUE - HOUR)

    assert "Arjun Mehta said so on" in refusal.value.reasons[0]


def test_at_the_deadline_it_is_too_late_even_before_the_clock_comes_round() -> None:
    _, (row,) = agreed()

    with pytest.raises(TransitionRefused) as refusal:
        conditions.meet_condition(row.pk, evidence="Seen", by=row.owner, at=DUE)

    assert refusal.value.reasons[0].startswith("The deadline was 14 Nov 2026 00:00 UTC.")


def test_an_unmet_condition_turns_the_go_into_a_no_go_and_everybody_is_told() -> None:
    period, (first, second) = agreed(DUE, DUE + HOUR)

    timers.fire_due(at=DUE)
    timers.fire_due(at=DUE + 2 * HOUR)
    journal.dispatch_entries(at=DUE)

    period.refresh_from_db()
    go, turned = GoDecision.objects.order_by("id")
    assert period.status == STATUS.READINESS
    assert (turned.outcome, turned.by, turned.turns, go.outcome) == ("no_go", None, go, "go_with_conditions")
    assert turned.reason == "“Condition 1” was not met by 14 Nov 2026 00:00 UTC."
    assert [GoCondition.objects.get(pk=row.pk).state for row in (first, second)] == [STATE.UNMET, STATE.DROPPED]
    assert kinds(period) == ["go.reverted"]
    assert not period.go_votes.filter(replaced_at__isnull=True).exists()
    assert Delivery.objects.filter(kind="go_decision", context__outcome="No-go").count() == 4


def test_who_comes_second_after_the_clock_is_refused_even_with_an_earlier_time() -> None:
    _, (row,) = agreed()
    conditions.expire_condition(row.pk, at=DUE)

    with pytest.raises(TransitionRefused):
        conditions.meet_condition(row.pk, evidence="Seen", by=row.owner, at=DUE - HOUR)


def test_while_live_an_unmet_condition_asks_the_sponsor_to_decide() -> None:
    period, (row,) = agreed(GO_LIVE + 6 * HOUR)
    lifecycle.start(period.pk, smoke_test="Green", by=period.lead, at=GO_LIVE)

    timers.fire_due(at=GO_LIVE + 6 * HOUR)
    journal.dispatch_entries(at=GO_LIVE + 6 * HOUR)

    period.refresh_from_db()
    row.refresh_from_db()
    action = Action.objects.get(period=period)
    assert (period.status, row.state) == (STATUS.ACTIVE, STATE.UNMET)
    assert (action.owner, action.due_at) == (period.sponsor, GO_LIVE + 10 * HOUR)
    assert kinds(period)[-1] == "go.condition_unmet"
    told = Delivery.objects.filter(kind="condition_unmet").values_list("recipient__name", flat=True)
    assert set(told) == {"Sponsor", "Lead", "Arjun Mehta"}


def test_a_go_live_waits_for_a_condition_whose_deadline_the_clock_has_not_looked_at() -> None:
    period, _ = agreed(GO_LIVE)

    with pytest.raises(TransitionRefused) as refusal:
        lifecycle.start(period.pk, smoke_test="Green", by=period.lead, at=GO_LIVE)

    assert refusal.value.codes == ("start.condition_late",)


@pytest.mark.parametrize("step", ["postpone", "cancel"])
def test_conditions_of_a_go_that_ended_no_longer_apply(step: str) -> None:
    period, (row,) = agreed()
    if step == "postpone":
        later = GO_LIVE + timedelta(days=7)
        lifecycle.postpone(period.pk, go_live_at=later, reason="Vendor is away", by=period.sponsor, at=AT + HOUR)
    else:
        lifecycle.cancel(period.pk, reason="Not this year", by=period.lead, at=AT + HOUR)

    timers.fire_due(at=DUE)

    row.refresh_from_db()
    assert (row.state, [kind for kind in kinds(period) if kind.startswith("go.")]) == (STATE.DROPPED, [])
    with pytest.raises(TransitionRefused):
        conditions.meet_condition(row.pk, evidence="Seen", by=row.owner, at=AT + 2 * HOUR)


def test_the_owner_is_reminded_a_day_and_two_hours_before_and_not_when_it_is_met() -> None:
    _, (row, other) = agreed(DUE, DUE + HOUR)
    conditions.meet_condition(other.pk, evidence="Seen", by=other.owner, at=AT)

    for hours in (24, 2):
        timers.fire_due(at=DUE - hours * HOUR)

    reminded = Delivery.objects.filter(kind="condition_soon")
    assert [(one.recipient, one.context["condition"]) for one in reminded] == [(row.owner, row.pk)] * 2


def test_the_database_refuses_to_change_or_remove_a_decision() -> None:
    _, (row,) = agreed()
    found = GoDecision.objects.filter(pk=row.decision_id)

    for act in (lambda: found.update(reason="Nicer"), lambda: found._raw_delete(found.db)):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            act()


def test_the_database_refuses_a_condition_met_after_its_deadline() -> None:
    _, (row,) = agreed()

    with pytest.raises(IntegrityError), transaction.atomic():
        GoCondition.objects.filter(pk=row.pk).update(state="met", settled_at=DUE, settled_by=row.owner, evidence="Seen")
