"""Coverage: who is on duty when, where somebody is missing, and who could fill it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors.handoffs.web import pages as handoff_views
from contributors.models import AcceptedGap, CoverRequest, Shift
from contributors.shifts import candidates, coverage, gantt, gantt_query, roster, roster_checks, workload
from contributors.shifts.coverage import RoleGap
from contributors.shifts.web.shift_forms import ShiftForm
from contributors.swaps import cover_requests
from contributors.web.loading import page_url, tab_counts, version_of
from hypercare.exceptions import Invalid
from hypercare.ui import time_words
from hypercare.web.answers import confirm_done
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest, is_htmx, is_unchanged, next_url
from periods.access.access import is_allowed, period_or_404
from periods.models import Period

SHOWN_CANDIDATES = 5
SHOWN_REQUESTS = 8


@login_required
@require_safe
def show_coverage(request: SignedInRequest, key: str) -> HttpResponse:
    """The board with the gap or shift that is selected."""
    period, now = period_or_404(request.user, key), timezone.now()
    return _render(request, period, "contributors/shifts/coverage.html", now)


@login_required
@require_safe
def coverage_panel(request: SignedInRequest, key: str) -> HttpResponse:
    """The lanes alone; 204 while the page already shows this version, the whole page without htmx."""
    period, now = period_or_404(request.user, key), timezone.now()
    if is_unchanged(request, version_of(period, now)):
        return HttpResponse(status=204)
    template = "contributors/shifts/_coverage.html" if is_htmx(request) else "contributors/shifts/coverage.html"
    return _render(request, period, template, now)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add_shift(request: SignedInRequest, key: str) -> HttpResponse:
    """Put somebody on duty; a GET shows the form as a page of its own, filled in for a gap."""
    period, now = period_or_404(request.user, key, may="shifts.manage"), timezone.now()
    form = ShiftForm(request.POST or None, period=period, initial=_initial(request, period, now))
    if request.method != "POST" or not form.is_valid():
        return _form_page(request, period, form, now)
    data = {**form.cleaned_data, "role_id": form.cleaned_data["role"].pk}
    del data["role"]
    try:
        shift = roster.assign_shift(**data, by=request.user, at=now)
    except Invalid as error:
        add_errors(form, error)
        return _form_page(request, period, form, now)
    undo = page_url(period, "contributors:cancel_shift", pk=shift.pk)
    return confirm_done(
        request, f"{shift.user} is on {shift.role}", url=next_url(request, _day_of(period, shift)), undo=undo
    )


@login_required
@require_POST
def cancel_shift(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Take a shift out of the plan."""
    period = period_or_404(request.user, key, may="shifts.manage")
    shift = get_object_or_404(Shift, role__period=period, pk=pk)
    shift = roster.cancel_shift(shift.pk, by=request.user, at=timezone.now())
    return confirm_done(request, f"Shift of {shift.user} cancelled", url=next_url(request, _day_of(period, shift)))


def _day_of(period: Period, shift: Shift) -> str:
    day = timezone.localtime(shift.starts_at).date()
    return f"{page_url(period, 'period_coverage')}?from={day.isoformat()}"


def _initial(request: SignedInRequest, period: Period, now: datetime) -> dict[str, Any]:
    asked = gantt_query.read_query(request.GET.dict(), period, request.user, at=now)
    if not asked.gap:
        return {"starts_at": now.replace(minute=0, second=0, microsecond=0)}
    gap = gantt.build_board(period, asked, viewer=request.user, at=now).gap(asked.gap)
    return ShiftForm.initial_for(gap) if gap else {}


def _form_page(request: SignedInRequest, period: Period, form: ShiftForm, now: datetime) -> HttpResponse:
    context = {
        "period": period,
        "tab": "coverage",
        "tab_counts": tab_counts(request, period, at=now),
        "form": form,
        "next": request.POST.get("next", ""),
    }
    return render(request, "contributors/shifts/add_shift.html", context, status=422 if form.errors else 200)


def _render(request: SignedInRequest, period: Period, template: str, now: datetime) -> HttpResponse:
    """The page or its lanes, with every time in the zone that was asked for."""
    asked = gantt_query.read_query(request.GET.dict(), period, request.user, at=now)
    with timezone.override(asked.zone):
        return render(request, template, _context(request, period, asked, now))


def _context(request: SignedInRequest, period: Period, asked: gantt_query.GanttQuery, now: datetime) -> dict[str, Any]:
    """Context of the page and of its lanes."""
    shown = gantt.build_board(period, asked, viewer=request.user, at=now)
    standing = [gap for gap in shown.gaps if gantt.gap_key(gap) not in shown.let_stand]
    counted = coverage.count_gaps(standing, period, at=now)
    gap, may_manage = (
        shown.gap(asked.gap) or next((gap for gap in standing if gap.end > now), None),
        is_allowed(request.user, period, "shifts.manage"),
    )
    return {
        "now": now,
        "period": period,
        "tab": "coverage",
        "tab_counts": tab_counts(request, period, at=now),
        "version": version_of(period, now),
        "board": shown,
        "gantt": shown.gantt,
        "views": [(words, asked.link(view=view), view == asked.view) for view, words in gantt_query.VIEWS],
        "zones": _zones(request, asked),
        "today": asked.link(**{"from": timezone.localtime(now).date().isoformat()}),
        "fragment": page_url(period, "contributors:coverage_panel") + asked.link(),
        "may_manage": may_manage,
        "may_read_notes": is_allowed(request.user, period, "notes.view"),
        "selected": (chosen := shown.shift(asked.shift)),
        "shift_odd": shown.odd(chosen) if chosen else "",
        "shift_seconds": (chosen.ends_at - chosen.starts_at).total_seconds() if chosen else 0,
        "on_now": roster.shifts_on_duty(period, at=now),
        "counted": counted,
        "hours": _hours(period, shown, now),
        "findings": roster_checks.condense_findings(
            roster_checks.check_roster(
                period, shown.roles, shown.shifts, start=now, end=roster.roster_window(period)[1]
            )
        ),
        "holidays": shown.holidays,
        **_duty(request, period, chosen, now, may_manage=may_manage),
        **_gap_panel(
            period,
            gap,
            asked,
            may_manage=may_manage,
            more=counted.ahead,
            half="half" in request.GET,
            accepted=shown.let_stand.get(gantt.gap_key(gap)) if gap else None,
        ),
        **({} if is_htmx(request) else handoff_views.handoff_panel(request.user, period, shown.shifts, now)),
    }


@login_required
@require_safe
def load_page(request: SignedInRequest, key: str) -> HttpResponse:
    """Who carries how much: hours, nights, pages and serious incidents, and how fair that is."""
    period, now = period_or_404(request.user, key), timezone.now()
    begin, end = roster.roster_window(period)
    rows = workload.workloads_of(period, roster.shifts_of_period(period, start=begin, end=end), start=begin, end=end)
    context = {
        "period": period,
        "tab": "coverage",
        "tab_counts": tab_counts(request, period, at=now),
        "rows": rows,
        "spread": workload.hours_spread(rows),
        "middle": workload.median_hours(rows),
        "most": max((row.hours for row in rows), default=0),
    }
    return render(request, "contributors/shifts/load.html", context)


def _zones(request: SignedInRequest, asked: gantt_query.GanttQuery) -> list[tuple[str, str, bool]]:
    mine = time_words.city_of(request.user.zone)
    words = [("mine", mine), ("utc", "UTC"), ("each", "Each person's")]
    return [
        (text, asked.link(zone=name), name == asked.zone_name) for name, text in words if text != "UTC" or mine != "UTC"
    ]


def _gap_panel(
    period: Period,
    gap: RoleGap | None,
    asked: gantt_query.GanttQuery,
    *,
    may_manage: bool,
    more: int,
    half: bool,
    accepted: AcceptedGap | None = None,
) -> dict[str, Any]:
    """The gap that is shown below the lanes, and who could fill it."""
    if gap is None:
        return {"gap": None}
    found = candidates.for_gap(period, gap, half=half) if may_manage and accepted is None else []
    start, end = candidates.span_to_offer(gap, half=half)
    return {
        "gap": gap,
        "gap_key": gantt.gap_key(gap),
        "accepted": accepted,
        "gaps_ahead": more,
        "piece": {"start": start, "end": end, "whole": end == gap.end},
        "candidates": found[:SHOWN_CANDIDATES],
        "best": next((one for one in found[:SHOWN_CANDIDATES] if not one.warnings), None),
        "halved": half,
        "accept": asked.link(gap=gantt.gap_key(gap)),
        "halve": asked.link(gap=gantt.gap_key(gap), half="1") + "#gap",
        "stays": page_url(period, "period_coverage") + asked.link(),
    }


def _duty(
    request: SignedInRequest, period: Period, chosen: Shift | None, now: datetime, *, may_manage: bool
) -> dict[str, Any]:
    """What may be done about the selected shift, and the requests that wait for somebody."""
    mine = chosen is not None and chosen.user_id == request.user.pk
    coming = chosen is not None and chosen.ends_at > now and period.status not in Period.ENDED
    return {
        "may_ask": coming and (mine or may_manage),
        "may_take": coming
        and not mine
        and chosen is not None
        and chosen.covers(now)
        and is_allowed(request.user, period, "incidents.work"),
        "requests": [
            {"request": one, "buttons": _buttons(one, request.user.pk, may_manage=may_manage)}
            for one in cover_requests.standing_requests(period)[:SHOWN_REQUESTS]
        ],
    }


def _buttons(one: CoverRequest, viewer: int, *, may_manage: bool) -> list[tuple[str, str, bool]]:
    """What the viewer may say to a request: (action, words, whether it is the first choice)."""
    found = []
    if one.state == CoverRequest.State.OPEN and any(ask.user_id == viewer and not ask.answer for ask in one.asks.all()):
        found += [("accept", "Take it", True), ("refuse", "I can’t", False)]
    if one.state == CoverRequest.State.ACCEPTED and may_manage:
        found += [("approve", "Approve", True), ("decline", "Decline", False)]
    if one.asked_by_id == viewer or may_manage:
        found.append(("withdraw", "Withdraw", False))
    return found


def _hours(period: Period, shown: gantt.CoverageBoard, now: datetime) -> list[dict[str, Any]]:
    """Hours on duty per person over the whole window, most first: planned, and worked so far."""
    begin, end = roster.roster_window(period)
    people = {shift.user_id: shift.user for shift in shown.shifts}
    planned = roster.hours_of_shifts(shown.shifts, start=begin, end=end)
    worked = roster.hours_of_shifts(shown.shifts, start=begin, end=max(begin, now))
    rows = [{"user": people[pk], "planned": total, "worked": worked.get(pk, 0.0)} for pk, total in planned.items()]
    return sorted(rows, key=lambda row: (-row["planned"], row["user"].name))
