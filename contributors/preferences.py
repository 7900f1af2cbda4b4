"""Which classes of messages a person has turned off."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction

from contributors import topics
from contributors.delivery import records
from contributors.delivery.states import Result
from contributors.models import Delivery, TurnedOff
from contributors.topics import Topic
from hypercare.errors import Invalid
from hypercare.models import User

_NO_LONGER_WANTED: Final = Result(Delivery.State.CANCELLED, "The person turned these messages off.")


def wants(user: User, kind: str) -> bool:
    """Whether a person wants messages of a kind; those of no class come always."""
    topic = topics.of(kind)
    return topic is None or not TurnedOff.objects.filter(user=user, topic=topic.name).exists()


def turned_off(user: User) -> set[str]:
    """The names of the classes a person has turned off."""
    return set(TurnedOff.objects.filter(user=user).values_list("topic", flat=True))


@transaction.atomic
def turn_off(user: User, name: str, *, at: datetime) -> Topic:
    """No more messages of a class; those still waiting are cancelled. A repeat changes nothing.

    Raises Invalid for a class nobody knows.
    """
    topic = _known(name)
    TurnedOff.objects.get_or_create(user=user, topic=name, defaults={"at": at})
    waiting = Delivery.objects.filter(
        recipient=user, kind__in=topic.kinds, state=Delivery.State.DUE, urgency__gt=Delivery.Urgency.PAGE
    )
    for row in waiting.select_for_update(of=("self",)).order_by("id"):
        records.write(row, _NO_LONGER_WANTED, at)
    return topic


@transaction.atomic
def turn_on(user: User, name: str) -> Topic:
    """Messages of a class again, from the next one on. A repeat changes nothing. Raises Invalid."""
    topic = _known(name)
    TurnedOff.objects.filter(user=user, topic=name).delete()
    return topic


@transaction.atomic
def choose(user: User, names: Collection[str], *, at: datetime) -> None:
    """Exactly these classes from now on. Raises Invalid for one nobody knows; then nothing changes."""
    for name in names:
        _known(name)
    off = turned_off(user)
    for topic in topics.TOPICS:
        if topic.name in names and topic.name in off:
            turn_on(user, topic.name)
        elif topic.name not in names and topic.name not in off:
            turn_off(user, topic.name, at=at)


def _known(name: str) -> Topic:
    if name not in topics.BY_NAME:
        raise Invalid({"topic": [f"“{name}” is not a class of messages. Use {', '.join(topics.BY_NAME)}."]})
    return topics.BY_NAME[name]
