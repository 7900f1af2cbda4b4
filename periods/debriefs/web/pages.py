"""Debriefs in the browser: the list, and one with its agenda, minutes, decisions and actions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from hypercare import registry
from hypercare.database.numbers import number_of
from hypercare.exceptions import Invalid
from hypercare.models import User
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest, is_htmx
from periods.access.access import is_allowed, period_or_404
from periods.debriefs import actions, debriefs
from periods.debriefs.web.forms import ActionForm, DebriefForm, DecisionForm, RescheduleForm, SkipForm
from periods.models import Action, Debrief, Period

PER_PAGE = 25


@login_required
@require_safe
def debrief_list(request: SignedInRequest, key: str) -> HttpResponse:
    """Debriefs of a period, the next one first, and the actions they asked for."""
    return _list(request, period_or_404(request.user, key))


@login_required
@require_POST
def add(request: SignedInRequest, key: str) -> HttpResponse:
    """One more debrief, outside the rhythm."""
    period, form = period_or_404(request.user, key, may="debriefs.run"), DebriefForm(request.POST)
    if form.is_valid():
        try:
            made = debriefs.add(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
        except Invalid as refusal:
            add_errors(form, refusal)
        else:
            messages.success(request, f"Debrief {made.number} added.")
            return redirect("period_debriefs", key=period.key)
    return _list(request, period, status=422, debrief_form=form)


def _list(
    request: SignedInRequest, period: Period, *, status: int = 200, debrief_form: DebriefForm | None = None
) -> HttpResponse:
    now = timezone.now()
    rows = Debrief.objects.filter(period=period).select_related("chair", "period")
    over = rows.filter(status__in=("finished", "skipped")).order_by("-starts_at", "-id")
    open_actions = Action.objects.filter(period=period, done_at__isnull=True).select_related("owner")
    context = {
        **_frame(period, request, now),
        "coming": rows.filter(status__in=("scheduled", "running")).order_by("starts_at", "id")[:PER_PAGE],
        "over": Paginator(over, PER_PAGE).get_page(request.GET.get("page")),
        "actions": open_actions.order_by("due_at", "id")[:100],
        "debrief_form": debrief_form or DebriefForm(),
    }
    return render(request, "periods/debriefs/debriefs.html", context, status=status)


@login_required
@require_safe
def debrief(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """One debrief."""
    row = _debrief_or_404(request, key, number)
    return _page(request, row)


@login_required
@require_POST
def start(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Begin, and write the minutes oneself."""
    return _act(request, key, number, lambda row, now: debriefs.start(row.pk, by=request.user, at=now))


@login_required
@require_POST
def take_over(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Become the writer."""
    return _act(request, key, number, lambda row, now: debriefs.take_over(row.pk, by=request.user, at=now))


@login_required
@require_POST
def finish(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Save what is in the fields, freeze the agenda and send the minutes."""
    return _act(
        request,
        key,
        number,
        lambda row, now: debriefs.finish(row.pk, sections=_minutes(request), by=request.user, at=now),
        done="Debrief finished. The minutes are on their way.",
    )


@login_required
@require_POST
def write(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Save the minutes of the sections sent; 204 to a page that saves while one writes."""
    row = _debrief_or_404(request, key, number)
    debriefs.write_minutes(row.pk, sections=_minutes(request), by=request.user, at=timezone.now())
    if is_htmx(request):
        return HttpResponse(status=204)
    messages.success(request, "Minutes saved.")
    return redirect(row)


def _minutes(request: SignedInRequest) -> dict[str, str]:
    """The sections that were sent, by name."""
    sent = ((name, str(text)) for name, text in request.POST.items())
    return {name.removeprefix("minutes-"): text for name, text in sent if name.startswith("minutes-")}


@login_required
@require_POST
def decide(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Record a decision."""
    row, form = _debrief_or_404(request, key, number), DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, row, status=422, decision_form=form)
    debriefs.record_decision(row.pk, text=form.cleaned_data["text"], by=request.user, at=timezone.now())
    return redirect(row)


@login_required
@require_POST
def attend(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Record who is here."""
    here = [person for pk in request.POST.getlist("here") if (person := number_of(pk))]
    chosen = User.objects.filter(pk__in=here[:500])
    return _act(
        request,
        key,
        number,
        lambda row, now: debriefs.record_attendance(row.pk, people=chosen, by=request.user, at=now),
        done="Attendance saved.",
    )


@login_required
@require_POST
def skip(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Do not hold it, and say why."""
    row, form = _debrief_or_404(request, key, number), SkipForm(request.POST)
    if not form.is_valid():
        return _page(request, row, status=422, skip_form=form)
    debriefs.skip(row.pk, reason=form.cleaned_data["reason"], by=request.user, at=timezone.now())
    return redirect("period_debriefs", key=row.period.key)


@login_required
@require_POST
def reschedule(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Hold it at another time."""
    row, form = _debrief_or_404(request, key, number), RescheduleForm(request.POST)
    if form.is_valid():
        try:
            debriefs.reschedule(row.pk, **form.cleaned_data, by=request.user, at=timezone.now())
        except Invalid as refusal:
            add_errors(form, refusal)
        else:
            messages.success(request, f"{row} is moved.")
            return redirect(row)
    return _page(request, row, status=422, move_form=form)


@login_required
@require_POST
def add_action(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Ask somebody to do something by a time."""
    row = _debrief_or_404(request, key, number)
    form = ActionForm(request.POST, period=row.period)
    if form.is_valid():
        try:
            actions.add(row.period_id, **form.cleaned_data, by=request.user, at=timezone.now(), debrief=row)
        except Invalid as refusal:
            add_errors(form, refusal)
        else:
            return redirect(row)
    return _page(request, row, status=422, action_form=form)


@login_required
@require_POST
def finish_action(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """An action is done."""
    period = period_or_404(request.user, key)
    action = get_object_or_404(Action, pk=pk, period=period)
    actions.complete(action.pk, by=request.user, at=timezone.now())
    messages.success(request, f"“{action.title}” is done.")
    return redirect(action.debrief) if action.debrief else redirect("period_debriefs", key=period.key)


def _act(
    request: SignedInRequest, key: str, number: int, act: Callable[[Debrief, datetime], object], *, done: str = ""
) -> HttpResponse:
    row = _debrief_or_404(request, key, number)
    act(row, timezone.now())
    if done:
        messages.success(request, done)
    return redirect(row)


def _debrief_or_404(request: SignedInRequest, key: str, number: int) -> Debrief:
    period = period_or_404(request.user, key)
    row = get_object_or_404(Debrief.objects.select_related("chair", "writer"), period=period, number=number)
    row.period = period
    return row


def _frame(period: Period, request: SignedInRequest, now: datetime) -> dict[str, Any]:
    counts = registry.resolve(registry.TAB_COUNTS)(period, at=now)
    return {
        "period": period,
        "tab": "debriefs",
        "tab_counts": counts,
        "now": now,
        "may_run": is_allowed(request.user, period, "debriefs.run") and period.is_live,
    }


def _page(request: SignedInRequest, row: Debrief, *, status: int = 200, **forms_: Any) -> HttpResponse:
    now, period = timezone.now(), row.period
    people = User.objects.filter(memberships__period=period, memberships__left_at__isnull=True).order_by("name", "id")
    frame = _frame(period, request, now)
    writing = row.status == Debrief.Status.RUNNING and row.writer_id == request.user.pk
    context = {
        **frame,
        "debrief": row,
        "since": debriefs.start_of_review(row),
        "sections": [
            {"section": part, "text": row.minutes.get(part.key, "")} for part in debriefs.agenda_of(row, at=now)
        ],
        "writing": writing and frame["may_run"],
        "quiet": row.status == Debrief.Status.SCHEDULED and debriefs.is_quiet(row),
        "decisions": row.decisions.select_related("by").order_by("at", "id"),
        "new_actions": row.actions.select_related("owner").order_by("due_at", "id"),
        "people": people,
        "here": set(row.attended.values_list("pk", flat=True)),
        "decision_form": DecisionForm(),
        "action_form": ActionForm(period=period),
        "skip_form": SkipForm(),
        "move_form": RescheduleForm(initial={"starts_at": row.starts_at}),
        **forms_,
    }
    return render(request, "periods/debriefs/debrief.html", context, status=status)
