"""Asking without pestering, and answering what people miss."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contributors.messaging import rendering
from contributors.models import Acknowledgement, Delivery, Membership
from contributors.readiness import acknowledgements, invitations
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from periods.journal import journal
from periods.models import JournalEntry, Period
from tests.factories import GO_LIVE, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
ALL = list(Acknowledgement.STATEMENTS)
BEFORE = GO_LIVE - timedelta(days=5)
HOUR = timedelta(hours=1)


def someone(period: Period | None = None, name: str = "Priya Raman", **fields: object) -> Membership:
    period = period or make_period(Period.Status.READINESS, key="BILL")
    fields.setdefault("invited_at", BEFORE)
    return make_member(period, make_user(name), role=make_role(period, f"Role of {name}", required=True), **fields)


def say(member: Membership, state: str, *, at: object = BEFORE, note: str = "", **fields: object) -> Acknowledgement:
    return acknowledgements.acknowledge(
        member.pk, statements=ALL if state == "ready" else [], note=note, state=state, by=member.user, at=at, **fields
    )


@pytest.mark.parametrize(("hours", "may"), [(0, False), (3.9, False), (4, True), (30, True)])
def test_nobody_is_reminded_again_within_four_hours(hours, may):
    member = someone()
    at = BEFORE + hours * HOUR

    if may:
        assert invitations.remind(member.pk, by=member.period.lead, at=at).invited_at == at
    else:
        with pytest.raises(Refused, match=r"Priya Raman was asked at 07:00\. Ask again from 11:00, or call\."):
            invitations.remind(member.pk, by=member.period.lead, at=at)


def test_who_was_never_asked_is_invited_at_once():
    member = someone(invited_at=None)

    invitations.remind(member.pk, by=member.period.lead, at=BEFORE)

    assert JournalEntry.objects.get(period=member.period).data["again"] is False


def test_who_is_ready_is_not_reminded():
    member = someone()
    say(member, "ready")

    with pytest.raises(AlreadyDone, match="Priya Raman is ready already"):
        invitations.remind(member.pk, by=member.period.lead, at=BEFORE + 5 * HOUR)


def test_reminding_all_asks_those_who_are_silent_and_not_just_asked():
    first = someone()
    period = first.period
    someone(period, "Just Asked", invited_at=BEFORE + 4 * HOUR)
    say(someone(period, "Ready Already"), "ready")

    asked = invitations.remind_all(period.pk, by=period.lead, at=BEFORE + 5 * HOUR)

    assert [member.user.name for member in asked] == ["Priya Raman"]
    with pytest.raises(Refused, match=r"Everybody was asked at 11:00\. Ask again from 15:00, or call\."):
        invitations.remind_all(period.pk, by=period.lead, at=BEFORE + 5 * HOUR)


def test_reminding_nobody_says_so():
    member = someone()
    say(member, "ready")

    with pytest.raises(Refused, match="Nobody is waited for"):
        invitations.remind_all(member.period_id, by=member.period.lead, at=BEFORE + 9 * HOUR)


# --- Something is missing -----------------------------------------------------------------------


def objection(member: Membership) -> object:
    found = acknowledgements.find_blockers(member.period, "go", at=BEFORE)
    return next((one for one in found if one.about == f"member:{member.pk}"), None)


def test_what_is_missing_stands_in_the_way_of_a_go_until_the_person_confirms():
    member = someone()
    answer = say(member, "problem", note="No prod access")
    before = objection(member)

    invitations.reply(answer.pk, text="Arjun gave you access.", by=member.period.lead, at=BEFORE + HOUR)
    answered = objection(member)
    say(member, "ready", at=BEFORE + 2 * HOUR)

    assert (before.code, before.text) == (
        "go.person_problem",
        "Priya Raman (Role of Priya Raman) says something is missing.",
    )
    assert answered.text.endswith("Lead answered; Priya has to confirm.")
    assert objection(member) is None


def test_a_reply_reaches_the_person_with_a_link():
    member = someone()
    answer = say(member, "problem", note="No prod access")

    invitations.reply(answer.pk, text="Arjun gave you access.", by=member.period.lead, at=BEFORE + HOUR)
    journal.dispatch_entries(at=BEFORE + HOUR)

    letter = Delivery.objects.get(kind="readiness_replied")
    assert (letter.recipient, letter.context["reply"]) == (member.user, "Arjun gave you access.")
    assert "/a/" in rendering.render(letter).text


@pytest.mark.parametrize(("text", "field"), [(" ", "text"), ("x" * 2001, "text")])
def test_a_reply_says_something(text, field):
    member = someone()
    answer = say(member, "problem", note="No prod access")

    with pytest.raises(Invalid) as refusal:
        invitations.reply(answer.pk, text=text, by=member.period.lead, at=BEFORE)

    assert field in refusal.value.errors


def test_only_lead_and_owners_reply():
    member = someone()
    answer = say(member, "problem", note="No prod access")
    other = make_member(member.period).user

    with pytest.raises(NotAllowed):
        invitations.reply(answer.pk, text="Fine", by=other, at=BEFORE)


def test_a_reply_to_an_answer_that_was_replaced_is_refused():
    member = someone()
    answer = say(member, "problem", note="No prod access")
    say(member, "ready", at=BEFORE + HOUR)

    with pytest.raises(AlreadyDone, match="has given another answer since"):
        invitations.reply(answer.pk, text="Fine", by=member.period.lead, at=BEFORE + 2 * HOUR)


def test_taking_a_ready_back_tells_the_lead_which_shifts_need_somebody():
    member = someone()
    shift = make_shift(member.role, member.user, starts_at=GO_LIVE)
    say(member, "ready")

    say(member, "problem", note="Surgery", at=BEFORE + HOUR, cannot=[shift.pk])
    journal.dispatch_entries(at=BEFORE + HOUR)

    letter = rendering.render(Delivery.objects.get(kind="readiness_problem"))
    assert letter.subject == "No longer ready: Priya Raman, Billing cut-over"
    assert "Who works these?" in letter.text
    assert "Role of Priya Raman: Sat 14 Nov" in letter.text
    row = acknowledgements.summarise_readiness(member.period, at=BEFORE).rows[0]
    assert row.cannot == (shift,)


def test_taking_a_ready_back_without_naming_shifts_tells_the_lead_all_that_are_to_come():
    member = someone()
    make_shift(member.role, member.user, starts_at=GO_LIVE)
    make_shift(member.role, member.user, starts_at=BEFORE - timedelta(days=1))
    say(member, "ready")

    say(member, "problem", note="I left the company", at=BEFORE + HOUR)
    journal.dispatch_entries(at=BEFORE + HOUR)

    shifts = Delivery.objects.get(kind="readiness_problem").context["shifts"]
    assert [start for _, start, _ in shifts] == [GO_LIVE.isoformat()]


def test_only_one_s_own_shifts_can_be_impossible():
    member = someone()
    other = make_shift(member.role, make_member(member.period).user, starts_at=GO_LIVE)

    with pytest.raises(Invalid) as refusal:
        say(member, "problem", note="No", cannot=[other.pk])

    assert "cannot" in refusal.value.errors
