"""Am I ready? One page for the person it asks, by link without signing in, or signed in.

A GET changes nothing, because mail scanners open links. The link is the key and knows the person, so its form
needs no CSRF token: whoever could forge the request would have to know the link. The form carries what the person
was shown, signed: when something changed meanwhile they look at it and answer again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from contributors.calendars import feed_links
from contributors.links import links
from contributors.models import Acknowledgement, Link, Membership, Shift
from contributors.one_tap import answers
from contributors.people import members as people_members
from contributors.readiness import acknowledgements, reconfirmation
from contributors.readiness.web.answer_forms import AnswerForm
from contributors.shifts.web.shifts import shift_words
from hypercare.exceptions import AlreadyDone, Invalid, LinkEnded
from hypercare.ui import time_words
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest
from periods.access.access import period_or_404
from periods.documents import documents, markdown
from periods.models import Document, Period

SALT = "hypercare.readiness.seen"
TO_READ = (Document.Kind.RUNBOOK, Document.Kind.HOW_WE_WORK)


@dataclass(frozen=True)
class AskedPerson:
    """Who is asked, when, through which link if any, and their shifts to come."""

    request: HttpRequest
    member: Membership
    now: datetime
    link: Link | None
    token: str
    shifts: list[Shift]


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a one-tap link, in the person's own time. Raises LinkEnded (410) for a dead one."""
    now = timezone.now()
    link = links.find(token, Link.Purpose.ACKNOWLEDGE, at=now)
    member = _member_of(link)
    with timezone.override(link.user.zone):
        response = _answer(AskedPerson(request, member, now, link, token, _shifts_of(member, now)))
    response["Referrer-Policy"], response["X-Robots-Tag"] = "no-referrer", "noindex"
    return response


def _member_of(link: Link) -> Membership:
    members = people_members.members_of(link.period_id or 0).filter(user=link.user)
    member = members.select_related("user", "role", "period__lead").first()
    if member is None:
        raise LinkEnded(f"You are no longer part of {link.period}." if link.period else "This link has ended.")
    if member.period.status in Period.ENDED:
        standing = acknowledgements.standing_answer(member)
        saved = f" {acknowledgements.describe_answer(standing, member.user)}" if standing else ""
        raise LinkEnded(f"{member.period.name} has ended, so nobody has to be ready for it.{saved}")
    return member


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def signed_in(request: SignedInRequest, key: str) -> HttpResponse:
    """The same page for a member who is signed in."""
    period, now = period_or_404(request.user, key, may="readiness.acknowledge"), timezone.now()
    members = people_members.members_of(period.pk).select_related("user", "role", "period__lead")
    member = get_object_or_404(members, user=request.user)
    return _answer(AskedPerson(request, member, now, None, "", _shifts_of(member, now)))


def _answer(asked: AskedPerson) -> HttpResponse:
    """Show the question, the reason step, what was answered, or take the answer."""
    request, member = asked.request, asked.member
    if request.method != "POST":
        standing = acknowledgements.standing_answer(member)
        if standing is None or "again" in request.GET:
            return _question(asked, None)
        return _done(asked, standing)
    form = AnswerForm(request.POST, shifts=[(str(shift.pk), _words(shift)) for shift in asked.shifts])
    wants_reason = request.POST.get("state") == Acknowledgement.State.PROBLEM and "note" not in request.POST
    if wants_reason or not form.is_valid():
        return _question(asked, form, reason_step=wants_reason)
    try:
        _record(form, asked)
    except acknowledgements.ChangedSinceRead as changed:
        return _question(asked, None, changed=changed)
    except Invalid as error:
        add_errors(form, error)
        return _question(asked, form)
    return redirect(request.path)


def _record(form: AnswerForm, asked: AskedPerson) -> None:
    """Save the answer. The same answer again is no error: the page says when it was given."""
    data, member = form.cleaned_data, asked.member
    try:
        answers.acknowledge(
            member.pk,
            link=asked.link,
            statements=data["statements"],
            note=form.words,
            state=data["state"],
            by=member.user,
            at=asked.now,
            seen=_seen(asked.request),
            cannot=[int(pk) for pk in data["cannot"]],
        )
    except AlreadyDone:
        return


def _seen(request: HttpRequest) -> dict[str, Any] | None:
    """What the page had shown, if the form still says so."""
    try:
        seen: dict[str, Any] = signing.loads(request.POST.get("seen", ""), salt=SALT)
    except signing.BadSignature:
        return None
    return seen


def _shifts_of(member: Membership, now: datetime) -> list[Shift]:
    mine = Shift.objects.filter(
        role__period=member.period, user=member.user, cancelled_at__isnull=True, ends_at__gt=now
    )
    return list(mine.select_related("role").order_by("starts_at", "id"))


def _words(shift: Shift) -> str:
    start, end = timezone.localtime(shift.starts_at), timezone.localtime(shift.ends_at)
    return f"{start:%a %-d %b %H:%M} to {end:%H:%M}"


def _shared(asked: AskedPerson) -> dict[str, Any]:
    zone, member = timezone.get_current_timezone(), asked.member
    return {
        "member": member,
        "period": member.period,
        "link": asked.link,
        "zone_name": time_words.city_of(zone),
        "masked_phone": _masked(member.user.phone),
        "duty": shift_words(asked.shifts),
    }


def _masked(phone: str) -> str:
    """`+91 ••• ••4417`: enough to recognise one's own number, too little to learn it from a forwarded link."""
    digits = "".join(char for char in phone if char.isdigit())
    return f"{phone.split(' ')[0]} ••• ••{digits[-4:]}" if len(digits) > 7 and " " in phone else ""


def _to_read(asked: AskedPerson, asks: reconfirmation.ReadinessQuestion) -> list[dict[str, Any]]:
    """The pages to read: who changed them when, how long it takes, what changed since they were read."""
    since = {change["code"]: change["since"] for change in asks.changes}
    found = []
    for kind in TO_READ:
        page = documents.page_of_kind(asked.member.period, kind)
        if page is not None:
            saved = documents.get_version(page, page.version)
            url = _url_of(asked, page)
            found.append(
                {
                    "title": page.title,
                    "url": url,
                    "saved": saved,
                    "minutes": markdown.reading_minutes(saved.body),
                    "changes_url": _changes_url(asked, page, url, since.get(kind, 0)),
                }
            )
    return found


def _url_of(asked: AskedPerson, page: Document) -> str:
    if asked.link is None:
        return page.get_absolute_url()
    return reverse("acknowledge_read", kwargs={"token": asked.token, "slug": page.slug})


def _changes_url(asked: AskedPerson, page: Document, url: str, since: int) -> str:
    """Where the difference to what was read is shown; empty where nothing was read before."""
    if not since or since >= page.version:
        return ""
    if asked.link is not None:
        return f"{url}?since={since}"
    changes = reverse("document_changes", kwargs={"key": asked.member.period.key, "slug": page.slug})
    return f"{changes}?from={since}"


def _question(
    asked: AskedPerson,
    form: AnswerForm | None,
    *,
    reason_step: bool = False,
    changed: acknowledgements.ChangedSinceRead | None = None,
) -> HttpResponse:
    request, member = asked.request, asked.member
    asks = reconfirmation.build_question(member, at=asked.now)
    doubted = {key for change in changed.changes for key in change.statements} if changed else set()
    given = set(request.POST.getlist("statements")) if request.method == "POST" else set(asks.carried)
    shown = form or AnswerForm(shifts=[(str(shift.pk), _words(shift)) for shift in asked.shifts])
    bound = form is not None and not reason_step
    is_problem = request.POST.get("state") == Acknowledgement.State.PROBLEM
    missed = request.POST.getlist("cannot")
    context = {
        **_shared(asked),
        "form": shown,
        "errors": [(field, text) for field, texts in shown.errors.items() for text in texts] if bound else [],
        "reason": reason_step or (bound and is_problem),
        "ticks": [
            (key, words, key in given - doubted, key in asks.carried and key not in doubted)
            for key, words in Acknowledgement.STATEMENTS.items()
        ],
        "changes": asks.changes,
        "changed_now": reconfirmation.describe_changes(changed.changes, member) if changed else [],
        "to_read": _to_read(asked, asks),
        "seen": signing.dumps(asks.present, salt=SALT, compress=True),
        "standing": acknowledgements.standing_answer(member),
        "note": request.POST.get("note", ""),
        "cannot": [(str(shift.pk), _words(shift), str(shift.pk) in missed) for shift in asked.shifts],
    }
    status = 409 if changed else 422 if context["errors"] else 200
    return render(request, "contributors/readiness/acknowledge.html", context, status=status)


def _done(asked: AskedPerson, answer: Acknowledgement) -> HttpResponse:
    feed = feed_links.feed_link_of(asked.member.user)
    context = {**_shared(asked), "answer": answer, "feed_url": links.url_of(feed) if feed else ""}
    return render(asked.request, "contributors/readiness/acknowledged.html", context)
