"""Calendar feeds: those of a period's roles, one's own, and what a calendar program gets."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from contributors.calendars import feed_links, imports
from contributors.calendars import feeds as calendar_feeds
from contributors.links import links
from contributors.models import Link, Role
from contributors.web.loading import page_url, tab_counts
from hypercare.exceptions import Invalid
from hypercare.web.answers import confirm_done
from hypercare.web.requests import SignedInRequest
from periods.access.access import is_allowed, period_or_404
from periods.models import Period

REMINDERS = {15: "15 min before", 60: "1 h before", 720: "12 h before", 1440: "1 day before"}


@login_required
@require_safe
def show_calendars(request: SignedInRequest, key: str) -> HttpResponse:
    """The roles of a period with this person's addresses, and the way to an import."""
    period, now = period_or_404(request.user, key), timezone.now()
    alarm = asked_alarm(request)
    mine = feed_links.feed_links_by_role(request.user, period)
    may_manage = is_allowed(request.user, period, "shifts.manage")
    context = {
        "period": period,
        "tab": "coverage",
        "tab_counts": tab_counts(request, period, at=now),
        "rows": [{"role": role, "url": address(mine.get(role.pk), alarm)} for role in _roles(period)],
        "reminders": reminders(request, alarm),
        "may_manage": may_manage,
        "imports": imports.recent_imports(period) if may_manage else [],
    }
    return render(request, "contributors/calendars/calendars.html", context)


@login_required
@require_POST
def make_role_feed(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Make the person's address of a role's calendar, or a new one in place of the old."""
    role = _role_or_404(request, key, pk)
    feed_links.replace_link(request.user, at=timezone.now(), role=role)
    return confirm_done(request, f"Calendar of {role} ready", url=_page_at(role))


@login_required
@require_POST
def end_role_feed(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """End the person's address of a role's calendar."""
    role = _role_or_404(request, key, pk)
    ended = feed_links.revoke_link(request.user, at=timezone.now(), role=role)
    return confirm_done(request, f"Calendar of {role} ended" if ended else "There was no address", url=_page_at(role))


@login_required
@require_POST
def make_feed(request: SignedInRequest) -> HttpResponse:
    """Make the address of one's own feed, or a new one in place of the old."""
    feed_links.replace_link(request.user, at=timezone.now())
    return confirm_done(request, "Calendar feed ready", url=reverse("contributors:shifts") + "#feed")


@login_required
@require_POST
def end_feed(request: SignedInRequest) -> HttpResponse:
    """End the feed: calendars that use it stop getting anything."""
    ended = feed_links.revoke_link(request.user, at=timezone.now())
    return confirm_done(
        request, "Calendar feed ended" if ended else "There was no feed", url=reverse("contributors:shifts")
    )


@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The feed itself, for a calendar program; 304 while it has this version. Raises LinkEnded (410)."""
    alarm = asked_alarm(request)
    body = feed_links.open_feed(token, at=timezone.now(), alarm=alarm)
    tag = calendar_feeds.content_tag_of(body)
    known = [one.strip() for one in request.headers.get("If-None-Match", "").split(",")]
    response = (
        HttpResponse(status=304) if tag in known else HttpResponse(body, content_type="text/calendar; charset=utf-8")
    )
    response["ETag"] = tag
    response["Cache-Control"] = "private, max-age=300"
    response["X-Robots-Tag"] = "noindex"
    if response.status_code != 304:
        response["Content-Disposition"] = 'inline; filename="hypercare.ics"'
    return response


def asked_alarm(request: HttpRequest) -> int | None:
    """The reminder an address asks for. One that can't be read is none: a calendar must not break over it."""
    try:
        return calendar_feeds.read_alarm(request.GET.get("alarm", ""))
    except Invalid:
        return None


def address(link: Link | None, alarm: int | None) -> str:
    """The full address of a feed with its reminder; empty when there is none."""
    if link is None:
        return ""
    return links.url_of(link) + (f"?alarm={alarm}" if alarm is not None else "")


def reminders(request: HttpRequest, alarm: int | None) -> list[dict[str, Any]]:
    """The choices of a reminder, as links to this page."""
    choices = [("No reminder", None), *((words, minutes) for minutes, words in REMINDERS.items())]
    return [
        {
            "words": words,
            "url": request.path + (f"?alarm={minutes}" if minutes else "") + "#feed",
            "current": minutes == alarm,
        }
        for words, minutes in choices
    ]


def _roles(period: Period) -> list[Role]:
    return list(Role.objects.filter(period=period).order_by("position", "id"))


def _role_or_404(request: SignedInRequest, key: str, pk: int) -> Role:
    period = period_or_404(request.user, key)
    return get_object_or_404(Role.objects.select_related("period"), period=period, pk=pk)


def _page_at(role: Role) -> str:
    return f"{page_url(role.period, 'contributors:calendars')}#role-{role.pk}"
