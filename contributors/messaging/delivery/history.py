"""What was sent to whom and what became of it, as people look at it; and a dead letter sent again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from contributors.messaging.delivery.states import State
from contributors.models import Delivery, DeliveryAttempt
from hypercare.engine.hints import hint_after_commit
from hypercare.exceptions import AlreadyDone, Refused
from hypercare.models import User
from periods.journal import journal
from periods.models import Period

PER_PAGE = 50
COUNTED = 10_000  # beyond that, counting costs more than the figure is worth
GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "": ("All", ()),
    "waiting": ("Waiting", (State.DUE, State.SENDING)),
    "sent": ("Sent", (State.SENT, State.DELIVERED)),
    "failed": ("Failed", (State.DEAD, State.BOUNCED)),
    "dropped": ("Not needed", (State.CANCELLED, State.EXPIRED, State.BUNDLED)),
}
FAILED = GROUPS["failed"][1]
_AGAIN = (
    "period_id",
    "subject",
    "kind",
    "recipient_id",
    "channel",
    "address",
    "point_id",
    "hook_id",
    "context",
    "urgency",
)


@dataclass(frozen=True)
class DeliveryPage:
    """Rows, newest first, and where the next page begins; `next` is empty on the last one."""

    rows: list[Delivery]
    next: str


def list_deliveries(
    period: Period | None, *, group: str = "", channel: str = "", q: str = "", after: str = ""
) -> DeliveryPage:
    """A page of a period's deliveries, or of all there are; recipients and periods loaded. Two queries at most.

    `group` is a key of GROUPS, `q` part of a name or address, `after` what `Page.next` said.
    """
    return cut_page(
        filter_deliveries(period, group=group, channel=channel, q=q).select_related("period", "hook"), after
    )


def filter_deliveries(period: Period | None, *, group: str = "", channel: str = "", q: str = "") -> QuerySet[Delivery]:
    """Deliveries of a group, by a channel, with words; recipients loaded, unordered."""
    rows = _of(period).select_related("recipient")
    if states := GROUPS.get(group, GROUPS[""])[1]:
        rows = rows.filter(state__in=states)
    if channel:
        rows = rows.filter(channel=channel)
    if q:
        rows = rows.filter(Q(recipient__name__icontains=q) | Q(address__icontains=q) | Q(kind__icontains=q))
    return rows


def cut_page(rows: QuerySet[Delivery], after: str) -> DeliveryPage:
    """The page of some deliveries that begins after a mark. Costs what the rows cost."""
    found = list(_after(rows, after).order_by("-created_at", "-id")[: PER_PAGE + 1])
    more = len(found) > PER_PAGE
    last = found[PER_PAGE - 1] if more else None
    return DeliveryPage(found[:PER_PAGE], f"{last.created_at.isoformat()}_{last.pk}" if last else "")


def _of(period: Period | None) -> QuerySet[Delivery]:
    return Delivery.objects.all() if period is None else Delivery.objects.filter(period=period)


def _after(rows: QuerySet[Delivery], mark: str) -> QuerySet[Delivery]:
    """What comes after a mark; a mark that is none is the beginning."""
    moment, _, key = mark.partition("_")
    try:
        at, pk = datetime.fromisoformat(moment), UUID(key)
    except ValueError:
        return rows
    if at.tzinfo is None:
        return rows
    return rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))


def count_by_group(period: Period | None) -> dict[str, int]:
    """How many deliveries stand in each group. One query."""
    by_state = dict(_of(period).order_by().values_list("state").annotate(count=Count("pk")))
    found = {name: sum(by_state.get(state, 0) for state in states) for name, (_, states) in GROUPS.items()}
    return {**found, "": sum(by_state.values())}


def used_channels(period: Period | None) -> list[str]:
    """The channels that were used, by name."""
    return sorted(_of(period).order_by().values_list("channel", flat=True).distinct())


def version_of(period: Period | None) -> str:
    """Changes whenever something was queued or something became of it. Two indexed reads."""
    newest = _of(period).order_by("-created_at", "-id").values_list("pk", flat=True).first()
    tries = DeliveryAttempt.objects.all()
    if period is not None:
        tries = tries.filter(delivery__period=period)
    return f"{newest or ''}.{tries.order_by('-id').values_list('pk', flat=True).first() or 0}"


def lateness_of(row: Delivery) -> timedelta | None:
    """How long after it was meant to go it was accepted; None while it was not."""
    return row.sent_at - row.intended_at if row.sent_at else None


@transaction.atomic
def retry(period: Period, pk: UUID, *, by: User, at: datetime, via: str = "") -> Delivery:
    """Send a dead letter again as a message of its own; the dead one stays as it is, as its record says.

    Raises Delivery.DoesNotExist outside the period, Refused when it is not dead, AlreadyDone when it was sent again.
    """
    Period.objects.locked().get(pk=period.pk)
    dead = Delivery.objects.select_related("recipient", "hook").get(pk=pk, period=period)
    row = _again(dead, at)
    who = dead.recipient.name if dead.recipient else str(dead.hook or dead.address)
    journal.record(
        period,
        "message.retried",
        by=by,
        at=at,
        via=via,
        subject=dead.subject,
        who=who,
        delivery=str(row.pk),
        kind_of_message=dead.kind,
    )
    return row


def retry_any(pk: UUID, *, by: User, at: datetime) -> Delivery:
    """The same for whoever runs the installation, also for what belongs to no period and so stands in no journal."""
    dead = Delivery.objects.select_related("period").get(pk=pk)
    if dead.period is not None:
        return retry(dead.period, pk, by=by, at=at)
    with transaction.atomic():
        return _again(dead, at)


def _again(dead: Delivery, at: datetime) -> Delivery:
    if dead.state not in FAILED:
        raise Refused("Only a message that could not be sent can be sent again.")
    copied: dict[str, Any] = {name: getattr(dead, name) for name in _AGAIN}
    row, created = Delivery.objects.get_or_create(
        dedupe_key=f"again:{dead.pk}", defaults={**copied, "intended_at": at, "next_at": at, "created_at": at}
    )
    if not created:
        raise AlreadyDone("It was sent again already. See what became of that one.")
    Delivery.objects.filter(pk=dead.pk).update(retried_at=at)
    hint_after_commit()
    return row
