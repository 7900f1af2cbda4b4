"""What somebody who was paged may do with the link they were sent: take it, or pass it on. Each works once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from contributors.links import links
from contributors.models import Link, Membership
from hypercare.exceptions import AlreadyDone, LinkEnded
from hypercare.models import User
from incidents.models import Incident
from incidents.paging import escalation
from incidents.shared.phrases import moment_phrase
from incidents.triage import triage
from periods.models import Period

VIA = "link"


@dataclass(frozen=True, slots=True)
class PageLink:
    """A living link, the person it was sent to, and the incident it is about with its period and people."""

    link: Link
    person: User
    incident: Incident

    @property
    def period(self) -> Period:
        """The period of the incident."""
        return self.incident.period

    @property
    def passed_on(self) -> str:
        """What this link did already, in a sentence; empty while it did nothing or it came back since."""
        used_at = self.link.used_at
        return self.link.outcome if used_at and used_at >= self.incident.clock_from else ""


def find(token: str, *, at: datetime) -> PageLink:
    """The page behind a token. Raises LinkEnded for one that ended, is unknown, or whose person left."""
    link = links.find(token, Link.Purpose.PAGE, at=at)
    number = int(link.subject.rpartition(":")[2])
    people = ("period__lead", "period__sponsor", "owner", "acknowledged_by", "resolved_by", "team")
    found = Incident.objects.filter(period=link.period_id, number=number).select_related(*people).first()
    if (
        found is None
        or not Membership.objects.filter(user=link.user_id, period=link.period_id, left_at__isnull=True).exists()
    ):
        raise LinkEnded("This link has ended. You are no longer part of this period.")
    return PageLink(link, link.user, found)


@transaction.atomic
def acknowledge(page: PageLink, *, at: datetime) -> None:
    """They take it. Raises AlreadyDone when somebody was first, themselves included."""
    triage.acknowledge(page.incident.pk, by=page.person, at=at, via=VIA)
    links.mark_used(
        page.link, at=at, outcome=f"You acknowledged {page.incident.key} at {moment_phrase(at, page.period)}."
    )


@transaction.atomic
def pass_on(page: PageLink, *, at: datetime) -> None:
    """They can't take it: the next person is paged now. Raises AlreadyDone when this link was used before.

    One that somebody has taken meanwhile is not passed on: the press was about who takes it.
    """
    Period.objects.locked().get(pk=page.incident.period_id)
    incident = Incident.objects.select_related("period", "acknowledged_by").get(pk=page.incident.pk)
    if incident.acknowledged_at and not incident.is_wanted:
        raise AlreadyDone(triage.acknowledged_sentence(incident))
    heir = escalation.next_step_status(incident, at=at)
    name = heir.person.name if heir and heir.person else "the next person"
    if not links.mark_used(page.link, at=at, outcome=f"You passed it to {name} at {moment_phrase(at, page.period)}."):
        raise AlreadyDone(page.link.outcome or "This link was used before. Nothing was changed.")
    triage.escalate(incident.pk, reason="Passed on", by=page.person, at=at, via=VIA)
