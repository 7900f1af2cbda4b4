"""Somebody's page: for those who share a period with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from contributors import contact_points
from contributors.handoffs import handoffs
from contributors.models import Delivery, Handoff, Membership, Shift
from contributors.people.permissions import RIGHTS
from contributors.shifts import intervals, roster, work_time_limits
from hypercare.models import User
from hypercare.web.requests import SignedInRequest
from periods.models import Period

WEEK = timedelta(days=7)
AHEAD = timedelta(days=14)
MOST = 12


@dataclass(frozen=True)
class WeeklyWorkload:
    """What duty asked of them in seven days, in the periods one shares."""

    hours: float
    nights: float
    pages: int


@login_required
@require_safe
def person(request: SignedInRequest, pk: int) -> HttpResponse:
    """Who somebody is, where they are, what they do and how to reach them."""
    now, viewer = timezone.now(), request.user
    shared = Period.objects.visible_to(viewer).exclude(status__in=Period.ENDED)
    everywhere = Period.objects.visible_to(viewer)
    found = User.objects.filter(pk=pk)
    inside = Membership.objects.filter(user__in=found, period__in=everywhere, left_at__isnull=True)
    someone = found.first()
    if someone is None or (someone.pk != viewer.pk and not inside.exists()):
        raise Http404("Nobody here.")
    parts = list(inside.filter(period__in=shared).select_related("period", "role").order_by("period__go_live_at", "id"))
    shifts = _shifts(parts, someone, now)
    reach = someone.pk == viewer.pk or _may_reach(viewer, parts)
    context = {
        "now": now,
        "someone": someone,
        "is_me": someone.pk == viewer.pk,
        "parts": parts[:MOST],
        "local": now.astimezone(someone.zone),
        "on_now": [shift for shift in shifts if shift.covers(now)],
        "coming": [shift for shift in shifts if shift.starts_at > now][:MOST],
        "reach": reach,
        "lost": contact_points.find_unreachable([someone]).get(someone.pk) if reach else None,
        "last": _week(shifts, parts, someone, now - WEEK, now),
        "next": _week(shifts, parts, someone, now, now + WEEK),
        "notes": _notes(viewer, someone),
    }
    return render(request, "contributors/profile/person.html", context)


def _shifts(parts: list[Membership], someone: User, now: datetime) -> list[Shift]:
    found = roster.standing_shifts(now - WEEK, now + AHEAD).filter(
        user=someone, role__period__in=[part.period_id for part in parts]
    )
    return list(found.select_related("role__period", "user").order_by("starts_at", "id")[:500])


def _may_reach(viewer: User, parts: list[Membership]) -> bool:
    """Contact details are for those who work in a period with them."""
    mine = Membership.objects.filter(
        user=viewer,
        left_at__isnull=True,
        period__in=[part.period_id for part in parts],
        right__in=RIGHTS["contacts.view"],
    )
    return mine.exists()


def _week(
    shifts: list[Shift], parts: list[Membership], someone: User, start: datetime, end: datetime
) -> WeeklyWorkload:
    spans = intervals.union(intervals.clip(((one.starts_at, one.ends_at) for one in shifts), start, end))
    pages = Delivery.objects.filter(
        recipient=someone,
        kind="page",
        created_at__gte=start,
        created_at__lt=end,
        period__in=[part.period_id for part in parts],
    ).exclude(Q(state=Delivery.State.CANCELLED) | Q(dedupe_key__contains="~way:"))
    return WeeklyWorkload(
        intervals.total_minutes(spans) / 60, work_time_limits.night_hours(spans, someone.zone), pages.count()
    )


def _notes(viewer: User, someone: User) -> list[Handoff]:
    """The newest notes they wrote or accepted, which one may read."""
    found = Handoff.objects.visible_to(viewer).filter(version__gt=0)
    mine = found.filter(Q(outgoing=someone) | Q(incoming=someone)).select_related(*handoffs.PEOPLE)
    return list(mine.order_by("-due_at", "-id")[:5])
