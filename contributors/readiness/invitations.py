"""Asking people whether they are ready, asking again without pestering, and answering what they miss."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from contributors.models import Acknowledgement, Membership
from contributors.people import members, permissions
from contributors.readiness import acknowledgements
from contributors.readiness.acknowledgements import REMIND_AGAIN_AFTER
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from periods.journal import journal
from periods.models import Period

LONGEST_REPLY = 2000


@transaction.atomic
def remind(membership_id: int, *, by: User, at: datetime, via: str = "") -> Membership:
    """Invite a person, or ask again. Raises AlreadyDone when they are ready, Refused within four hours of asking."""
    member = members.lock_member(membership_id)
    standing = acknowledgements.standing_answer(member)
    if standing is not None and standing.state == Acknowledgement.State.READY:
        raise AlreadyDone(f"{member.user} is ready already.")
    if member.invited_at is not None and member.invited_at > at - REMIND_AGAIN_AFTER:
        raise Refused(f"{member.user} was {_asked(member.invited_at, member.period)}, or call.")
    return members.invite(member.pk, by=by, at=at, via=via)


@transaction.atomic
def remind_all(period_id: int, *, by: User, at: datetime, via: str = "") -> list[Membership]:
    """Ask again everybody who is silent; who they were. Raises Refused when there is nobody to ask now."""
    period = Period.objects.locked().get(pk=period_id)
    people = acknowledgements.summarise_readiness(period, at=at)
    if people.remindable:
        ids = [row.member.pk for row in people.remindable]
        return members.invite_members(ids, by=by, at=at, via=via)
    last = [row.member.invited_at for row in people.to_remind if row.member.invited_at]
    if last:
        raise Refused(f"Everybody was {_asked(min(last), period)}, or call.")
    raise Refused("Nobody is waited for: everybody who was asked has answered.")


def _asked(asked_at: datetime, period: Period) -> str:
    """`asked at 10:12. Ask again from 14:12`, with the day where it is another."""
    asked, again = (moment.astimezone(period.zone) for moment in (asked_at, asked_at + REMIND_AGAIN_AFTER))
    day = "" if asked.date() == again.date() else f"{again:%a} "
    return f"asked at {asked:%H:%M}. Ask again from {day}{again:%H:%M}"


@transaction.atomic
def reply(answer_id: int, *, text: str, by: User, at: datetime, via: str = "") -> Acknowledgement:
    """Answer somebody who misses something; they are asked to confirm, and until then a go still waits.

    For the lead and those who manage people. Raises Invalid without a text, AlreadyDone for the same again or
    when the person has given another answer since.
    """
    member = members.lock_member(_membership_of(answer_id))
    if member.period.lead_id != by.pk and not permissions.has_right(by, member.period, "members.manage"):
        raise NotAllowed("The lead of the period answers this.")
    answer = Acknowledgement.objects.get(pk=answer_id)
    text = text.strip()
    if answer.voided_at is not None or answer.state != Acknowledgement.State.PROBLEM:
        raise AlreadyDone(f"{member.user} has given another answer since. Look again.")
    if not text or len(text) > LONGEST_REPLY:
        raise Invalid({"text": f"Say what was done about it, in up to {LONGEST_REPLY} characters."})
    if answer.reply == text:
        raise AlreadyDone(f"{member.user} was told this already.")
    answer.reply, answer.replied_at, answer.replied_by = text, at, by
    answer.save(update_fields=["reply", "replied_at", "replied_by"])
    journal.record(
        member.period,
        "readiness.replied",
        by=by,
        at=at,
        via=via,
        subject=f"member:{member.pk}",
        user=member.user_id,
        person=member.user.name,
        title=member.user.name,
        reply=text,
    )
    return answer


def _membership_of(answer_id: int) -> int:
    found: int = Acknowledgement.objects.values_list("membership_id", flat=True).get(pk=answer_id)
    return found
