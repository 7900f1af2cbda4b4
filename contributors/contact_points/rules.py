"""Which way first, which after how long: a person's own rules, and where one message therefore goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet

from contributors.contact_points.points import address_of, points_of
from contributors.contact_points.quiet import end_of_quiet, quiet_hours_of
from contributors.models import ACCOUNT_CHANNEL, ContactPoint, ContactRule, Delivery
from hypercare import registry
from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.models import Period

Urgency = ContactRule.Urgency
MOST_STEPS: Final = 10
MOST_PERIODS: Final = 20
ESCALATES_AFTER: Final = timedelta(minutes=5)  # The first step of the usual P1 ladder goes to the next person.
LONGEST_WAIT: Final = timedelta(hours=1)
ACCOUNT: Final = "account"
REACHED: Final = (Delivery.State.SENT, Delivery.State.DELIVERED, Delivery.State.BUNDLED)
WAY: Final = "~way:"


@dataclass(frozen=True)
class Route:
    """One message to one place: the channel, what is shown of the address, the point (None: the account), the wait."""

    channel: str
    address: str
    point: ContactPoint | None
    wait: timedelta = timedelta(0)


def account_route(user: User) -> Route:
    """The account's own address: what is there before a person adds a way, and when none works."""
    return Route(ACCOUNT_CHANNEL, user.email, None)


def _route(point: ContactPoint) -> Route:
    return Route(point.kind, address_of(point), point)


class PlannedRoute(NamedTuple):
    """A message on one route: when it goes, and when it was meant to, which is earlier when it comes late."""

    route: Route
    goes_at: datetime
    meant_at: datetime


@dataclass(frozen=True)
class RuleStep:
    """A step of a rule as a person enters it: a point's id, or None for the account's e-mail, and the wait."""

    point_id: int | None
    wait: timedelta = timedelta(0)


@transaction.atomic
def set_rule(user: User, urgency: str, steps: Sequence[RuleStep]) -> list[ContactRule]:
    """Replace a person's rule for an urgency; none at all returns to the default. Raises Invalid."""
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    known = {point.pk: point for point in points_of(user)}
    _check_rule(urgency, steps, known)
    user.contact_rules.filter(urgency=urgency).delete()
    ordered = sorted(steps, key=lambda step: step.wait)
    return ContactRule.objects.bulk_create(
        [
            ContactRule(
                user=user, urgency=urgency, position=n, point_id=step.point_id, wait_s=int(step.wait.total_seconds())
            )
            for n, step in enumerate(ordered)
        ]
    )


def _check_rule(urgency: str, steps: Sequence[RuleStep], known: dict[int, ContactPoint]) -> None:
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


def routes_in_force(user: User, urgency: str) -> list[Route]:
    """The steps in force: the person's own, or the default. A page goes to every verified way at once.

    Ways that do not work are left out, and the account's e-mail stands in when nothing is left.
    """
    rows = list(user.contact_rules.filter(urgency=urgency).select_related("point").order_by("position"))
    return _routes(user, urgency, rows, points_of(user) if not rows else ())


def _routes(user: User, urgency: str, rows: Sequence[ContactRule], mine: Iterable[ContactPoint]) -> list[Route]:
    account = account_route(user)
    if not rows:
        extra = [point for point in mine if point.works] if urgency == Urgency.PAGE else []
        return [account, *map(_route, extra)]
    found = [
        replace(_route(row.point) if row.point else account, wait=timedelta(seconds=row.wait_s))
        for row in rows
        if row.point is None or row.point.works
    ]
    return found or [account]


def plan_routes(
    user: User, *, urgency: int, at: datetime, meant_at: datetime | None = None, but: str = ""
) -> list[PlannedRoute]:
    """Where a message goes and when: pages by their rule, the rest after quiet hours if it falls into them.

    `meant_at` is when it should have been queued, where that is not `at`. What quiet hours or a wait hold back on
    purpose is meant for then, and not late. `but` names a channel that is left out where the person has another.
    """
    plan = _by_rule(user, urgency, at, meant_at)
    return (_otherwise(user, plan, but) or plan) if but else plan


def _by_rule(user: User, urgency: int, at: datetime, meant_at: datetime | None) -> list[PlannedRoute]:
    if urgency == Delivery.Urgency.PAGE:
        return schedule_routes(routes_in_force(user, Urgency.PAGE), at=at, meant_at=meant_at)
    hours = quiet_hours_of(user)
    goes, meant = (end_of_quiet(hours, moment, user.zone) for moment in (at, min(meant_at or at, at)))
    return schedule_routes(routes_in_force(user, Urgency.NORMAL), at=goes, meant_at=meant)


def _otherwise(user: User, plan: Sequence[PlannedRoute], but: str) -> list[PlannedRoute]:
    """The ways of a plan by another channel, else every other way that works; without the waits between them."""
    first = plan[0]
    ways = [one.route for one in plan if one.route.channel != but] or [
        _route(point) for point in points_of(user) if point.works and point.kind != but
    ]
    return [PlannedRoute(route, first.goes_at, first.meant_at) for route in ways]


def schedule_routes(ways: Iterable[Route], *, at: datetime, meant_at: datetime | None = None) -> list[PlannedRoute]:
    """When a message goes on each of a rule's ways; meant no later than it goes."""
    meant = min(meant_at or at, at)
    return [PlannedRoute(route, at + route.wait, meant + route.wait) for route in ways]


def route_key(key: str, route: Route) -> str:
    """The key of a message by one of several ways: stable however often the same thing is queued."""
    return f"{_base(key)}{WAY}{route.point.pk if route.point else ACCOUNT}"


def _base(key: str) -> str:
    return key.partition(WAY)[0]


def next_route(row: Delivery) -> tuple[str, dict[str, Any]] | None:
    """Where else a page that does not get through can go: (key, fields of the place); None when every way was used."""
    if row.recipient is None:
        return None
    base = _base(row.dedupe_key)
    used = set(_family(base).values_list("address", flat=True))
    ways = [*(_route(point) for point in points_of(row.recipient) if point.works), account_route(row.recipient)]
    for route in ways:
        if route.address not in used:
            place = {"channel": route.channel, "address": route.address, "point": route.point}
            return route_key(base, route), place
    return None


def _family(base: str) -> QuerySet[Delivery]:
    """The same message by all of its ways."""
    return Delivery.objects.filter(Q(dedupe_key=base) | Q(dedupe_key__startswith=f"{base}{WAY}"))


def is_reached_otherwise(row: Delivery) -> bool:
    """Whether the same message got through by another way, or still may."""
    family = _family(_base(row.dedupe_key)).exclude(pk=row.pk)
    return family.filter(state__in=(*Delivery.OPEN, *REACHED)).exists()


def escalation_wait_of(user: User) -> timedelta | None:
    """How soon a page to this person goes on to the next one, by the quickest ladder of the periods they are in.

    The usual time while they are in none; None where no ladder of theirs has a next step.
    """
    mine = Period.objects.visible_to(user).exclude(status__in=Period.ENDED).select_related("incident_policy")
    periods = list(mine.order_by("-go_live_at", "-id")[:MOST_PERIODS])
    if not periods:
        return ESCALATES_AFTER
    waits = (registry.resolve(registry.FIRST_WAIT)(period) for period in periods)
    return min((wait for wait in waits if wait is not None), default=None)


def warn_of_slow_rule(user: User, *, limit: timedelta | None) -> str:
    """A warning when the person's own waits are longer than the escalation's, else nothing."""
    return warn_of_slow_rules([user], limit=limit, whose=" of your ways").get(user.pk, "") if limit else ""


def warn_of_slow_rules(users: Iterable[User], *, limit: timedelta, whose: str = "") -> dict[int, str]:
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
