"""Search and jump: incidents, what was written on them, pages, lessons, periods, people one works with.

Without a type the first few of each are shown; with one, all of them in pages. A key of an incident jumps to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from contributors.handoffs import handoffs
from contributors.models import Handoff
from hypercare.database import accents, fulltext
from hypercare.database.fulltext import Hits
from hypercare.models import User
from hypercare.web.requests import SignedInRequest, is_htmx
from incidents.lists import search as incident_search
from incidents.models import Comment, Incident
from periods.documents import documents
from periods.lessons import search as lesson_search
from periods.models import Document, Period

KEY: Final = re.compile(r"^\s*([A-Za-z][A-Za-z0-9]{1,11})-(\d{1,9})\s*$")
REFERENCE: Final = re.compile(r"^[A-Z2-9]{4}-[A-Z2-9]{4}$", re.IGNORECASE)
FEW: Final = 5
MANY: Final = 20
MOST_PAGES: Final = 50
MOST_PERIODS: Final = 50
STATUSES: Final = {"open": "Open", "resolved": "Resolved"}


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What the address asks for; what is not known is read as not asked."""

    text: str = ""
    kind: str = ""
    period: Period | None = None
    status: str = ""
    page: int = 1

    @classmethod
    def read(cls, params: Mapping[str, Any], user: User) -> SearchQuery:
        """From a query string. One query where a period is named."""
        key = str(params.get("period", "")).upper().replace("\x00", "")[:12]
        page = str(params.get("page", ""))
        kind, status = str(params.get("type", "")), str(params.get("status", ""))
        return cls(
            text=str(params.get("q", "")).replace("\x00", "").strip()[:100],
            kind=kind if kind in KINDS else "",
            period=Period.objects.visible_to(user).filter(key=key).first() if key else None,
            status=status if status in STATUSES else "",
            page=min(int(page), MOST_PAGES) if page.isdecimal() and len(page) < 6 and int(page) else 1,
        )

    def link(self, **changes: Any) -> str:
        """The address of the same question with something changed, on its first page unless one is named."""
        new = replace(self, **{"page": 1, **changes})
        said = {
            "q": new.text,
            "type": new.kind,
            "period": new.period.key if new.period else "",
            "status": new.status,
            "page": new.page if new.page > 1 else "",
        }
        return f"{reverse('search')}?{urlencode({name: value for name, value in said.items() if value})}"

    @property
    def words(self) -> list[str]:
        """The words looked for."""
        return fulltext.search_words(self.text)


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One thing that was found."""

    title: str
    note: str
    url: str
    excerpt: str = ""
    at: datetime | None = None
    icon: str = ""
    severity: str = ""
    status: str = ""
    person: User | None = None


@dataclass(frozen=True, slots=True)
class SearchGroup:
    """What was found of one kind, and where the rest is."""

    kind: str
    label: str
    hits: list[SearchHit] = field(default_factory=list)
    more: str = ""
    is_cut: bool = False


@login_required
@require_safe
def search(request: SignedInRequest) -> HttpResponse:
    """Results for `?q=`; an incident key that exists jumps straight to it."""
    asked = SearchQuery.read(request.GET.dict(), request.user)
    if exact := _exact(request.user, asked.text):
        return redirect(exact)
    is_jump = is_htmx(request)
    mine = Period.objects.visible_to(request.user).order_by("-go_live_at", "id")
    context = {
        "asked": asked,
        "query": asked.text,
        "words": asked.words,
        "groups": search_everything(request.user, asked),
        "kinds": [(asked.link(kind=kind), label, kind == asked.kind) for kind, label in (("", "All"), *_labels())],
        "statuses": STATUSES,
        "periods": [] if is_jump else mine[:MOST_PERIODS],
    }
    return render(request, "hypercare/search/_search.html" if is_jump else "hypercare/search/search.html", context)


def _exact(user: User, text: str) -> Incident | None:
    """The incident that a key names, or the reference that somebody outside was given for their report."""
    rows = Incident.objects.visible_to(user).select_related("period")
    exact: Incident | None = None
    if match := KEY.match(text):
        exact = rows.filter(period__key=match[1].upper(), number=int(match[2])).first()
    if exact is None and REFERENCE.match(text.strip()):
        exact = rows.filter(reports__reference=text.strip().upper()).first()
    return exact


def search_everything(user: User, asked: SearchQuery) -> list[SearchGroup]:
    """What was found, by kind; kinds without a hit left out. At most two queries a kind."""
    if not asked.words:
        return []
    kinds = [asked.kind] if asked.kind else list(KINDS)
    groups = [_group(kind, user, asked) for kind in kinds]
    return [group for group in groups if group.hits]


def _group(kind: str, user: User, asked: SearchQuery) -> SearchGroup:
    label, rows, shape = KINDS[kind]
    size = MANY if asked.kind else FEW
    start = (asked.page - 1) * size
    said = rows(user, asked)
    hits = list(said.rows[start : start + size + 1])
    more = asked.link(kind=kind, page=asked.page + 1 if asked.kind else 1) if len(hits) > size else ""
    if asked.kind and asked.page == MOST_PAGES:
        more = ""
    return SearchGroup(kind, label, [shape(row, asked.words) for row in hits[:size]], more, said.is_cut)


def _labels() -> list[tuple[str, str]]:
    return [(kind, label) for kind, (label, _, _) in KINDS.items()]


def _of_periods(user: User, asked: SearchQuery) -> QuerySet[Any]:
    """The periods that count: the one asked for, or all one sees."""
    mine: QuerySet[Any] = Period.objects.visible_to(user)
    return mine.filter(pk=asked.period.pk) if asked.period else mine


def _incidents(user: User, asked: SearchQuery) -> Hits:
    return incident_search.search_incidents(user, asked.words, period=asked.period, status=asked.status)


def _incident(row: Incident, words: Sequence[str]) -> SearchHit:
    said = f"{row.resolution} {row.cause} {row.workaround}"
    text = row.description if _stands(row.description, words) or not _stands(said, words) else said
    excerpt = fulltext.excerpt(text, words) if _stands(text, words) else ""
    return SearchHit(
        row.title, row.key, row.get_absolute_url(), excerpt, row.reported_at, severity=row.severity, status=row.status
    )


def _stands(text: str, words: Sequence[str]) -> bool:
    return any(word.casefold() in text.casefold() for word in words)


def _comments(user: User, asked: SearchQuery) -> Hits:
    return incident_search.search_comments(user, asked.words, period=asked.period, status=asked.status)


def _comment(row: Comment, words: Sequence[str]) -> SearchHit:
    incident = row.incident
    icon = {"update": "megaphone", "decision": "branch"}.get(row.kind, "chat")
    note = f"{row.get_kind_display()} by {row.by or 'the reporter'} on {incident.key}"
    return SearchHit(incident.title, note, incident.get_absolute_url(), fulltext.excerpt(row.body, words), row.at, icon)


def _pages(user: User, asked: SearchQuery) -> Hits:
    return Hits(documents.search_pages(_of_periods(user, asked), asked.words))


def _page(row: Document, words: Sequence[str]) -> SearchHit:
    body = str(getattr(row, "body", ""))
    excerpt = fulltext.excerpt(body, words) if _stands(body, words) else ""
    return SearchHit(row.title, row.period.name, row.get_absolute_url(), excerpt, icon="file")


def _lessons(user: User, asked: SearchQuery) -> Hits:
    rows = lesson_search.search_lessons(user, lesson_search.LessonQuery(" ".join(asked.words)))
    return Hits(rows.filter(period=asked.period) if asked.period else rows)


def _lesson(row: Any, words: Sequence[str]) -> SearchHit:
    said = ", ".join(part for part in (row.theme, row.component, "draft" if row.status == "draft" else "") if part)
    return SearchHit(
        row.title, said, row.get_absolute_url(), fulltext.excerpt(f"{row.learnt} {row.happened}", words), icon="book"
    )


def _periods(user: User, asked: SearchQuery) -> Hits:
    text = asked.text
    rows = _of_periods(user, asked).filter(accents.stands_in("name", text) | Q(key__iexact=text))
    return Hits(rows.order_by("-go_live_at", "id"))


def _period(row: Period, words: Sequence[str]) -> SearchHit:  # noqa: ARG001  one shape for all kinds
    return SearchHit(row.name, f"{row.key}, {row.get_status_display().lower()}", row.get_absolute_url(), icon="layers")


def _people(user: User, asked: SearchQuery) -> Hits:
    rows = User.objects.filter(accents.stands_in("name", asked.text), memberships__period__in=_of_periods(user, asked))
    return Hits(rows.distinct().order_by("name", "id"))


def _person(row: User, words: Sequence[str]) -> SearchHit:  # noqa: ARG001
    return SearchHit(row.name, "", reverse("contributors:person", kwargs={"pk": row.pk}), person=row)


def _handoffs(user: User, asked: SearchQuery) -> Hits:
    rows = Handoff.objects.visible_to(user).filter(version__gt=0, role__period__in=_of_periods(user, asked))
    found = handoffs.filter_by_words(rows, " ".join(asked.words))
    return Hits(found.select_related("role__period", "outgoing", "incoming").order_by("-due_at", "-id"))


def _handoff(row: Handoff, words: Sequence[str]) -> SearchHit:
    title = f"{row.role}: {row.outgoing} to {row.incoming}"
    excerpt = fulltext.excerpt(row.searched, words) if _stands(row.searched, words) else ""
    return SearchHit(title, row.role.period.name, row.get_absolute_url(), excerpt, row.due_at, "pencil")


Rows = Callable[[User, SearchQuery], Hits]
Shape = Callable[[Any, Sequence[str]], SearchHit]
KINDS: Final[dict[str, tuple[str, Rows, Shape]]] = {
    "periods": ("Periods", _periods, _period),
    "incidents": ("Incidents", _incidents, _incident),
    "comments": ("Written on incidents", _comments, _comment),
    "pages": ("Pages", _pages, _page),
    "people": ("People", _people, _person),
    "handoffs": ("Hand-off notes", _handoffs, _handoff),
    "lessons": ("Lessons", _lessons, _lesson),
}
