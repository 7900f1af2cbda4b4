"""How a person wants to be reached: points that are verified by a code, rules by urgency, quiet hours.

The account's e-mail is always there: it is where the invitation went, and it is what remains when nothing else
works. Pages know no quiet hours.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery

from contributors import targets
from contributors.models import ContactPoint, ContactRule, Delivery, QuietHours
from hypercare import outgoing
from hypercare.errors import AlreadyDone, Invalid, Refused
from hypercare.models import User
from hypercare.queue import later
from periods import wallclock

Kind, Urgency = ContactPoint.Kind, ContactRule.Urgency
MOST_POINTS: Final = 10
MOST_STEPS: Final = 10
ESCALATES_AFTER: Final = timedelta(
    minutes=5
)  # The first step of the usual P1 ladder goes to the next person.
LONGEST_WAIT: Final = timedelta(hours=1)
CODE_LIVES: Final = timedelta(minutes=15)
MOST_TRIES: Final = 5
MOST_CODES: Final = 10
KEY_OVERLAP: Final = timedelta(hours=24)
ACCOUNT: Final = "account"
WAY: Final = "~way:"


@dataclass(frozen=True)
class Route:
    """One message to one place: the channel, what is shown of the address, the point (None: the account), the wait."""

    channel: str
    address: str
    point: ContactPoint | None
    wait: timedelta = timedelta(0)


@dataclass(frozen=True)
class Step:
    """A step of a rule as a person enters it: a point's id, or None for the account's e-mail, and the wait."""

    point_id: int | None
    wait: timedelta = timedelta(0)


# --- Points -------------------------------------------------------------------------------------


def points(user: User) -> list[ContactPoint]:
    """A person's own ways, the oldest first; removed ones are left out."""
    return list(user.contact_points.filter(removed_at__isnull=True).order_by("created_at", "id"))


@transaction.atomic
def add(user: User, *, kind: str, label: str, target: str, at: datetime) -> ContactPoint:
    """A new way, which counts once its code came back; the code is on its way. Raises Invalid naming the field."""
    _lock(user)
    label, target = " ".join(label.split()), target.strip()
    shown = _checked(user, kind, label, target)
    point = ContactPoint.objects.create(
        user=user, kind=kind, label=label, target=target, shown=shown, created_at=at,
        signing_key=_new_key() if kind == Kind.WEBHOOK else "",
    )  # fmt: skip
    _send_code(point, at)
    return point


def _checked(user: User, kind: str, label: str, target: str) -> str:
    """What may be shown of the target."""
    mine = points(user)
    if len(mine) >= MOST_POINTS:
        raise Refused(f"{MOST_POINTS} ways are the most. Remove one first.")
    errors: dict[str, list[str]] = {}
    if kind not in Kind.values:
        errors["kind"] = [f"“{kind}” is not a way. Use {', '.join(Kind.values)}."]
    if not 0 < len(label) <= 60:
        errors["label"] = ["Name it in 1 to 60 characters, so that you recognise it."]
    if any(point.label.casefold() == label.casefold() for point in mine):
        errors["label"] = [f"You have one called “{label}” already."]
    shown = ""
    try:
        shown = _shown(kind, target)
    except (ValueError, outgoing.Forbidden) as error:
        errors["target"] = [str(error)]
    if errors:
        raise Invalid(errors)
    return shown


def _shown(kind: str, target: str) -> str:
    if len(target) > 1000:
        raise ValueError("This address is too long: 1,000 characters are the most.")
    if kind == Kind.EMAIL:
        try:
            validate_email(target)
        except ValidationError as error:
            raise ValueError("Give an e-mail address such as name@example.com.") from error
        return target
    if kind == Kind.WEBHOOK:
        outgoing.check(target)
        return target.partition("?")[0][:120]
    return targets.check(target)[:120]


def _send_code(point: ContactPoint, at: datetime) -> None:
    if point.codes_sent >= MOST_CODES:
        raise Refused(f"{MOST_CODES} codes were sent to “{point.label}” already. Remove it and add it again.")
    code = f"{secrets.randbelow(10**6):06d}"
    point.code_hash, point.code_until, point.code_tries = make_password(code), at + CODE_LIVES, 0
    point.codes_sent += 1
    point.save(update_fields=["code_hash", "code_until", "code_tries", "codes_sent"])
    Delivery.objects.create(
        dedupe_key=f"contact-code:{point.pk}:{point.codes_sent}", recipient=point.user, kind="contact_code",
        channel=point.kind, address=address_of(point), point=point, urgency=Delivery.Urgency.PAGE,
        context={"code": code, "label": point.label}, not_after=point.code_until, intended_at=at, next_at=at,
        created_at=at,
    )  # fmt: skip
    later()


def address_of(point: ContactPoint) -> str:
    """What a delivery keeps as its address: only e-mail needs the real one there, and no two ways share one."""
    return point.target if point.kind == Kind.EMAIL else f"{point.shown} #{point.pk}"


@transaction.atomic
def resend(point_id: int, *, by: User, at: datetime) -> ContactPoint:
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
            point.save(
                update_fields=["verified_at", "disabled_at", "disabled_why", "code_hash", "code_until"]
            )
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
    """A new signing key for a webhook; messages carry both signatures for a day. Returns the key, shown once."""
    point = _mine(point_id, by)
    if point.kind != Kind.WEBHOOK:
        raise Refused("Only webhooks have a signing key.")
    point.old_signing_key, point.old_key_until = point.signing_key, at + KEY_OVERLAP
    point.signing_key = _new_key()
    point.save(update_fields=["signing_key", "old_signing_key", "old_key_until"])
    return str(point.signing_key)


def _new_key() -> str:
    """A Standard Webhooks secret: `whsec_` and 32 random bytes in base64."""
    return targets.new_signing_key()


# --- Rules --------------------------------------------------------------------------------------


@transaction.atomic
def set_rule(user: User, urgency: str, steps: Sequence[Step]) -> list[ContactRule]:
    """Replace a person's rule for an urgency; none at all returns to the default. Raises Invalid."""
    _lock(user)
    known = {point.pk: point for point in points(user)}
    _check_rule(urgency, steps, known)
    user.contact_rules.filter(urgency=urgency).delete()
    ordered = sorted(steps, key=lambda step: step.wait)
    return ContactRule.objects.bulk_create(
        [
            ContactRule(
                user=user, urgency=urgency, position=n, point_id=step.point_id,
                wait_s=int(step.wait.total_seconds()),
            )
            for n, step in enumerate(ordered)
        ]
    )  # fmt: skip


def _check_rule(urgency: str, steps: Sequence[Step], known: dict[int, ContactPoint]) -> None:
    if urgency not in Urgency.values:
        raise Invalid({"urgency": [f"“{urgency}” is not an urgency. Use {', '.join(Urgency.values)}."]})
    errors: dict[str, list[str]] = {}
    if len(steps) > MOST_STEPS:
        errors["steps"] = [f"{MOST_STEPS} steps are the most."]
    for n, step in enumerate(steps):
        if step.point_id is not None and step.point_id not in known:
            errors[f"steps/{n}/point"] = ["This is not one of your ways."]
        elif step.point_id is not None and not known[step.point_id].works:
            errors[f"steps/{n}/point"] = [f"“{known[step.point_id].label}” is not verified yet."]
        if not timedelta(0) <= step.wait <= LONGEST_WAIT:
            errors[f"steps/{n}/wait"] = ["Wait between 0 and 60 minutes."]
    if steps and min(step.wait for step in steps) > timedelta(0):
        errors["steps"] = ["The first step must not wait: somebody needs you now."]
    if len({step.point_id for step in steps}) < len(steps):
        errors["steps"] = ["Each way stands in a rule once."]
    if errors:
        raise Invalid(errors)


def rule(user: User, urgency: str) -> list[Route]:
    """The steps in force: the person's own, or the default. A page goes to every verified way at once.

    Ways that do not work are left out, and the account's e-mail stands in when nothing is left.
    """
    rows = list(user.contact_rules.filter(urgency=urgency).select_related("point").order_by("position"))
    return _routes(user, urgency, rows, points(user) if not rows else ())


def _routes(
    user: User, urgency: str, rows: Sequence[ContactRule], mine: Iterable[ContactPoint]
) -> list[Route]:
    account = Route("email", user.email, None)
    if not rows:
        extra = [point for point in mine if point.works] if urgency == Urgency.PAGE else []
        return [account, *(Route(point.kind, address_of(point), point) for point in extra)]
    found = [
        Route(
            row.point.kind if row.point else "email", address_of(row.point) if row.point else user.email,
            row.point, timedelta(seconds=row.wait_s),
        )
        for row in rows
        if row.point is None or row.point.works
    ]  # fmt: skip
    return found or [account]


def routes(user: User, *, urgency: int, at: datetime) -> list[tuple[Route, datetime]]:
    """Where a message goes and when: pages by their rule, the rest after quiet hours if it falls into them."""
    if urgency == Delivery.Urgency.PAGE:
        return [(route, at + route.wait) for route in rule(user, Urgency.PAGE)]
    begins = after_quiet_hours(user, at)
    return [(route, begins + route.wait) for route in rule(user, Urgency.NORMAL)]


def way_key(key: str, route: Route) -> str:
    """The key of a message by one of several ways: stable however often the same thing is queued."""
    return f"{_base(key)}{WAY}{route.point.pk if route.point else ACCOUNT}"


def _base(key: str) -> str:
    return key.partition(WAY)[0]


def next_way(row: Delivery) -> tuple[str, dict[str, Any]] | None:
    """Where else a page that does not get through can go: (key, fields of the place); None when every way was used."""
    if row.recipient is None:
        return None
    base = _base(row.dedupe_key)
    family = Delivery.objects.filter(Q(dedupe_key=base) | Q(dedupe_key__startswith=f"{base}{WAY}"))
    used = set(family.values_list("address", flat=True))
    account = Route("email", row.recipient.email, None)
    ways = [
        *(Route(point.kind, address_of(point), point) for point in points(row.recipient) if point.works),
        account,
    ]
    for route in ways:
        if route.address not in used:
            place = {"channel": route.channel, "address": route.address, "point": route.point}
            return way_key(base, route), place
    return None


def slow_rule(user: User, *, limit: timedelta) -> str:
    """A warning when the person's own waits are longer than the escalation's, else nothing."""
    return slow_rules([user], limit=limit, whose=" of your ways").get(user.pk, "")


def slow_rules(users: Iterable[User], *, limit: timedelta, whose: str = "") -> dict[int, str]:
    """The same for several people: user id → warning, those without one left out. One query."""
    rows = ContactRule.objects.filter(
        user__in=list(users), urgency=Urgency.PAGE, wait_s__gte=int(limit.total_seconds())
    ).select_related("point")
    late = Counter(row.user_id for row in rows if row.point is None or row.point.works)
    then = f"tried after {int(limit.total_seconds() // 60)} minutes or more. By then the next person has been paged."
    return {user: f"{_ways(count, whose)} {then}" for user, count in late.items()}


def _ways(count: int, whose: str) -> str:
    noun = whose or (" way" if count == 1 else " ways")
    return f"{count}{noun} {'is' if count == 1 else 'are'}"


# --- Quiet hours --------------------------------------------------------------------------------


@transaction.atomic
def set_quiet_hours(user: User, *, starts: time | None, ends: time | None) -> QuietHours | None:
    """No messages but pages between two times of the person's zone; none given ends them. Raises Invalid."""
    _lock(user)
    if (starts is None) != (ends is None):
        raise Invalid({"ends" if ends is None else "starts": ["Give both times, or neither."]})
    QuietHours.objects.filter(user=user).delete()
    if starts is None or ends is None:
        return None
    if starts == ends:
        raise Invalid({"ends": ["Quiet hours must end at another time than they start."]})
    return QuietHours.objects.create(user=user, starts=starts, ends=ends)


def after_quiet_hours(user: User, at: datetime) -> datetime:
    """The first moment from `at` on at which a message that can wait may be sent."""
    quiet = QuietHours.objects.filter(user=user).first()
    if quiet is None:
        return at
    local = at.astimezone(user.zone)
    over_midnight = quiet.ends < quiet.starts
    now = local.time()
    inside = now >= quiet.starts or now < quiet.ends if over_midnight else quiet.starts <= now < quiet.ends
    if not inside:
        return at
    day = local.date() + timedelta(days=1 if over_midnight and now >= quiet.starts else 0)
    return max(at, wallclock.instant(day, quiet.ends, user.zone))


# --- Can they be reached? -----------------------------------------------------------------------


def unreachable(users: Iterable[User]) -> dict[int, str]:
    """People whom nothing reaches: user id → why. The newest message to the account failed, and no way works.

    One query however many people.
    """
    State = Delivery.State  # noqa: N806  a class, under its own name
    newest = Delivery.objects.filter(
        recipient=OuterRef("pk"), channel="email", point__isnull=True, settled_at__isnull=False,
        state__in=[State.SENT, State.DELIVERED, State.BOUNCED, State.DEAD],
    ).order_by("-settled_at", "-id")  # fmt: skip
    working = ContactPoint.objects.filter(
        user=OuterRef("pk"), verified_at__isnull=False, removed_at__isnull=True, disabled_at__isnull=True
    )
    failed = (
        User.objects.filter(pk__in=[user.pk for user in users])
        .exclude(Exists(working))
        .annotate(
            last_state=Subquery(newest.values("state")[:1]), why=Subquery(newest.values("last_error")[:1])
        )
        .filter(last_state__in=[State.BOUNCED, State.DEAD])
    )
    return {user_id: why or "" for user_id, why in failed.values_list("pk", "why")}


# --- What they share ----------------------------------------------------------------------------


def _lock(user: User) -> None:
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)


def _mine(point_id: int, by: User) -> ContactPoint:
    """One's own point, locked. Raises ContactPoint.DoesNotExist for anybody else's."""
    return ContactPoint.objects.select_for_update(of=("self",)).get(
        pk=point_id, user=by, removed_at__isnull=True
    )
