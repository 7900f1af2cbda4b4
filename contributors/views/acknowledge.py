"""Am I ready? One page for the person it asks, by link without signing in, or signed in.

A GET changes nothing, because mail scanners open links. The link is the key and knows the person, so its form
needs no CSRF token: whoever could forge the request would have to know the link.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from contributors import calendars, links, readiness, roster
from contributors.forms import AnswerForm
from contributors.models import Acknowledgement, Link, Membership, Shift
from contributors.views.loading import explain
from contributors.views.shifts import shift_words
from hypercare import timewords
from hypercare.errors import AlreadyDone, Invalid, LinkEnded
from hypercare.http import SignedInRequest
from periods.access import period_or_404
from periods.models import Period


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a one-tap link, in the person's own time. Raises LinkEnded (410) for a dead one."""
    now = timezone.now()
    link = links.find(token, Link.Purpose.ACKNOWLEDGE, at=now)
    member = _member_of(link)
    with timezone.override(link.user.zone):
        response = _answer(request, member, now, link=link)
    response["Referrer-Policy"], response["X-Robots-Tag"] = "no-referrer", "noindex"
    return response


def _member_of(link: Link) -> Membership:
    members = roster.members(link.period_id or 0).filter(user=link.user)
    member = members.select_related("user", "role", "period__lead").first()
    if member is None:
        raise LinkEnded(
            f"You are no longer part of {link.period}." if link.period else "This link has ended."
        )
    if member.period.status in Period.ENDED:
        standing = readiness.standing_answer(member)
        saved = f" {readiness.said(standing, member.user)}" if standing else ""
        raise LinkEnded(f"{member.period.name} has ended, so nobody has to be ready for it.{saved}")
    return member


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def signed_in(request: SignedInRequest, key: str) -> HttpResponse:
    """The same page for a member who is signed in."""
    period = period_or_404(request.user, key, may="readiness.acknowledge")
    member = (
        roster.members(period.pk)
        .filter(user=request.user)
        .select_related("user", "role", "period__lead")
        .first()
    )
    if member is None:
        raise Http404("No such member.")
    return _answer(request, member, timezone.now(), link=None)


def _answer(request: HttpRequest, member: Membership, now: datetime, *, link: Link | None) -> HttpResponse:
    """Show the question, the reason step, what was answered, or take the answer."""
    shifts = _shifts_of(member, now)
    if request.method != "POST":
        standing = readiness.standing_answer(member)
        again = "again" in request.GET or (standing is None)
        return (
            _question(request, member, None, shifts, link)
            if again
            else _done(request, member, standing, link)
        )
    form = AnswerForm(request.POST, shifts=[(str(shift.pk), _words(shift)) for shift in shifts])
    wants_reason = request.POST.get("state") == Acknowledgement.State.PROBLEM and "note" not in request.POST
    if wants_reason or not form.is_valid():
        return _question(request, member, form, shifts, link, reason_step=wants_reason)
    try:
        _record(form, member, now, link)
    except Invalid as error:
        explain(form, error)
        return _question(request, member, form, shifts, link)
    return redirect(request.path)


def _record(form: AnswerForm, member: Membership, now: datetime, link: Link | None) -> None:
    """Save the answer. The same answer again is no error: the page says when it was given."""
    data = form.cleaned_data
    try:
        answer = readiness.acknowledge(
            member.pk, statements=data["statements"], note=form.words, state=data["state"], by=member.user, at=now,
            via="link" if link else "",
        )  # fmt: skip
    except AlreadyDone:
        return
    if link is not None:
        links.mark_used(link, at=now, outcome=readiness.said(answer, member.user))
    if answer.state == Acknowledgement.State.READY:
        calendars.ensure_link(member.user, at=now)


def _shifts_of(member: Membership, now: datetime) -> list[Shift]:
    mine = Shift.objects.filter(
        role__period=member.period, user=member.user, cancelled_at__isnull=True, ends_at__gt=now
    )
    return list(mine.select_related("role").order_by("starts_at", "id"))


def _words(shift: Shift) -> str:
    start, end = timezone.localtime(shift.starts_at), timezone.localtime(shift.ends_at)
    return f"{start:%a %-d %b %H:%M} to {end:%H:%M}"


def _shared(member: Membership, shifts: list[Shift], link: Link | None) -> dict[str, Any]:
    zone = timezone.get_current_timezone()
    return {"member": member, "period": member.period, "link": link, "zone_name": timewords.city(zone),
            "masked_phone": _masked(member.user.phone), "duty": shift_words(shifts)}  # fmt: skip


def _masked(phone: str) -> str:
    """`+91 ••• ••4417`: enough to recognise one's own number, too little to learn it from a forwarded link."""
    digits = "".join(char for char in phone if char.isdigit())
    return f"{phone.split(' ')[0]} ••• ••{digits[-4:]}" if len(digits) > 7 and " " in phone else ""


def _question(
    request: HttpRequest, member: Membership, form: AnswerForm | None, shifts: list[Shift], link: Link | None,
    *, reason_step: bool = False,
) -> HttpResponse:  # fmt: skip
    shown = form or AnswerForm(shifts=[(str(shift.pk), _words(shift)) for shift in shifts])
    bound = form is not None and not reason_step
    ticked, missed = request.POST.getlist("statements"), request.POST.getlist("cannot")
    context = {
        **_shared(member, shifts, link),
        "form": shown,
        "errors": [(field, text) for field, texts in shown.errors.items() for text in texts] if bound else [],
        "reason": reason_step or (bound and request.POST.get("state") == Acknowledgement.State.PROBLEM),
        "ticks": [(key, words, key in ticked) for key, words in Acknowledgement.STATEMENTS.items()],
        "note": request.POST.get("note", ""),
        "cannot": [(str(shift.pk), _words(shift), str(shift.pk) in missed) for shift in shifts],
    }  # fmt: skip
    return render(request, "contributors/acknowledge.html", context, status=422 if context["errors"] else 200)


def _done(
    request: HttpRequest, member: Membership, answer: Acknowledgement | None, link: Link | None
) -> HttpResponse:
    feed = calendars.link_of(member.user)
    context = {
        **_shared(member, _shifts_of(member, timezone.now()), link),
        "answer": answer,
        "feed_url": links.url_of(feed) if feed else "",
    }
    return render(request, "contributors/acknowledged.html", context)
