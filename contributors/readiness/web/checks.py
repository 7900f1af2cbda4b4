"""One check: its page with evidence and history, what is done to it, and the same to several at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors.readiness.web import check_board as board
from contributors.readiness.web import check_history
from contributors.readiness.web.check_forms import (
    AddCheckForm,
    AssignCheckForm,
    BulkChecksForm,
    CheckReasonForm,
    EvidenceForm,
    FailCheckForm,
    WaiveCheckForm,
)
from contributors.readiness.web.readiness import render_page
from contributors.web.loading import page_url, tab_counts
from hypercare.database.numbers import number_of
from hypercare.exceptions import Invalid, NotAllowed, Refused
from hypercare.web.answers import confirm_done
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest, is_htmx
from periods import checklist
from periods.access.access import period_or_404
from periods.checklist import downloads
from periods.checklist.web.operations import CHECKS
from periods.lessons import search
from periods.models import ChecklistItem, Evidence, JournalEntry, Period
from periods.planning import from_template
from periods.web.operations import PeriodOperation

HISTORY = 20
PARTS = ("owner", "due")


def _plain(shape: type[forms.Form]) -> Callable[..., forms.Form]:
    return lambda data, files, **_about: shape(data, files)


def _assign_form(data: Any, _files: Any, *, check: ChecklistItem, now: datetime, part: str) -> forms.Form:
    initial = {"owner": check.owner_id}
    return AssignCheckForm(data, period=check.period, now=now, part=part, initial=initial)


# The form of each operation of `periods/checklist/web/operations.py` that the page offers; opening again asks nothing.
FORMS: dict[str, Callable[..., forms.Form] | None] = {
    "complete": _plain(EvidenceForm),
    "fail": _plain(FailCheckForm),
    "evidence": _plain(EvidenceForm),
    "waive": _plain(WaiveCheckForm),
    "set-aside": _plain(CheckReasonForm),
    "reopen": None,
    "assign": _assign_form,
}


def _check_or_404(period: Period, pk: int) -> ChecklistItem:
    check = get_object_or_404(board.full_rows(), period=period, pk=pk)
    check.period = period
    return check


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_check(request: SignedInRequest, key: str, pk: int, name: str) -> HttpResponse:
    """Do something to a check; a GET shows the form, in its row (htmx) or as a page of its own."""
    period, action, now = period_or_404(request.user, key), CHECKS[name], timezone.now()
    check, part = _check_or_404(period, pk), request.GET.get("part", "")
    part = part if part in PARTS else ""
    about = {"check": check, "now": now, "part": part}
    ask = FORMS[name]
    form = ask(request.POST or None, request.FILES or None, **about) if ask else None
    if request.method != "POST" or (form is not None and not _valid(form)):
        return _ask(request, check, action, form, now, part)
    before = period.journal_seq
    try:
        check = action.run(check.pk, **_values(form), by=request.user, at=now)
    except Invalid as error:
        if form is None:
            raise
        if _in_row(request) and not part:
            return _refused(request, period, pk, error, now)  # Pressed in the list, where there is no form.
        add_errors(form, error)
        return _ask(request, check, action, form, now, part)
    except NotAllowed:
        raise
    except Refused as error:
        if not _in_row(request):
            raise
        return _refused(request, period, pk, error, now)
    return _did(request, check, action, before, now)


def _valid(form: forms.Form) -> bool:
    """A POST without a single value still counts as sent."""
    form.is_bound = True
    return form.is_valid()


def _values(form: forms.Form | None) -> dict[str, Any]:
    """What the domain call takes."""
    if form is None:
        return {}
    return form.values if isinstance(form, EvidenceForm) else form.cleaned_data


def _in_row(request: SignedInRequest) -> bool:
    """Whether the answer takes the place of a row of the list."""
    return is_htmx(request) and request.headers.get("HX-Target", "").startswith("check-")


def _refused(request: SignedInRequest, period: Period, pk: int, error: Refused, now: datetime) -> HttpResponse:
    """The row as it is by now, with the sentence that says why nothing was done."""
    check = _check_or_404(period, pk)
    line = board.check_row(check, request.user, board.check_rights(request.user, period), now)
    return _row(request, period, line, now, problems=error.reasons)


def _did(
    request: SignedInRequest, check: ChecklistItem, action: PeriodOperation, before: int, now: datetime
) -> HttpResponse:
    """Say it with an undo: in the row of the list, or on the page that follows."""
    period, seq = check.period, check.period.journal_seq
    undo = page_url(period, "contributors:undo_check", seq=seq) if seq > before else ""
    line = board.check_row(_check_or_404(period, check.pk), request.user, board.check_rights(request.user, period), now)
    text = f"“{check.title}” {action.said}" if undo else f"“{check.title}” is so already"
    if undo and action.said == "assigned":
        text = f"“{check.title}”: {check.owner or 'nobody'}, due {line['due']}"
    if _in_row(request):
        answer = _row(request, period, line, now)
        answer["HX-Trigger"] = json.dumps({"toast": {"text": text, "undo": undo}, "checks-changed": True})
        return answer
    where = f"{page_url(period, 'period_readiness')}#checks"
    if request.POST.get("next") == "check":
        where = page_url(period, "contributors:check", pk=check.pk)
    return confirm_done(request, text, url=where, undo=undo)


def _row(request: SignedInRequest, period: Period, line: dict[str, Any], now: datetime, **more: Any) -> HttpResponse:
    context = {"period": period, "row": line, "may": board.check_rights(request.user, period), "now": now, **more}
    return render(request, "contributors/readiness/_check_row.html", context, status=_status(more))


def _status(context: dict[str, Any]) -> int:
    if context.get("problems"):
        return 409
    return 422 if _has_errors(context) else 200


def _has_errors(context: dict[str, Any]) -> bool:
    form = context.get("form")
    return bool(form and form.errors)


def _ask(
    request: SignedInRequest,
    check: ChecklistItem,
    action: PeriodOperation,
    form: forms.Form | None,
    now: datetime,
    part: str,
) -> HttpResponse:
    """The form of an action. `?part=row` is the row without one: what Escape goes back to."""
    period = check.period
    line = board.check_row(check, request.user, board.check_rights(request.user, period), now)
    if is_htmx(request) and (part or request.GET.get("part") == "row"):
        return _row(request, period, line, now, form=form if part else None, edit=part)
    context = {
        "period": period,
        "tab": "readiness",
        "tab_counts": tab_counts(request, period, at=now),
        "row": line,
        "check": check,
        "action": action,
        "form": form,
    }
    return render(
        request, "contributors/readiness/check_action.html", context, status=422 if _has_errors(context) else 200
    )


# --- Its own page -------------------------------------------------------------------------------


@login_required
@require_safe
def check(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """A check with its evidence and its history; `?before=` pages back."""
    period, now = period_or_404(request.user, key), timezone.now()
    found = _check_or_404(period, pk)
    entries = JournalEntry.objects.filter(period=period, subject=f"check:{found.pk}").select_related("actor")
    if before := number_of(request.GET.get("before", "")):
        entries = entries.filter(seq__lt=before)
    history = list(entries.order_by("-seq")[: HISTORY + 1])
    removed = Evidence.objects.filter(item=found, removed_at__isnull=False).select_related("removed_by")
    may = board.check_rights(request.user, period)
    context = {
        "period": period,
        "tab": "readiness",
        "tab_counts": tab_counts(request, period, at=now),
        "check": found,
        "row": board.check_row(found, request.user, may, now),
        "may": may,
        "now": now,
        "form": EvidenceForm(),
        "history": check_history.describe_entries(history[:HISTORY]),
        "older": history[HISTORY - 1].seq if len(history) > HISTORY else 0,
        "removed": list(removed.order_by("-removed_at", "-id")[:HISTORY]),
    }
    return render(request, "contributors/readiness/check.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add_check(request: SignedInRequest, key: str) -> HttpResponse:
    """One more check."""
    period, now = period_or_404(request.user, key, may="checks.manage"), timezone.now()
    form = AddCheckForm(request.POST or None, period=period, now=now)
    if request.method == "POST" and _valid(form):
        try:
            made = checklist.add_check(period.pk, **form.cleaned_data, by=request.user, at=now)
        except Invalid as error:
            add_errors(form, error)
        else:
            undo = page_url(period, "contributors:undo_check", seq=made.period.journal_seq)
            where = f"{page_url(period, 'period_readiness')}#checks"
            return confirm_done(request, f"“{made.title}” added", url=where, undo=undo)
    counts = tab_counts(request, period, at=now)
    context = {
        "period": period,
        "tab": "readiness",
        "tab_counts": counts,
        "form": form,
        "lesson_checks": search.suggest_lessons(period) if period.status in Period.PRE_LIVE else [],
    }
    return render(request, "contributors/readiness/add_check.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def make_checklist(request: SignedInRequest, key: str) -> HttpResponse:
    """Make the checklist that the plan started from, or the usual one."""
    period = period_or_404(request.user, key, may="checks.manage")
    made = from_template.make_checks(period.pk, by=request.user, at=timezone.now())
    return confirm_done(request, f"{len(made)} checks added", url=page_url(period, "period_readiness"))


# --- Several, undo, evidence --------------------------------------------------------------------


@login_required
@require_POST
def bulk(request: SignedInRequest, key: str) -> HttpResponse:
    """The same change to the checks that are ticked, undone as one."""
    period, now = period_or_404(request.user, key, may="checks.manage"), timezone.now()
    pks = period.checklist.values_list("pk", flat=True)
    form = BulkChecksForm(request.POST, period=period, now=now, pks=pks)
    if form.is_valid():
        try:
            changed, seq = checklist.change_many(
                period.pk,
                form.cleaned_data["checks"],
                form.cleaned_data["action"],
                **form.values,
                by=request.user,
                at=now,
            )
        except Invalid as error:
            add_errors(form, error)
        else:
            undo = page_url(period, "contributors:undo_check", seq=seq)
            where = f"{page_url(period, 'period_readiness')}{board.CheckFilters.of(request.GET).here}#checks"
            return confirm_done(request, f"{changed} check{'s' if changed != 1 else ''} changed", url=where, undo=undo)
    ticked = set(request.POST.getlist("checks"))
    return render_page(request, period, status=422, bulk_form=form, ticked=ticked)


@login_required
@require_POST
def undo_change(request: SignedInRequest, key: str, seq: int) -> HttpResponse:
    """Take back a change, once, while nobody changed it since."""
    period = period_or_404(request.user, key)
    titles = checklist.undo_change(period.pk, seq, by=request.user, at=timezone.now())
    text = f"“{titles[0]}” is as it was" if len(titles) == 1 else f"{len(titles)} checks are as they were"
    return confirm_done(request, text, url=f"{page_url(period, 'period_readiness')}#checks")


@login_required
@require_safe
def evidence_file(request: SignedInRequest, key: str, pk: int, evidence_pk: int) -> FileResponse:
    """The bytes of a file, as an attachment that no browser runs."""
    period = period_or_404(request.user, key)
    row = get_object_or_404(Evidence, item__period=period, item__pk=pk, pk=evidence_pk)
    return downloads.evidence_response(row)


@login_required
@require_POST
def remove_evidence(request: SignedInRequest, key: str, pk: int, evidence_pk: int) -> HttpResponse:
    """Take evidence away; its record stays."""
    period = period_or_404(request.user, key)
    row = get_object_or_404(Evidence, item__period=period, item__pk=pk, pk=evidence_pk)
    item = checklist.remove_evidence(row.pk, by=request.user, at=timezone.now())
    undo_url = page_url(period, "contributors:undo_check", seq=item.period.journal_seq)
    where = page_url(period, "contributors:check", pk=item.pk)
    return confirm_done(request, "Evidence removed", url=where, undo=undo_url)
