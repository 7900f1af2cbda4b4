"""Who gets updates by mail: double opt-in, one click to leave, and forgotten when they left.

Whoever asks always hears the same words, so nobody learns whether an address was known. The journal says that somebody
came or went, never who.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from contributors.links import links
from contributors.messaging import external_recipients
from contributors.messaging.external_recipients import OutgoingMail
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, LinkEnded, Refused, TooMany
from hypercare.models import User
from incidents.models import Notice, StatusPage, Subscriber
from incidents.stakeholders import status_pages
from periods.journal import journal
from periods.models import Period

FORGET: Final = "subscriber.forget"
CONFIRM_WITHIN: Final = timedelta(days=3)
MOST_MAILS: Final = 3  # confirmations to one address for one thing
BETWEEN_MAILS: Final = timedelta(minutes=5)
AN_HOUR: Final = timedelta(hours=1)
MOST_FROM_ONE_PLACE: Final = 30
MOST_AN_HOUR: Final = 300
MOST_OF_A_PERIOD: Final = 5000
MOST_SHOWN: Final = 100


@transaction.atomic
def request_subscription(
    page: StatusPage, email: str, *, came_from: str, at: datetime, notice: Notice | None = None
) -> None:
    """Somebody asks for updates of the period, or of one notice: they get a mail that asks them to confirm.

    Says nothing about whether the address is known. `came_from` is a keyed hash, never an address. Raises Invalid for
    what is no address, TooMany beyond the limits, and Refused for a notice that is solved.
    """
    period = Period.objects.locked().get(pk=page.period_id)
    email = clean_address(email)
    if notice is not None and notice.resolved_at is not None:
        raise Refused("This is solved. There is nothing more to follow.")
    row = Subscriber.objects.filter(period=period, notice=notice, email=email).first()
    if row is not None and row.confirmed_at:
        return
    row = row or _fresh(period, notice, email, came_from, at)
    if row.mails == 0 or (row.mails < MOST_MAILS and row.asked_at + BETWEEN_MAILS <= at):
        _send_confirmation(row, page, at)


def clean_address(email: str) -> str:
    """An address in its one spelling. Raises Invalid for what is none."""
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise Invalid({"email": "Enter an email address like name@example.com"}) from error
    if len(email) > 254:
        raise Invalid({"email": "Enter an email address of at most 254 characters"})
    return email


def _fresh(period: Period, notice: Notice | None, email: str, came_from: str, at: datetime) -> Subscriber:
    _check_room(period, came_from, at)
    return add(period, notice, email, came_from=came_from, at=at)


def add(
    period: Period, notice: Notice | None, email: str, *, at: datetime, came_from: str = "", confirmed: bool = False
) -> Subscriber:
    """A row, in the caller's transaction; one that is not confirmed in three days is deleted."""
    secret = uuid.uuid4()
    row = Subscriber.objects.create(
        period=period,
        notice=notice,
        email=email,
        secret=secret,
        token_hash=links.hash_of(links.token_of(secret)),
        asked_at=at,
        asked_from=came_from,
        confirmed_at=at if confirmed else None,
    )
    if not confirmed:
        timers.arm(f"{FORGET}:{row.pk}", kind=FORGET, due_at=at + CONFIRM_WITHIN, args={"subscriber": row.pk})
    return row


def _check_room(period: Period, came_from: str, at: datetime) -> None:
    recent = Subscriber.objects.filter(period=period, asked_at__gt=at - AN_HOUR)
    counts = recent.aggregate(all=Count("pk"), here=Count("pk", filter=Q(asked_from=came_from)))
    if counts["here"] >= MOST_FROM_ONE_PLACE or counts["all"] >= MOST_AN_HOUR:
        raise TooMany("Too many people asked for updates just now. Try again in an hour.")
    if Subscriber.objects.filter(period=period, left_at__isnull=True).count() >= MOST_OF_A_PERIOD:
        raise TooMany("No more people can get these updates by mail. The status page always has them.")


def _send_confirmation(row: Subscriber, page: StatusPage, at: datetime) -> None:
    row.mails += 1
    row.asked_at = at
    row.save(update_fields=["mails", "asked_at"])
    said = {"page": page.title, "about": row.notice.title if row.notice else "", "confirm": str(row.secret)}
    envelope = OutgoingMail(row.email, f"subscriber:{row.pk}:confirm:{row.mails}", said)
    external_recipients.queue_mails(row.period, "subscriber_confirm", _subject(row), [envelope], at=at)


def find(token: str) -> Subscriber:
    """The subscription behind a link. Raises LinkEnded for one that ended or never was."""
    if "\x00" in token:
        raise LinkEnded("This link does not work. Check that you copied all of it.")
    found = Subscriber.objects.select_related("period", "notice").filter(token_hash=links.hash_of(token)).first()
    if found is None:
        raise LinkEnded("This link has ended. You can ask for updates again on the status page.")
    return found


@transaction.atomic
def confirm(pk: int, *, at: datetime) -> Subscriber:
    """They want it. Raises AlreadyDone the second time and LinkEnded after they left."""
    row = _held(pk)
    if row.left_at:
        raise LinkEnded("You stopped these mails. You can ask for them again on the status page.")
    if row.confirmed_at:
        raise AlreadyDone("You get these updates already.")
    row.confirmed_at = at
    row.save(update_fields=["confirmed_at"])
    timers.clear(f"{FORGET}:{row.pk}", at=at)
    _journal(row, "subscriber.joined", None, at, via="link")
    return row


@transaction.atomic
def end_subscription(pk: int, *, at: datetime, by: User | None = None, via: str = "link") -> Subscriber:
    """They, or somebody of the period for them, want no more: the address is forgotten. Twice is no error."""
    row = _held(pk)
    if row.left_at:
        return row
    row.left_at, row.email = at, ""
    row.save(update_fields=["left_at", "email"])
    timers.clear(f"{FORGET}:{row.pk}", at=at)
    if row.confirmed_at:
        _journal(row, "subscriber.removed" if by else "subscriber.left", by, at, via=via)
    return row


def _held(pk: int) -> Subscriber:
    period_id = Subscriber.objects.values_list("period_id", flat=True).get(pk=pk)
    period = Period.objects.locked().get(pk=period_id)
    row: Subscriber = Subscriber.objects.select_for_update(of=("self",)).select_related("notice").get(pk=pk)
    row.period = period
    return row


def _journal(row: Subscriber, kind: str, by: User | None, at: datetime, *, via: str) -> None:
    what = row.notice.title if row.notice else ""
    journal.record(row.period, kind, by=by, at=at, subject=_subject(row), via=via, subscriber=row.pk, title=what)


def _subject(row: Subscriber) -> str:
    return row.notice.subject if row.notice else "status_page"


def on_forget(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  one shape
    """Timer: nobody confirmed, so the address goes."""
    Subscriber.objects.filter(pk=args["subscriber"], confirmed_at__isnull=True).delete()


# --- Looking at them ----------------------------------------------------------------------------


def confirmed_subscribers(period: Period) -> QuerySet[Subscriber]:
    """Who gets the updates of a period, the newest first; followers of single notices are not among them."""
    found = Subscriber.objects.filter(period=period, notice__isnull=True, confirmed_at__isnull=False)
    return found.filter(left_at__isnull=True).order_by("-confirmed_at", "-id")


def audience_of(notice: Notice) -> QuerySet[Subscriber]:
    """Who hears about a notice: subscribers of the period and its own followers; an address may be both."""
    return Subscriber.objects.filter(
        Q(notice__isnull=True) | Q(notice=notice),
        period=notice.period_id,
        confirmed_at__isnull=False,
        left_at__isnull=True,
    )


def page_reference(period: Period) -> dict[str, str]:
    """How a mail's snapshot names the status page: by its secret or its name, where people outside may see it."""
    page = status_pages.status_page_of(period)
    if page is None:
        return {"page": period.name}
    said = {"page": page.title}
    if page.visibility == StatusPage.Visibility.LINK:
        return {**said, "page_secret": str(page.secret)}
    return {**said, "page_slug": page.slug} if status_pages.is_open(page) else said
