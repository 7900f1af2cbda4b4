"""What was sent to whom and what became of it: of a period, and of the whole installation for its admins."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from contributors.channels import find_channel
from contributors.messaging import trial_page
from contributors.messaging.delivery import history
from contributors.messaging.message_templates import names
from contributors.models import Delivery
from contributors.web.loading import page_url, tab_counts
from hypercare.engine import engine
from hypercare.web.answers import confirm_done
from hypercare.web.requests import SignedInRequest, is_htmx, is_unchanged, next_url, require_administrator
from periods.access.access import is_allowed, period_or_404
from periods.models import Period

SEE, RETRY = "contacts.view", "period.run"


@login_required
@require_safe
def of_period(request: SignedInRequest, key: str) -> HttpResponse:
    """Deliveries of one period, its dead letters and the last round of test pages."""
    period = period_or_404(request.user, key, may=SEE)
    version = history.version_of(period)
    if is_htmx(request) and is_unchanged(request, version):
        return HttpResponse(status=204)
    now = timezone.now()
    tests = trial_page.latest_round(period)
    context = {
        **_list(request, period, page_url(period, "contributors:deliveries")),
        "version": version,
        "period": period,
        "tab": "",
        "tab_counts": tab_counts(request, period, at=now),
        "tests": [delivery_row(row) for row in tests],
        "tests_reached": sum(row.state in ("sent", "delivered") for row in tests),
        "may_retry": is_allowed(request.user, period, RETRY),
    }
    return render(request, _template(request, "contributors/messaging/deliveries.html"), context)


@login_required
@require_safe
def of_installation(request: SignedInRequest) -> HttpResponse:
    """Deliveries of every period, and how the engine is; for admins."""
    require_administrator(request.user)
    version = history.version_of(None)
    if is_htmx(request) and is_unchanged(request, version):
        return HttpResponse(status=204)
    context = {
        **_list(request, None, reverse("contributors:all_deliveries")),
        "version": version,
        "engine": engine.read_condition(at=timezone.now()),
        "may_retry": True,
    }
    return render(request, _template(request, "contributors/messaging/all_deliveries.html"), context)


@login_required
@require_POST
def retry(request: SignedInRequest, key: str, pk: uuid.UUID) -> HttpResponse:
    """Send a dead letter again."""
    period = period_or_404(request.user, key, may=RETRY)
    try:
        row = history.retry(period, pk, by=request.user, at=timezone.now())
    except Delivery.DoesNotExist as error:
        raise Http404("No such message.") from error
    return confirm_done(
        request, f"Sent again to {row.recipient or row.address}", url=page_url(period, "contributors:deliveries")
    )


@login_required
@require_POST
def retry_any(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Send a dead letter of any period again; for admins."""
    require_administrator(request.user)
    try:
        row = history.retry_any(pk, by=request.user, at=timezone.now())
    except Delivery.DoesNotExist as error:
        raise Http404("No such message.") from error
    return confirm_done(
        request, f"Sent again to {row.recipient or row.address}", url=reverse("contributors:all_deliveries")
    )


@login_required
@require_POST
def test_everyone(request: SignedInRequest, key: str) -> HttpResponse:
    """Send a test page to everybody in the period."""
    period = period_or_404(request.user, key, may=RETRY)
    count = trial_page.send_to_everyone(period, by=request.user, at=timezone.now())
    people = "1 person" if count == 1 else f"{count} people"
    return confirm_done(
        request, f"Test pages on their way to {people}", url=page_url(period, "contributors:deliveries")
    )


@login_required
@require_POST
def test_myself(request: SignedInRequest) -> HttpResponse:
    """Send a test page to oneself."""
    rows = trial_page.send_to_self(request.user, at=timezone.now())
    ways = ", ".join(row.address for row in rows)
    return confirm_done(request, f"A test page is on its way to {ways}", url=next_url(request, reverse("settings")))


def _template(request: SignedInRequest, page: str) -> str:
    return "contributors/messaging/_deliveries.html" if is_htmx(request) else page


def _list(request: SignedInRequest, period: Period | None, url: str) -> dict[str, Any]:
    """The list as it was asked for. `url` is the page's own address."""
    asked = {name: request.GET.get(name, "").replace("\x00", "")[:100] for name in ("group", "channel", "q")}
    page = history.list_deliveries(period, **asked, after=request.GET.get("after", ""))
    counted = history.count_by_group(period)
    kept = {name: value for name, value in asked.items() if value}
    groups = [
        {
            "label": label,
            "count": counted[name],
            "current": name == asked["group"],
            "url": f"{url}?{urlencode({**kept, 'group': name})}",
        }
        for name, (label, _) in history.GROUPS.items()
    ]
    after = {"after": request.GET["after"]} if request.GET.get("after") else {}
    return {
        "rows": [delivery_row(row) for row in page.rows],
        "groups": groups,
        "asked": asked,
        "url": url,
        "channels": [(name, find_channel(name).title) for name in history.used_channels(period)],
        "fragment": f"{url}?{urlencode({**kept, **after})}",
        "next_url": f"{url}?{urlencode({**kept, 'after': page.next})}" if page.next else "",
        "first_url": f"{url}?{urlencode(kept)}" if after else "",
        "dead": counted["failed"],
        "is_filtered": bool(kept),
        "in_all_words": _without_filters(counted[""]),
    }


def _without_filters(count: int) -> str:
    return "1 message without the filters." if count == 1 else f"{count} messages without the filters."


def _place(row: Delivery) -> str:
    """The address without the mark that keeps two ways apart."""
    return row.address.rpartition(" #")[0] or row.address


_TONES = {
    "due": ("info", "clock"),
    "sending": ("info", "clock"),
    "sent": ("ok", "ok"),
    "delivered": ("ok", "ok"),
    "dead": ("danger", "late"),
    "bounced": ("danger", "late"),
}


def delivery_row(row: Delivery) -> dict[str, Any]:
    """A delivery as the lists show it."""
    tone, icon = _TONES.get(row.state, ("neutral", "circle"))
    late = history.lateness_of(row)
    why = "" if row.last_error.rstrip(".") == row.get_state_display() else row.last_error
    number = row.subject.removeprefix("incident:") if row.subject.startswith("incident:") else ""
    about = f"{row.period.key}-{number}" if number and row.period else ""
    return {
        "row": row,
        "kind": names.name_of(row),
        "tone": tone,
        "icon": icon,
        "late_s": None if late is None else late.total_seconds(),
        "failed": row.state in history.FAILED,
        "waits": row.state == "due" and row.attempts,
        "about": about,
        "why": why,
        "place": _place(row),
        "channel": find_channel(row.channel).title,
    }
