"""What is told at a go or no-go: who votes what, the risks that are named, and conditions that were met."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypercare.models import User
from periods.go import conditions, gonogo, risks
from periods.models import GoCondition, Period

RISKS = {
    "BILL26": (
        (
            "Invoices are sent twice",
            "Alert on the duplicate rate, within 5 min",
            "Stop the run; Billing reverses the batch",
        ),
        (
            "Card payments fail at the new gateway",
            "Synthetic payment every minute",
            "Switch back to the old gateway, 10 min",
        ),
    ),
    "MOB70": (
        ("Push messages reach the wrong device", "Canary devices, within 2 min", "Turn the gateway flag off; Tomasz"),
        ("Log-in breaks on older phones", "Crash rate by version, within 15 min", "Halt the staged roll-out at 5 %"),
        ("The store review takes longer", "Review state, every morning", "Postpone; Maja tells marketing"),
    ),
    "SCAN26": (("Scanners do not pair", "Pairing failures on the board, at once", "Old scanners stay charged"),),
}


def load_period(period_id: int) -> Period:
    """The period with the people who decide."""
    period: Period = Period.objects.select_related("lead", "sponsor", "bau_owner").get(pk=period_id)
    return period


def name_risks(period_id: int, *, by: User, at: datetime) -> None:
    """Put the story's risks on the list."""
    for risk, detection, response in RISKS[load_period(period_id).key]:
        risks.add(period_id, risk=risk, detection=detection, response=response, by=by, at=at)


def all_vote_go(period_id: int, *, at: datetime, apart: timedelta = timedelta(minutes=4)) -> None:
    """Everybody accountable votes go, each person once."""
    period = load_period(period_id)
    voters = {seat.user.pk: seat.user for seat in gonogo.seats_of(period)}
    for n, voter in enumerate(voters.values()):
        gonogo.vote(period_id, choice="go", by=voter, at=at + n * apart)


def give_go(
    period_id: int, *, reason: str, texts: dict[str, str], owner: User, due_at: datetime, by: User, at: datetime
) -> None:
    """The sponsor's go, on the condition of whatever stands in the way, or of one of the sponsor's own.

    `texts` say each by the start of its objection; the empty start stands for all others.
    """
    period = load_period(period_id)
    rows = [
        {
            "text": next((said for start, said in texts.items() if one.text.startswith(start)), one.text),
            "owner": owner.pk,
            "due_at": due_at,
            "objection": one.key,
        }
        for one in gonogo.find_blockers(period, at=at)
    ] or [{"text": texts[""], "owner": owner.pk, "due_at": due_at}]
    gonogo.decide(period_id, outcome="go_with_conditions", reason=reason, conditions=rows, by=by, at=at)


def meet_all_conditions(period_id: int, *, evidence: str, at: datetime) -> None:
    """Every condition is seen to be true by its owner."""
    for row in GoCondition.objects.filter(period=period_id, state="open").select_related("owner").order_by("id"):
        conditions.meet_condition(row.pk, evidence=evidence, by=row.owner, at=at)
