"""One check: its page with evidence and history, what is done to it, and the same to several at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors.forms import (
    AssignForm,
    BulkForm,
    CheckForm,
    EvidenceForm,
    FailForm,
    ReasonForm,
    WaiveForm,
)
from contributors.views import check_board as board
from contributors.views import check_history
from contributors.views.loading import LARGEST_ID, done, explain, is_htmx, page_of, tab_counts
from contributors.views.readiness import render_page
from hypercare.errors import Invalid, NotAllowed, Refused
from hypercare.http import SignedInRequest
from periods import checklist, downloads, library
from periods.access import period_or_404
from periods.models import ChecklistItem, Evidence, JournalEntry, Period

HISTORY = 20
PARTS = ("owner", "due")


@dataclass(frozen=True)
class CheckAction:
    """One thing done to a check: its form, the domain call and what is said afterwards."""

    title: str
    form: Callable[..., forms.Form] | None
    run: Callable[..., ChecklistItem]
    said: str
    is_danger: bool = False


def _plain(shape: type[forms.Form]) -> Callable[..., forms.Form]:
    return lambda data, files, **_about: shape(data, files)


def _assign_form(data: Any, _files: Any, *, check: ChecklistItem, now: datetime, part: str) -> forms.Form:
    initial = {"owner": check.owner_id}
    return AssignForm(data, period=check.period, now=now, part=part, initial=initial)


ACTIONS: dict[str, CheckAction] = {
    "complete": CheckAction("Complete", _plain(EvidenceForm), checklist.complete, "done"),
    "fail": CheckAction("Mark failed:", _plain(FailForm), checklist.fail, "marked failed"),
    "evidence": CheckAction("Attach evidence to", _plain(EvidenceForm), checklist.attach, "has its evidence"),
    "waive": CheckAction("Waive", _plain(WaiveForm), checklist.waive, "waived"),
    "set-aside": CheckAction("Set aside", _plain(ReasonForm), checklist.set_aside, "set aside"),
    "reopen": CheckAction("Open again", None, checklist.reopen, "open again"),
    "assign": CheckAction("Assign", _assign_form, checklist.assign, "assigned"),
}


def _check_or_404(period: Period, pk: int) -> ChecklistItem:
    check = board.one(period, min(pk, LARGEST_ID))
    if check is None:
        raise Http404("No such check.")
    check.period = period
    return check


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: SignedInRequest, key: str, pk: int, name: str) -> HttpResponse:
    """Do something to a check; a GET shows the form, in its row (htmx) or as a page of its own."""
    period, action, now = period_or_404(request.user, key), ACTIONS[name], timezone.now()
    check, part = _check_or_404(period, pk), request.GET.get("part", "")
    part = part if part in PARTS else ""
    about = {"check": check, "now": now, "part": part}
    form = action.form(request.POST or None, request.FILES or None, **about) if action.form else None
    if request.method != "POST" or (form is not None and not _valid(form)):
        return _ask(request, check, action, form, now, part)
    before = period.journal_seq
    try:
        check = action.run(check.pk, **_values(form), by=request.user, at=now)
    except Invalid as error:
        if form is None:
            raise
        explain(form, error)
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


def _refused(
    request: SignedInRequest, period: Period, pk: int, error: Refused, now: datetime
) -> HttpResponse:
    """The row as it is by now, with the sentence that says why nothing was done."""
    check = _check_or_404(period, pk)
    line = board.row(check, request.user, board.rights(request.user, period), now)
    return _row(request, period, line, now, problems=error.reasons)


def _did(
    request: SignedInRequest, check: ChecklistItem, action: CheckAction, before: int, now: datetime
) -> HttpResponse:
    """Say it with an undo: in the row of the list, or on the page that follows."""
    period, seq = check.period, check.period.journal_seq
    undo = page_of(period, "contributors:undo_check", seq=seq) if seq > before else ""
    line = board.row(_check_or_404(period, check.pk), request.user, board.rights(request.user, period), now)
    text = f"“{check.title}” {action.said}" if undo else f"“{check.title}” is so already"
    if undo and action.said == "assigned":
        text = f"“{check.title}”: {check.owner or 'nobody'}, due {line['due']}"
    if _in_row(request):
        answer = _row(request, period, line, now)
        answer["HX-Trigger"] = json.dumps({"toast": {"text": text, "undo": undo}, "checks-changed": True})
        return answer
    where = f"{page_of(period, 'period_readiness')}#checks"
    if request.POST.get("next") == "check":
        where = page_of(period, "contributors:check", pk=check.pk)
    return done(request, text, url=where, undo=undo)


def _row(
    request: SignedInRequest, period: Period, line: dict[str, Any], now: datetime, **more: Any
) -> HttpResponse:
    context = {"period": period, "row": line, "may": board.rights(request.user, period), "now": now, **more}
    return render(request, "contributors/_check_row.html", context, status=_status(more))


def _status(context: dict[str, Any]) -> int:
    if context.get("problems"):
        return 409
    return 422 if _has_errors(context) else 200


def _has_errors(context: dict[str, Any]) -> bool:
    form = context.get("form")
    return bool(form and form.errors)


def _ask(
    request: SignedInRequest, check: ChecklistItem, action: CheckAction, form: forms.Form | None, now: datetime,
    part: str,
) -> HttpResponse:  # fmt: skip
    """The form of an action. `?part=row` is the row without one: what Escape goes back to."""
    period = check.period
    line = board.row(check, request.user, board.rights(request.user, period), now)
    if is_htmx(request) and (part or request.GET.get("part") == "row"):
        return _row(request, period, line, now, form=form if part else None, edit=part)
    context = {
        "period": period, "tab": "readiness", "tab_counts": tab_counts(request, period, at=now), "row": line,
        "check": check, "action": action, "form": form,
    }  # fmt: skip
    return render(
        request, "contributors/check_action.html", context, status=422 if _has_errors(context) else 200
    )


# --- Its own page -------------------------------------------------------------------------------


@login_required
@require_safe
def check(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """A check with its evidence and its history; `?before=` pages back."""
    period, now = period_or_404(request.user, key), timezone.now()
    found = _check_or_404(period, pk)
    entries = JournalEntry.objects.filter(period=period, subject=f"check:{found.pk}").select_related("actor")
    before = request.GET.get("before", "")
    if before.isdecimal():
        entries = entries.filter(seq__lt=min(int(before), LARGEST_ID))
    history = list(entries.order_by("-seq")[: HISTORY + 1])
    removed = Evidence.objects.filter(item=found, removed_at__isnull=False).select_related("removed_by")
    may = board.rights(request.user, period)
    context = {
        "period": period, "tab": "readiness", "tab_counts": tab_counts(request, period, at=now), "check": found,
        "row": board.row(found, request.user, may, now), "may": may, "now": now, "form": EvidenceForm(),
        "history": check_history.lines(history[:HISTORY]),
        "older": history[HISTORY - 1].seq if len(history) > HISTORY else 0,
        "removed": list(removed.order_by("-removed_at", "-id")[:HISTORY]),
    }  # fmt: skip
    return render(request, "contributors/check.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add_check(request: SignedInRequest, key: str) -> HttpResponse:
    """One more check."""
    period, now = period_or_404(request.user, key, may="checks.manage"), timezone.now()
    form = CheckForm(request.POST or None, period=period, now=now)
    if request.method == "POST" and _valid(form):
        try:
            made = checklist.add(period.pk, **form.cleaned_data, by=request.user, at=now)
        except Invalid as error:
            explain(form, error)
        else:
            undo = page_of(period, "contributors:undo_check", seq=made.period.journal_seq)
            where = f"{page_of(period, 'period_readiness')}#checks"
            return done(request, f"“{made.title}” added", url=where, undo=undo)
    counts = tab_counts(request, period, at=now)
    context = {
        "period": period,
        "tab": "readiness",
        "tab_counts": counts,
        "form": form,
        "lesson_checks": library.suggested(period) if period.status in Period.PRE_LIVE else [],
    }
    return render(request, "contributors/add_check.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def make_checklist(request: SignedInRequest, key: str) -> HttpResponse:
    """Copy the built-in checklist into the period."""
    period = period_or_404(request.user, key, may="checks.manage")
    made = checklist.instantiate(period, by=request.user, at=timezone.now())
    return done(request, f"{len(made)} checks added", url=page_of(period, "period_readiness"))


# --- Several, undo, evidence --------------------------------------------------------------------


@login_required
@require_POST
def bulk(request: SignedInRequest, key: str) -> HttpResponse:
    """The same change to the checks that are ticked, undone as one."""
    period, now = period_or_404(request.user, key, may="checks.manage"), timezone.now()
    pks = period.checklist.values_list("pk", flat=True)
    form = BulkForm(request.POST, period=period, now=now, pks=pks)
    if form.is_valid():
        try:
            changed, seq = checklist.bulk(
                period.pk, form.cleaned_data["checks"], form.cleaned_data["action"], **form.values, by=request.user,
                at=now,
            )  # fmt: skip
        except Invalid as error:
            explain(form, error)
        else:
            undo = page_of(period, "contributors:undo_check", seq=seq)
            where = f"{page_of(period, 'period_readiness')}{board.Filters.of(request.GET).query()}#checks"
            return done(
                request, f"{changed} check{'s' if changed != 1 else ''} changed", url=where, undo=undo
            )
    ticked = set(request.POST.getlist("checks"))
    return render_page(request, period, status=422, bulk_form=form, ticked=ticked)


@login_required
@require_POST
def undo(request: SignedInRequest, key: str, seq: int) -> HttpResponse:
    """Take back a change, once, while nobody changed it since."""
    period = period_or_404(request.user, key)
    titles = checklist.undo(period.pk, min(seq, 2**31 - 1), by=request.user, at=timezone.now())
    text = f"“{titles[0]}” is as it was" if len(titles) == 1 else f"{len(titles)} checks are as they were"
    return done(request, text, url=f"{page_of(period, 'period_readiness')}#checks")


def _evidence_or_404(period: Period, pk: int, evidence_pk: int) -> Evidence:
    found = Evidence.objects.filter(
        item__period=period, item=min(pk, LARGEST_ID), pk=min(evidence_pk, LARGEST_ID)
    )
    row = found.first()
    if row is None:
        raise Http404("No such evidence.")
    return row


@login_required
@require_safe
def evidence_file(request: SignedInRequest, key: str, pk: int, evidence_pk: int) -> FileResponse:
    """The bytes of a file, as an attachment that no browser runs."""
    return downloads.answer(_evidence_or_404(period_or_404(request.user, key), pk, evidence_pk))


@login_required
@require_POST
def remove_evidence(request: SignedInRequest, key: str, pk: int, evidence_pk: int) -> HttpResponse:
    """Take evidence away; its record stays."""
    period = period_or_404(request.user, key)
    row = _evidence_or_404(period, pk, evidence_pk)
    item = checklist.remove_evidence(row.pk, by=request.user, at=timezone.now())
    undo_url = page_of(period, "contributors:undo_check", seq=item.period.journal_seq)
    where = page_of(period, "contributors:check", pk=item.pk)
    return done(request, "Evidence removed", url=where, undo=undo_url)
