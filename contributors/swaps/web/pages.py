"""Cover changes hands: asking, answering with or without signing in, taking over, standing in.

The page behind a one-tap link changes nothing when it is opened, because mail scanners open links. The link is the
key and knows the person, so its form needs no CSRF token.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from contributors.links import links
from contributors.models import AcceptedGap, CoverAsk, CoverRequest, Link, Shift
from contributors.one_tap import answers
from contributors.shifts import accepted_gaps, gantt, gantt_query, reassign, suitability
from contributors.shifts.web.cover_forms import AcceptGapForm, AskForm, GapForm, ReplaceForm
from contributors.swaps import cover_requests
from contributors.swaps.web.operations import COVER_ANSWERS
from contributors.web.loading import page_url, shift_or_404, tab_counts
from hypercare.exceptions import AlreadyDone, Invalid, LinkEnded, NotAllowed, Refused
from hypercare.models import User
from hypercare.ui import time_words
from hypercare.web.answers import confirm_done
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest, next_url
from periods.access.access import is_allowed, period_or_404
from periods.models import Period

ANSWERS: Final = {"accept": True, "refuse": False}

# --- By link ------------------------------------------------------------------------------------


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The question behind a one-tap link, in the person's own time. Raises LinkEnded (410) for a dead one."""
    now = timezone.now()
    link = links.find(token, Link.Purpose.COVER, at=now)
    with timezone.override(link.user.zone):
        response = _answer(request, _ask_of(link), now, link)
    response["Referrer-Policy"], response["X-Robots-Tag"] = "no-referrer", "noindex"
    return response


def _ask_of(link: Link) -> CoverAsk:
    number = link.subject.partition(":")[2]
    people = (
        "request__role__period",
        "request__asked_by",
        "request__taken_by",
        "request__shift__user",
        "request__in_return__role",
        "request__in_return__user",
        "user",
    )
    found = CoverAsk.objects.select_related(*people).filter(request=int(number), user=link.user).first()
    if found is None:
        raise LinkEnded("This request no longer exists.")
    return found


def _answer(request: HttpRequest, ask: CoverAsk, now: datetime, link: Link) -> HttpResponse:
    problem = ""
    # A program that posts nothing has not answered: only what a button says is an answer.
    said = ANSWERS.get(request.POST.get("answer", "")) if request.method == "POST" else None
    if request.method == "POST" and said is None:
        return redirect(request.path)
    if said is not None:
        try:
            answers.answer_cover(ask.request_id, takes_it=said, link=link, at=now)
        except AlreadyDone:
            return redirect(request.path)
        except Refused as error:
            problem = " ".join(error.reasons)
        else:
            return redirect(request.path)
    found = ask.request
    is_open = found.state == CoverRequest.State.OPEN and not ask.answer and found.ends_at > now
    against, warnings = _against(ask) if is_open else ([], [])
    context = {
        "ask": ask,
        "request_": found,
        "period": found.role.period,
        "problem": problem,
        "warnings": warnings,
        "against": against,
        "open": is_open,
        "mine": found.taken_by_id == ask.user_id,
        "said": cover_requests.describe_outcome(found),
        "zone_name": time_words.city_of(ask.user.zone),
        "seconds": (found.ends_at - found.starts_at).total_seconds(),
    }
    return render(request, "contributors/swaps/cover_answer.html", context, status=409 if problem else 200)


def _against(ask: CoverAsk) -> tuple[list[str], list[str]]:
    """What rules it out, and what only speaks against it, shown before the person answers."""
    found = ask.request
    given = (found.in_return_id,) if found.in_return_id else ()
    try:
        return [], suitability.require_suitable(
            found.role.period, found.role, ask.user, found.starts_at, found.ends_at, kind=found.kind, without=given
        )
    except Invalid as error:
        return list(error.reasons), []


# --- Signed in ----------------------------------------------------------------------------------


@login_required
@require_POST
def ask_for_gap(request: SignedInRequest, key: str) -> HttpResponse:
    """Ask people to fill a gap; the form stands beside the gap."""
    period = period_or_404(request.user, key, may="shifts.manage")
    form = GapForm(request.POST, period=period)
    if not form.is_valid():
        raise Invalid({name: [str(text) for text in texts] for name, texts in form.errors.items()})
    data = form.cleaned_data
    wanted = cover_requests.WantedCover(data["role"], data["starts_at"], data["ends_at"], kind=data["kind"])
    made = cover_requests.ask(wanted, users=list(data["users"]), by=request.user, at=timezone.now())
    return confirm_done(request, _asked_words(made), url=next_url(request, page_url(period, "period_coverage")))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def accept_gap(request: SignedInRequest, key: str) -> HttpResponse:
    """Let a gap stand, with a reason; the form is a page of its own."""
    period, now = period_or_404(request.user, key, may="shifts.manage"), timezone.now()
    asked = gantt_query.read_query(request.GET.dict(), period, request.user, at=now)
    gap = gantt.build_board(period, asked, viewer=request.user, at=now).gap(asked.gap)
    if gap is None:
        raise AlreadyDone("This gap is no longer as it was. Look at the plan again.")
    form = AcceptGapForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        accepted_gaps.accept(
            period.pk,
            role_id=gap.role.pk,
            kind=gap.duty,
            starts_at=gap.start,
            reason=form.cleaned_data["reason"],
            by=request.user,
            at=now,
        )
        url = f"{page_url(period, 'period_coverage')}{asked.link(gap=asked.gap)}#gap"
        return confirm_done(request, f"The gap on {gap.role} stands", url=url)
    context = {
        "period": period,
        "tab": "coverage",
        "tab_counts": tab_counts(request, period, at=now),
        "form": form,
        "gap": gap,
        "seconds": gap.seconds,
    }
    return render(request, "contributors/shifts/accept_gap.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def take_back_gap(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """The gap counts again."""
    period = period_or_404(request.user, key, may="shifts.manage")
    found = get_object_or_404(AcceptedGap, role__period=period, pk=pk)
    ended = accepted_gaps.take_back(found.pk, by=request.user, at=timezone.now())
    return confirm_done(request, f"The gap on {ended.role} counts again", url=page_url(period, "period_coverage"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_shift(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Ask somebody to take a shift, or to swap. Its holder may, and whoever plans."""
    period, now = period_or_404(request.user, key), timezone.now()
    shift = shift_or_404(period, pk)
    if shift.user_id != request.user.pk and not is_allowed(request.user, period, "shifts.manage"):
        raise NotAllowed(f"Only {shift.user} or whoever plans can ask about this shift.")
    form = AskForm(request.POST or None, period=period, shift=shift, now=now)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        wanted = cover_requests.WantedCover(
            shift.role, data["starts_at"], data["ends_at"], shift.kind, shift, data["in_return"]
        )
        try:
            made = cover_requests.ask(wanted, users=list(data["users"]), by=request.user, at=now, reason=data["reason"])
        except Invalid as error:
            add_errors(form, error)
        else:
            return confirm_done(request, _asked_words(made), url=page_url(period, "period_coverage"))
    return _form(request, period, form, shift, "contributors/swaps/ask_cover.html")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Put somebody else on duty for a shift or a part of it."""
    period, now = period_or_404(request.user, key, may="shifts.manage"), timezone.now()
    shift = shift_or_404(period, pk)
    form = ReplaceForm(request.POST or None, period=period, shift=shift)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            taken = reassign.replace(
                shift.pk, to=data["user"], starts_at=data["starts_at"], ends_at=data["ends_at"], by=request.user, at=now
            )
        except Invalid as error:
            add_errors(form, error)
        else:
            return confirm_done(
                request, f"{taken.user} stands in for {shift.user}", url=page_url(period, "period_coverage")
            )
    return _form(request, period, form, shift, "contributors/shifts/replace_shift.html")


@login_required
@require_POST
def take_now(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """I am on duty here from this instant."""
    period = period_or_404(request.user, key)
    taken = reassign.take_over_now(shift_or_404(period, pk).pk, by=request.user, at=timezone.now())
    url = next_url(request, page_url(period, "period_coverage"))
    return confirm_done(request, f"You are on {taken.role} now", url=url)


@login_required
@require_POST
def answer(request: SignedInRequest, key: str, pk: int, name: str) -> HttpResponse:
    """Accept, refuse, approve, decline or withdraw a request."""
    period = period_or_404(request.user, key)
    row = COVER_ANSWERS.get(name)
    if row is None:
        raise Http404("No such answer.")
    found = get_object_or_404(CoverRequest, role__period=period, pk=pk)
    row.run(found.pk, by=request.user, at=timezone.now())
    return confirm_done(request, row.said, url=next_url(request, page_url(period, "period_coverage")))


def _asked_words(made: CoverRequest) -> str:
    people: list[User] = [one.user for one in made.asks.select_related("user").order_by("id")]
    return f"Asked {people[0]}" if len(people) == 1 else f"Asked {len(people)} people"


def _form(request: SignedInRequest, period: Period, form: Any, shift: Shift, template: str) -> HttpResponse:
    context = {
        "period": period,
        "tab": "coverage",
        "tab_counts": tab_counts(request, period, at=timezone.now()),
        "form": form,
        "shift": shift,
    }
    return render(request, template, context, status=422 if form.errors else 200)
