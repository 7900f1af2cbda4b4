"""Incidents that have to do with each other: related, or part of a larger one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, Q, When

from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from incidents.models import Incident, Relation
from incidents.shared.locking import lock, previous_values, record_entry, save_fields
from periods.models import Period

RELATED: Final = "incident.related"
MOST: Final = 20
SHOWN: Final = 50


@transaction.atomic
def relate(incident_id: int, *, other: int, by: User, at: datetime, via: str = "") -> Incident:
    """Say that two incidents have to do with each other. Raises Invalid, AlreadyDone, and Refused past 20 of them."""
    incident = lock(incident_id)
    beside = _other(incident, other)
    if Relation.objects.filter(_pair(incident, beside)).exists():
        raise AlreadyDone(f"{incident.key} and {beside.key} are related already.")
    if Relation.objects.filter(Q(first=incident) | Q(second=incident)).count() >= MOST:
        raise Refused(f"{incident.key} has {MOST} related incidents. Make one of them the parent of the others.")
    first, second = sorted((incident, beside), key=lambda one: one.pk)
    made = Relation.objects.create(first=first, second=second, at=at)
    save_fields(incident, at)
    record_entry(
        incident,
        RELATED,
        by,
        at,
        via,
        other=beside.key,
        other_id=beside.pk,
        relation=made.pk,
        **previous_values(incident),
    )
    return incident


@transaction.atomic
def unrelate(incident_id: int, *, other: int, by: User, at: datetime, via: str = "") -> Incident:
    """They have nothing to do with each other after all. Raises Refused when they are not related."""
    incident = lock(incident_id)
    beside = _other(incident, other)
    gone, _ = Relation.objects.filter(_pair(incident, beside)).delete()
    if not gone:
        raise Refused(f"{incident.key} and {beside.key} are not related.")
    save_fields(incident, at)
    record_entry(incident, "incident.unrelated", by, at, via, other=beside.key, other_id=beside.pk)
    return incident


def undo_relation(incident: Incident, said: dict[str, Any], at: datetime) -> None:  # noqa: ARG001  one shape for all
    """Take a relation back; for `undo.py`."""
    Relation.objects.filter(pk=said["relation"]).delete()


@transaction.atomic
def put_under(incident_id: int, *, parent: int | None, by: User, at: datetime, via: str = "") -> Incident:
    """Make it part of a larger incident, or of none again. One level: what has a parent is nobody's parent.

    Raises Invalid for an incident that can't be the parent, AlreadyDone when it is so already.
    """
    incident = lock(incident_id)
    before = Incident.objects.filter(children=incident.pk).first()
    above = _other(incident, parent) if parent is not None else None
    if incident.parent_id == parent:
        where = f"part of {above.key}" if above else "part of no other"
        raise AlreadyDone(f"{incident.key} is {where} already.")
    if above:
        _check_above(incident, above)
    incident.parent = above
    save_fields(incident, at, "parent")
    record_entry(
        incident,
        "incident.parented",
        by,
        at,
        via,
        parent=above.key if above else "",
        parent_title=above.title if above else "",
        before=_key(before, incident.period),
        **previous_values(incident),
    )
    return incident


def _check_above(incident: Incident, above: Incident) -> None:
    if above.parent_id is not None or above.duplicate_of_id is not None:
        raise Invalid({"other": f"{above.key} is part of another incident itself. Name that one."})
    if incident.children.exists():
        raise Invalid({"other": f"{incident.key} has parts of its own, so it can’t be part of {above.key}."})


def related_to(incident: Incident) -> list[Incident]:
    """Related incidents, the most severe first, with their period. One query."""
    pairs = Relation.objects.filter(Q(first=incident) | Q(second=incident))
    # One set to look up: of two that are joined by OR, PostgreSQL reads every incident there is.
    others = pairs.values_list(Case(When(first=incident, then="second"), default="first"))
    found = Incident.objects.filter(pk__in=others).select_related("period", "owner")
    return list(found.order_by("severity", "reported_at", "id")[:MOST])


def children_of(incident: Incident) -> list[Incident]:
    """Its children, open ones and the most severe first, and what was merged into it. One query."""
    found = Incident.objects.filter(Q(parent=incident) | Q(duplicate_of=incident)).select_related("period", "owner")
    return list(found.order_by("-resolved_at", "severity", "reported_at", "id")[:SHOWN])


def _other(incident: Incident, pk: int) -> Incident:
    """Another incident of the same period, which is held already."""
    found: Incident | None = Incident.objects.filter(pk=pk, period=incident.period_id).first()
    if found is None or found.pk == incident.pk:
        raise Invalid({"other": f"Name another incident of {incident.period}, such as {incident.period.key}-1."})
    found.period = incident.period
    return found


def _pair(one: Incident, two: Incident) -> Q:
    return Q(first=one, second=two) | Q(first=two, second=one)


def _key(incident: Incident | None, period: Period) -> str:
    return f"{period.key}-{incident.number}" if incident else ""
