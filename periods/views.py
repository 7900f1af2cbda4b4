"""Debriefs in the browser: the list, and one with its agenda, minutes, decisions and actions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from hypercare import wiring
from hypercare.errors import Invalid
from hypercare.http import SignedInRequest
from hypercare.models import User
from periods import actions, debriefs
from periods.access import allowed, period_or_404
from periods.forms import ActionForm, DecisionForm, SkipForm
from periods.models import Action, Debrief, Period

PER_PAGE = 25


@login_required
@require_safe
def debrief_list(request: SignedInRequest, key: str) -> HttpResponse:
    """Debriefs of a period, the next one first, and the actions they asked for."""
    period = period_or_404(request.user, key)
    now = timezone.now()
    rows = Debrief.objects.filter(period=period).select_related("chair", "period")
    over = rows.filter(status__in=("finished", "skipped")).order_by("-starts_at", "-id")
    open_actions = Action.objects.filter(period=period, done_at__isnull=True).select_related("owner")
    context = {
        **_frame(period, request, now),
        "coming": rows.filter(status__in=("scheduled", "running")).order_by("starts_at", "id")[:PER_PAGE],
        "over": Paginator(over, PER_PAGE).get_page(request.GET.get("page")),
        "actions": open_actions.order_by("due_at", "id")[:100],
    }
    return render(request, "periods/debriefs.html", context)


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

    def act(row: Debrief, now: datetime) -> object:
        _write_all(request, row, now)
        return debriefs.finish(row.pk, by=request.user, at=now)

    return _act(request, key, number, act, done="Debrief finished. The minutes are on their way.")


@login_required
@require_POST
def write(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Save the minutes of the sections sent; 204 to a page that saves while one writes."""
    row = _debrief_or_404(request, key, number)
    _write_all(request, row, timezone.now())
    if getattr(request, "htmx", False):
        return HttpResponse(status=204)
    messages.success(request, "Minutes saved.")
    return redirect(row)


def _write_all(request: SignedInRequest, row: Debrief, now: datetime) -> None:
    for name, value in request.POST.items():
        text = str(value)
        if name.startswith("minutes-") and row.minutes.get(name.removeprefix("minutes-"), "") != text:
            debriefs.write(row.pk, section=name.removeprefix("minutes-"), text=text, by=request.user, at=now)


@login_required
@require_POST
def decide(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Record a decision."""
    row, form = _debrief_or_404(request, key, number), DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, row, status=422, decision_form=form)
    debriefs.decide(row.pk, text=form.cleaned_data["text"], by=request.user, at=timezone.now())
    return redirect(row)


@login_required
@require_POST
def attend(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Record who is here."""
    chosen = User.objects.filter(pk__in=[pk for pk in request.POST.getlist("here") if pk.isdigit()][:500])
    return _act(
        request, key, number,
        lambda row, now: debriefs.attend(row.pk, people=chosen, by=request.user, at=now), done="Attendance saved.",
    )  # fmt: skip


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
def add_action(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Ask somebody to do something by a time."""
    row = _debrief_or_404(request, key, number)
    form = ActionForm(request.POST, period=row.period)
    if form.is_valid():
        try:
            actions.add(row.period_id, **form.cleaned_data, by=request.user, at=timezone.now(), debrief=row)
        except Invalid as refusal:
            _into_form(form, refusal)
        else:
            return redirect(row)
    return _page(request, row, status=422, action_form=form)


def _into_form(form: forms.Form, refusal: Invalid) -> None:
    for field, texts in refusal.errors.items():
        form.add_error(field if field in form.fields else None, texts)


@login_required
@require_POST
def finish_action(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """An action is done."""
    period = period_or_404(request.user, key)
    action = get_object_or_404(Action, pk=pk, period=period)
    actions.done(action.pk, by=request.user, at=timezone.now())
    messages.success(request, f"“{action.title}” is done.")
    return redirect(action.debrief) if action.debrief else redirect("period_debriefs", key=period.key)


def _act(
    request: SignedInRequest,
    key: str,
    number: int,
    act: Callable[[Debrief, datetime], object],
    *,
    done: str = "",
) -> HttpResponse:
    row = _debrief_or_404(request, key, number)
    act(row, timezone.now())
    if done:
        messages.success(request, done)
    return redirect(row)


def _debrief_or_404(request: SignedInRequest, key: str, number: int) -> Debrief:
    period = period_or_404(request.user, key)
    row = Debrief.objects.filter(period=period, number=number).select_related("chair", "writer").first()
    if row is None:
        raise Http404("No such debrief.")
    row.period = period
    return row


def _frame(period: Period, request: SignedInRequest, now: datetime) -> dict[str, Any]:
    counts = wiring.resolve(wiring.TAB_COUNTS)(period, at=now)
    return {"period": period, "tab": "debriefs", "tab_counts": counts, "now": now,
            "may_run": allowed(request.user, period, "debriefs.run") and period.is_live}  # fmt: skip


def _page(request: SignedInRequest, row: Debrief, *, status: int = 200, **forms_: Any) -> HttpResponse:
    now, period = timezone.now(), row.period
    people = User.objects.filter(memberships__period=period, memberships__left_at__isnull=True).order_by(
        "name", "id"
    )
    frame = _frame(period, request, now)
    writing = row.status == Debrief.Status.RUNNING and row.writer_id == request.user.pk
    context = {
        **frame,
        "debrief": row,
        "since": debriefs.since(row),
        "sections": [
            {"section": part, "text": row.minutes.get(part.key, "")} for part in debriefs.agenda(row, at=now)
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
        **forms_,
    }
    return render(request, "periods/debrief.html", context, status=status)
