"""Who does what about the P1 everybody talks about: parts, tasks, a link, a related incident."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from hypercare.demo.script import Timeline
from hypercare.demo.sorting import incident_titled
from hypercare.demo.words import OPEN_BIG
from hypercare.models import User
from incidents.triage import relations, tasks, war_room
from periods.debriefs import actions
from periods.models import Action

ANNUAL, DUNNING = OPEN_BIG["annual"], OPEN_BIG["dunning"]
MINUTE: Final = timedelta(minutes=1)
CANCEL: Final = "Cancel the extra invoices by script"
CHARGED: Final = "Ask finance whether anybody was charged"


def add_story(script: Timeline, people: dict[str, User], *, now: datetime) -> None:
    """Add to the story what was shared out in the war room."""
    maja = people["maja"]
    script.at(now - 46 * MINUTE, partial(_part, "commander", maja, maja))
    script.at(now - 44 * MINUTE, partial(_part, "comms", people["kavya"], maja))
    script.at(now - 43 * MINUTE, _link)
    script.at(now - 36 * MINUTE, partial(_task, CHARGED, people["rachel"], 30, maja))
    script.at(now - 25 * MINUTE, partial(_task, CANCEL, None, 90, maja))
    script.at(now - 12 * MINUTE, partial(_done, CHARGED, people["rachel"]))
    script.at(now - 11 * MINUTE, partial(_related, maja))


def _part(part: str, user: User, by: User, at: datetime) -> None:
    war_room.give_part(incident_titled(ANNUAL).pk, part=part, user=user, instead_of=None, by=by, at=at)


def _task(title: str, owner: User | None, minutes: int, by: User, at: datetime) -> None:
    """For somebody, or for whoever took the incident."""
    row = incident_titled(ANNUAL)
    tasks.add(row.pk, title=title, owner=owner or row.owner or by, due_at=at + minutes * MINUTE, by=by, at=at)


def _done(title: str, by: User, at: datetime) -> None:
    actions.complete(Action.objects.get(title=title).pk, by=by, at=at)


def _link(at: datetime) -> None:
    row = incident_titled(ANNUAL)
    assert row.owner is not None  # noqa: S101  acknowledged before
    tasks.add_link(
        row.pk,
        label="Dashboard: invoices issued",
        url="https://grafana.northlane.example/d/invoices",
        by=row.owner,
        at=at,
    )


def _related(by: User, at: datetime) -> None:
    relations.relate(incident_titled(ANNUAL).pk, other=incident_titled(DUNNING).pk, by=by, at=at)
