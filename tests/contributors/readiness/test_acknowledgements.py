"""Each person says whether they are ready."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contributors.models import Acknowledgement, Delivery, Membership
from contributors.people import members as people_members
from contributors.readiness import acknowledgements
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from periods.models import JournalEntry, Period
from tests.factories import GO_LIVE, make_member, make_period, make_role, make_user

pytestmark = pytest.mark.django_db
ALL = list(Acknowledgement.STATEMENTS)
BEFORE = GO_LIVE - timedelta(days=2)


def asked(name: str = "Priya Raman", **fields: object) -> Membership:
    """Somebody of a period that gets ready, with a duty role, who was asked."""
    period = fields.pop("period", None) or make_period(Period.Status.READINESS)
    role = fields.pop("role", None) or make_role(period, f"Role of {name}")
    fields.setdefault("invited_at", BEFORE - timedelta(days=2))
    return make_member(period, make_user(name), role=role, **fields)


def answer(member: Membership, *, by: User | None = None, **fields: object) -> Acknowledgement:
    fields = {"statements": ALL, "note": "", "state": "ready", "at": BEFORE, "via": "", **fields}
    return acknowledgements.acknowledge(member.pk, by=by or member.user, **fields)


def test_ready_with_all_four_statements_stands_and_is_journalled():
    member = asked()

    said = answer(member, via="link")

    entry = JournalEntry.objects.get(period=member.period)
    assert (said.state, said.statements, said.at) == ("ready", ALL, BEFORE)
    assert (entry.kind, entry.subject, entry.via) == ("readiness.acknowledged", f"member:{member.pk}", "link")


@pytest.mark.parametrize("missing", ALL)
def test_ready_without_a_statement_names_it(missing):
    member = asked()

    with pytest.raises(Invalid) as refusal:
        answer(member, statements=[key for key in ALL if key != missing])

    words = Acknowledgement.STATEMENTS[missing]
    assert refusal.value.errors["statements"] == [f"Tick “{words}”, or choose Something is missing."]
    assert not Acknowledgement.objects.exists()


def test_a_problem_says_what_is_missing():
    member = asked()

    with pytest.raises(Invalid, match="Say what is missing"):
        answer(member, state="problem", statements=[], note="  ")
    answer(member, state="problem", statements=["runbook"], note="No prod access yet")

    entry = JournalEntry.objects.get(period=member.period)
    assert (entry.kind, entry.data["note"]) == ("readiness.problem", "No prod access yet")


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"state": "maybe"}, "state"), ({"statements": [*ALL, "coffee"]}, "statements"), ({"note": "x" * 2001}, "note")],
)
def test_an_answer_that_cannot_be_meant_names_its_field(fields, field):
    member = asked()

    with pytest.raises(Invalid) as refusal:
        answer(member, **fields)

    assert field in refusal.value.errors


def test_nobody_answers_for_somebody_else():
    member = asked()

    with pytest.raises(NotAllowed, match="Only Priya Raman can say whether Priya is ready"):
        answer(member, by=member.period.lead)

    assert not Acknowledgement.objects.exists()


def test_a_new_answer_voids_the_old():
    member = asked()
    first = answer(member, state="problem", note="No prod access yet", statements=[])

    second = answer(member, at=BEFORE + timedelta(hours=1))

    first.refresh_from_db()
    assert (first.voided_at, first.void_reason) == (BEFORE + timedelta(hours=1), "A new answer")
    assert acknowledgements.standing_answer(member) == second


def test_the_same_answer_again_changes_nothing_and_says_when():
    member = asked()
    answer(member)

    with pytest.raises(AlreadyDone, match="You said on 12 Nov at 06:00 that you are ready"):
        answer(member, at=BEFORE + timedelta(hours=1))

    assert JournalEntry.objects.filter(period=member.period).count() == 1


def test_somebody_who_left_no_longer_answers():
    member = asked()
    Membership.objects.filter(pk=member.pk).update(left_at=BEFORE)

    with pytest.raises(Refused, match="Priya Raman is no longer part of"):
        answer(member)


def test_no_answer_is_taken_after_the_period_ended():
    member = asked(period=make_period(Period.Status.CANCELLED))

    with pytest.raises(Refused, match="has ended"):
        answer(member)


# --- Where everybody stands


def test_the_summary_counts_and_puts_problems_first():
    period = make_period(Period.Status.READINESS)
    role = make_role(period)
    answer(asked("Ready Person", period=period, role=role))
    asked("Waiting Person", period=period, role=role)
    answer(asked("Problem Person", period=period, role=role), state="problem", note="No laptop", statements=["runbook"])
    asked("Fresh Person", period=period, role=role, invited_at=None)

    found = acknowledgements.summarise_readiness(period, at=BEFORE)

    assert [row.state for row in found.rows] == ["problem", "not_asked", "waiting", "ready"]
    assert (found.ready, found.problem, found.waiting, found.required, found.acknowledged) == (1, 1, 2, 4, 1)
    assert [mark for _, _, mark in found.rows[0].marks] == ["yes", "no", "no", "no"]
    assert [row.member.user.name for row in found.to_remind] == ["Waiting Person"]


@pytest.mark.parametrize("count", [1, 50])
def test_the_summary_costs_two_queries(count, django_assert_num_queries):
    period = make_period(Period.Status.READINESS)
    role = make_role(period)
    for n in range(count):
        answer(asked(f"Person {n}", period=period, role=role))

    with django_assert_num_queries(2):
        rows = acknowledgements.summarise_readiness(period, at=BEFORE).rows
        assert [(row.member.user.name, row.member.role.name, row.state) for row in rows]

    assert len(rows) == count


def test_progress_counts_only_those_a_go_waits_for():
    period = make_period(Period.Status.READINESS)
    answer(asked("Ready Person", period=period))
    asked("Waiting Person", period=period)
    asked("Optional Person", period=period, role=make_role(period, "Extra", required=False))
    asked("Watching Person", period=period, right="viewer")

    assert acknowledgements.count_ready(period) == (1, 2)


# --- Gates


def test_a_go_names_everybody_it_waits_for():
    period = make_period(Period.Status.READINESS)
    role = make_role(period, "Platform")
    asked("Daniel Osei", period=period, role=role)
    answer(asked("Kavya Nair", period=period, role=role), state="problem", note="No prod access yet", statements=[])
    answer(asked("Priya Raman", period=period, role=role))

    texts = [blocker.text for blocker in acknowledgements.find_blockers(period, "go", at=BEFORE)]

    assert texts == ["Kavya Nair (Platform) says something is missing.", "Daniel Osei (Platform) has not answered."]


def test_a_required_role_that_nobody_holds_stops_a_go():
    period = make_period(Period.Status.READINESS)
    make_role(period, "Platform")
    make_role(period, "Extra", required=False)

    texts = [blocker.text for blocker in acknowledgements.find_blockers(period, "go", at=BEFORE)]

    assert texts == ["Nobody holds Platform. Add somebody to it."]


def test_somebody_of_an_optional_role_does_not_stop_a_go():
    member = asked(role=None)
    member.role.required = False
    member.role.save(update_fields=["required"])

    assert acknowledgements.find_blockers(member.period, "go", at=BEFORE) == []


def test_readiness_opens_once_everybody_on_duty_is_invited():
    period = make_period(Period.Status.PLANNED)

    empty = acknowledgements.find_blockers(period, "invite", at=BEFORE)
    asked("Fresh Person", period=period, invited_at=None)
    waiting = acknowledgements.find_blockers(period, "invite", at=BEFORE)
    Membership.objects.filter(period=period).update(invited_at=BEFORE)

    assert [blocker.text for blocker in empty] == ["Nobody holds a duty role yet. Add the people who will be on duty."]
    assert [blocker.text for blocker in waiting] == ["Not invited yet: Fresh Person."]
    assert acknowledgements.find_blockers(period, "invite", at=BEFORE) == []


def test_who_only_watches_holds_no_duty_and_nobody_waits_for_them():
    period = make_period(Period.Status.PLANNED)
    desk = make_role(period, "Vendor desk", required=True)
    make_member(period, make_user("SAP Vendor Desk"), right="viewer", role=desk)

    texts = [one.text for one in acknowledgements.find_blockers(period, "invite", at=BEFORE)]
    go = [one.text for one in acknowledgements.find_blockers(period, "go", at=BEFORE)]
    people_members.invite_all(period.pk, by=period.lead, at=BEFORE)

    assert texts == ["Nobody holds a duty role yet. Add the people who will be on duty."]
    assert "Nobody holds Vendor desk. Add somebody to it." in go
    assert not period.memberships.filter(invited_at__isnull=False, user__name="SAP Vendor Desk").exists()


def test_somebody_whom_no_message_reaches_stands_in_the_way_of_a_go_until_one_does():
    member = asked("Priya Raman")
    answer(member)
    before = [one.code for one in acknowledgements.find_blockers(member.period, "go", at=BEFORE)]

    def settle(state: str, minutes: int) -> None:
        moment = BEFORE + timedelta(minutes=minutes)
        Delivery.objects.create(
            dedupe_key=f"{state}-{minutes}",
            recipient=member.user,
            period=member.period,
            kind="invitation",
            address=member.user.email,
            state=state,
            settled_at=moment,
            intended_at=moment,
            next_at=moment,
            created_at=moment,
        )

    settle("dead", 1)
    (lost,) = (
        one
        for one in acknowledgements.find_blockers(member.period, "go", at=BEFORE)
        if one.code == "go.person_unreachable"
    )
    settle("sent", 2)

    assert "go.person_unreachable" not in before
    assert lost.text.startswith("Nothing reaches Priya Raman")
    assert lost.owner == member.user
    assert "go.person_unreachable" not in [
        one.code for one in acknowledgements.find_blockers(member.period, "go", at=BEFORE)
    ]
