"""Pages of a period: written, changed, restored, compared. A saved version is never changed.

Whoever saves says which version they began with: when somebody else was first they are shown the other's change,
and keep theirs or set their own. A minor edit is one that nobody must read again; anything else is what
acknowledgements hang on (`material_versions`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Case, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Value, When

from hypercare.database import accents, fulltext
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from periods.access.access import require_right
from periods.journal import journal
from periods.models import Document, DocumentVersion, Period

Kind = Document.Kind
WORDS: Final = ("title", "body")  # of the index; see the migration that made it
LARGEST: Final = 200_000
LONGEST_REASON: Final = 200
LONGEST_CHANNEL: Final = 200
MOST_PAGES: Final = 50
COPIED: Final = (Kind.RUNBOOK, Kind.ROLLBACK, Kind.HOW_WE_WORK)
CHANNELS: Final[dict[str, str]] = {
    "chat": "Chat",
    "mailbox": "Mailbox",
    "bridge": "Phone bridge",
    "bridge_code": "Access code",
}
PHONE: Final = re.compile(r"\+?[0-9][0-9 ()./-]{4,30}")
CODE: Final = re.compile(r"[0-9 #*]{1,20}")
# Words of our own addresses below a page's.
RESERVED: Final = frozenset({"new", "preview"})


class Conflict(Refused):
    """Somebody else saved first; `theirs` is what they saved."""

    def __init__(self, theirs: DocumentVersion) -> None:
        """Say who, and which version there is now."""
        super().__init__(f"{theirs.by} saved version {theirs.number} while you were writing.")
        self.theirs = theirs


@dataclass(frozen=True)
class PageText:
    """What somebody saves: title, Markdown, channels, what changed and whether anybody must read it again."""

    title: str
    body: str
    reason: str = ""
    minor: bool = False
    channels: Mapping[str, str] | None = None


# --- Writing ------------------------------------------------------------------------------------


@transaction.atomic
def create(period_id: int, *, kind: str, text: PageText, by: User, at: datetime, via: str = "") -> Document:
    """A new page with its first version. Raises Invalid per field, AlreadyDone for a second page of a special kind."""
    period = _locked(period_id, kind, by)
    if kind not in Kind.values:
        raise Invalid({"kind": f"“{kind}” is not a kind of page. Choose from {', '.join(Kind.values)}."})
    there = Document.objects.filter(period=period, kind=kind).exclude(kind=Kind.PAGE).first()
    if there is not None:
        raise AlreadyDone(f"{period.name} has a page “{there.title}” already. Change that one.")
    if Document.objects.filter(period=period, removed_at__isnull=True).count() >= MOST_PAGES:
        raise Refused(f"A period has {MOST_PAGES} pages at most. Remove one first.")
    text = _checked(kind, text, {})
    document = Document.objects.create(period=period, kind=kind, title=text.title, slug=_slug(period, kind, text.title))
    _save(document, period, 1, text, "page.created", by, at, via)
    return document


@transaction.atomic
def save_version(
    document_id: int, *, based_on: int, text: PageText, by: User, at: datetime, via: str = ""
) -> DocumentVersion:
    """Save another version. Raises Conflict when `based_on` is no longer the latest, AlreadyDone without a change.

    A change that is not minor says what changed, because people are asked to read it again.
    """
    document, period = _held(document_id, by)
    latest = get_version(document, document.version)
    if based_on != document.version:
        raise Conflict(latest)
    text = _checked(document.kind, text, latest.channels)
    if (text.title, text.body, text.channels) == (latest.title, latest.body, latest.channels):
        raise AlreadyDone(f"This is what version {latest.number} says already.")
    if not text.minor and not text.reason:
        raise Invalid({"reason": "Say in a few words what changed, or mark it as a minor edit."})
    return _save(document, period, document.version + 1, text, "page.changed", by, at, via)


@transaction.atomic
def restore(document_id: int, *, number: int, based_on: int, by: User, at: datetime, via: str = "") -> DocumentVersion:
    """Save an older version again as the newest. Raises like `save_version`, and Invalid for a version there is not."""
    document, _ = _held(document_id, by)
    old = DocumentVersion.objects.filter(document=document, number=number).first()
    if old is None:
        raise Invalid({"number": f"There is no version {number} of “{document.title}”."})
    text = PageText(old.title, old.body, f"Restored version {number}", channels=old.channels)
    return save_version(document_id, based_on=based_on, text=text, by=by, at=at, via=via)


@transaction.atomic
def copy_from_earlier(period_id: int, earlier: Period, *, by: User, at: datetime, via: str = "") -> list[Document]:
    """Runbook, rollback plan and How we work of an earlier period, each as version 1 that says where it is from.

    What the period has already stays as it is. Raises NotAllowed, Refused once the period has ended.
    """
    there = Document.objects.filter(period=period_id).values("kind")
    found = pages_of(earlier).filter(kind__in=COPIED).exclude(kind__in=there)
    texts = {
        row.document_id: row
        for row in DocumentVersion.objects.filter(document__in=found, number=F("document__version"))
    }
    return [_copied(period_id, page, texts[page.pk], by, at, via) for page in found]


def _copied(period_id: int, page: Document, latest: DocumentVersion, by: User, at: datetime, via: str) -> Document:
    origin = f"Taken from {page.period.name[:120]} ({page.period.key}), version {latest.number}"
    text = PageText(latest.title, latest.body, origin, channels=latest.channels)
    return create(period_id, kind=page.kind, text=text, by=by, at=at, via=via)


@transaction.atomic
def remove(document_id: int, *, by: User, at: datetime, via: str = "") -> Document:
    """Take a page away; its versions are kept. Raises Refused for the runbook and its kin, AlreadyDone when gone."""
    document, period = _held(document_id, by)
    require_right(by, period, "pages.manage")
    if document.kind != Kind.PAGE:
        raise Refused(f"“{document.title}” is part of every period. Change it instead.")
    document.removed_at = at
    document.save(update_fields=["removed_at"])
    journal.record(
        period,
        "page.removed",
        by=by,
        at=at,
        via=via,
        subject=f"page:{document.pk}",
        title=document.title,
        kind_of_page=document.kind,
    )
    return document


def _locked(period_id: int, kind: str, by: User) -> Period:
    """The period, held. Raises NotAllowed without the right, Refused once it has ended."""
    period: Period = Period.objects.locked().get(pk=period_id)
    require_right(by, period, right_for(kind))
    if period.status in Period.ENDED:
        raise Refused(f"{period.name} has ended; its pages stay as they were.")
    return period


def _held(document_id: int, by: User) -> tuple[Document, Period]:
    period_id, kind = Document.objects.values_list("period_id", "kind").get(pk=document_id)
    period = _locked(period_id, kind, by)
    document = Document.objects.get(pk=document_id)
    if document.removed_at is not None:
        raise AlreadyDone(f"“{document.title}” was removed.")
    return document, period


def right_for(kind: str) -> str:
    """The right it takes to write a page: who talks where is for those who run the period."""
    return "pages.manage" if kind == Kind.HOW_WE_WORK else "pages.write"


def _save(
    document: Document, period: Period, number: int, text: PageText, what: str, by: User, at: datetime, via: str
) -> DocumentVersion:
    saved = DocumentVersion.objects.create(
        document=document,
        number=number,
        title=text.title,
        body=text.body,
        channels=dict(text.channels or {}),
        reason=text.reason,
        minor=text.minor,
        by=by,
        at=at,
        via=via,
    )
    document.version, document.title = number, text.title
    document.save(update_fields=["version", "title"])
    journal.record(
        period,
        what,
        by=by,
        at=at,
        via=via,
        subject=f"page:{document.pk}",
        title=text.title,
        number=number,
        kind_of_page=document.kind,
        minor=text.minor,
        reason=text.reason,
    )
    return saved


# --- What may be saved --------------------------------------------------------------------------


def _checked(kind: str, text: PageText, channels: Mapping[str, str]) -> PageText:
    """The text as it is kept. Raises Invalid with every field's complaint at once."""
    title, reason = " ".join(text.title.split()), " ".join(text.reason.split())
    # Browsers send CRLF; a text that differs in nothing else must not differ.
    body = text.body.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    errors: dict[str, str] = {}
    if not title or len(title) > 120:
        errors["title"] = "Give the page a name of up to 120 characters."
    if "\x00" in text.title + body + text.reason:
        errors["body"] = "The text holds a character that can't be kept (NUL). Take it out."
    if (size := len(body.encode())) > LARGEST:
        errors["body"] = f"The text has {size // 1000} kB; a page holds {LARGEST // 1000} kB. Split it in two."
    if kind != Kind.HOW_WE_WORK and not body:
        errors["body"] = "Write something first."
    if len(reason) > LONGEST_REASON:
        errors["reason"] = f"Keep it under {LONGEST_REASON} characters."
    kept = dict(channels) if text.channels is None else {k: str(v).strip() for k, v in text.channels.items()}
    kept = {name: value for name, value in kept.items() if value}
    errors |= _channel_complaints(kind, kept)
    if errors:
        raise Invalid(errors)
    return PageText(title, body, reason, text.minor, kept)


def _channel_complaints(kind: str, channels: Mapping[str, str]) -> dict[str, str]:
    if channels and kind != Kind.HOW_WE_WORK:
        return {"channels": "Channels belong on How we work."}
    tests: dict[str, Callable[[str], object]] = {
        "chat": _is_chat,
        "mailbox": _is_mailbox,
        "bridge": PHONE.fullmatch,
        "bridge_code": CODE.fullmatch,
    }
    words = {
        "chat": "Give the address of the channel, starting with https://, or its name.",
        "mailbox": "Give an address such as billing@example.com.",
        "bridge": "Give a number such as +45 70 10 11 12.",
        "bridge_code": "Give the digits, such as 4417#.",
    }
    found = {name: "This channel is not known." for name in channels if name not in CHANNELS}
    for name, value in channels.items():
        if name in tests and (len(value) > LONGEST_CHANNEL or not tests[name](value)):
            found[name] = words[name]
    return found


def _is_chat(value: str) -> bool:
    """An https address, or a name on one line."""
    if "://" in value or ":" in value.split("/")[0]:
        try:
            parts = urlsplit(value)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and bool(parts.netloc) and " " not in value
    return value.isprintable()


def _is_mailbox(value: str) -> bool:
    try:
        validate_email(value)
    except ValidationError:
        return False
    return True


def _slug(period: Period, kind: str, title: str) -> str:
    """A name in addresses that is free in the period."""
    if kind != Kind.PAGE:
        return kind.replace("_", "-")
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or "page"
    taken = {*Document.objects.filter(period=period).values_list("slug", flat=True), *RESERVED}
    taken |= {special.value.replace("_", "-") for special in Kind if special != Kind.PAGE}
    names = (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


# --- Reading ------------------------------------------------------------------------------------


def pages_of(period: Period) -> QuerySet[Document]:
    """The pages of a period: runbook, rollback plan, how we work, then the others by title."""
    order = Case(*(When(kind=kind, then=Value(n)) for n, kind in enumerate(Kind.values)))
    found = Document.objects.filter(period=period, removed_at__isnull=True).select_related("period")
    return found.order_by(order, "title", "id")


def latest_versions(found: Iterable[Document]) -> dict[int, DocumentVersion]:
    """Page id → its latest version without its text, with its writer. One query."""
    rows = DocumentVersion.objects.filter(document__in=found, number=F("document__version"))
    return {row.document_id: row for row in rows.select_related("by").defer("body")}


def find_page(period: Period, slug: str) -> Document | None:
    """A page by its name in addresses, or None."""
    return Document.objects.filter(period=period, slug=slug, removed_at__isnull=True).first()


def page_of_kind(period: Period, kind: str) -> Document | None:
    """The runbook, rollback plan or How we work of a period, or None."""
    return Document.objects.filter(period=period, kind=kind).select_related("period").first()


def get_version(document: Document, number: int) -> DocumentVersion:
    """A version with its writer. Raises DoesNotExist for a number there is not."""
    return DocumentVersion.objects.select_related("by").get(document=document, number=number)


def search_pages(readable: QuerySet[Period], wanted: Sequence[str]) -> QuerySet[Document]:
    """Pages whose newest text, title included, has all the words, with `body`; titles and the latest period first."""
    newest = DocumentVersion.objects.filter(document=OuterRef("pk"), number=OuterRef("version"))
    rows = Document.objects.filter(period__in=readable, removed_at__isnull=True)
    rows = rows.filter(Exists(fulltext.filter_matching(newest, WORDS, wanted)))
    in_title = reduce(and_, (accents.stands_in("title", word) for word in wanted), Q(pk__isnull=False))
    rows = rows.annotate(in_title=in_title, body=Subquery(newest.values("body")[:1]))
    return rows.select_related("period").order_by("-in_title", "-period__go_live_at", "title", "id")


def versions_of(document: Document) -> QuerySet[DocumentVersion]:
    """All versions, the newest first, with their writers, without their texts."""
    found = DocumentVersion.objects.filter(document=document).select_related("by")
    return found.defer("body").order_by("-number")


def material_versions(period: Period, kinds: tuple[str, ...]) -> dict[str, int]:
    """Kind → number of the latest version that is not minor (a first version counts whatever it says). One query."""
    counts = Q(versions__minor=False) | Q(versions__number=1)
    rows = Document.objects.filter(period=period, kind__in=kinds).annotate(
        latest=Max("versions__number", filter=counts)
    )
    return {kind: latest or 1 for kind, latest in rows.values_list("kind", "latest")}


def runbook_url(period: Period) -> str:
    """Where the runbook is read: its page, else the address outside that the plan names, else nothing."""
    page = page_of_kind(period, Kind.RUNBOOK)
    return page.get_absolute_url() if page else period.runbook_url
