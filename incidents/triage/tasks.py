"""What is to be done about an incident: actions of the period that belong to it, and links that help."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from hypercare.exceptions import Invalid, Refused
from hypercare.models import User
from incidents.models import Incident, Reference, Task
from incidents.shared.locking import lock, record_entry, require_open, save_fields
from periods.debriefs import actions

MOST_TASKS: Final = 50
MOST_LINKS: Final = 20
ADDRESS: Final = URLValidator(schemes=["http", "https"])


@transaction.atomic
def add(
    incident_id: int, *, title: str, owner: User, due_at: datetime, by: User, at: datetime, via: str = ""
) -> Incident:
    """One thing one person does about it by a time; also an action of the period, told with the others.

    Raises Invalid, NotAllowed, and Refused past 50 of them or once the incident has ended.
    """
    incident = lock(incident_id)
    require_open(incident)
    if incident.tasks.count() >= MOST_TASKS:
        raise Refused(f"{incident.key} has {MOST_TASKS} tasks. Close or merge some of them first.")
    action = actions.add(incident.period_id, title=title, owner=owner, due_at=due_at, by=by, at=at, via=via)
    Task.objects.create(incident=incident, action=action)
    incident.period.refresh_from_db(fields=["journal_seq", "journal_head"])
    return incident


def tasks_of(incident: Incident) -> list[Task]:
    """Its tasks with action and people: what is open first, by due time. One query."""
    found = Task.objects.filter(incident=incident).select_related("action__owner", "action__done_by")
    return sorted(found, key=lambda task: (task.action.done_at is not None, task.action.due_at, task.pk))


@transaction.atomic
def add_link(incident_id: int, *, label: str, url: str, by: User, at: datetime, via: str = "") -> Incident:
    """A page that helps. Raises Invalid for an address a browser can't follow, Refused past 20 of them."""
    incident = lock(incident_id)
    label, url = " ".join(label.split()), url.strip()
    _check_link(label, url)
    if incident.references.count() >= MOST_LINKS:
        raise Refused(f"{incident.key} has {MOST_LINKS} links. Remove one first.")
    Reference.objects.create(incident=incident, label=label, url=url, added_by=by, added_at=at)
    save_fields(incident, at)
    record_entry(incident, "incident.link_added", by, at, via, label=label, url=url)
    return incident


@transaction.atomic
def remove_link(incident_id: int, *, link: int, by: User, at: datetime, via: str = "") -> Incident:
    """Take a link off. Raises Refused when it is gone."""
    incident = lock(incident_id)
    found = Reference.objects.filter(incident=incident, pk=link).first()
    if found is None:
        raise Refused("That link was removed already.")
    found.delete()
    save_fields(incident, at)
    record_entry(incident, "incident.link_removed", by, at, via, label=found.label, url=found.url)
    return incident


def _check_link(label: str, url: str) -> None:
    errors = {}
    if not 0 < len(label) <= 120:
        errors["label"] = "Say in 1 to 120 characters what is behind it, such as “Runbook: invoices”."
    try:
        ADDRESS(url)
    except ValidationError:
        errors["url"] = "Give a full address that begins with https:// or http://."
    if len(url) > 2000:
        errors["url"] = "Shorten the address to 2,000 characters."
    if errors:
        raise Invalid(errors)
