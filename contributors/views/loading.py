"""What every view here starts with and ends with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from contributors import roster
from contributors.models import Membership
from hypercare import wiring
from hypercare.errors import Invalid
from hypercare.http import SignedInRequest
from periods.models import Period

LARGEST_ID = 2**62


def page_of(period: Period, name: str, **more: Any) -> str:
    """Address of a page of the period."""
    return reverse(name, kwargs={"key": period.key, **more})


def member_or_404(period: Period, pk: int) -> Membership:
    """A member of this period who has not left."""
    member = roster.members(period.pk).filter(pk=min(pk, LARGEST_ID)).first()
    if member is None:
        raise Http404("No such member.")
    return member


def version(period: Period, now: datetime) -> str:
    """What shown data depends on: the period's journal, and the minute, because hours pass by themselves."""
    return f"{period.journal_seq}.{int(now.timestamp()) // 60}"


def unchanged(request: SignedInRequest, current: str) -> bool:
    """Whether the page already shows this version."""
    return request.GET.get("v") == current


def is_htmx(request: SignedInRequest) -> bool:
    """Whether a fragment is asked for rather than a page."""
    return bool(getattr(request, "htmx", False))


def done(request: SignedInRequest, text: str, *, url: str, undo: str = "") -> HttpResponse:
    """Say what was done, on the page it leads to."""
    messages.success(request, text, extra_tags=f"undo:{undo}" if undo else "")
    if is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


def next_url(request: SignedInRequest, default: str) -> str:
    """Where the form asked to go afterwards, when that is a place of ours."""
    asked = request.POST.get("next", "")
    ours = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if ours else default


def explain(form: forms.Form, error: Invalid) -> None:
    """Put the domain's complaints beside the fields they are about."""
    for field, texts in error.errors.items():
        for text in texts:
            form.add_error(field if field in form.fields else NON_FIELD_ERRORS, text)


def tab_counts(request: SignedInRequest, period: Period, *, at: datetime) -> dict[str, Any]:
    """The figures on the tabs; none for a fragment, which has no tabs."""
    if is_htmx(request):
        return {}
    counts: dict[str, Any] = wiring.resolve(wiring.TAB_COUNTS)(period, at=at)
    return counts
