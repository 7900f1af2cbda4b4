"""What the frame around every page shows: where one is, what is live, what needs one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from hypercare.engine import engine
from hypercare.models import User
from hypercare.pages.home import todo as home_todo
from hypercare.web.requests import is_htmx
from incidents.reporting import cached_counts
from periods.models import Period

SECTIONS = (
    ("/i/", "incidents"),
    ("/incidents/", "incidents"),
    ("/p/", "periods"),
    ("/periods/", "periods"),
    ("/shifts/", "shifts"),
    ("/people/", "periods"),
    ("/lessons/", "lessons"),
    ("/templates/", "periods"),
    ("/settings/", "settings"),
    ("/search/", "search"),
    ("/deliveries/", "settings"),
)
SHOWN = 8
SAID = ("id", "key", "name", "status", "go_live_at", "journal_seq")


@dataclass
class PageFrame:
    """The frame's data. `live` and `upcoming` are lists of {name, url, count, red, note, current}."""

    user: User | None = None
    org: str = ""
    theme: str = ""
    section: str = "home"
    can_plan: bool = False
    engine_late: bool = False
    engine_alone: bool = False
    engine_paused: str = ""
    needs_count: int = 0
    needs_red: bool = False
    open_incidents: int = 0
    log_url: str = ""
    live: list[dict[str, Any]] = field(default_factory=list)
    upcoming: list[dict[str, Any]] = field(default_factory=list)


def frame_context(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `frame_context` and `now`. Two queries for a signed-in person while
    nothing happens in their periods; what they count is asked again after every journal entry."""
    now = timezone.now()
    user = getattr(request, "user", None)
    frame = PageFrame(org=settings.ORGANISATION, section=_section(request.path))
    if isinstance(user, User) and not is_htmx(request):
        _fill(frame, user, request.path, now)
    return {"shell": frame, "now": now}


def _section(path: str) -> str:
    return next((name for prefix, name in SECTIONS if path.startswith(prefix)), "home")


def _fill(frame: PageFrame, user: User, path: str, now: datetime) -> None:
    periods = _periods(user)
    counts = cached_counts.open_counts_of(periods)
    frame.user, frame.theme, frame.can_plan = user, user.theme, user.may_plan
    seen = engine.read_heartbeats(at=now)
    frame.engine_alone = seen.alone > engine.LATE
    frame.engine_late, frame.engine_paused = seen.late, seen.paused_why if seen.paused_at else ""
    frame.needs_count, frame.needs_red = _needs(user, periods, now)
    frame.open_incidents = sum(counts[period.pk].open for period in periods)
    live = [period for period in periods if period.is_live][:SHOWN]
    frame.live = [_live_row(period, counts[period.pk], path) for period in live]
    here = next((f"?in={period.key}" for period in periods if period.is_live and _is_current(period, path)), "")
    frame.log_url = reverse("incidents:log_anywhere") + here if live else ""
    frame.upcoming = [_upcoming_row(period, path, now) for period in periods if not period.is_live][:SHOWN]


def _periods(user: User) -> list[Period]:
    mine = Period.objects.visible_to(user).exclude(status__in=Period.ENDED)
    return list(mine.only(*SAID).order_by("go_live_at", "id"))


def _needs(user: User, periods: list[Period], now: datetime) -> tuple[int, bool]:
    """How much needs the person and whether some of it is urgent: counted once a version and minute."""
    stamp = cached_counts.minute_stamp(periods, at=now)

    def count() -> tuple[int, bool]:
        todo = home_todo.count_todo(user, at=now)
        return todo.total, todo.red

    found: tuple[int, bool] = cached_counts.count_once(f"needs:{user.pk}:{stamp}", count)
    return found


def _live_row(period: Period, count: cached_counts.OpenCounts, path: str) -> dict[str, Any]:
    return {
        "name": period.name,
        "url": period.get_absolute_url(),
        "count": count.open,
        "red": count.p1 > 0,
        "note": "",
        "current": _is_current(period, path),
    }


def _upcoming_row(period: Period, path: str, now: datetime) -> dict[str, Any]:
    days = (period.go_live_at - now).days
    note = f"{days} d" if days >= 0 else "late"
    return {
        "name": period.name,
        "url": period.get_absolute_url(),
        "count": None,
        "red": False,
        "note": note,
        "current": _is_current(period, path),
    }


def _is_current(period: Period, path: str) -> bool:
    return path.startswith((reverse("period_overview", kwargs={"key": period.key}), f"/i/{period.key}-"))
