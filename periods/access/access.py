"""Load a period for somebody: what they may not see does not exist for them."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from hypercare import registry
from hypercare.exceptions import NotAllowed
from hypercare.models import User
from periods.models import Period
from periods.models.period import PeriodQuerySet

EVERY_MEMBER = "period.view"  # who may see a period is its members: finding it has answered that
PEOPLE = ("lead", "sponsor", "bau_owner", "rollback_authority")


def period_or_404(user: User | AnonymousUser, key: str, *, may: str = EVERY_MEMBER) -> Period:
    """The period with its named people. Http404 for a stranger, NotAllowed for a member without the right."""
    period: Period | None = _visible(user, key).select_related(*PEOPLE).first()
    if period is None:
        raise Http404("No such period.")
    if may != EVERY_MEMBER:
        require_right(user, period, may)
    return period


def version_or_404(user: User | AnonymousUser, key: str) -> tuple[int, int, str]:
    """Id, journal number and status: all that somebody who polls must have read. Http404 as above."""
    found = list(_visible(user, key).values_list("pk", "journal_seq", "status"))
    if not found:
        raise Http404("No such period.")
    pk, seq, status = found[0]
    return pk, seq, status


def _visible(user: User | AnonymousUser, key: str) -> PeriodQuerySet:
    # A NUL reaches us in an address, and PostgreSQL refuses to look for it.
    return Period.objects.none() if "\x00" in key else Period.objects.visible_to(user).filter(key=key.upper())


def require_right(user: User | AnonymousUser, period: Period, right: str) -> None:
    """Raise NotAllowed unless the member holds the right."""
    if not is_allowed(user, period, right):
        raise NotAllowed(f"Your part in {period.name} does not include this. {_who_can(period)}")


def is_allowed(user: User | AnonymousUser, period: Period, right: str) -> bool:
    """Whether the person holds the right in the period."""
    return bool(registry.resolve(registry.HAS_RIGHT)(user, period, right))


def _who_can(period: Period) -> str:
    return f"{period.lead} can change that." if period.lead else "An owner of the period can change that."
