"""Telling people outside where things stand. Sole writer of notices and their updates.

A notice is one trouble in plain words; each update moves it on and may promise when the next one comes. A promise is
two timers: the lead and whoever wrote last are reminded when it is near, and told when it is late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from contributors.messaging import outbox
from contributors.models import Delivery
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, Refused, TransitionRefused
from hypercare.models import User
from incidents.models import Comment, Incident, IncidentRole, Notice, Update
from incidents.paging.sla import clocks_of
from incidents.shared.locking import lock
from incidents.triage import triage, war_room
from periods.journal import journal
from periods.models import Period

State = Notice.State
Audience = Update.Audience

SOON: Final = "notice.soon"
LATE: Final = "notice.late"
LONGEST_TITLE: Final = 120
LONGEST_TEXT: Final = 2000
LONGEST_PROMISE: Final = timedelta(days=14)
NEAR: Final = timedelta(minutes=10)
MOST_PROMISED: Final = 20
# What a first draft says; the lead fills the gaps. No names and no keys: people outside read it.
TEMPLATES: Final[Mapping[str, str]] = {
    State.INVESTIGATING: "Some people see a problem with {what}. We are looking into it.",
    State.IDENTIFIED: "We know why {what} has problems, and we are fixing it.",
    State.MONITORING: "{what} works again. We keep watching it.",
    State.RESOLVED: "The problem with {what} is solved. Nothing needs to be done on your side.",
}


@dataclass(frozen=True)
class UpdateText:
    """What an update says. `components` None leaves a notice's as they are."""

    text: str
    state: str
    title: str = ""
    components: tuple[str, ...] | None = None
    next_by: datetime | None = None
    audience: str = Audience.EVERYONE


def first_drafts(components: Iterable[str]) -> dict[str, str]:
    """The first words of each state, about these systems."""
    what = " and ".join(components) or "the service"
    return {state: text.format(what=what)[:1].upper() + text.format(what=what)[1:] for state, text in TEMPLATES.items()}


@transaction.atomic
def post(
    period_id: int,
    words: UpdateText,
    *,
    by: User,
    at: datetime,
    notice_id: int | None = None,
    incident_id: int | None = None,
    via: str = "",
) -> Update:
    """Say something outside: the next update of a notice, or the first of a new one.

    With an incident the same words are its stakeholder update, so its own update clock starts again. Raises Invalid for
    words that can't stand, AlreadyDone for a notice that is solved and TransitionRefused when the period was cancelled.
    """
    period = Period.objects.locked().get(pk=period_id)
    if period.status == Period.Status.CANCELLED:
        raise TransitionRefused(f"{period.name} was cancelled. There is nothing to say about it outside.")
    words = _tidy(words)
    notice = _held(period, notice_id) if notice_id else None
    _check(period, words, notice, at)
    incident = _incident(period, incident_id) if incident_id else None
    notice = notice or Notice(period=period, started_at=at, state="", state_since=at)
    update = _write(notice, words, incident, by=by, at=at)
    _promise(notice, at)
    journal.record(
        period,
        "update.posted",
        by=by,
        at=at,
        subject=notice.subject,
        via=via,
        title=notice.title,
        state=update.state,
        text=update.text,
        number=update.number,
        audience=update.audience,
        components=notice.components,
        update=update.pk,
        notice=notice.pk,
        next_by=update.next_by.isoformat() if update.next_by else None,
    )
    incident = incident or notice.incident
    if incident is not None and incident.is_open:
        triage.comment(incident.pk, body=update.text, kind=Comment.Kind.UPDATE, by=by, at=at, via=via)
    return update


def open_notice_of(incident: Incident) -> Notice | None:
    """The notice people outside read about an incident; None when there is none that is open. One query."""
    found = Notice.objects.filter(incident=incident, resolved_at__isnull=True)
    return found.order_by("-updated_at", "-id").first()


def promised_notices(period: Period, *, before: datetime) -> list[Notice]:
    """Open notices whose next word is promised by then or is late, the most urgent first; at most 20. One query."""
    found = Notice.objects.filter(period=period, resolved_at__isnull=True, next_by__lte=before)
    return list(found.select_related("incident").order_by("next_by", "id")[:MOST_PROMISED])


def notices_owed_by(user: User, *, periods: QuerySet[Period], before: datetime) -> list[Notice]:
    """Notices of those periods whose next word is promised by then, for who leads, wrote last or is comms lead of it.

    They are the people who are reminded. The most urgent first, with period and incident; at most 20. One query.
    """
    last = Update.objects.filter(notice=OuterRef("pk"), number=OuterRef("updates_count"), by=user)
    speaks = IncidentRole.objects.filter(
        incident=OuterRef("incident"), part=IncidentRole.Part.COMMS, user=user, until__isnull=True
    )
    found = Notice.objects.filter(
        Q(period__lead=user) | Exists(last) | Exists(speaks),
        period__in=periods,
        resolved_at__isnull=True,
        next_by__lte=before,
    )
    return list(found.select_related("period", "incident").order_by("next_by", "id")[:MOST_PROMISED])


@transaction.atomic
def publish(
    incident_id: int, *, text: str, by: User, at: datetime, promise: timedelta | None = None, via: str = ""
) -> Update:
    """An incident's stakeholder update, outside too: the next update of its notice, which stands where it stood.

    `promise` is how long until the next one, zero to promise none; without it the next one is promised for when the
    incident's own is due. Raises Refused when people outside know nothing of it, Invalid for words that can't stand.
    """
    incident = lock(incident_id)
    notice = open_notice_of(incident)
    if notice is None:
        raise Refused("People outside know nothing of it yet. Begin a notice under Comms.")
    next_by = _due(incident, at) if promise is None else at + promise if promise else None
    words = UpdateText(text, notice.state, next_by=next_by)
    return post(incident.period_id, words, by=by, at=at, notice_id=notice.pk, via=via)


def _due(incident: Incident, at: datetime) -> datetime | None:
    """When the incident's own next update is due after one now."""
    incident.last_update_at = at
    due = [clock.due_at for clock in clocks_of(incident, at) if clock.kind == "update" and clock.is_open]
    return next((moment for moment in due if at < moment <= at + LONGEST_PROMISE), None)


def _write(notice: Notice, words: UpdateText, incident: Incident | None, *, by: User, at: datetime) -> Update:
    if words.state != notice.state:
        notice.state, notice.state_since = words.state, at
    notice.title = words.title or notice.title
    notice.components = notice.components if words.components is None else list(words.components)
    notice.incident = incident or notice.incident
    calm = words.state in (State.MONITORING, State.RESOLVED)
    notice.eased_at = (notice.eased_at or at) if calm else None
    notice.resolved_at = at if words.state == State.RESOLVED else None
    notice.next_by, notice.updated_at = words.next_by, at
    notice.updates_count += 1
    notice.save()
    return Update.objects.create(
        notice=notice,
        number=notice.updates_count,
        state=words.state,
        text=words.text,
        audience=words.audience,
        next_by=words.next_by,
        at=at,
        by=by,
    )


def _held(period: Period, notice_id: int) -> Notice:
    notices = Notice.objects.select_for_update(of=("self",)).select_related("incident")
    notice = notices.filter(pk=notice_id, period=period).first()
    if notice is None:
        raise Invalid({"notice": "Choose one of this period's notices, or begin a new one."})
    if notice.resolved_at is not None:
        raise AlreadyDone(f"“{notice.title}” is solved. Begin a new notice if it came back.")
    return notice


def _incident(period: Period, incident_id: int) -> Incident:
    found: Incident | None = Incident.objects.filter(pk=incident_id, period=period).first()
    if found is None:
        raise Invalid({"incident": "Choose an incident of this period."})
    return found


def _tidy(words: UpdateText) -> UpdateText:
    solved = words.state == State.RESOLVED
    return UpdateText(
        text=words.text.strip(),
        state=words.state,
        title=" ".join(words.title.split()),
        components=None if words.components is None else tuple(dict.fromkeys(words.components)),
        next_by=None if solved else words.next_by,
        audience=words.audience,
    )


def _check(period: Period, words: UpdateText, notice: Notice | None, at: datetime) -> None:
    complaints = {
        "text": _text(words.text),
        "state": "" if words.state in State else f"Choose {', '.join(State.values)}.",
        "audience": "" if words.audience in Audience else f"Choose {', '.join(Audience.values)}.",
        "title": _title(words.title, notice),
        "components": _components(period, words.components or ()),
        "next_by": _next_by(words.next_by, at),
    }
    if any(complaints.values()):
        raise Invalid({name: said for name, said in complaints.items() if said})


def _text(text: str) -> str:
    if not text:
        return "Write what people outside should know."
    return f"Shorten it to {LONGEST_TEXT:,} characters." if len(text) > LONGEST_TEXT else ""


def _title(title: str, notice: Notice | None) -> str:
    if not title and notice is None:
        return "Say in a few plain words what does not work."
    return f"Shorten it to {LONGEST_TITLE} characters." if len(title) > LONGEST_TITLE else ""


def _components(period: Period, names: Iterable[str]) -> str:
    known = set(period.systems)
    unknown = [name for name in names if name not in known]
    return f"“{unknown[0]}” is not one of the period's systems." if unknown else ""


def _next_by(moment: datetime | None, at: datetime) -> str:
    if moment is None:
        return ""
    if moment <= at:
        return "The next update must be promised for a time ahead."
    return "Promise the next update within 14 days." if moment > at + LONGEST_PROMISE else ""


# --- The promise --------------------------------------------------------------------------------


def _promise(notice: Notice, at: datetime) -> None:
    """Two timers for the promise that holds now; those of the one before end."""
    timers.clear_prefix(f"notice:{notice.pk}:", at=at)
    if notice.next_by is None:
        return
    args = {"notice": notice.pk, "number": notice.updates_count}
    near = max(at + (notice.next_by - at) / 2, notice.next_by - NEAR)
    for kind, due_at in ((SOON, near), (LATE, notice.next_by)):
        key = f"notice:{notice.pk}:{notice.updates_count}:{kind}"
        timers.arm(key, kind=kind, due_at=due_at, args=args)


def on_soon(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  one shape
    """Timer: the promised time is near and nothing was said."""
    _remind(args, "near", at)


def on_late(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  one shape
    """Timer: the promised time is over and nothing was said."""
    _remind(args, "late", at)


def _remind(args: Mapping[str, Any], how: str, at: datetime) -> None:
    notice = Notice.objects.select_related("period__lead", "incident").filter(pk=args["notice"]).first()
    if notice is None or notice.updates_count != args["number"] or notice.next_by is None:
        return
    if how == "near" and at >= notice.next_by:
        return  # The clock stood still: that it is late is said by the other timer.
    last = Update.objects.select_related("by").get(notice=notice, number=notice.updates_count)
    said = {"how": how, "title": notice.title, "next_by": notice.next_by.isoformat(), "notice": notice.pk}
    parts = war_room.part_holders(notice.incident) if notice.incident else {}
    speaks = parts.get(IncidentRole.Part.COMMS)
    people = (notice.period.lead, last.by, speaks.user if speaks else None)
    for person in {person.pk: person for person in people if person}.values():
        outbox.notify(
            user=person,
            kind="update_promised",
            period=notice.period,
            subject=notice.subject,
            context=said,
            urgency=Delivery.Urgency.NORMAL,
            at=at,
            key=f"promise:{notice.pk}:{notice.updates_count}:{how}:{person.pk}",
        )
