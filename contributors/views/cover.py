"""Cover changes hands: asking, answering with or without signing in, taking over, standing in.

The page behind a one-tap link changes nothing when it is opened, because mail scanners open links. The link is the
key and knows the person, so its form needs no CSRF token.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from contributors import accepting, board, board_asked, cover, fitness, handing_over, links
from contributors.models import AcceptedGap, CoverAsk, CoverRequest, Link, Shift
from contributors.views.cover_forms import AcceptGapForm, AskForm, GapForm, ReplaceForm
from contributors.views.loading import LARGEST_ID, done, explain, next_url, page_of, tab_counts
from hypercare import timewords
from hypercare.errors import AlreadyDone, Invalid, LinkEnded, NotAllowed, Refused
from hypercare.http import SignedInRequest
from hypercare.models import User
from periods.access import allowed, period_or_404
from periods.models import Period

ANSWERS: dict[str, tuple[Callable[..., CoverRequest], str]] = {
    "accept": (cover.accept, "You have it"),
    "refuse": (cover.refuse, "Thank you for saying so"),
    "approve": (cover.approve, "Approved"),
    "decline": (cover.decline, "Not approved; the plan stays"),
    "withdraw": (cover.withdraw, "Request withdrawn"),
}


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
    people = ("request__role__period", "request__asked_by", "request__taken_by", "request__shift__user",
              "request__in_return__role", "request__in_return__user", "user")  # fmt: skip
    found = CoverAsk.objects.select_related(*people).filter(request=int(number), user=link.user).first()
    if found is None:
        raise LinkEnded("This request no longer exists.")
    return found


def _answer(request: HttpRequest, ask: CoverAsk, now: datetime, link: Link) -> HttpResponse:
    problem = ""
    if request.method == "POST":
        act = cover.accept if request.POST.get("answer") == "accept" else cover.refuse
        try:
            act(ask.request_id, by=ask.user, at=now, via="link")
        except AlreadyDone:
            return redirect(request.path)
        except Refused as error:
            problem = " ".join(error.reasons)
        else:
            links.mark_used(link, at=now, outcome="You answered.")
            return redirect(request.path)
    found = ask.request
    is_open = found.state == CoverRequest.State.OPEN and not ask.answer and found.ends_at > now
    against, warnings = _against(ask) if is_open else ([], [])
    context = {
        "ask": ask, "request_": found, "period": found.role.period, "problem": problem, "warnings": warnings,
        "against": against, "open": is_open,
        "mine": found.taken_by_id == ask.user_id, "said": cover.said(found),
        "zone_name": timewords.city(ask.user.zone), "seconds": (found.ends_at - found.starts_at).total_seconds(),
    }  # fmt: skip
    return render(request, "contributors/cover_answer.html", context, status=409 if problem else 200)


def _against(ask: CoverAsk) -> tuple[list[str], list[str]]:
    """What rules it out, and what only speaks against it, shown before the person answers."""
    found = ask.request
    given = (found.in_return_id,) if found.in_return_id else ()
    try:
        return [], fitness.require(
            found.role.period,
            found.role,
            ask.user,
            found.starts_at,
            found.ends_at,
            kind=found.kind,
            without=given,
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
    wanted = cover.Wanted(data["role"], data["starts_at"], data["ends_at"], kind=data["kind"])
    made = cover.ask(wanted, users=list(data["users"]), by=request.user, at=timezone.now())
    return done(request, _asked_words(made), url=next_url(request, page_of(period, "period_coverage")))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def accept_gap(request: SignedInRequest, key: str) -> HttpResponse:
    """Let a gap stand, with a reason; the form is a page of its own."""
    period, now = period_or_404(request.user, key, may="shifts.manage"), timezone.now()
    asked = board_asked.read(request.GET.dict(), period, request.user, at=now)
    gap = board.build(period, asked, viewer=request.user, at=now).gap(asked.gap)
    if gap is None:
        raise AlreadyDone("This gap is no longer as it was. Look at the plan again.")
    form = AcceptGapForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        accepting.accept(
            period.pk, role_id=gap.role.pk, kind=gap.duty, starts_at=gap.start,
            reason=form.cleaned_data["reason"], by=request.user, at=now,
        )  # fmt: skip
        url = f"{page_of(period, 'period_coverage')}{asked.link(gap=asked.gap)}#gap"
        return done(request, f"The gap on {gap.role} stands", url=url)
    context = {"period": period, "tab": "coverage", "tab_counts": tab_counts(request, period, at=now),
               "form": form, "gap": gap, "seconds": gap.seconds}  # fmt: skip
    return render(request, "contributors/accept_gap.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def take_back_gap(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """The gap counts again."""
    period = period_or_404(request.user, key, may="shifts.manage")
    found = AcceptedGap.objects.filter(role__period=period, pk=min(pk, LARGEST_ID)).first()
    if found is None:
        raise Http404("No such gap.")
    ended = accepting.take_back(found.pk, by=request.user, at=timezone.now())
    return done(request, f"The gap on {ended.role} counts again", url=page_of(period, "period_coverage"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_shift(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Ask somebody to take a shift, or to swap. Its holder may, and whoever plans."""
    period, now = period_or_404(request.user, key), timezone.now()
    shift = _shift_or_404(period, pk)
    if shift.user_id != request.user.pk and not allowed(request.user, period, "shifts.manage"):
        raise NotAllowed(f"Only {shift.user} or whoever plans can ask about this shift.")
    form = AskForm(request.POST or None, period=period, shift=shift, now=now)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        wanted = cover.Wanted(
            shift.role, data["starts_at"], data["ends_at"], shift.kind, shift, data["in_return"]
        )
        try:
            made = cover.ask(
                wanted, users=list(data["users"]), by=request.user, at=now, reason=data["reason"]
            )
        except Invalid as error:
            explain(form, error)
        else:
            return done(request, _asked_words(made), url=page_of(period, "period_coverage"))
    return _form(request, period, form, shift, "contributors/ask_cover.html")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Put somebody else on duty for a shift or a part of it."""
    period, now = period_or_404(request.user, key, may="shifts.manage"), timezone.now()
    shift = _shift_or_404(period, pk)
    form = ReplaceForm(request.POST or None, period=period, shift=shift)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            taken = handing_over.replace(
                shift.pk,
                to=data["user"],
                starts_at=data["starts_at"],
                ends_at=data["ends_at"],
                by=request.user,
                at=now,
            )
        except Invalid as error:
            explain(form, error)
        else:
            return done(
                request, f"{taken.user} stands in for {shift.user}", url=page_of(period, "period_coverage")
            )
    return _form(request, period, form, shift, "contributors/replace_shift.html")


@login_required
@require_POST
def take_now(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """I am on duty here from this instant."""
    period = period_or_404(request.user, key)
    taken = handing_over.take_now(_shift_or_404(period, pk).pk, by=request.user, at=timezone.now())
    url = next_url(request, page_of(period, "period_coverage"))
    return done(request, f"You are on {taken.role} now", url=url)


@login_required
@require_POST
def answer(request: SignedInRequest, key: str, pk: int, name: str) -> HttpResponse:
    """Accept, refuse, approve, decline or withdraw a request."""
    period = period_or_404(request.user, key)
    found = CoverRequest.objects.filter(role__period=period, pk=min(pk, LARGEST_ID)).first()
    if found is None or name not in ANSWERS:
        raise Http404("No such request.")
    act, words = ANSWERS[name]
    act(found.pk, by=request.user, at=timezone.now())
    return done(request, words, url=next_url(request, page_of(period, "period_coverage")))


def _shift_or_404(period: Period, pk: int) -> Shift:
    found = (
        Shift.objects.filter(role__period=period, pk=min(pk, LARGEST_ID))
        .select_related("role", "user")
        .first()
    )
    if found is None:
        raise Http404("No such shift.")
    return found


def _asked_words(made: CoverRequest) -> str:
    people: list[User] = [one.user for one in made.asks.select_related("user").order_by("id")]
    return f"Asked {people[0]}" if len(people) == 1 else f"Asked {len(people)} people"


def _form(request: SignedInRequest, period: Period, form: Any, shift: Shift, template: str) -> HttpResponse:
    context = {"period": period, "tab": "coverage", "tab_counts": tab_counts(request, period, at=timezone.now()),
               "form": form, "shift": shift}  # fmt: skip
    return render(request, template, context, status=422 if form.errors else 200)
