"""Pages of a period in the browser: read, write, compare, restore."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hypercare import registry
from hypercare.database.numbers import number_of
from hypercare.exceptions import AlreadyDone, Invalid
from hypercare.pages.documents import how_we_work
from hypercare.pages.documents.document_forms import DocumentForm, document_initial
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest
from periods.access.access import is_allowed, period_or_404
from periods.documents import documents, markdown, text_diff
from periods.models import Document, DocumentVersion, Period
from periods.template_files.pages import STARTS

Kind = Document.Kind
PER_PAGE = 50
MOST_ROWS = 2000
METHODS = ["GET", "HEAD", "POST"]


@login_required
@require_safe
def list_documents(request: SignedInRequest, key: str) -> HttpResponse:
    """How we work, and every page of the period beside it."""
    period, now = period_or_404(request.user, key), timezone.now()
    page = documents.page_of_kind(period, Kind.HOW_WE_WORK)
    saved = documents.get_version(page, page.version) if page else None
    context = {
        **_frame(request, period, now),
        "pages": _listed(period),
        "missing": _missing(period),
        "saved": saved,
        "how_url": reverse("document_edit", args=[period.key, page.slug])
        if page
        else f"{reverse('document_new', args=[period.key])}?kind={Kind.HOW_WE_WORK}",
        "html": markdown.render(saved.body) if saved else "",
        "may_manage": is_allowed(request.user, period, "pages.manage"),
        **how_we_work.page_parts(period, saved, at=now),
    }
    return render(request, "hypercare/documents/list.html", context)


def _listed(period: Period) -> list[dict[str, Any]]:
    """Every page with its latest version. Two queries."""
    found = list(documents.pages_of(period))
    latest = documents.latest_versions(found)
    return [{"page": page, "saved": latest[page.pk]} for page in found if page.kind != Kind.HOW_WE_WORK]


def _missing(period: Period) -> list[tuple[str, str]]:
    there = set(documents.pages_of(period).values_list("kind", flat=True))
    return [(kind.value, str(kind.label)) for kind in (Kind.RUNBOOK, Kind.ROLLBACK) if kind not in there]


@login_required
@require_safe
def show_document(request: SignedInRequest, key: str, slug: str) -> HttpResponse:
    """One page, or an older version of it with `?version=`."""
    period, page = _page_or_404(request, key, slug)
    number = _number(request, "version", page.version)
    if page.kind == Kind.HOW_WE_WORK and number == page.version:
        return redirect("documents", key=period.key)
    saved = _version_or_404(page, number)
    context = {
        **_frame(request, period, timezone.now()),
        "page": page,
        "saved": saved,
        "html": markdown.render(saved.body),
        "headings": [heading for heading in markdown.headings(saved.body) if heading.level < 4],
        "minutes": markdown.reading_minutes(saved.body),
        "recent": documents.versions_of(page)[:5],
        "is_old": number != page.version,
        **_rights(request, period, page),
    }
    return render(request, "hypercare/documents/read.html", context)


@login_required
@require_safe
def show_history(request: SignedInRequest, key: str, slug: str) -> HttpResponse:
    """Every version: who, when, why."""
    period, page = _page_or_404(request, key, slug)
    context = {
        **_frame(request, period, timezone.now()),
        "page": page,
        **_rights(request, period, page),
        "versions": Paginator(documents.versions_of(page), PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "hypercare/documents/history.html", context)


@login_required
@require_safe
def changes(request: SignedInRequest, key: str, slug: str) -> HttpResponse:
    """What changed between two versions; without `?from=` and `?to=` the last change."""
    period, page = _page_or_404(request, key, slug)
    newer = _version_or_404(page, _number(request, "to", page.version))
    older = _version_or_404(page, _number(request, "from", max(1, newer.number - 1)))
    between = [row for row in documents.versions_of(page) if older.number < row.number <= newer.number]
    context = {
        **_frame(request, period, timezone.now()),
        "page": page,
        "older": older,
        "newer": newer,
        "between": between,
        **_compared(older, newer),
        **_rights(request, period, page),
    }
    return render(request, "hypercare/documents/changes.html", context)


def _compared(older: DocumentVersion, newer: DocumentVersion) -> dict[str, Any]:
    found = text_diff.compare_texts(older.body, newer.body)
    was, now = dict(older.channels), dict(newer.channels)
    moved = [
        (words, was.get(name, ""), now.get(name, ""))
        for name, words in documents.CHANNELS.items()
        if was.get(name) != now.get(name)
    ]
    return {
        "difference": found,
        "rows": found.rows[:MOST_ROWS],
        "cut": max(0, len(found.rows) - MOST_ROWS),
        "channel_changes": moved,
    }


@login_required
@require_http_methods(METHODS)
def add_document(request: SignedInRequest, key: str) -> HttpResponse:
    """Write a new page of a kind; it begins with the questions such a page answers."""
    kind = request.GET.get("kind", Kind.PAGE)
    if kind not in Kind.values:
        raise Http404("No such kind of page.")
    period = period_or_404(request.user, key, may=documents.right_for(kind))
    title = "" if kind == Kind.PAGE else Kind(kind).label
    form = DocumentForm(
        request.POST or None, kind=kind, is_new=True, initial={"title": title, "body": STARTS[kind], "based_on": 0}
    )
    if request.method == "POST" and "preview" not in request.POST and form.is_valid():
        try:
            page = documents.create(period.pk, kind=kind, text=form.text, by=request.user, at=timezone.now())
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(request, f"“{page.title}” saved")
            return redirect(page)
    return _editor(request, period, form, heading=f"Write {title.lower() or 'a page'}", kind=kind)


@login_required
@require_http_methods(METHODS)
def edit(request: SignedInRequest, key: str, slug: str) -> HttpResponse:
    """Change a page. When somebody else was first, their change is shown beside one's own."""
    period, page = _page_or_404(request, key, slug, may="write")
    latest = documents.get_version(page, page.version)
    form = DocumentForm(request.POST or None, kind=page.kind, is_new=False, initial=document_initial(latest))
    if request.method != "POST" or "preview" in request.POST or not form.is_valid():
        return _editor(request, period, form, heading=f"Change “{page.title}”", kind=page.kind, page=page)
    try:
        documents.save_version(
            page.pk, based_on=form.cleaned_data["based_on"] or 0, text=form.text, by=request.user, at=timezone.now()
        )
    except documents.Conflict as conflict:
        return _conflict(request, period, page, form, conflict.theirs)
    except Invalid as error:
        add_errors(form, error)
        return _editor(request, period, form, heading=f"Change “{page.title}”", kind=page.kind, page=page)
    except AlreadyDone:
        return redirect(page)
    messages.success(request, f"“{page.title}” saved as version {latest.number + 1}")
    return redirect(page)


def _editor(
    request: SignedInRequest,
    period: Period,
    form: DocumentForm,
    *,
    heading: str,
    kind: str,
    page: Document | None = None,
) -> HttpResponse:
    wants_preview = "preview" in request.POST
    context = {
        **_frame(request, period, timezone.now()),
        "form": form,
        "heading": heading,
        "page": page,
        "kind": kind,
        "preview": markdown.render(request.POST.get("body", "")[: documents.LARGEST]) if wants_preview else "",
        "is_preview": wants_preview,
    }
    invalid = request.method == "POST" and bool(form.errors) and not wants_preview
    return render(request, "hypercare/documents/edit.html", context, status=422 if invalid else 200)


def _conflict(
    request: SignedInRequest, period: Period, page: Document, form: DocumentForm, theirs: DocumentVersion
) -> HttpResponse:
    """409: their change, what saving one's own would do to it, and both ways on. Nothing typed is lost."""
    began = DocumentVersion.objects.filter(document=page, number=form.cleaned_data["based_on"] or 0).first()
    mine = form.text.body.replace("\r\n", "\n").strip("\n")
    context = {
        **_frame(request, period, timezone.now()),
        "page": page,
        "theirs": theirs,
        "form": form,
        "mine": mine,
        "their_rows": text_diff.compare_texts(began.body if began else "", theirs.body).rows[:MOST_ROWS],
        "my_rows": text_diff.compare_texts(theirs.body, mine).rows[:MOST_ROWS],
        "kept": [
            (name, request.POST[name])
            for name in ("title", "reason", "minor", *documents.CHANNELS)
            if name in request.POST
        ],
    }
    return render(request, "hypercare/documents/conflict.html", context, status=409)


@login_required
@require_POST
def preview(request: SignedInRequest, key: str) -> HttpResponse:
    """The text as it would be shown; nothing is saved."""
    period_or_404(request.user, key)
    html = markdown.render(request.POST.get("body", "")[: documents.LARGEST])
    return render(request, "hypercare/documents/_preview.html", {"preview": html, "is_preview": True})


@login_required
@require_POST
def restore(request: SignedInRequest, key: str, slug: str) -> HttpResponse:
    """Save an older version again as the newest."""
    _, page = _page_or_404(request, key, slug, may="write")
    number, based_on = (number_of(request.POST.get(name, "")) or 0 for name in ("number", "based_on"))
    saved = documents.restore(page.pk, number=number, based_on=based_on, by=request.user, at=timezone.now())
    messages.success(request, f"“{page.title}” is version {number} again, saved as version {saved.number}")
    return redirect(page)


@login_required
@require_POST
def remove(request: SignedInRequest, key: str, slug: str) -> HttpResponse:
    """Take a page away; its versions are kept."""
    period, page = _page_or_404(request, key, slug, may="manage")
    documents.remove(page.pk, by=request.user, at=timezone.now())
    messages.success(request, f"“{page.title}” removed")
    return redirect("documents", key=period.key)


# --- What they share ----------------------------------------------------------------------------


def _page_or_404(request: SignedInRequest, key: str, slug: str, *, may: str = "") -> tuple[Period, Document]:
    period = period_or_404(request.user, key)
    page = documents.find_page(period, slug)
    if page is None:
        raise Http404("No such page.")
    if may:
        period_or_404(request.user, key, may="pages.manage" if may == "manage" else documents.right_for(page.kind))
    page.period = period
    return period, page


def _version_or_404(page: Document, number: int) -> DocumentVersion:
    try:
        return documents.get_version(page, number)
    except DocumentVersion.DoesNotExist:
        raise Http404("No such version.") from None


def _number(request: SignedInRequest, name: str, usual: int) -> int:
    number = number_of(request.GET.get(name, ""))
    return usual if number is None else number


def _rights(request: SignedInRequest, period: Period, page: Document) -> dict[str, bool]:
    is_open = period.status not in Period.ENDED
    return {
        "may_write": is_open and is_allowed(request.user, period, documents.right_for(page.kind)),
        "may_remove": is_open and page.kind == Kind.PAGE and is_allowed(request.user, period, "pages.manage"),
    }


def _frame(request: SignedInRequest, period: Period, now: datetime) -> dict[str, Any]:
    counts: dict[str, Any] = registry.resolve(registry.TAB_COUNTS)(period, at=now)
    return {
        "period": period,
        "now": now,
        "tab": "pages",
        "tab_counts": counts,
        "may_add": period.status not in Period.ENDED and is_allowed(request.user, period, "pages.write"),
        "back": reverse("documents", kwargs={"key": period.key}),
    }
