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

from hypercare import wiring
from hypercare.errors import AlreadyDone, Invalid
from hypercare.http import SignedInRequest
from hypercare.pages import how_we_work
from hypercare.pages.document_forms import DocumentForm, initial_of
from periods import differences, documents, markup
from periods.access import allowed, period_or_404
from periods.models import Document, DocumentVersion, Period
from periods.templates_library.pages import STARTS

Kind = Document.Kind
PER_PAGE = 50
MOST_ROWS = 2000
LARGEST_NUMBER = 2**31 - 1
METHODS = ["GET", "HEAD", "POST"]


@login_required
@require_safe
def listing(request: SignedInRequest, key: str) -> HttpResponse:
    """How we work, and every page of the period beside it."""
    period, now = period_or_404(request.user, key), timezone.now()
    page = documents.of_kind(period, Kind.HOW_WE_WORK)
    saved = documents.version(page, page.version) if page else None
    context = {
        **_frame(request, period, now),
        "pages": _listed(period),
        "missing": _missing(period),
        "saved": saved,
        "html": markup.render(saved.body) if saved else "",
        "may_manage": allowed(request.user, period, "pages.manage"),
        **how_we_work.parts(period, saved, at=now),
    }
    return render(request, "documents/list.html", context)


def _listed(period: Period) -> list[dict[str, Any]]:
    """Every page with its latest version. Two queries."""
    found = list(documents.pages(period))
    latest = documents.latest_of(found)
    return [{"page": page, "saved": latest[page.pk]} for page in found if page.kind != Kind.HOW_WE_WORK]


def _missing(period: Period) -> list[tuple[str, str]]:
    there = set(documents.pages(period).values_list("kind", flat=True))
    return [(kind.value, str(kind.label)) for kind in (Kind.RUNBOOK, Kind.ROLLBACK) if kind not in there]


@login_required
@require_safe
def read(request: SignedInRequest, key: str, slug: str) -> HttpResponse:
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
        "html": markup.render(saved.body),
        "headings": [heading for heading in markup.headings(saved.body) if heading.level < 4],
        "minutes": markup.minutes(saved.body),
        "recent": documents.versions(page)[:5],
        "is_old": number != page.version,
        **_rights(request, period, page),
    }
    return render(request, "documents/read.html", context)


@login_required
@require_safe
def history(request: SignedInRequest, key: str, slug: str) -> HttpResponse:
    """Every version: who, when, why."""
    period, page = _page_or_404(request, key, slug)
    context = {
        **_frame(request, period, timezone.now()), "page": page, **_rights(request, period, page),
        "versions": Paginator(documents.versions(page), PER_PAGE).get_page(request.GET.get("page")),
    }  # fmt: skip
    return render(request, "documents/history.html", context)


@login_required
@require_safe
def changes(request: SignedInRequest, key: str, slug: str) -> HttpResponse:
    """What changed between two versions; without `?from=` and `?to=` the last change."""
    period, page = _page_or_404(request, key, slug)
    newer = _version_or_404(page, _number(request, "to", page.version))
    older = _version_or_404(page, _number(request, "from", max(1, newer.number - 1)))
    between = [row for row in documents.versions(page) if older.number < row.number <= newer.number]
    context = {
        **_frame(request, period, timezone.now()), "page": page, "older": older, "newer": newer, "between": between,
        **_compared(older, newer), **_rights(request, period, page),
    }  # fmt: skip
    return render(request, "documents/changes.html", context)


def _compared(older: DocumentVersion, newer: DocumentVersion) -> dict[str, Any]:
    found = differences.between(older.body, newer.body)
    was, now = dict(older.channels), dict(newer.channels)
    moved = [
        (words, was.get(name, ""), now.get(name, ""))
        for name, words in documents.CHANNELS.items()
        if was.get(name) != now.get(name)
    ]
    return {"difference": found, "rows": found.rows[:MOST_ROWS],
            "cut": max(0, len(found.rows) - MOST_ROWS), "channel_changes": moved}  # fmt: skip


@login_required
@require_http_methods(METHODS)
def new(request: SignedInRequest, key: str) -> HttpResponse:
    """Write a new page of a kind; it begins with the questions such a page answers."""
    kind = request.GET.get("kind", Kind.PAGE)
    if kind not in Kind.values:
        raise Http404("No such kind of page.")
    period = period_or_404(request.user, key, may=documents.right_for(kind))
    title = "" if kind == Kind.PAGE else Kind(kind).label
    form = DocumentForm(request.POST or None, kind=kind, is_new=True,
                        initial={"title": title, "body": STARTS[kind], "based_on": 0})  # fmt: skip
    if request.method == "POST" and "preview" not in request.POST and form.is_valid():
        try:
            page = documents.create(period.pk, kind=kind, text=form.text, by=request.user, at=timezone.now())
        except Invalid as error:
            form.explain(error)
        else:
            messages.success(request, f"“{page.title}” saved")
            return redirect(page)
    return _editor(request, period, form, heading=f"Write {title.lower() or 'a page'}", kind=kind)


@login_required
@require_http_methods(METHODS)
def edit(request: SignedInRequest, key: str, slug: str) -> HttpResponse:
    """Change a page. When somebody else was first, their change is shown beside one's own."""
    period, page = _page_or_404(request, key, slug, may="write")
    latest = documents.version(page, page.version)
    form = DocumentForm(request.POST or None, kind=page.kind, is_new=False, initial=initial_of(latest))
    if request.method != "POST" or "preview" in request.POST or not form.is_valid():
        return _editor(request, period, form, heading=f"Change “{page.title}”", kind=page.kind, page=page)
    try:
        documents.write(page.pk, based_on=form.cleaned_data["based_on"] or 0, text=form.text,
                        by=request.user, at=timezone.now())  # fmt: skip
    except documents.Conflict as conflict:
        return _conflict(request, period, page, form, conflict.theirs)
    except Invalid as error:
        form.explain(error)
        return _editor(request, period, form, heading=f"Change “{page.title}”", kind=page.kind, page=page)
    except AlreadyDone:
        return redirect(page)
    messages.success(request, f"“{page.title}” saved as version {latest.number + 1}")
    return redirect(page)


def _editor(
    request: SignedInRequest, period: Period, form: DocumentForm, *, heading: str, kind: str,
    page: Document | None = None,
) -> HttpResponse:  # fmt: skip
    wants_preview = "preview" in request.POST
    context = {
        **_frame(request, period, timezone.now()), "form": form, "heading": heading, "page": page, "kind": kind,
        "preview": markup.render(request.POST.get("body", "")[: documents.LARGEST]) if wants_preview else "",
        "is_preview": wants_preview,
    }  # fmt: skip
    invalid = request.method == "POST" and bool(form.errors) and not wants_preview
    return render(request, "documents/edit.html", context, status=422 if invalid else 200)


def _conflict(
    request: SignedInRequest, period: Period, page: Document, form: DocumentForm, theirs: DocumentVersion
) -> HttpResponse:
    """409: their change, what saving one's own would do to it, and both ways on. Nothing typed is lost."""
    began = DocumentVersion.objects.filter(document=page, number=form.cleaned_data["based_on"] or 0).first()
    mine = form.text.body.replace("\r\n", "\n").strip("\n")
    context = {
        **_frame(request, period, timezone.now()), "page": page, "theirs": theirs, "form": form, "mine": mine,
        "their_rows": differences.between(began.body if began else "", theirs.body).rows[:MOST_ROWS],
        "my_rows": differences.between(theirs.body, mine).rows[:MOST_ROWS],
        "kept": [(name, request.POST[name]) for name in ("title", "reason", "minor", *documents.CHANNELS)
                 if name in request.POST],
    }  # fmt: skip
    return render(request, "documents/conflict.html", context, status=409)


@login_required
@require_POST
def preview(request: SignedInRequest, key: str) -> HttpResponse:
    """The text as it would be shown; nothing is saved."""
    period_or_404(request.user, key)
    html = markup.render(request.POST.get("body", "")[: documents.LARGEST])
    return render(request, "documents/_preview.html", {"preview": html, "is_preview": True})


@login_required
@require_POST
def restore(request: SignedInRequest, key: str, slug: str) -> HttpResponse:
    """Save an older version again as the newest."""
    _, page = _page_or_404(request, key, slug, may="write")
    number, based_on = (_posted(request, name) for name in ("number", "based_on"))
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
    page = documents.page_of(period, slug)
    if page is None:
        raise Http404("No such page.")
    if may:
        period_or_404(
            request.user, key, may="pages.manage" if may == "manage" else documents.right_for(page.kind)
        )
    page.period = period
    return period, page


def _version_or_404(page: Document, number: int) -> DocumentVersion:
    try:
        return documents.version(page, number)
    except DocumentVersion.DoesNotExist:
        raise Http404("No such version.") from None


def _number(request: SignedInRequest, name: str, usual: int) -> int:
    text = request.GET.get(name, "")
    return min(int(text), LARGEST_NUMBER) if text.isascii() and text.isdigit() and len(text) < 12 else usual


def _posted(request: SignedInRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return min(int(text), LARGEST_NUMBER) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _rights(request: SignedInRequest, period: Period, page: Document) -> dict[str, bool]:
    is_open = period.status not in Period.ENDED
    return {
        "may_write": is_open and allowed(request.user, period, documents.right_for(page.kind)),
        "may_remove": is_open and page.kind == Kind.PAGE and allowed(request.user, period, "pages.manage"),
    }


def _frame(request: SignedInRequest, period: Period, now: datetime) -> dict[str, Any]:
    counts: dict[str, Any] = wiring.resolve(wiring.TAB_COUNTS)(period, at=now)
    return {
        "period": period, "now": now, "tab": "pages", "tab_counts": counts,
        "may_add": period.status not in Period.ENDED and allowed(request.user, period, "pages.write"),
        "back": reverse("documents", kwargs={"key": period.key}),
    }  # fmt: skip
