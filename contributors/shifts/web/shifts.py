"""My shifts across periods, and the calendar feed of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from contributors.calendars import feed_links
from contributors.calendars.web.pages import address, asked_alarm, reminders
from contributors.handoffs import handoffs, succession
from contributors.models import Absence, Shift
from contributors.shifts import absences, roster
from contributors.shifts.web.duty_forms import AbsenceForm
from contributors.shifts.web.fields import zone_hint
from contributors.swaps import cover_requests
from hypercare.exceptions import Invalid
from hypercare.ui import gantt
from hypercare.ui.gantt import Bar, Gantt, Lane
from hypercare.web.answers import confirm_done
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest

CHART_DAYS = 7
A_DAY = timedelta(days=1)
# A bar of the chart that is shorter has no room for its hour.
LABELLED = timedelta(hours=6)


@login_required
@require_safe
def show_my_shifts(request: SignedInRequest) -> HttpResponse:
    """What I work in the next 30 days, what I am asked, when I am away, and my feed."""
    return _mine(request, AbsenceForm())


def _mine(request: SignedInRequest, form: AbsenceForm) -> HttpResponse:
    now = timezone.now()
    shifts = roster.duties_of(request.user, at=now)
    alarm = asked_alarm(request)
    handing_over = handoffs.waiting_for(request.user, at=now)
    context = {
        "now": now,
        "on_now": [shift for shift in shifts if shift.covers(now)],
        "days": _by_day(shifts),
        "gantt": _week(shifts, now),
        "feed_url": address(feed_links.feed_link_of(request.user), alarm),
        "reminders": reminders(request, alarm),
        "next_duty": next((shift for shift in shifts if shift.starts_at > now), None),
        "handing_over": handing_over,
        "waiting_for_me": {
            note.pk for note in handing_over if (note.incoming if note.version else note.outgoing) == request.user
        },
        "notes": handoffs.handoffs_by_shift([shift for shift in shifts if shift.covers(now)]),
        "given": {one.outgoing.pk for one in succession.duty_changes_of(request.user, start=now, end=now + A_DAY)},
        "asked": cover_requests.unanswered_by(request.user, at=now),
        "away": absences.upcoming_absences(request.user, at=now),
        "form": form,
        "zone_words": zone_hint(),
    }
    return render(request, "contributors/shifts/shifts.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def add_absence(request: SignedInRequest) -> HttpResponse:
    """I am away; leads of the periods I am on duty in are told."""
    form = AbsenceForm(request.POST)
    if not form.is_valid():
        return _mine(request, form)
    try:
        absences.add(request.user, **form.cleaned_data, at=timezone.now())
    except Invalid as error:
        add_errors(form, error)
        return _mine(request, form)
    return confirm_done(request, "Saved that you are away", url=reverse("contributors:shifts") + "#away")


@login_required
@require_POST
def cancel_absence(request: SignedInRequest, pk: int) -> HttpResponse:
    """I am there after all."""
    absence = get_object_or_404(Absence, user=request.user, pk=pk)
    absences.cancel(absence.pk, by=request.user, at=timezone.now())
    return confirm_done(request, "You are there after all", url=reverse("contributors:shifts") + "#away")


def _by_day(shifts: list[Shift]) -> list[tuple[datetime, list[Shift]]]:
    days = groupby(shifts, key=lambda shift: timezone.localtime(shift.starts_at).date())
    return [(timezone.localtime(found[0].starts_at), found) for found in (list(group) for _, group in days)]


def _week(shifts: list[Shift], now: datetime) -> Gantt | None:
    """Seven days from today's midnight, a lane a role."""
    first = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    window = (first, first + timedelta(days=CHART_DAYS))
    shown = [shift for shift in shifts if shift.starts_at < window[1]]
    lanes: dict[int, list[Shift]] = {}
    for shift in shown:
        lanes.setdefault(shift.role_id, []).append(shift)
    drawn = [
        Lane(held[0].role.name, held[0].role.period.name, [_bar(shift) for shift in held]) for held in lanes.values()
    ]
    return gantt.draw_gantt(drawn, window=window, now=now) if drawn else None


def _bar(shift: Shift) -> Bar:
    start, end = timezone.localtime(shift.starts_at), timezone.localtime(shift.ends_at)
    hours = f"{start:%H:%M} to {end:%H:%M}"
    kind = "oncall" if shift.kind == Shift.Kind.DEPUTY else "override" if shift.is_override else "duty"
    page = reverse("period_coverage", kwargs={"key": shift.role.period.key})
    label = f"{start:%H}" if shift.ends_at - shift.starts_at >= LABELLED else ""
    return Bar(shift.starts_at, shift.ends_at, label, kind, 1, True, href=page, title=f"You, {hours}")


def shift_words(shifts: list[Shift]) -> dict[str, Any]:
    """A person's shifts in a sentence: a daily rhythm where there is one, else how many; first and last."""
    if not shifts:
        return {"count": 0}
    local = [(timezone.localtime(shift.starts_at), timezone.localtime(shift.ends_at)) for shift in shifts]
    hours = {(start.time(), end.time()) for start, end in local}
    days = [start.date() for start, _ in local]
    daily = len(hours) == 1 and all((b - a).days == 1 for a, b in pairwise(days))
    return {
        "count": len(shifts),
        "first": local[0],
        "last": local[-1],
        "same_hours": len(hours) == 1,
        "daily": daily,
        "shifts": shifts,
    }
