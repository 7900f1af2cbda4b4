"""Readiness: checks and people's answers; the go or no-go that rests on both is in `gonogo.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from contributors.models import Acknowledgement
from contributors.readiness import acknowledgements
from contributors.readiness.web import check_board as board
from contributors.readiness.web import go_panel
from contributors.readiness.web.check_forms import BulkChecksForm
from contributors.web.loading import page_url, tab_counts, version_of
from hypercare.web.requests import SignedInRequest, is_htmx, is_unchanged
from periods import checklist
from periods.access.access import period_or_404
from periods.models import Period

SHOWN_REHEARSALS = 6
PARTS = {"go": "contributors/readiness/_go_state.html", "stats": "contributors/readiness/_stats.html"}


@login_required
@require_safe
def show_readiness(request: SignedInRequest, key: str) -> HttpResponse:
    """The whole page."""
    period = period_or_404(request.user, key)
    return render_page(request, period)


@login_required
@require_safe
def readiness_panel(request: SignedInRequest, key: str) -> HttpResponse:
    """One part of the page; 204 while the page already shows this version, the whole page without htmx."""
    period = period_or_404(request.user, key)
    if is_unchanged(request, version_of(period, timezone.now())):
        return HttpResponse(status=204)
    part = PARTS.get(request.GET.get("part", ""), "contributors/readiness/_readiness.html")
    return render_page(request, period, template=part if is_htmx(request) else "")


def render_page(
    request: SignedInRequest, period: Period, *, template: str = "", status: int = 200, **forms_: Any
) -> HttpResponse:
    """The page, or a part of it, with forms that came back."""
    context = {**_context(request, period, timezone.now()), **forms_}
    return render(request, template or "contributors/readiness/readiness.html", context, status=status)


def _context(request: SignedInRequest, period: Period, now: datetime) -> dict[str, Any]:
    """Context of the page and of its fragment."""
    filters = board.CheckFilters.of(request.GET)
    checks = board.outline_checks(period)
    progress, people = checklist.progress_of(checks, at=now), acknowledgements.summarise_readiness(period, at=now)
    may = board.check_rights(request.user, period)
    return {
        "now": now,
        "period": period,
        "tab": "readiness",
        "tab_counts": {
            **tab_counts(request, period, at=now),
            "readiness": f"{progress.percent} %" if progress.total else "",
        },
        "version": version_of(period, now),
        "fragment": f"{page_url(period, 'contributors:readiness_panel')}{filters.here}",
        "progress": progress,
        "until_go_live": (period.starts_at - now).total_seconds(),
        "evidence_wanted": sum(bool(check.evidence_wanted) for check in checks),
        "people": people,
        "statements": Acknowledgement.STATEMENTS,
        **board.board_context(checks, request.user, filters, may, now),
        "may": may,
        "bulk_form": BulkChecksForm(period=period, now=now, pks=()) if may["manage"] else None,
        "rehearsals": list(period.rehearsals.select_related("by").order_by("-started_at", "-id")[:SHOWN_REHEARSALS]),
        "is_sponsor": period.sponsor_id == request.user.pk,
        "is_member_asked": any(row.member.user_id == request.user.pk and row.state != "ready" for row in people.rows),
        "getting_ready": period.status == Period.Status.READINESS,
        **go_panel.panel_context(request, period, now),
    }
