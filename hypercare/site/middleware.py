"""What every request gets: security headers, the viewer's time zone, and refusals as pages."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from hypercare.accounts import second_step as steps
from hypercare.accounts import sessions
from hypercare.exceptions import Invalid, LinkEnded, NotAllowed, Refused, TooMany
from hypercare.site import form_keys
from hypercare.web import error_pages
from hypercare.web.requests import page_before

View = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# A file of ten megabytes and what is sent around it, with room for a form to say that a file is too large.
LARGEST_BODY = 15_000_000
# Pages for people outside: they show times in their period's zone.
OUTSIDE = ("/status/", "/report/", "/updates/")
# Open without signing in, or part of it: a missing second step does not stand in the way there.
WITHOUT_STEP = (
    *OUTSIDE,
    "/accounts/",
    "/a/",
    "/page/",
    "/cover/",
    "/handoff/",
    "/messages/",
    "/calendar/",
    "/contact/",
    "/hb/",
    "/hooks/",
    "/healthz/",
    "/metrics",
    "/app.webmanifest",
    "/push-worker.js",
    "/static/",
)
STATUS = {LinkEnded: 410, NotAllowed: 403, Invalid: 422, TooMany: 429}


def security_headers(get_response: View) -> View:
    """One constant policy without inline script or style; personal pages are not stored by caches."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        if not request.path.startswith("/static/"):
            response.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def bounded_bodies(get_response: View) -> View:
    """Refuse a body that nothing here takes, before any of it is read. A body without a length is not read at all."""

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) <= LARGEST_BODY:
            return get_response(request)
        text = f"A request may have at most {LARGEST_BODY // 1_000_000} MB. Link to larger files instead."
        return error_pages.content_too_large(request, text)

    return middleware


def head_of_api(get_response: View) -> View:
    """Answer HEAD wherever the API answers GET: the same headers, and what would follow them left out."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method != "HEAD" or not request.path.startswith("/api/"):
            return get_response(request)
        request.method = "GET"
        response = get_response(request)
        if not response.streaming:
            response["Content-Length"] = str(len(response.content))
            response.content = b""
        return response

    return middleware


def bounded_sessions(get_response: View) -> View:
    """End a session that was idle or open for too long. What a page asks for by itself does not count as use."""

    def middleware(request: HttpRequest) -> HttpResponse:
        named = settings.SESSION_COOKIE_NAME in request.COOKIES
        if named and not request.path.startswith(OUTSIDE) and SESSION_KEY in request.session:
            now = timezone.now()
            if sessions.has_ended(request.session, at=now):
                logout(request)
            elif "X-Poll" not in request.headers:
                sessions.note_use(request.session, at=now)
        return get_response(request)

    return middleware


def signed_out(get_response: View) -> View:
    """Say that somebody is signed out in a way that the page understands, and lead back to the page, not to its form.

    A panel that asks is answered with 401 instead of the page to sign in at, which it would show in its own place.
    Whoever sent a form comes back to where the form stood.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        place = reverse(settings.LOGIN_URL)
        if response.status_code != 302 or not response["Location"].startswith(f"{place}?next="):
            return response  # Also somebody who just signed out, who is told so there.
        if "HX-Request" in request.headers:
            return HttpResponse(status=401, headers={"X-Signed-Out": place})
        if request.method == "POST":
            return redirect(f"{place}?{urlencode({'next': page_before(request, reverse('home'))})}")
        return response

    return middleware


def second_step(get_response: View) -> View:
    """Lead whoever must have a second step to the page that turns it on; until then nothing else opens."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not settings.REQUIRE_MFA or request.path.startswith(WITHOUT_STEP):
            return get_response(request)
        if not (request.user.is_authenticated and steps.is_due(request.user, request.session)):
            return get_response(request)
        place = reverse("mfa_reauthenticate" if steps.authenticator_of(request.user) else "mfa_activate_totp")
        if request.path.startswith("/api/"):
            return error_pages.problem_for_program(
                403, f"Your account needs a second step first: {settings.BASE_URL}{place}"
            )
        if "HX-Request" in request.headers:
            return HttpResponse(status=204, headers={"HX-Redirect": place})
        return redirect(place)

    return middleware


def sent_once(get_response: View) -> View:
    """A form with a key is done once, however often it is sent."""

    def middleware(request: HttpRequest) -> HttpResponse:
        key = form_keys.form_key_of(request)
        return form_keys.answer_once(request, key, get_response) if key else get_response(request)

    return middleware


def viewer_time_zone(get_response: View) -> View:
    """Show times in the viewer's zone: their profile, else UTC (pages of a period may switch)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(OUTSIDE):  # the same for everybody: who asks is not even looked up
            return get_response(request)
        zone = request.user.zone if request.user.is_authenticated else ZoneInfo("UTC")
        with timezone.override(zone):
            return get_response(request)

    return middleware


class refusals:  # noqa: N801  listed by name among function middlewares
    """Turn a domain refusal into a page that says what to do (409, 410, 403 or 422)."""

    def __init__(self, get_response: View) -> None:
        """Keep the next middleware."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass through; refusals arrive in `process_exception`. An address that only takes a form says so."""
        response = self.get_response(request)
        if response.status_code != 405 or request.method != "GET" or response.content:
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Render `409.html` with the reasons; let anything else crash."""
        if not isinstance(error, Refused):
            return None
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 409)
        context = {"reasons": error.reasons, "status": status}
        template = "403.html" if status == 403 else "410.html" if status == 410 else "409.html"
        page = render(request, template, context, status=status)
        if isinstance(error, TooMany):
            page["Retry-After"] = str(error.wait_s)
        return page
