"""Reading a page by one-tap link: on a phone, without signing in, and nothing else of the period."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from contributors import links, roster
from contributors.models import Link
from hypercare import timewords
from hypercare.errors import LinkEnded
from periods import differences, documents, markup
from periods.models import Document, DocumentVersion

# What somebody who is asked or paged has to read.
READABLE = (Document.Kind.RUNBOOK, Document.Kind.ROLLBACK, Document.Kind.HOW_WE_WORK)
BACK = {Link.Purpose.ACKNOWLEDGE: "acknowledge", Link.Purpose.PAGE: "paged"}
MOST_ROWS = 500


@require_safe
def by_link(request: HttpRequest, token: str, slug: str, purpose: Link.Purpose) -> HttpResponse:
    """One page, or what changed since the version in `?since=`. Raises LinkEnded (410) for a dead link."""
    link = links.find(token, purpose, at=timezone.now())
    if link.period is None or not roster.members(link.period.pk).filter(user=link.user).exists():
        raise LinkEnded(
            f"You are no longer part of {link.period}." if link.period else "This link has ended."
        )
    page = documents.page_of(link.period, slug)
    if page is None or page.kind not in READABLE:
        raise Http404("No such page.")
    with timezone.override(link.user.zone):
        context = {"back": reverse(BACK[purpose], kwargs={"token": token}), **_context(request, page)}
        response = render(request, "contributors/reading.html", context)
    response["Referrer-Policy"], response["X-Robots-Tag"] = "no-referrer", "noindex"
    return response


def _context(request: HttpRequest, page: Document) -> dict[str, Any]:
    saved = documents.version(page, page.version)
    older = _since(request, page)
    found = differences.between(older.body, saved.body) if older else None
    channels = [
        (words, saved.channels[name]) for name, words in documents.CHANNELS.items() if name in saved.channels
    ]
    return {
        "page": page, "period": page.period, "saved": saved, "channels": channels, "older": older,
        "zone_name": timewords.city(timezone.get_current_timezone()), "minutes": markup.minutes(saved.body),
        "html": "" if older else markup.render(saved.body), "rows": found.rows[:MOST_ROWS] if found else (),
        "between": [row for row in documents.versions(page) if older and row.number > older.number],
    }  # fmt: skip


def _since(request: HttpRequest, page: Document) -> DocumentVersion | None:
    text = request.GET.get("since", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else page.version
    found = DocumentVersion.objects.filter(document=page, number=number).first()
    return found if found and found.number < page.version else None
