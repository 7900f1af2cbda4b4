"""The status page for people outside, its feed, its document and its badge; and asking for updates by mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hypercare.exceptions import AlreadyDone, Invalid, Refused, TooMany
from incidents.models import StatusPage
from incidents.stakeholders import report_forms, status_page_content, status_pages, subscribers
from incidents.stakeholders.web import public_responses
from periods.access.access import is_allowed

PARTS = {"head": "incidents/stakeholders/_status_head.html", "stories": "incidents/stakeholders/_status_stories.html"}
BADGES = {"ok": "#1e8148", "info": "#3c78ad", "warn": "#b86a00"}


@require_safe
def status_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The page. A repeat with the validator it gave gets 304 while nothing changed."""
    now, page = timezone.now(), _page_or_404(request, slug)
    version = status_page_content.version_of(page, now)
    etag = public_responses.etag_of("status", page.pk, version, int(now.timestamp()) // 60)
    if request.headers.get("If-None-Match") == etag:
        return _finished(HttpResponse(status=304), page, etag)
    return _finished(_render(page, slug, now, version=version), page, etag)


@require_safe
def now_part(request: HttpRequest, slug: str) -> HttpResponse:
    """The services, or the updates, refreshed; 204 while the page shows the current version."""
    now, page = timezone.now(), _page_or_404(request, slug)
    if request.GET.get("v") == status_page_content.version_of(page, now):
        return _finished(HttpResponse(status=204), page)
    template = PARTS.get(request.GET.get("part", ""), PARTS["head"])
    return _finished(
        public_responses.render_public(template, _context(page, slug, now), period=page.period, brand=page.title), page
    )


@require_safe
def status_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The same for programs."""
    now, page = timezone.now(), _page_or_404(request, slug)
    document = status_page_content.content_as_json(
        status_page_content.content_of(page, at=now), status_pages.url_of(page)
    )
    response = JsonResponse(document)
    if page.visibility == StatusPage.Visibility.PUBLIC:
        response["Access-Control-Allow-Origin"] = "*"
    return _finished(response, page)


@require_safe
def status_feed(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest updates as an Atom feed."""
    page = _page_or_404(request, slug)
    url = status_pages.url_of(page)
    feed = Atom1Feed(title=page.title, link=url, description="", feed_url=f"{url}feed.atom", subtitle=page.about)
    for update in status_page_content.newest_updates(page):
        notice = update.notice
        title = f"{notice.title}: {update.get_state_display().lower()}"
        feed.add_item(
            title=title,
            link=f"{url}#notice-{notice.pk}",
            description=update.text,
            pubdate=update.at,
            updateddate=update.at,
            unique_id=f"{url}#update-{update.pk}",
        )
    return _finished(HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8"), page)


@require_safe
def status_badge(request: HttpRequest, slug: str) -> HttpResponse:
    """One line to put on another page."""
    now, page = timezone.now(), _page_or_404(request, slug)
    shown = status_page_content.content_of(page, at=now)
    words = {"ok": "working", "info": "watching", "warn": "problems"}[shown.tone]
    left, right = 12 + 7 * min(len(page.title), 40), 12 + 7 * len(words)
    context = {
        "title": page.title[:40],
        "words": words,
        "colour": BADGES[shown.tone],
        "left": left,
        "right": right,
        "width": left + right,
        "left_middle": left / 2,
        "right_middle": left + right / 2,
    }
    response = public_responses.render_public(
        "incidents/stakeholders/badge.svg", context, period=page.period, brand=page.title
    )
    response["Content-Type"] = "image/svg+xml"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return _finished(response, page)


@csrf_exempt  # no cookie is read, and whoever is named must confirm by mail
@require_POST
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Somebody wants updates by mail. The answer never says whether the address was known."""
    now, page = timezone.now(), _page_or_404(request, slug)
    typed = request.POST.get("email", "")[:300]
    if request.POST.get("website"):  # A field no person sees: only a program fills it in.
        return _secretly(redirect(f"{request.path}sent/"), page)
    try:
        subscribers.request_subscription(page, typed, came_from=public_responses.hash_address(request), at=now)
    except Invalid as error:
        more = {"problem": error.errors["email"][0], "typed": typed}
        return _secretly(_render(page, slug, now, status=422, **more), page)
    except TooMany as error:
        return _secretly(_render(page, slug, now, status=429, problem=str(error), typed=typed), page)
    return _secretly(redirect("status_asked", slug=slug), page)


@require_safe
def confirm_by_mail(request: HttpRequest, slug: str) -> HttpResponse:
    """Look into your mail."""
    page = _page_or_404(request, slug)
    back = reverse("status_page", kwargs={"slug": slug})
    return _secretly(
        public_responses.render_public(
            "incidents/stakeholders/asked.html", {"page": page, "back": back}, period=page.period, brand=page.title
        ),
        page,
    )


@csrf_exempt  # the token in the address is the only credential; no cookie is read (RFC 8058 asks for that)
@require_http_methods(["GET", "HEAD", "POST"])
def subscription(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm, or stop: a GET changes nothing, because mail scanners open links."""
    row, now = subscribers.find(token), timezone.now()
    if request.method == "POST":
        _answer(request, row.pk, now)
        if "List-Unsubscribe" not in request.POST:  # A mail program must not be redirected (RFC 8058 §3.1).
            return public_responses.mark_secret(redirect("subscription", token=token))
        row = subscribers.find(token)
    page = status_pages.status_page_of(row.period)
    title = page.title if page else row.period.name
    context = {"row": row, "about": row.notice.title if row.notice else title, "title": title}
    if page is not None and status_pages.is_open(page):
        context["status_url"] = reverse("status_page", kwargs={"slug": status_pages.slug_of(page)})
    return public_responses.mark_secret(
        public_responses.render_public(
            "incidents/stakeholders/subscription.html", context, period=row.period, brand=title
        )
    )


def _answer(request: HttpRequest, pk: int, now: datetime) -> None:
    try:
        if request.POST.get("answer") == "yes":
            subscribers.confirm(pk, at=now)
        elif request.POST.get("answer") == "stop" or "List-Unsubscribe" in request.POST:
            subscribers.end_subscription(pk, at=now)
    except (AlreadyDone, Refused):
        return  # The page says how it is.


# --- What they share ----------------------------------------------------------------------------


def _page_or_404(request: HttpRequest, slug: str) -> StatusPage:
    """The page for whoever may see it. Only a page for members looks who asks."""
    page = status_pages.find(slug)
    hidden = page is not None and page.visibility == StatusPage.Visibility.MEMBERS
    if page is None or (hidden and not is_allowed(request.user, page.period, "period.view")):
        raise Http404("No such status page.")
    return page


def _context(page: StatusPage, slug: str, now: datetime, version: str = "") -> dict[str, Any]:
    return {
        "picture": status_page_content.content_of(page, at=now),
        "page": page,
        "slug": slug,
        "now": now,
        "url": status_pages.url_of(page),
        "version": version or status_page_content.version_of(page, now),
        "may_index": page.visibility == StatusPage.Visibility.PUBLIC,
        "takes_mail": status_pages.is_open(page),
        "report_url": _report_url(page),
    }


def _report_url(page: StatusPage) -> str:
    form = report_forms.form_of(page.period)
    if form is None:
        return ""
    form.period = page.period
    takes = report_forms.takes_reports(form)
    return reverse("report", kwargs={"token": report_forms.token_of(form)}) if takes else ""


def _render(
    page: StatusPage, slug: str, now: datetime, *, status: int = 200, version: str = "", **more: Any
) -> HttpResponse:
    context = {**_context(page, slug, now, version), **more}
    return public_responses.render_public(
        "incidents/stakeholders/status.html", context, period=page.period, brand=page.title, status=status
    )


def _finished(response: HttpResponse, page: StatusPage, etag: str = "") -> HttpResponse:
    """Headers by who may see it: shared caches keep a public page, nobody one for members."""
    if etag:
        response["ETag"] = etag
    if page.visibility == StatusPage.Visibility.PUBLIC:
        response["Cache-Control"] = public_responses.SHARED
    elif page.visibility == StatusPage.Visibility.LINK:
        response["Cache-Control"] = public_responses.OWN
    return _secretly(response, page)


def _secretly(response: HttpResponse, page: StatusPage) -> HttpResponse:
    return response if page.visibility == StatusPage.Visibility.PUBLIC else public_responses.mark_secret(response)
