"""What every view of people starts with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse

from contributors.models import Membership, Shift
from contributors.people import members
from hypercare import registry
from hypercare.web.requests import SignedInRequest, is_htmx
from periods.models import Period


def page_url(period: Period, name: str, **more: Any) -> str:
    """Address of a page of the period."""
    return reverse(name, kwargs={"key": period.key, **more})


def member_or_404(period: Period, pk: int) -> Membership:
    """A member of this period who has not left."""
    return get_object_or_404(members.members_of(period.pk), pk=pk)


def shift_or_404(period: Period, pk: int) -> Shift:
    """A shift of this period with its role and who has it."""
    return get_object_or_404(Shift.objects.select_related("role", "user"), role__period=period, pk=pk)


def version_of(period: Period, now: datetime) -> str:
    """What shown data depends on: the period's journal, and the minute, because hours pass by themselves."""
    return f"{period.journal_seq}.{int(now.timestamp()) // 60}"


def tab_counts(request: SignedInRequest, period: Period, *, at: datetime) -> dict[str, Any]:
    """The figures on the tabs; none for a fragment, which has no tabs."""
    if is_htmx(request):
        return {}
    counts: dict[str, Any] = registry.resolve(registry.TAB_COUNTS)(period, at=at)
    return counts
