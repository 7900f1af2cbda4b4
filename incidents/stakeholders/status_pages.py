"""A period's page for people outside: where it is, who may see it, what it is called."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from contributors.links import links
from hypercare.exceptions import Invalid, Refused
from hypercare.models import User
from incidents.models import StatusPage
from periods.journal import journal
from periods.models import Period

Visibility = StatusPage.Visibility
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,38}[a-z0-9]")
LONGEST_TITLE: Final = 80
LONGEST_ABOUT: Final = 300


def status_page_of(period: Period) -> StatusPage | None:
    """The page of a period; None while nobody has set one up. One query."""
    return StatusPage.objects.filter(period=period).first()


def find(slug: str) -> StatusPage | None:
    """The page behind an address, its period loaded; None for one that is switched off or unknown.

    A page with a secret link answers to that alone, and the others never to it.
    """
    if "\x00" in slug:
        return None
    secret = Q(token_hash=links.hash_of(slug), visibility=Visibility.LINK)
    named = Q(slug=slug.lower(), visibility__in=(Visibility.PUBLIC, Visibility.MEMBERS))
    return StatusPage.objects.select_related("period").filter(secret | named).first()


def slug_of(page: StatusPage) -> str:
    """What stands in the address now: the name, or the secret."""
    return links.token_of(page.secret) if page.visibility == Visibility.LINK else page.slug


def url_of(page: StatusPage) -> str:
    """The full address of the page."""
    return f"{settings.BASE_URL}{reverse('status_page', kwargs={'slug': slug_of(page)})}"


def is_open(page: StatusPage | None) -> bool:
    """Whether people outside may see it."""
    return page is not None and page.visibility in (Visibility.PUBLIC, Visibility.LINK)


@transaction.atomic
def configure(
    period_id: int, *, visibility: str, slug: str, title: str, about: str, by: User, at: datetime, via: str = ""
) -> StatusPage:
    """Say who may see the page, where it is and what it is called; the first time makes it.

    Raises Invalid for what can't stand and for an address that another period has.
    """
    period = Period.objects.locked().get(pk=period_id)
    slug, title, about = slug.strip().lower(), " ".join(title.split()), " ".join(about.split())
    _check(period, visibility, slug, title, about)
    page = status_page_of(period) or _fresh(period)
    page.visibility, page.slug, page.title, page.about = visibility, slug, title, about
    _save(page, by, at)
    journal.record(period, "status_page.changed", by=by, at=at, via=via, title=title, visibility=visibility, slug=slug)
    return page


@transaction.atomic
def renew_link(period_id: int, *, by: User, at: datetime, via: str = "") -> StatusPage:
    """A new secret link; the old one ends at once. Raises Refused while the page has no secret link."""
    period = Period.objects.locked().get(pk=period_id)
    page = status_page_of(period)
    if page is None or page.visibility != Visibility.LINK:
        raise Refused("The status page has no secret link. Choose that first.")
    page.secret = uuid.uuid4()
    page.token_hash = links.hash_of(links.token_of(page.secret))
    _save(page, by, at)
    journal.record(period, "status_page.renewed", by=by, at=at, via=via, title=page.title)
    return page


def _fresh(period: Period) -> StatusPage:
    secret = uuid.uuid4()
    return StatusPage(period=period, secret=secret, token_hash=links.hash_of(links.token_of(secret)), version=0)


def _save(page: StatusPage, by: User, at: datetime) -> None:
    page.version += 1
    page.updated_at, page.updated_by = at, by
    page.save()


def _check(period: Period, visibility: str, slug: str, title: str, about: str) -> None:
    complaints: dict[str, str] = {}
    if visibility not in Visibility:
        complaints["visibility"] = f"Choose {', '.join(Visibility.values)}."
    if not _SLUG.fullmatch(slug):
        complaints["slug"] = "Use 3 to 40 small letters, digits and hyphens, such as billing."
    elif StatusPage.objects.filter(slug=slug).exclude(period=period).exists():
        complaints["slug"] = "Another period has this address. Choose a different one."
    if not 0 < len(title) <= LONGEST_TITLE:
        complaints["title"] = f"Say in at most {LONGEST_TITLE} characters what people outside call it."
    if len(about) > LONGEST_ABOUT:
        complaints["about"] = f"Shorten it to {LONGEST_ABOUT} characters."
    if complaints:
        raise Invalid(complaints)
