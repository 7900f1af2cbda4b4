"""Importing when I am away, from my own calendar."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from contributors.calendars import import_absences
from contributors.calendars.web.import_pages import SHOWN, CalendarSourceForm
from contributors.models import CalendarImport
from hypercare.exceptions import Invalid
from hypercare.web.answers import confirm_done
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: SignedInRequest) -> HttpResponse:
    """Choose the calendar; the next page shows what was understood."""
    form = CalendarSourceForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            draft = import_absences.start(**form.source(), by=request.user, at=timezone.now())
            return redirect("contributors:absences_preview", pk=draft.pk)
        except Invalid as error:
            add_errors(form, error)
    return render(
        request, "contributors/calendars/absences_import.html", {"form": form}, status=422 if form.errors else 200
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """What was understood; a POST takes over what is ticked."""
    draft, now = _own_or_404(request, pk), timezone.now()
    if request.method != "POST":
        return _page(request, draft, now)
    try:
        draft, count = import_absences.accept(draft.pk, set(request.POST.getlist("keys")), by=request.user, at=now)
    except Invalid as error:
        return _page(request, draft, now, problem=" ".join(error.errors.get("keys", [str(error)])), status=422)
    text = f"{count} absence{'s' if count != 1 else ''} taken over"
    undo = reverse("contributors:absences_undo", kwargs={"pk": draft.pk})
    return confirm_done(request, text, url=reverse("contributors:shifts") + "#away", undo=undo)


@login_required
@require_POST
def undo(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Take an accepted calendar back."""
    import_absences.undo(_own_or_404(request, pk).pk, by=request.user, at=timezone.now())
    return confirm_done(request, "Import undone", url=reverse("contributors:shifts") + "#away")


def _own_or_404(request: SignedInRequest, pk: uuid.UUID) -> CalendarImport:
    what = CalendarImport.What.ABSENCES
    return get_object_or_404(CalendarImport.objects.select_related("made_by"), made_by=request.user, what=what, pk=pk)


def _page(
    request: SignedInRequest, draft: CalendarImport, now: datetime, *, problem: str = "", status: int = 200
) -> HttpResponse:
    still_open = draft.accepted_at is None
    plan = import_absences.build_plan(draft, at=now) if still_open else import_absences.AbsenceImportPlan()
    context = {
        "draft": draft,
        "plan": plan,
        "rows": plan.rows[:SHOWN],
        "left": plan.left[:SHOWN],
        "problem": problem,
        "open": still_open,
        "more": max(0, len(plan.rows) - SHOWN),
    }
    return render(request, "contributors/calendars/absences_preview.html", context, status=status)
