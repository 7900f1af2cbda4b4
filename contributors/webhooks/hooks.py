"""The webhooks of a period: added, changed, tested, given a new key, turned off and on, removed.

Whoever calls these holds the right. Every change is in the journal; the address's secrets never are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import QuerySet

from contributors.channels.webhook import signatures
from contributors.models import Delivery, Webhook
from contributors.webhooks import events
from hypercare.engine.hints import hint_after_commit
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from hypercare.security import encryption, outgoing_http
from periods.journal import journal
from periods.models import Period

MOST: Final = 10
KEY_OVERLAP: Final = timedelta(hours=24)
TEST_PAUSE: Final = timedelta(seconds=10)
BY_PERSON: Final = "Turned off by {name}."


def webhooks_of(period: Period) -> QuerySet[Webhook]:
    """A period's webhooks by name; removed ones are left out."""
    return Webhook.objects.filter(period=period, removed_at__isnull=True).order_by("name", "id")


@transaction.atomic
def add(
    period_id: int, *, name: str, url: str, patterns: Sequence[str], by: User, at: datetime, via: str = ""
) -> Webhook:
    """A new webhook; its signing key is to be shown this once. Raises Invalid naming the field, Refused."""
    period = Period.objects.locked().get(pk=period_id)
    if webhooks_of(period).count() >= MOST:
        raise Refused(f"{MOST} webhooks a period are the most. Remove one first.")
    values = _checked(period, None, name=name, url=url, patterns=patterns)
    hook = Webhook.objects.create(
        period=period, **values, signing_key=signatures.new_signing_key(), created_by=by, created_at=at
    )
    record_entry(hook, "webhook.added", by, at, via, address=hook.shown, events=hook.events)
    return hook


@transaction.atomic
def change(
    hook_id: int,
    *,
    name: str | None = None,
    url: str | None = None,
    patterns: Sequence[str] | None = None,
    by: User,
    at: datetime,
    via: str = "",
) -> Webhook:
    """Another name, address or choice of events; None leaves it. What waits goes to the new address. Raises Invalid."""
    hook = lock_webhook(hook_id)
    values = _checked(hook.period, hook, name=name, url=url, patterns=patterns)
    changed = {field: value for field, value in values.items() if getattr(hook, field) != value}
    if not changed:
        return hook
    for field, value in changed.items():
        setattr(hook, field, value)
    hook.save(update_fields=list(changed))
    if "shown" in changed:
        waiting = Delivery.objects.filter(hook=hook, state=Delivery.State.DUE)
        waiting.update(address=events.address_of(hook))
    said = {"address" if field == "shown" else field: value for field, value in changed.items() if field != "target"}
    record_entry(hook, "webhook.changed", by, at, via, **said)
    return hook


@transaction.atomic
def rotate_key(hook_id: int, *, by: User, at: datetime, via: str = "") -> str:
    """A new signing key; messages carry both signatures for a day. Returns the key, to be shown this once."""
    hook = lock_webhook(hook_id)
    hook.old_signing_key, hook.old_key_until = hook.signing_key, at + KEY_OVERLAP
    hook.signing_key = signatures.new_signing_key()
    hook.save(update_fields=["signing_key", "old_signing_key", "old_key_until"])
    record_entry(hook, "webhook.rekeyed", by, at, via, until=hook.old_key_until.isoformat())
    return str(hook.signing_key)


@transaction.atomic
def send_test(hook_id: int, *, by: User, at: datetime, via: str = "") -> Delivery:
    """Queue an event of the kind `webhook.test`. Raises Refused while off, and within ten seconds of the last."""
    hook = lock_webhook(hook_id)
    if not hook.works:
        raise Refused(f"“{hook.name}” is off. Turn it on first.")
    tests = Delivery.objects.filter(hook=hook, dedupe_key__startswith="webhook-test:")
    if tests.filter(created_at__gt=at - TEST_PAUSE).exists():
        raise Refused("A test went out a moment ago. Wait for what becomes of it.")
    event = events.test_document(hook.period, by=by.name, at=at)
    row = events.unsaved_delivery(hook, events.new_delivery_key("webhook-test"), event, meant_at=at, at=at)
    row.save(force_insert=True)
    record_entry(hook, "webhook.tested", by, at, via)
    hint_after_commit()
    return row


@transaction.atomic
def turn_off(hook_id: int, *, by: User | None, why: str = "", at: datetime, via: str = "") -> Webhook:
    """Post nothing more: what waits is cancelled, and can be replayed. Raises AlreadyDone."""
    hook = lock_webhook(hook_id)
    if hook.disabled_at is not None:
        raise AlreadyDone(f"“{hook.name}” is off already.")
    hook.disabled_at = at
    hook.disabled_why = (why or BY_PERSON.format(name=by.name if by else "Hypercare"))[:200]
    hook.save(update_fields=["disabled_at", "disabled_why"])
    cancel_waiting(hook, "The webhook was turned off.", at)
    record_entry(hook, "webhook.turned_off", by, at, via, why=hook.disabled_why)
    return hook


@transaction.atomic
def turn_on(hook_id: int, *, by: User, at: datetime, via: str = "") -> Webhook:
    """Post again, from the next entry on. Raises AlreadyDone."""
    hook = lock_webhook(hook_id)
    if hook.disabled_at is None:
        raise AlreadyDone(f"“{hook.name}” is on already.")
    hook.disabled_at, hook.disabled_why = None, ""
    hook.save(update_fields=["disabled_at", "disabled_why"])
    record_entry(hook, "webhook.turned_on", by, at, via)
    return hook


@transaction.atomic
def remove(hook_id: int, *, by: User, at: datetime, via: str = "") -> Webhook:
    """Forget a webhook: its address and keys are gone, what waits is cancelled, its deliveries stay listed."""
    hook = lock_webhook(hook_id)
    hook.removed_at, hook.target, hook.signing_key, hook.old_signing_key = at, "", "", ""
    hook.save(update_fields=["removed_at", "target", "signing_key", "old_signing_key"])
    cancel_waiting(hook, "The webhook was removed.", at)
    record_entry(hook, "webhook.removed", by, at, via)
    return hook


def cancel_waiting(hook: Webhook, why: str, at: datetime) -> None:
    """Take back what was not sent yet; one that is being sent is not tried again."""
    Delivery.objects.filter(hook=hook, state=Delivery.State.DUE).update(
        state=Delivery.State.CANCELLED, settled_at=at, last_error=why
    )
    Delivery.objects.filter(hook=hook, state=Delivery.State.SENDING).update(withdrawn_at=at)


# --- What they share ----------------------------------------------------------------------------


def _checked(
    period: Period, hook: Webhook | None, *, name: str | None, url: str | None, patterns: Sequence[str] | None
) -> dict[str, Any]:
    """The columns to write. Raises Invalid with every field that can't stand."""
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    if name is not None:
        values["name"] = " ".join(name.split())
        if error := _name_error(period, hook, values["name"]):
            errors["name"] = [error]
    if url is not None:
        values["target"] = url.strip()
        try:
            outgoing_http.check_url(values["target"])
            values["shown"] = _shown(values["target"])
        except outgoing_http.Forbidden as refusal:
            errors["url"] = [str(refusal)]
    if patterns is not None:
        values["events"] = sorted(set(patterns))
        if error := _events_error(values["events"]):
            errors["events"] = [error]
    if errors:
        raise Invalid(errors)
    return values


def _shown(url: str) -> str:
    """The address for people: path and query are left out, because many receivers keep their secret there."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/{encryption.mask(parts.path)}"[:120]


def _name_error(period: Period, hook: Webhook | None, name: str) -> str:
    if not 0 < len(name) <= 60:
        return "Name it in 1 to 60 characters, so that people recognise it."
    others = webhooks_of(period).exclude(pk=hook.pk if hook else 0)
    if name.casefold() in {other.casefold() for other in others.values_list("name", flat=True)}:
        return f"There is a webhook called “{name}” already."
    return ""


def _events_error(patterns: list[str]) -> str:
    if not patterns:
        return "Choose at least one kind of event, or “*” for all."
    if len(patterns) > events.MOST_EVENTS:
        return f"{events.MOST_EVENTS} kinds are the most. Use “incidents” for a whole area, or “*” for everything."
    wrong = events.unknown_patterns(patterns)
    if wrong:
        return f"There is no event “{wrong[0][:60]}”. Use an area such as “incidents”, or “incident.reported”."
    return ""


def lock_webhook(hook_id: int) -> Webhook:
    """The webhook and its period, the period first. Raises Webhook.DoesNotExist for a removed one."""
    living = Webhook.objects.filter(pk=hook_id, removed_at__isnull=True)
    period = Period.objects.locked().get(pk=living.values_list("period_id", flat=True).get())
    hook: Webhook = living.select_for_update(of=("self",)).get()
    hook.period = period
    return hook


def record_entry(hook: Webhook, kind: str, by: User | None, at: datetime, via: str, **said: Any) -> None:
    """One journal entry about a webhook."""
    journal.record(hook.period, kind, by=by, at=at, via=via, subject=f"webhook:{hook.pk}", title=hook.name, **said)
