"""Hand-off notes: written, read, accepted and found again; and the page behind the one-tap link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors.handoffs import handoff_notes, handoffs, succession
from contributors.links import links
from contributors.models import Handoff, Link, Shift
from contributors.one_tap import answers
from contributors.web.loading import tab_counts
from hypercare.database.numbers import number_of
from hypercare.exceptions import AlreadyDone, Invalid, LinkEnded
from hypercare.models import User
from hypercare.ui import time_words
from hypercare.web.answers import confirm_done
from hypercare.web.requests import SignedInRequest, next_url
from periods.access.access import is_allowed, period_or_404
from periods.models import Period

A_PAGE = 20
FIELD = "part-"
SHOWN = 2
AHEAD = timedelta(days=7)


@login_required
@require_safe
def list_handoffs(request: SignedInRequest, key: str) -> HttpResponse:
    """The notes of a period, newest first; `?q=` finds words in them."""
    period = period_or_404(request.user, key, may="notes.view")
    query = request.GET.get("q", "").strip()[:100]
    pages = Paginator(handoffs.handoffs_of_period(period, query=query), A_PAGE)
    context = {
        **_frame(request, period),
        "query": query,
        "page": pages.get_page(request.GET.get("page")),
        "found": pages.count,
    }
    return render(request, "contributors/handoffs/handoffs.html", context)


@login_required
@require_safe
def note(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """One note: its form for the one who writes it, its words and the button for the one who takes over."""
    period = period_or_404(request.user, key, may="notes.view")
    return _note(request, period, get_object_or_404(handoffs.handoffs_of_period(period), pk=pk))


@login_required
@require_POST
def write_handoff(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Send the note. A refused one comes back with everything that was typed."""
    period = period_or_404(request.user, key, may="notes.view")
    handoff = get_object_or_404(handoffs.handoffs_of_period(period), pk=pk)
    texts, version = _texts(request.POST), number_of(request.POST.get("version", ""))
    number = -1 if version is None else version
    try:
        handoff = handoffs.write(handoff.pk, texts=texts, version=number, by=request.user, at=timezone.now())
    except Invalid as error:
        return _note(request, period, handoff, typed=texts, errors=error.errors, status=422)
    except AlreadyDone as error:
        fresh = get_object_or_404(handoffs.handoffs_of_period(period), pk=pk)
        return _note(request, period, fresh, typed=texts, errors={"": list(error.reasons)}, status=409)
    return confirm_done(request, f"Sent to {handoff.incoming}", url=handoff.get_absolute_url())


@login_required
@require_POST
def accept(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Take over, or say for somebody that they have."""
    period = period_or_404(request.user, key, may="notes.view")
    found = get_object_or_404(handoffs.handoffs_of_period(period), pk=pk)
    handoff = handoffs.accept(found.pk, by=request.user, at=timezone.now())
    mine = handoff.incoming_id == request.user.pk
    said = f"You have {handoff.role}" if mine else f"{handoff.incoming} has {handoff.role}"
    return confirm_done(request, said, url=next_url(request, handoff.get_absolute_url()))


@login_required
@require_POST
def begin(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Hand over now: open the note of a running shift before its time."""
    period = period_or_404(request.user, key, may="notes.view")
    shift = get_object_or_404(Shift, role__period=period, pk=pk)
    handoff = handoffs.begin(shift.pk, by=request.user, at=timezone.now())
    return redirect(handoff)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The note on a phone, without signing in, and one button. A GET changes nothing: mail scanners open links."""
    now = timezone.now()
    link = links.find(token, Link.Purpose.HANDOFF, at=now)
    handoff = _of_link(link)
    with timezone.override(link.user.zone):
        if request.method == "POST":
            response: HttpResponse = _accept_by_link(request, link, handoff, now)
        else:
            response = render(request, "contributors/handoffs/link.html", _link_context(link, handoff, now))
    response["Referrer-Policy"], response["X-Robots-Tag"] = "no-referrer", "noindex"
    return response


def _accept_by_link(request: HttpRequest, link: Link, handoff: Handoff, now: datetime) -> HttpResponse:
    if request.POST.get("answer") != "accept":
        return redirect(request.path)  # A program that posts nothing has seen nothing.
    try:
        answers.accept_handoff(handoff.pk, link=link, at=now)
    except AlreadyDone:
        return redirect(request.path)  # The page says who has it and since when.
    return redirect(request.path)


def _of_link(link: Link) -> Handoff:
    """The hand-off of a link, which is for the person who takes over as the plan stands now."""
    number = number_of(link.subject.removeprefix("handoff:")) or 0
    handoff: Handoff | None = Handoff.objects.filter(pk=number).select_related(*handoffs.PEOPLE).first()
    if handoff is None or handoff.cancelled_at:
        raise LinkEnded("The plan changed: this hand-off is no longer needed.")
    if handoff.incoming_id != link.user_id:
        raise LinkEnded(f"The plan changed: {handoff.incoming} takes over here.")
    if not Handoff.objects.visible_to(link.user).filter(pk=handoff.pk).exists():
        raise LinkEnded(f"You are no longer part of {link.period}.")
    return handoff


def _link_context(link: Link, handoff: Handoff, now: datetime) -> dict[str, Any]:
    return {
        "handoff": handoff,
        "period": handoff.role.period,
        "link": link,
        "now": now,
        "said": handoffs.describe_acceptance(handoff),
        "zone_name": time_words.city_of(timezone.get_current_timezone()),
    }


def handoff_panel(user: User, period: Period, shifts: Sequence[Shift], now: datetime) -> dict[str, Any]:
    """What the coverage page shows of hand-offs; nothing for those who only watch. Three queries."""
    if not is_allowed(user, period, "notes.view"):
        return {"show_handoffs": False}
    found = handoffs.handoffs_of_period(period)
    mine = [s for s in shifts if s.user_id == user.pk and s.covers(now) and s.kind == Shift.Kind.PRIMARY]
    open_notes = handoffs.handoffs_by_shift(mine)
    ahead = [s for s in shifts if s.kind == Shift.Kind.PRIMARY and now <= s.ends_at <= now + AHEAD]
    newest = found.filter(version__gt=0).order_by("-written_at", "-id")
    return {
        "show_handoffs": True,
        "last_handoffs": list(newest[:SHOWN]),
        "handoff_count": found.count(),
        "my_shift": mine[0] if mine else None,
        "my_handoff": open_notes.get(mine[0].pk) if mine else None,
        "abrupt": succession.count_abrupt_changes(ahead),
    }


# --- What they share ----------------------------------------------------------------------------


def _frame(request: SignedInRequest, period: Period) -> dict[str, Any]:
    now = timezone.now()
    return {"now": now, "period": period, "tab": "coverage", "tab_counts": tab_counts(request, period, at=now)}


def _texts(sent: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(FIELD): sent[name] for name in sent if name.startswith(FIELD)}


def _note(
    request: SignedInRequest,
    period: Period,
    handoff: Handoff,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, list[str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    now, errors = timezone.now(), errors or {}
    writes = _writes(request.user, handoff, asked="edit" in request.GET or typed is not None)
    context = {
        **_frame(request, period),
        "handoff": handoff,
        "said": handoffs.describe_acceptance(handoff),
        "may_accept": handoff.accepted_at is None and handoffs.may_accept(handoff, request.user),
        "may_write": handoff.accepted_at is None and handoffs.may_write(handoff, request.user),
        "is_mine": handoff.incoming_id == request.user.pk,
        "holds": handoff.holds(now),
        "writes": writes,
        "fields": _fields(handoff, now, typed, errors) if writes else [],
        "errors": [(name, text) for name, texts in errors.items() for text in texts],
        "versions": list(handoff.versions.select_related("by").order_by("-number")[:20]),
    }
    return render(request, "contributors/handoffs/handoff.html", context, status=status)


def _writes(user: User, handoff: Handoff, *, asked: bool) -> bool:
    """Whether the form is shown: to the outgoing person until it is sent, and to who may whenever they ask."""
    if handoff.accepted_at is not None or not handoffs.may_write(handoff, user):
        return False
    return asked or (handoff.outgoing_id == user.pk and not handoff.version)


def _fields(
    handoff: Handoff, now: datetime, typed: Mapping[str, str] | None, errors: Mapping[str, list[str]]
) -> list[dict[str, Any]]:
    """The parts as they are edited: what was typed, else what was written, else what is known."""
    written = {part["code"]: part["text"] for part in handoff.sections}
    rows = []
    for part in handoff_notes.prefill_sections(handoff, at=now):
        text = typed.get(part.code, "") if typed is not None else written.get(part.code, part.text)
        rows.append(
            {
                "part": part,
                "name": f"{FIELD}{part.code}",
                "text": text,
                "errors": errors.get(part.code, []),
                "rows": min(12, max(2, sum(1 + len(line) // 90 for line in text.splitlines()) + 1)),
            }
        )
    return rows
