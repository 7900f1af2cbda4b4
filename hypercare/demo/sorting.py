"""What triage made of the open incidents: types, waits, a snooze, a wish for the backlog, and who was paged."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.db.models import F

from contributors.models import Delivery
from hypercare.demo.people import CPH
from hypercare.demo.script import Timeline
from hypercare.demo.words import LEVELS, OPEN_BIG
from hypercare.engine import timers
from hypercare.models import User
from incidents.models import Incident
from incidents.triage import editing, queues, triage
from periods.models import Period

SENT_AFTER = timedelta(milliseconds=910)

KEY = "BILL26"
WISH = "Let customers choose the language of their invoices"
TYPO, CSV, CREDIT = (
    "Typo in the payment-reminder subject",
    "CSV export lacks the cost-centre column",
    "Credit-note PDF shows the old address",
)
JUDGED = (  # minutes ago, title, type, verdict
    (1600, CREDIT, "data", "caused"),
    (2950, TYPO, "defect", "unrelated"),
    (1380, CSV, "defect", "known"),
    (290, "Usage meters lag 40 min in EU-West", "performance", ""),
    (250, OPEN_BIG["cards"], "integration", "caused"),
    (199, OPEN_BIG["dunning"], "data", "caused"),
    (38, OPEN_BIG["annual"], "defect", "caused"),
)
WAITS = (  # hours ago, title, queue, what for, who; the third and fourth are one pause of the clocks
    (49, TYPO, "planned_fix", "The text changes with Thursday's release.", "kavya"),
    (20, CSV, "returned", "Which field does finance book by: project or department?", "marcus"),
    (3.1, OPEN_BIG["cards"], "returned", "Bank: which cards were declined?", "priya"),
    (2.7, OPEN_BIG["cards"], "", "", "priya"),
)
LADDER = (0, 5, 10, 15)  # minutes after the report at which a step of some ladder is due


def add_story(script: Timeline, people: dict[str, User], *, now: datetime) -> None:
    """Add to the story what happened to the open incidents beside being worked on."""
    for minutes, title, kind, verdict in JUDGED:
        script.at(now - timedelta(minutes=minutes), partial(_judge, title, kind, verdict, people["tomasz"]))
    for hours, title, queue, note, who in WAITS:
        script.at(now - timedelta(hours=hours), partial(_wait, title, queue, note, people[who]))
    script.at(now - timedelta(minutes=30), partial(_put_off, people["marcus"]))
    script.at(now - timedelta(minutes=4), partial(_wish, script, people["kavya"]))


def page_until_taken(script: Timeline, title: str, at: datetime) -> None:
    """The steps of the ladder of one reported `at`, each when it was due, until somebody took it."""
    for minutes in LADDER:
        script.at(at + timedelta(minutes=minutes), partial(_page, title))


def incident_titled(title: str) -> Incident:
    """The incident of that title."""
    incident: Incident = Incident.objects.get(period__key=KEY, title=title)
    return incident


def _judge(title: str, kind: str, verdict: str, by: User, at: datetime) -> None:
    row = incident_titled(title)
    editing.update_fields(row.pk, kind=kind, verdict=verdict, by=row.owner or by, at=at)


def _wait(title: str, queue: str, note: str, by: User, at: datetime) -> None:
    row = incident_titled(title)
    queues.enter_queue(row.pk, queue=queue, note=note, by=row.owner or by, at=at)


def _put_off(by: User, at: datetime) -> None:
    until = queues.snooze_end_of("tomorrow", ZoneInfo(CPH), at=at)
    queues.snooze_until(incident_titled(CREDIT).pk, until=until, by=by, at=at)


def _wish(script: Timeline, by: User, at: datetime) -> None:
    """Reported like an incident, and judged to be none a minute later."""
    impact, urgency = LEVELS["P4"]
    row = triage.report(
        Period.objects.get(key=KEY).pk,
        title=WISH,
        component="Billing engine",
        impact=impact,
        urgency=urgency,
        by=by,
        at=at,
    )
    script.at(at + timedelta(minutes=1), lambda when: editing.update_fields(row.pk, kind="enhancement", by=by, at=when))


def _page(title: str, at: datetime) -> None:
    """As the clock and a sender would have done it then; nothing leaves the house."""
    incident = incident_titled(title)
    for timer in timers.due_timers(at).filter(key__startswith=f"escalation:{incident.pk}:"):
        timers.fire_timers([timer], at=at)
    pages = Delivery.objects.filter(period=incident.period_id, subject=incident.subject, kind="page")
    pages.filter(state=Delivery.State.DUE).update(
        state=Delivery.State.SENT, attempts=1, sent_at=F("intended_at") + SENT_AFTER, settled_at=at
    )
