"""What edges ask of a request."""

from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from hypercare.models import User


class SignedInRequest(HttpRequest):
    """A request behind `login_required`."""

    user: User


def require_administrator(user: User) -> None:
    """Raise Http404 for whoever does not administer the installation: for them there is no such page."""
    if not user.is_superuser:
        raise Http404("No such page.")


def is_htmx(request: HttpRequest) -> bool:
    """Whether a fragment is asked for rather than a page."""
    return bool(getattr(request, "htmx", False))


def is_unchanged(request: HttpRequest, current: str) -> bool:
    """Whether the page already shows this version."""
    return request.GET.get("v") == current


def next_url(request: HttpRequest, default: str) -> str:
    """Where the form asked to go afterwards, when that is a place of ours."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    ours = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if ours else default


def page_before(request: HttpRequest, default: str) -> str:
    """The path of the page a form stood on, when that is a page of ours."""
    before = urlsplit(request.headers.get("Referer", ""))
    if before.netloc != request.get_host() or not before.path.startswith("/") or before.path.startswith("//"):
        return default
    return f"{before.path}?{before.query}" if before.query else before.path


def client_address(request: HttpRequest) -> str:
    """The address that asks; of an IPv6 one the first half, because whoever has one has all of the second.

    Behind a proxy that ends TLS the last address it was given is the one that counts; the others can be made up.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    if settings.SECURE_PROXY_SSL_HEADER:
        address = str(request.META.get("HTTP_X_FORWARDED_FOR", address)).rpartition(",")[2].strip()
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((found, 64), strict=False).network_address) if found.version == 6 else address
