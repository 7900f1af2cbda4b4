"""Which categories of messages a person has turned off."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction

from contributors.messaging import categories
from contributors.messaging.categories import Category
from contributors.messaging.delivery import records
from contributors.messaging.delivery.states import AttemptResult
from contributors.models import Delivery, TurnedOff
from hypercare.exceptions import Invalid
from hypercare.models import User

_NO_LONGER_WANTED: Final = AttemptResult(Delivery.State.CANCELLED, "The person turned these messages off.")


def wants_kind(user: User, kind: str) -> bool:
    """Whether a person wants messages of a kind; those of no class come always."""
    category = categories.category_of(kind)
    return category is None or not TurnedOff.objects.filter(user=user, topic=category.name).exists()


def turned_off_categories(user: User) -> set[str]:
    """The names of the categories a person has turned off."""
    return set(TurnedOff.objects.filter(user=user).values_list("topic", flat=True))


@transaction.atomic
def turn_off(user: User, name: str, *, at: datetime) -> Category:
    """No more messages of a category; those still waiting are cancelled. A repeat changes nothing.

    Raises Invalid for a class nobody knows.
    """
    category = _known(name)
    TurnedOff.objects.get_or_create(user=user, topic=name, defaults={"at": at})
    waiting = Delivery.objects.filter(
        recipient=user, kind__in=category.kinds, state=Delivery.State.DUE, urgency__gt=Delivery.Urgency.PAGE
    )
    for row in waiting.select_for_update(of=("self",)).order_by("id"):
        records.write_result(row, _NO_LONGER_WANTED, at)
    return category


@transaction.atomic
def turn_on(user: User, name: str) -> Category:
    """Messages of a class again, from the next one on. A repeat changes nothing. Raises Invalid."""
    category = _known(name)
    TurnedOff.objects.filter(user=user, topic=name).delete()
    return category


@transaction.atomic
def choose_categories(user: User, names: Collection[str], *, at: datetime) -> None:
    """Exactly these categories from now on. Raises Invalid for one nobody knows; then nothing changes."""
    for name in names:
        _known(name)
    off = turned_off_categories(user)
    for category in categories.CATEGORIES:
        if category.name in names and category.name in off:
            turn_on(user, category.name)
        elif category.name not in names and category.name not in off:
            turn_off(user, category.name, at=at)


def _known(name: str) -> Category:
    if name not in categories.BY_NAME:
        raise Invalid({"topic": [f"“{name}” is not a class of messages. Use {', '.join(categories.BY_NAME)}."]})
    return categories.BY_NAME[name]
