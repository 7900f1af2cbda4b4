"""Reading a page by one-tap link: on a phone, without signing in, and nothing else of the period."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from contributors.links import links
from contributors.models import Link
from contributors.people import members
from hypercare.database.numbers import number_of
from hypercare.exceptions import LinkEnded
from hypercare.ui import time_words
from periods.documents import documents, markdown, text_diff
from periods.models import Document, DocumentVersion

# What somebody who is asked or paged has to read.
READABLE = (Document.Kind.RUNBOOK, Document.Kind.ROLLBACK, Document.Kind.HOW_WE_WORK)
BACK = {Link.Purpose.ACKNOWLEDGE: "acknowledge", Link.Purpose.PAGE: "paged"}
MOST_ROWS = 500


@require_safe
def by_link(request: HttpRequest, token: str, slug: str, purpose: Link.Purpose) -> HttpResponse:
    """One page, or what changed since the version in `?since=`. Raises LinkEnded (410) for a dead link."""
    link = links.find(token, purpose, at=timezone.now())
    if link.period is None or not members.members_of(link.period.pk).filter(user=link.user).exists():
        raise LinkEnded(f"You are no longer part of {link.period}." if link.period else "This link has ended.")
    page = documents.find_page(link.period, slug)
    if page is None or page.kind not in READABLE:
        raise Http404("No such page.")
    with timezone.override(link.user.zone):
        context = {"back": reverse(BACK[purpose], kwargs={"token": token}), **_context(request, page)}
        response = render(request, "contributors/readiness/reading.html", context)
    response["Referrer-Policy"], response["X-Robots-Tag"] = "no-referrer", "noindex"
    return response


def _context(request: HttpRequest, page: Document) -> dict[str, Any]:
    saved = documents.get_version(page, page.version)
    older = _since(request, page)
    found = text_diff.compare_texts(older.body, saved.body) if older else None
    channels = [(words, saved.channels[name]) for name, words in documents.CHANNELS.items() if name in saved.channels]
    return {
        "page": page,
        "period": page.period,
        "saved": saved,
        "channels": channels,
        "older": older,
        "zone_name": time_words.city_of(timezone.get_current_timezone()),
        "minutes": markdown.reading_minutes(saved.body),
        "html": "" if older else markdown.render(saved.body),
        "rows": found.rows[:MOST_ROWS] if found else (),
        "between": [row for row in documents.versions_of(page) if older and row.number > older.number],
    }


def _since(request: HttpRequest, page: Document) -> DocumentVersion | None:
    number = number_of(request.GET.get("since", "")) or 0
    return DocumentVersion.objects.filter(document=page, number=number, number__lt=page.version).first()
