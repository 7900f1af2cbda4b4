"""Votes, the sponsor's decision, and what it rested on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from hypercare.exceptions import Invalid, NotAllowed, TransitionRefused
from periods.go import gonogo
from periods.models import GoDecision, GoVote, JournalEntry, Period
from tests.factories import GO_LIVE, make_check, make_member, make_period, make_role, make_user
from tests.periods.story import DURING_READINESS as AT
from tests.periods.story import go, make_ready_to_decide

pytestmark = pytest.mark.django_db

STATUS = Period.Status


def condition(period: Period, **changes: Any) -> dict[str, Any]:
    row = {"text": "Alert fires in the drill", "owner": period.lead.pk, "due_at": GO_LIVE - timedelta(hours=1)}
    return {**row, **changes}


def test_the_accountable_people_vote_and_nobody_else() -> None:
    period = make_period(STATUS.READINESS)
    holder = make_member(period, make_user("Arjun Mehta"), role=make_role(period, "Platform")).user
    outsider = make_member(period).user

    gonogo.vote(period.pk, choice="go", by=holder, at=AT)
    with pytest.raises(NotAllowed):
        gonogo.vote(period.pk, choice="go", by=outsider, at=AT)

    assert [(seat.user, seat.role, bool(seat.vote)) for seat in gonogo.seats_of(period)] == [
        (period.lead, "Lead", False),
        (period.sponsor, "Sponsor", False),
        (period.bau_owner, "BAU owner", False),
        (holder, "Platform", True),
    ]


def test_a_hold_needs_a_reason_and_a_later_vote_replaces_it() -> None:
    period = make_period(STATUS.READINESS)

    for choice, reason, field in (("hold", "", "reason"), ("maybe", "", "choice")):
        with pytest.raises(Invalid) as refusal:
            gonogo.vote(period.pk, choice=choice, reason=reason, by=period.lead, at=AT)
        assert list(refusal.value.errors) == [field]
    gonogo.vote(period.pk, choice="hold", reason="Rehearsal took 5 h", by=period.lead, at=AT)
    gonogo.vote(period.pk, choice="go", by=period.lead, at=AT + timedelta(hours=8))

    standing = GoVote.objects.get(period=period, replaced_at__isnull=True)
    assert standing.choice == "go"
    assert GoVote.objects.get(choice="hold").replaced_at == AT + timedelta(hours=8)


def test_a_go_makes_the_period_ready_and_keeps_what_it_rested_on() -> None:
    period = make_ready_to_decide()

    decision = go(period)

    period.refresh_from_db()
    assert period.status == STATUS.READY
    assert decision.snapshot["progress"]["percent"] == 100
    assert [vote["choice"] for vote in decision.snapshot["votes"]] == ["go", "", "go"]
    entries = JournalEntry.objects.filter(period=period, kind="go.decided")
    assert [entry.data["outcome"] for entry in entries] == ["go"]


def test_a_go_is_refused_with_every_blocker_named() -> None:
    period = make_ready_to_decide()
    make_check(period, title="Alert on duplicate invoices")
    gonogo.vote(period.pk, choice="hold", reason="Alert is missing", by=period.bau_owner, at=AT)
    GoVote.objects.filter(voter=period.lead).update(replaced_at=AT)

    with pytest.raises(TransitionRefused) as refusal:
        go(period)

    assert refusal.value.reasons == (
        "“Alert on duplicate invoices” is not done.",
        "Bau Owner (BAU owner) holds: Alert is missing",
        "Lead (Lead) has not voted.",
    )
    period.refresh_from_db()
    assert (period.status, GoDecision.objects.count()) == (STATUS.READINESS, 0)


def test_a_conditional_go_must_name_every_objection() -> None:
    period = make_ready_to_decide()
    make_check(period, title="Alert on duplicate invoices")
    make_check(period, title="Break-glass access tested")
    named = condition(period, objection="“Alert on duplicate invoices” is not done.")

    with pytest.raises(TransitionRefused) as refusal:
        gonogo.decide(period.pk, outcome="go_with_conditions", conditions=[named], by=period.sponsor, at=AT)
    also = condition(period, text="Done by Friday noon", objection="“Break-glass access tested” is not done.")
    decision = gonogo.decide(
        period.pk, outcome="go_with_conditions", conditions=[named, also], by=period.sponsor, at=AT
    )

    assert refusal.value.reasons == ("“Break-glass access tested” is not done.",)
    period.refresh_from_db()
    assert period.status == STATUS.READY
    assert [row["owner"] for row in decision.conditions] == [period.lead.pk] * 2
    assert len(decision.snapshot["objections"]) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"text": " "}, "text"), ({"owner": 0}, "owner"), ({"due_at": AT}, "due_at"), ({"due_at": "Friday"}, "due_at")],
)
def test_a_condition_needs_text_owner_and_a_deadline_ahead(changes: dict[str, Any], field: str) -> None:
    period = make_ready_to_decide()

    with pytest.raises(Invalid) as refusal:
        gonogo.decide(
            period.pk, outcome="go_with_conditions", conditions=[condition(period, **changes)], by=period.sponsor, at=AT
        )

    assert list(refusal.value.errors) == [f"conditions/0/{field}"]


@pytest.mark.parametrize(
    ("outcome", "given", "field"),
    [
        ("perhaps", {}, "outcome"),
        ("no_go", {}, "reason"),
        ("postpone", {"reason": "Late"}, "go_live_at"),
        ("go_with_conditions", {}, "conditions"),
        ("go", {"conditions": [{"text": "x"}]}, "conditions"),
    ],
)
def test_a_decision_that_is_not_complete_says_what_is_missing(outcome: str, given: dict[str, Any], field: str) -> None:
    period = make_ready_to_decide()

    with pytest.raises(Invalid) as refusal:
        gonogo.decide(period.pk, outcome=outcome, by=period.sponsor, at=AT, **given)

    assert list(refusal.value.errors) == [field]
    assert not GoDecision.objects.exists()


def test_a_no_go_is_recorded_and_leaves_the_period_getting_ready() -> None:
    period = make_ready_to_decide()

    gonogo.decide(period.pk, outcome="no_go", reason="Vendor is away", by=period.sponsor, at=AT)

    period.refresh_from_db()
    assert period.status == STATUS.READINESS
    assert JournalEntry.objects.filter(period=period).latest("seq").data["outcome"] == "no_go"


def test_a_postponement_is_one_decision_and_one_entry() -> None:
    period = make_ready_to_decide()
    later: datetime = GO_LIVE + timedelta(days=7)

    decision = gonogo.decide(
        period.pk, outcome="postpone", reason="Vendor is away", go_live_at=later, by=period.sponsor, at=AT
    )

    period.refresh_from_db()
    assert (period.status, period.go_live_at) == (STATUS.PLANNED, later)
    kinds = JournalEntry.objects.filter(period=period, seq__gt=2).values_list("kind", "data__decision")
    assert list(kinds) == [("period.postponed", decision.pk)]


def test_only_the_sponsor_decides_and_only_during_readiness() -> None:
    period = make_ready_to_decide()

    with pytest.raises(NotAllowed) as refusal:
        gonogo.decide(period.pk, outcome="go", by=period.lead, at=AT)
    go(period)
    with pytest.raises(TransitionRefused) as second:
        go(period)

    assert refusal.value.reasons == ("The sponsor decides: Sponsor.",)
    assert second.value.reasons == ("Billing cut-over is ready. Go or no-go is decided while it is getting ready.",)
    assert GoDecision.objects.count() == 1


def test_a_deputy_speaks_for_a_seat_and_a_hold_on_it_comes_first() -> None:
    period = make_period(STATUS.READINESS)
    role = make_role(period, "Platform")
    arjun = make_member(period, make_user("Arjun Mehta"), role=role).user
    daniel = make_member(period, make_user("Daniel Osei"), role=role, is_deputy=True).user

    gonogo.vote(period.pk, choice="go", by=daniel, at=AT)
    by_deputy = gonogo.seats_of(period)[-1]
    gonogo.vote(period.pk, choice="hold", reason="Pager is silent", by=daniel, at=AT)
    gonogo.vote(period.pk, choice="go", by=arjun, at=AT)
    held = gonogo.seats_of(period)[-1]

    assert (by_deputy.user, by_deputy.by_deputy, by_deputy.vote and by_deputy.vote.choice) == (arjun, True, "go")
    assert held.vote is not None
    assert (held.vote.choice, held.vote.voter) == ("hold", daniel)


def test_quorum_is_every_seat_and_the_sponsor_speaks_by_deciding() -> None:
    period = make_period(STATUS.READINESS)
    gonogo.vote(period.pk, choice="go", by=period.lead, at=AT)
    waiting = gonogo.quorum_of(gonogo.seats_of(period))
    gonogo.vote(period.pk, choice="hold", reason="Alert is missing", by=period.bau_owner, at=AT)
    complete = gonogo.quorum_of(gonogo.seats_of(period))

    assert ([seat.role for seat in waiting.missing], waiting.met) == (["BAU owner"], False)
    assert (waiting.voted, waiting.total) == (1, 2), "the sponsor is not waited for"
    assert (complete.voted, complete.total, complete.met) == (2, 2, True)


def test_one_vote_speaks_for_all_the_seats_of_a_person() -> None:
    period = make_period(STATUS.READINESS)
    period.memberships.filter(user=period.lead).update(role=make_role(period, "Incident lead"))

    cast = gonogo.vote(period.pk, choice="go", flip="A failed rehearsal", by=period.lead, at=AT)

    assert (cast.role, cast.flip) == ("Lead, Incident lead", "A failed rehearsal")
    assert [bool(seat.vote) for seat in gonogo.seats_of(period)] == [True, False, False, True]
