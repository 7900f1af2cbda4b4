"""Who may do what in a period: one table, used by pages, API and feeds alike."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser

from contributors.models import Membership
from hypercare.models import User
from periods.models import Period

OWNER, SUPPORT, CONTRIBUTOR, VIEWER = (right.value for right in Membership.Right)

RIGHTS: dict[str, frozenset[str]] = {
    "period.view": frozenset({OWNER, SUPPORT, CONTRIBUTOR, VIEWER}),
    "period.plan": frozenset({OWNER}),
    "period.run": frozenset({OWNER}),
    "members.manage": frozenset({OWNER}),
    "shifts.manage": frozenset({OWNER}),
    "contacts.view": frozenset({OWNER, SUPPORT, CONTRIBUTOR}),
    "checks.manage": frozenset({OWNER}),
    "checks.complete": frozenset({OWNER, SUPPORT, CONTRIBUTOR}),
    "readiness.acknowledge": frozenset({OWNER, SUPPORT, CONTRIBUTOR}),
    "incidents.report": frozenset({OWNER, SUPPORT, CONTRIBUTOR}),
    "incidents.triage": frozenset({OWNER, SUPPORT}),
    "incidents.work": frozenset({OWNER, SUPPORT, CONTRIBUTOR}),
    "notes.view": frozenset({OWNER, SUPPORT, CONTRIBUTOR}),
    "debriefs.run": frozenset({OWNER, SUPPORT}),
    "pages.write": frozenset({OWNER, SUPPORT, CONTRIBUTOR}),
    "pages.manage": frozenset({OWNER, SUPPORT}),
    "sources.manage": frozenset({OWNER}),
    "updates.post": frozenset({OWNER, SUPPORT}),
    "outside.manage": frozenset({OWNER}),
    "webhooks.manage": frozenset({OWNER}),
    "lessons.write": frozenset({OWNER, SUPPORT, CONTRIBUTOR}),
    "lessons.publish": frozenset({OWNER, SUPPORT}),
}
# Signing, voting and deciding follow from being named (sponsor, BAU owner, lead), not from this table.


def has_right(user: User | AnonymousUser, period: Period, right: str) -> bool:
    """Whether a member of the period holds a right. Raises KeyError for a right nobody defined."""
    return right_of(user, period) in RIGHTS[right]


def right_of(user: User | AnonymousUser, period: Period) -> str | None:
    """The person's right in the period, or None for a stranger. One query."""
    if not user.is_authenticated:
        return None
    members = Membership.objects.filter(user=user, period=period, left_at__isnull=True)
    return members.values_list("right", flat=True).first()


def owns_open_period(user: User) -> bool:
    """Whether they own a period that is not over. One query."""
    running = Membership.objects.filter(user=user, right=OWNER, left_at__isnull=True)
    return running.exclude(period__status__in=Period.ENDED).exists()
