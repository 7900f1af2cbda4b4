"""The ways themselves: added, verified by a code that came back, removed."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from contributors.channels import Channel, find_channel
from contributors.models import ContactPoint, Delivery
from hypercare import registry
from hypercare.engine.hints import hint_after_commit
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from hypercare.security import outgoing_http

MOST_POINTS: Final = 10
LONGEST_SHOWN: Final = 120
CODE_LIVES: Final = timedelta(minutes=15)
MOST_TRIES: Final = 5
MOST_CODES: Final = 10
KEY_OVERLAP: Final = timedelta(hours=24)


def points_of(user: User) -> list[ContactPoint]:
    """A person's own ways, the oldest first; removed ones are left out."""
    return list(user.contact_points.filter(removed_at__isnull=True).order_by("created_at", "id"))


@transaction.atomic
def add(user: User, *, kind: str, label: str, target: str, at: datetime) -> ContactPoint:
    """A new way, which counts once its code came back; the code is on its way. Raises Invalid naming the field."""
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    label, target = " ".join(label.split()), target.strip()
    shown, channel = _checked(user, kind, label, target), find_channel(kind)
    point = ContactPoint.objects.create(
        user=user,
        kind=kind,
        label=label,
        target=channel.stored(target),
        shown=shown,
        created_at=at,
        signing_key=channel.new_key() if channel.new_key else "",
    )
    _send_code(point, at)
    return point


def _checked(user: User, kind: str, label: str, target: str) -> str:
    """What may be shown of the target."""
    mine = points_of(user)
    if len(mine) >= MOST_POINTS:
        raise Refused(f"{MOST_POINTS} ways are the most. Remove one first.")
    errors: dict[str, list[str]] = {}
    if not 0 < len(label) <= 60:
        errors["label"] = ["Name it in 1 to 60 characters, so that you recognise it."]
    if any(point.label.casefold() == label.casefold() for point in mine):
        errors["label"] = [f"You have one called “{label}” already."]
    shown = ""
    if kind not in registry.CHANNELS:
        errors["kind"] = [f"“{kind}” is not a way. Use {', '.join(registry.CHANNELS)}."]
    else:
        try:
            shown = _shown(find_channel(kind), target, [point.target for point in mine if point.kind == kind])
        except (ValueError, outgoing_http.Forbidden) as error:
            errors["target"] = [str(error)]
    if errors:
        raise Invalid(errors)
    return shown


def _shown(channel: Channel, target: str, others: list[str]) -> str:
    if len(target) > channel.longest:
        raise ValueError(f"This address is too long: {channel.longest:,} characters are the most.")
    shown = channel.shown(target)
    if twice := channel.repeats(target, others):
        raise ValueError(twice)
    return shown[:LONGEST_SHOWN]


def explain_refusal(point: ContactPoint) -> str:
    """Why no message goes to a way that was taken once and is refused by today's rules; empty while it can."""
    return "" if point.removed_at is not None else find_channel(point.kind).trouble(point.target)


def _send_code(point: ContactPoint, at: datetime) -> None:
    if point.codes_sent >= MOST_CODES:
        raise Refused(f"{MOST_CODES} codes were sent to “{point.label}” already. Remove it and add it again.")
    code = f"{secrets.randbelow(10**6):06d}"
    point.code_hash, point.code_until, point.code_tries = make_password(code), at + CODE_LIVES, 0
    point.codes_sent += 1
    point.save(update_fields=["code_hash", "code_until", "code_tries", "codes_sent"])
    Delivery.objects.create(
        dedupe_key=f"contact-code:{point.pk}:{point.codes_sent}",
        recipient=point.user,
        kind="contact_code",
        channel=point.kind,
        address=address_of(point),
        point=point,
        urgency=Delivery.Urgency.PAGE,
        context={"code": code, "label": point.label},
        not_after=point.code_until,
        intended_at=at,
        next_at=at,
        created_at=at,
    )
    hint_after_commit()


def address_of(point: ContactPoint) -> str:
    """What a delivery keeps as its address: the real one only where it must, and no two ways share one."""
    return point.target if find_channel(point.kind).keeps_address else f"{point.shown} #{point.pk}"


@transaction.atomic
def resend_code(point_id: int, *, by: User, at: datetime) -> ContactPoint:
    """Another code; the one before no longer works. Raises AlreadyDone when it is verified."""
    point = _mine(point_id, by)
    if point.verified_at is not None and point.disabled_at is None:
        raise AlreadyDone(f"“{point.label}” is verified already.")
    _send_code(point, at)
    return point


def verify(point_id: int, *, code: str, by: User, at: datetime) -> ContactPoint:
    """The code came back: the way counts from now on. Raises Invalid for a wrong or late code.

    A wrong code is counted, and that count stays although the answer is a refusal.
    """
    with transaction.atomic():
        point = _mine(point_id, by)
        error = _code_error(point, "".join(code.split()), at)
        if error:
            point.code_tries += 1
            point.save(update_fields=["code_tries"])
        else:
            point.verified_at, point.disabled_at, point.disabled_why = at, None, ""
            point.code_hash, point.code_until = "", None
            point.save(update_fields=["verified_at", "disabled_at", "disabled_why", "code_hash", "code_until"])
    if error:
        raise Invalid({"code": [error]})
    return point


def _code_error(point: ContactPoint, code: str, at: datetime) -> str:
    if not point.code_hash or point.code_until is None or point.code_until <= at:
        return "This code has ended. Ask for a new one."
    if point.code_tries >= MOST_TRIES:
        return "Too many wrong codes. Ask for a new one."
    if not check_password(code, point.code_hash):
        return "That is not the code. It is in the newest message we sent there."
    return ""


@transaction.atomic
def remove(point_id: int, *, by: User, at: datetime) -> ContactPoint:
    """Forget a way: its address and keys are gone, what is on its way to it is cancelled."""
    point = _mine(point_id, by)
    point.removed_at, point.target, point.signing_key, point.old_signing_key = at, "", "", ""
    point.save(update_fields=["removed_at", "target", "signing_key", "old_signing_key"])
    point.rules.all().delete()
    Delivery.objects.filter(point=point, state=Delivery.State.DUE).update(
        state=Delivery.State.CANCELLED, settled_at=at, last_error="The person removed this way."
    )
    return point


@transaction.atomic
def rotate_key(point_id: int, *, by: User, at: datetime) -> str:
    """A new signing key; messages carry both signatures for a day. Returns the key, shown once. Raises Refused."""
    point = _mine(point_id, by)
    new_key = find_channel(point.kind).new_key
    if new_key is None:
        raise Refused(f"“{point.label}” has no signing key: messages that go there are not signed.")
    point.old_signing_key, point.old_key_until = point.signing_key, at + KEY_OVERLAP
    point.signing_key = new_key()
    point.save(update_fields=["signing_key", "old_signing_key", "old_key_until"])
    return str(point.signing_key)


def _mine(point_id: int, by: User) -> ContactPoint:
    """One's own point, locked. Raises ContactPoint.DoesNotExist for anybody else's."""
    return ContactPoint.objects.select_for_update(of=("self",)).get(pk=point_id, user=by, removed_at__isnull=True)
