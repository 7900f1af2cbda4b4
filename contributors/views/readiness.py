"""Readiness: checks and people's answers; the go or no-go that rests on both is in `gonogo.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors import readiness
from contributors.forms import (
    AssignForm,
    CheckForm,
    CompleteForm,
    ReasonForm,
    WaiveForm,
)
from contributors.models import Acknowledgement
from contributors.views import go_panel
from contributors.views.loading import (
    LARGEST_ID,
    done,
    explain,
    is_htmx,
    page_of,
    tab_counts,
    unchanged,
    version,
)
from hypercare.errors import Invalid
from hypercare.http import SignedInRequest
from hypercare.models import User
from periods import checklist
from periods.access import allowed, period_or_404
from periods.models import ChecklistItem, Period

SHOWN = ("open", "mine", "all")
PARTS = {"go": "contributors/_go_state.html", "stats": "contributors/_readiness_stats.html"}


@login_required
@require_safe
def page(request: SignedInRequest, key: str) -> HttpResponse:
    """The whole page."""
    period = period_or_404(request.user, key)
    return render_page(request, period)


@login_required
@require_safe
def panel(request: SignedInRequest, key: str) -> HttpResponse:
    """One part of the page; 204 while the page already shows this version, the whole page without htmx."""
    period = period_or_404(request.user, key)
    if unchanged(request, version(period, timezone.now())):
        return HttpResponse(status=204)
    part = PARTS.get(request.GET.get("part", ""), "contributors/_readiness.html")
    return render_page(request, period, template=part if is_htmx(request) else "")


def render_page(
    request: SignedInRequest, period: Period, *, template: str = "", status: int = 200, **forms_: Any
) -> HttpResponse:
    """The page, or a part of it, with forms that came back."""
    context = {**_context(request, period, timezone.now()), **forms_}
    return render(request, template or "contributors/readiness.html", context, status=status)


def _context(request: SignedInRequest, period: Period, now: datetime) -> dict[str, Any]:
    """Context of the page and of its fragment."""
    checks = list(
        period.checklist.select_related("owner", "done_by", "waived_by")
        .prefetch_related("evidence")
        .order_by("position", "id")
    )
    progress, people = checklist.progress_of(checks, at=now), readiness.summary(period, at=now)
    show = request.GET.get("show", "")
    show = show if show in SHOWN else "open"
    getting_ready = period.status == Period.Status.READINESS
    return {
        "now": now,
        "period": period,
        "tab": "readiness",
        "tab_counts": {
            **tab_counts(request, period, at=now),
            "readiness": f"{progress.percent}%" if progress.total else "",
        },
        "version": version(period, now),
        "fragment": f"{page_of(period, 'contributors:readiness_panel')}?show={show}",
        "progress": progress,
        "until_go_live": (period.starts_at - now).total_seconds(),
        "evidence_wanted": sum(bool(check.evidence_wanted) for check in checks),
        "people": people,
        "statements": Acknowledgement.STATEMENTS,
        "groups": _groups(checks, request.user, show, now),
        "segments": _segments(checks, request.user, show),
        "may": _rights(request.user, period),
        "is_sponsor": period.sponsor_id == request.user.pk,
        "is_member_asked": any(
            row.member.user_id == request.user.pk and row.state != "ready" for row in people.rows
        ),
        "getting_ready": getting_ready,
        **go_panel.context(request, period, now),
    }


def _rights(user: User, period: Period) -> dict[str, bool]:
    manage = allowed(user, period, "checks.manage")
    return {
        "manage": manage,
        "complete": manage or allowed(user, period, "checks.complete"),
        "waive": manage or period.sponsor_id == user.pk,
        "people": allowed(user, period, "members.manage"),
        "notes": allowed(user, period, "notes.view"),
    }


def _groups(checks: list[ChecklistItem], user: User, show: str, now: datetime) -> list[dict[str, Any]]:
    """Categories with their progress, and the checks of each that are shown."""
    first = _first_position(checks)
    ordered = sorted(checks, key=lambda check: first[check.category])
    found = []
    for category, members in groupby(ordered, key=lambda check: check.category):
        rows = list(members)
        counted = checklist.progress_of(rows, at=now)
        shown = [_row(check, user, now) for check in rows if _is_shown(check, user, show)]
        found.append({"name": category, "counted": counted, "rows": shown})
    return found


def _first_position(checks: list[ChecklistItem]) -> dict[str, int]:
    first: dict[str, int] = {}
    for check in checks:
        first.setdefault(check.category, check.position)
    return first


def _is_shown(check: ChecklistItem, user: User, show: str) -> bool:
    if show == "all":
        return True
    is_open = check.status in ChecklistItem.STANDING
    return is_open and (show == "open" or check.owner_id == user.pk)


def _row(check: ChecklistItem, user: User, now: datetime) -> dict[str, Any]:
    evidence = [row for row in check.evidence.all() if row.removed_at is None]
    return {"check": check, "late": check.is_late(now), "mine": check.owner_id in (None, user.pk), "evidence": evidence,
            "blocks": check.blocking and bool(checklist.blocks(check, now))}  # fmt: skip


def _segments(checks: list[ChecklistItem], user: User, show: str) -> list[tuple[str, str, int, bool]]:
    counts = {name: sum(_is_shown(check, user, name) for check in checks) for name in SHOWN}
    return [(name, name.capitalize(), counts[name], name == show) for name in SHOWN]


# --- Checks -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CheckAction:
    """One thing done to a check: its form, the domain call, what is said afterwards and whether it is undone."""

    title: str
    form: Callable[..., forms.Form] | None
    run: Callable[..., ChecklistItem]
    said: str
    undo: str = ""


def _assign_form(data: Any, period: Period, check: ChecklistItem) -> forms.Form:
    return AssignForm(
        data, period=period, initial={"owner": check.owner_id, "due_at": timezone.localtime(check.due_at)}
    )


def _plain(shape: type[forms.Form]) -> Callable[[Any, Period, ChecklistItem], forms.Form]:
    return lambda data, _period, _check: shape(data)


ACTIONS: dict[str, CheckAction] = {
    "complete": CheckAction("Complete", _plain(CompleteForm), checklist.complete, "done", "reopen"),
    "evidence": CheckAction("Attach evidence to", _plain(CompleteForm), checklist.attach, "has its evidence"),
    "waive": CheckAction("Waive", _plain(WaiveForm), checklist.waive, "waived", "reopen"),
    "set-aside": CheckAction("Set aside", _plain(ReasonForm), checklist.set_aside, "set aside", "reopen"),
    "reopen": CheckAction("Open again", None, checklist.reopen, "open again"),
    "assign": CheckAction("Assign", _assign_form, checklist.assign, "assigned"),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: SignedInRequest, key: str, pk: int, name: str) -> HttpResponse:
    """Do something to a check; a GET shows the form as a page of its own."""
    period, action = period_or_404(request.user, key), ACTIONS[name]
    check = (
        ChecklistItem.objects.filter(period=period, pk=min(pk, LARGEST_ID)).select_related("owner").first()
    )
    if check is None:
        raise Http404("No such check.")
    form = action.form(request.POST or None, period, check) if action.form else None
    if request.method != "POST" or (form is not None and not _valid(form)):
        return _action_page(request, period, check, action, form)
    try:
        check = action.run(
            check.pk, **(form.cleaned_data if form else {}), by=request.user, at=timezone.now()
        )
    except Invalid as error:
        if form is None:
            raise
        explain(form, error)
        return _action_page(request, period, check, action, form)
    undo = page_of(period, "contributors:check_" + action.undo, pk=check.pk) if action.undo else ""
    return done(
        request,
        f"“{check.title}” {action.said}",
        url=f"{page_of(period, 'period_readiness')}#checks",
        undo=undo,
    )


def _valid(form: forms.Form) -> bool:
    """A POST without a single value still counts as sent."""
    form.is_bound = True
    return form.is_valid()


def _action_page(
    request: SignedInRequest,
    period: Period,
    check: ChecklistItem,
    action: CheckAction,
    form: forms.Form | None,
) -> HttpResponse:
    context = {"period": period, "tab": "readiness", "tab_counts": tab_counts(request, period, at=timezone.now()),
               "check": check, "action": action, "form": form}  # fmt: skip
    return render(
        request, "contributors/check_action.html", context, status=422 if form and form.errors else 200
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add_check(request: SignedInRequest, key: str) -> HttpResponse:
    """One more check."""
    period, now = period_or_404(request.user, key, may="checks.manage"), timezone.now()
    form = CheckForm(request.POST or None, period=period)
    if request.method == "POST" and form.is_valid():
        try:
            check = checklist.add(period.pk, **form.cleaned_data, by=request.user, at=now)
        except Invalid as error:
            explain(form, error)
        else:
            return done(
                request, f"“{check.title}” added", url=f"{page_of(period, 'period_readiness')}#checks"
            )
    context = {
        "period": period,
        "tab": "readiness",
        "tab_counts": tab_counts(request, period, at=now),
        "form": form,
    }
    return render(request, "contributors/add_check.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def make_checklist(request: SignedInRequest, key: str) -> HttpResponse:
    """Copy the built-in checklist into the period."""
    period = period_or_404(request.user, key, may="checks.manage")
    made = checklist.instantiate(period, by=request.user, at=timezone.now())
    return done(request, f"{len(made)} checks added", url=page_of(period, "period_readiness"))
