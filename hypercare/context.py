"""What the frame around every page shows: where one is, what is live, what needs one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from hypercare import engine
from hypercare.models import User
from hypercare.pages import needs
from incidents.models import Incident
from periods.models import Period

SECTIONS = (("/i/", "incidents"), ("/incidents/", "incidents"), ("/p/", "periods"), ("/periods/", "periods"),
            ("/shifts/", "shifts"), ("/settings/", "settings"), ("/search/", "search"))  # fmt: skip
SHOWN = 8


@dataclass
class Shell:
    """The frame's data. `live` and `upcoming` are lists of {name, url, count, red, note, current}."""

    user: User | None = None
    org: str = ""
    theme: str = ""
    section: str = "home"
    can_plan: bool = False
    engine_late: bool = False
    needs_count: int = 0
    needs_red: bool = False
    open_incidents: int = 0
    live: list[dict[str, Any]] = field(default_factory=list)
    upcoming: list[dict[str, Any]] = field(default_factory=list)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell` and `now`. Four queries for a signed-in person, whatever they are part of."""
    now = timezone.now()
    user = getattr(request, "user", None)
    frame = Shell(org=settings.ORGANISATION, section=_section(request.path))
    if isinstance(user, User) and not getattr(request, "htmx", False):
        _fill(frame, user, request.path, now)
    return {"shell": frame, "now": now}


def _section(path: str) -> str:
    return next((name for prefix, name in SECTIONS if path.startswith(prefix)), "home")


def _fill(frame: Shell, user: User, path: str, now: datetime) -> None:
    periods = _periods(user)
    todo = needs.count(user, at=now)
    frame.user, frame.theme, frame.can_plan = user, user.theme, user.may_plan
    frame.engine_late = engine.is_late(at=now)
    frame.needs_count, frame.needs_red = todo.total, todo.red
    frame.open_incidents = sum(period.open_count for period in periods)
    frame.live = [_live_row(period, path) for period in periods if period.is_live][:SHOWN]
    frame.upcoming = [_upcoming_row(period, path, now) for period in periods if not period.is_live][:SHOWN]


def _periods(user: User) -> list[Any]:
    open_incident = Q(incidents__isnull=False) & ~Q(incidents__status__in=Incident.ENDED)
    return list(
        Period.objects.visible_to(user)
        .exclude(status__in=Period.ENDED)
        .annotate(
            open_count=Count("incidents", filter=open_incident, distinct=True),
            p1_count=Count("incidents", filter=open_incident & Q(incidents__severity="P1"), distinct=True),
        )
        .order_by("go_live_at", "id")[: 2 * SHOWN]
    )


def _live_row(period: Any, path: str) -> dict[str, Any]:
    return {
        "name": period.name, "url": period.get_absolute_url(), "count": period.open_count,
        "red": period.p1_count > 0, "note": "", "current": _is_current(period, path),
    }  # fmt: skip


def _upcoming_row(period: Any, path: str, now: datetime) -> dict[str, Any]:
    days = (period.go_live_at - now).days
    note = f"{days} d" if days >= 0 else "late"
    return {
        "name": period.name, "url": period.get_absolute_url(), "count": None,
        "red": False, "note": note, "current": _is_current(period, path),
    }  # fmt: skip


def _is_current(period: Period, path: str) -> bool:
    return path.startswith((reverse("period_overview", kwargs={"key": period.key}), f"/i/{period.key}-"))
