"""Importing shifts from another calendar: choose, look at what was understood, accept, undo."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from contributors.calendars import import_plan, imports, sources
from contributors.calendars.import_plan import ShiftImportPlan
from contributors.models import CalendarImport, Role, Shift
from contributors.people import members
from contributors.web.loading import page_url, tab_counts
from hypercare.database.numbers import number_of
from hypercare.exceptions import Invalid, Refused
from hypercare.models import User
from hypercare.web.answers import confirm_done
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest
from periods.access.access import period_or_404
from periods.models import Period

SHOWN = 200


class CalendarSourceForm(forms.Form):
    """A file, or the address of a calendar."""

    file = forms.FileField(
        label="File",
        required=False,
        help_text="An .ics file, 1 MB at most.",
        widget=forms.ClearableFileInput(attrs={"accept": ".ics,text/calendar"}),
    )
    url = forms.CharField(
        label="Or its address",
        required=False,
        max_length=2000,
        widget=forms.URLInput,
        help_text="The secret or public iCal address. It is asked once, now.",
    )

    def clean(self) -> dict[str, Any]:
        """One of both."""
        data = super().clean() or self.cleaned_data
        if not self.errors and bool(data.get("file")) == bool(data.get("url")):
            self.add_error("file", "Choose a file or give an address, one of both.")
        return data

    def source(self) -> dict[str, Any]:
        """What was sent, as the domain takes it. Asks the address. Raises Invalid."""
        file, url = self.cleaned_data["file"], self.cleaned_data["url"]
        if file:
            return {"data": sources.read_file(file, file.size), "source": file.name[:200]}
        return {"data": sources.fetch_url(url), "source": sources.host_of(url), "address": sources.clean_url(url)}


class ShiftImportForm(CalendarSourceForm):
    """A calendar of shifts, and which role they are of."""

    kind = forms.ChoiceField(label="They are", choices=Shift.Kind.choices, initial=Shift.Kind.PRIMARY)
    field_order = ("role", "kind", "file", "url")

    def __init__(self, *args: Any, period: Period, **kwargs: Any) -> None:
        """Know the roles of the period."""
        super().__init__(*args, **kwargs)
        self.fields["role"] = forms.ModelChoiceField(
            queryset=Role.objects.filter(period=period).order_by("position", "id"),
            label="Shifts of",
            empty_label="Choose a role",
            error_messages={"required": "Choose the role these shifts are of."},
        )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: SignedInRequest, key: str) -> HttpResponse:
    """Choose the role and the calendar; the next page shows what was understood."""
    period = period_or_404(request.user, key, may="shifts.manage")
    form = ShiftImportForm(request.POST or None, request.FILES or None, period=period)
    if request.method == "POST" and form.is_valid():
        try:
            given = {**form.source(), "role": form.cleaned_data["role"], "kind": form.cleaned_data["kind"]}
            draft = imports.start(period.pk, **given, by=request.user, at=timezone.now())
            return redirect(_page(period, draft))
        except Invalid as error:
            add_errors(form, error)
    context = {
        "period": period,
        "tab": "coverage",
        "tab_counts": tab_counts(request, period, at=timezone.now()),
        "form": form,
        "has_roles": form.fields["role"].queryset.exists(),  # type: ignore[attr-defined]  # its field
    }
    return render(request, "contributors/calendars/import.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: SignedInRequest, key: str, pk: uuid.UUID) -> HttpResponse:
    """What was understood. A POST keeps who is meant by names, or puts it all in the plan."""
    period, now = period_or_404(request.user, key, may="shifts.manage"), timezone.now()
    draft = draft_or_404(period, pk)
    if request.method != "POST":
        return _preview(request, period, draft, now)
    chosen = _chosen(request)
    try:
        if "look" in request.POST or chosen != {name: draft.people.get(name) for name in chosen}:
            imports.choose(draft.pk, {name: pk or 0 for name, pk in chosen.items() if pk is not None}, by=request.user)
            return redirect(_page(period, draft))
        drop = "drop_missing" in request.POST
        draft, plan = imports.accept(draft.pk, version=_version(request), by=request.user, at=now, drop_missing=drop)
    except Invalid as error:
        return _preview(request, period, draft, now, problem=str(error), status=422)
    count = len(plan.changes)
    text = f"{count} shift{'s' if count != 1 else ''} from {draft.source} in the plan"
    undo = page_url(period, "contributors:undo_import", pk=draft.pk)
    return confirm_done(request, text, url=page_url(period, "period_coverage"), undo=undo)


@login_required
@require_POST
def undo(request: SignedInRequest, key: str, pk: uuid.UUID) -> HttpResponse:
    """Take an accepted calendar back."""
    period = period_or_404(request.user, key, may="shifts.manage")
    draft = imports.undo(draft_or_404(period, pk).pk, by=request.user, at=timezone.now())
    return confirm_done(request, f"Import from {draft.source} undone", url=page_url(period, "contributors:calendars"))


def draft_or_404(period: Period, pk: uuid.UUID) -> CalendarImport:
    """An import of this period."""
    return get_object_or_404(CalendarImport.objects.select_related("role", "period", "made_by"), period=period, pk=pk)


def _preview(
    request: SignedInRequest,
    period: Period,
    draft: CalendarImport,
    now: datetime,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    open_still = draft.accepted_at is None
    plan = import_plan.build_plan(draft, at=now) if open_still else ShiftImportPlan()
    people: list[User] = [member.user for member in members.members_of(period.pk)] if plan.names else []
    context = {
        "period": period,
        "tab": "coverage",
        "tab_counts": tab_counts(request, period, at=now),
        "draft": draft,
        "plan": plan,
        "open": open_still,
        "changes": plan.changes[:SHOWN],
        "more": max(0, len(plan.changes) - SHOWN),
        "moved": {change.piece.key for change in plan.moved},
        "names": list(plan.names.values()),
        "people": people,
        "warnings": [change for change in plan.changes if change.warnings][:SHOWN],
        "problem": problem,
        "left": plan.left[:SHOWN],
        "unresolved": sum(name.chosen is None for name in plan.names.values()),
        "gone": plan.gone + plan.missing,
        "count": len(plan.changes),
    }
    with timezone.override(period.zone):
        return render(request, "contributors/calendars/import_preview.html", context, status=status)


def _chosen(request: SignedInRequest) -> dict[str, int | None]:
    """Name → person, 0 to leave it out, None where nothing was chosen."""
    names, people = request.POST.getlist("name"), request.POST.getlist("person")
    return {name: number_of(pk) for name, pk in zip(names, people, strict=False)}


def _version(request: SignedInRequest) -> int:
    version = number_of(request.POST.get("version", ""))
    if version is None:
        raise Refused("Look at the import again before you put it in the plan.")
    return version


def _page(period: Period, draft: CalendarImport) -> str:
    return page_url(period, "contributors:import_preview", pk=draft.pk)
