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
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from contributors import feeds, links, readiness, renewal, roster
from contributors.forms import AnswerForm
from contributors.models import Acknowledgement, Link, Membership, Shift
from contributors.views.loading import explain
from contributors.views.shifts import shift_words
from hypercare import timewords
from hypercare.errors import AlreadyDone, Invalid, LinkEnded
from hypercare.http import SignedInRequest
from periods import documents, markup
from periods.access import period_or_404
from periods.models import Document, Period

SALT = "hypercare.readiness.seen"
TO_READ = (Document.Kind.RUNBOOK, Document.Kind.HOW_WE_WORK)


@dataclass(frozen=True)
class Asked:
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
        response = _answer(Asked(request, member, now, link, token, _shifts_of(member, now)))
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
    period, now = period_or_404(request.user, key, may="readiness.acknowledge"), timezone.now()
    found = roster.members(period.pk).filter(user=request.user)
    member = found.select_related("user", "role", "period__lead").first()
    if member is None:
        raise Http404("No such member.")
    return _answer(Asked(request, member, now, None, "", _shifts_of(member, now)))


def _answer(asked: Asked) -> HttpResponse:
    """Show the question, the reason step, what was answered, or take the answer."""
    request, member = asked.request, asked.member
    if request.method != "POST":
        standing = readiness.standing_answer(member)
        if standing is None or "again" in request.GET:
            return _question(asked, None)
        return _done(asked, standing)
    form = AnswerForm(request.POST, shifts=[(str(shift.pk), _words(shift)) for shift in asked.shifts])
    wants_reason = request.POST.get("state") == Acknowledgement.State.PROBLEM and "note" not in request.POST
    if wants_reason or not form.is_valid():
        return _question(asked, form, reason_step=wants_reason)
    try:
        _record(form, asked)
    except readiness.Changed as changed:
        return _question(asked, None, changed=changed)
    except Invalid as error:
        explain(form, error)
        return _question(asked, form)
    return redirect(request.path)


def _record(form: AnswerForm, asked: Asked) -> None:
    """Save the answer. The same answer again is no error: the page says when it was given."""
    data, member = form.cleaned_data, asked.member
    try:
        answer = readiness.acknowledge(
            member.pk, statements=data["statements"], note=form.words, state=data["state"], by=member.user,
            at=asked.now, via="link" if asked.link else "", seen=_seen(asked.request),
            cannot=[int(pk) for pk in data["cannot"]],
        )  # fmt: skip
    except AlreadyDone:
        return
    if asked.link is not None:
        links.mark_used(asked.link, at=asked.now, outcome=readiness.said(answer, member.user))
    if answer.state == Acknowledgement.State.READY:
        feeds.ensure_link(member.user, at=asked.now)


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


def _shared(asked: Asked) -> dict[str, Any]:
    zone, member = timezone.get_current_timezone(), asked.member
    return {"member": member, "period": member.period, "link": asked.link, "zone_name": timewords.city(zone),
            "masked_phone": _masked(member.user.phone), "duty": shift_words(asked.shifts)}  # fmt: skip


def _masked(phone: str) -> str:
    """`+91 ••• ••4417`: enough to recognise one's own number, too little to learn it from a forwarded link."""
    digits = "".join(char for char in phone if char.isdigit())
    return f"{phone.split(' ')[0]} ••• ••{digits[-4:]}" if len(digits) > 7 and " " in phone else ""


def _to_read(asked: Asked, asks: renewal.Question) -> list[dict[str, Any]]:
    """The pages to read: who changed them when, how long it takes, what changed since they were read."""
    since = {change["code"]: change["since"] for change in asks.changes}
    found = []
    for kind in TO_READ:
        page = documents.of_kind(asked.member.period, kind)
        if page is not None:
            saved = documents.version(page, page.version)
            url = _url_of(asked, page)
            found.append(
                {
                    "title": page.title,
                    "url": url,
                    "saved": saved,
                    "minutes": markup.minutes(saved.body),
                    "changes_url": _changes_url(asked, page, url, since.get(kind, 0)),
                }
            )
    return found


def _url_of(asked: Asked, page: Document) -> str:
    if asked.link is None:
        return page.get_absolute_url()
    return reverse("acknowledge_read", kwargs={"token": asked.token, "slug": page.slug})


def _changes_url(asked: Asked, page: Document, url: str, since: int) -> str:
    """Where the difference to what was read is shown; empty where nothing was read before."""
    if not since or since >= page.version:
        return ""
    if asked.link is not None:
        return f"{url}?since={since}"
    changes = reverse("document_changes", kwargs={"key": asked.member.period.key, "slug": page.slug})
    return f"{changes}?from={since}"


def _question(
    asked: Asked, form: AnswerForm | None, *, reason_step: bool = False,
    changed: readiness.Changed | None = None,
) -> HttpResponse:  # fmt: skip
    request, member = asked.request, asked.member
    asks = renewal.question(member, at=asked.now)
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
        "ticks": [(key, words, key in given - doubted, key in asks.carried and key not in doubted)
                  for key, words in Acknowledgement.STATEMENTS.items()],
        "changes": asks.changes,
        "changed_now": renewal.sentences(changed.changes, member) if changed else [],
        "to_read": _to_read(asked, asks),
        "seen": signing.dumps(asks.present, salt=SALT, compress=True),
        "standing": readiness.standing_answer(member),
        "note": request.POST.get("note", ""),
        "cannot": [(str(shift.pk), _words(shift), str(shift.pk) in missed) for shift in asked.shifts],
    }  # fmt: skip
    status = 409 if changed else 422 if context["errors"] else 200
    return render(request, "contributors/acknowledge.html", context, status=status)


def _done(asked: Asked, answer: Acknowledgement) -> HttpResponse:
    feed = feeds.link_of(asked.member.user)
    context = {**_shared(asked), "answer": answer, "feed_url": links.url_of(feed) if feed else ""}
    return render(asked.request, "contributors/acknowledged.html", context)
