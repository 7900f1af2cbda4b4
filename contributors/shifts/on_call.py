"""Who answers a page: the person on duty, whoever was not relieved, and who is second."""

from __future__ import annotations

from datetime import datetime

from contributors.models import Handoff, Role, Shift
from contributors.people import eligibility, members
from contributors.shifts import roster
from hypercare.models import User
from periods.models import Period


def responders_for(role: Role | None, period: Period, *, at: datetime) -> tuple[User | None, User | None]:
    """Who is paged first and second at an instant: on duty for the role, else for the one that answers pages.

    Where nobody holds a deputy shift, a second person on duty or the role's named deputy stands in. Who has not been
    relieved stays first past the end of their shift, and the one who follows is second; where two shifts overlap the
    one who accepted the hand-off is first.
    """
    team = role or Role.objects.filter(period=period, answers_pages=True).first()
    if team is None:
        return None, None
    on = [shift for shift in roster.shifts_on_duty(period, at=at) if shift.role_id == team.pk]
    deputies = [shift.user for shift in on if shift.kind == Shift.Kind.DEPUTY]
    current = [shift for shift in on if shift.kind == Shift.Kind.PRIMARY]
    unrelieved, relieved = _handing_over(team, at)
    # The sort keeps the order but for those who have handed over.
    primaries = [shift.user for shift in sorted(current, key=lambda shift: shift.pk in relieved)]
    if unrelieved:
        queue = [*unrelieved, *primaries, *deputies]
    else:
        queue = [*primaries[:1], *deputies, *primaries[1:], *_named_deputies(team)]
    first = queue[0] if unrelieved or primaries else None
    return first, next((user for user in queue if user != first), None)


def _handing_over(role: Role, at: datetime) -> tuple[list[User], set[int]]:
    """Who stays on because nobody has accepted, and the running shifts whose duty was accepted. Two queries."""
    standing = Handoff.objects.filter(role=role, cancelled_at__isnull=True, incoming_shift__ends_at__gt=at)
    found = list(standing.select_related("outgoing", "outgoing_shift", "incoming_shift").order_by("due_at", "id"))
    able = eligibility.eligible_ids(role.period_id) if found else set()
    stay = [one.outgoing for one in found if one.holds(at) and one.outgoing_id in able]
    gone = {one.outgoing_shift_id for one in found if one.accepted_at and one.incoming_shift.covers(at)}
    return stay, gone


def _named_deputies(role: Role) -> list[User]:
    deputies = members.members_of(role.period_id).filter(role=role, is_deputy=True)
    return [member.user for member in deputies if eligibility.is_eligible(member)]
