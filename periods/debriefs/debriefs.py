"""Debriefs: laid out by the rhythm, with an agenda filled from the data, minutes by one writer, then frozen.

Minutes are a draft of whoever writes until the debrief is finished; then they, the agenda, the decisions and
the actions are recorded at once. Reminders follow the journal, so nothing here sets a timer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Max, Q

from hypercare import registry
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused, TransitionRefused
from hypercare.models import User
from periods.access.access import require_right
from periods.debriefs import actions
from periods.exit import criteria, readings
from periods.journal import journal
from periods.models import Action, Debrief, DebriefDecision, JournalEntry, Period
from periods.planning import template_policy, workdays
from periods.template_files import rhythm

Status = Debrief.Status
USUAL_BAND: Final = "moderate"
NEXT_DAY: Final = timedelta(days=1)
LONGEST_MINUTES: Final = 20_000
MOST_ACTIONS: Final = 50


@dataclass(frozen=True)
class AgendaLine:
    """One fact of a section: what, a figure or word beside it, and where to read more."""

    text: str
    note: str = ""
    url: str = ""
    tone: str = ""


@dataclass(frozen=True)
class AgendaSection:
    """A part of the agenda: how long to talk, and the facts to talk about."""

    key: str
    title: str
    minutes: int
    items: list[Any] = field(default_factory=list)


# --- When they are ------------------------------------------------------------------------------


def lay_out(period: Period, *, at: datetime) -> list[Debrief]:
    """Add the debriefs still missing until the end of the period, inside the caller's step; those added."""
    slots = rhythm.debrief_slots(
        band=period.debrief_cadence or period.band or USUAL_BAND,
        go_live=period.starts_at,
        ends_at=period.ends_at,
        zone=period.zone,
        holidays=workdays.holidays_of(period),
        stretches=_stretches(period),
    )
    taken = set(period.debriefs.values_list("starts_at", flat=True))
    last = period.debriefs.aggregate(last=Max("number"))["last"] or 0
    coming = [slot for slot in slots if slot > at and slot not in taken]
    return Debrief.objects.bulk_create(
        Debrief(period=period, number=number, starts_at=slot, minutes_planned=rhythm.DEBRIEF_MINUTES, chair=period.lead)
        for number, slot in enumerate(coming, start=last + 1)
    )


def _stretches(period: Period) -> tuple[rhythm.CadenceStretch, ...]:
    """The rhythm of the template it started from, unless a person chose another for this period."""
    return () if period.cadence_override_reason else template_policy.debrief_stretches(period.pk)


@transaction.atomic
def schedule(period: Period, *, by: User | None, at: datetime, via: str = "") -> list[Debrief]:
    """Lay out what the rhythm still asks for, with its own journal entry when there is something."""
    period = _locked_period(period.pk)
    made = lay_out(period, at=at)
    if made:
        journal.record(
            period, "debrief.scheduled", by=by, at=at, via=via, title=f"{len(made)} debriefs", debriefs=len(made)
        )
    return made


@transaction.atomic
def add(
    period_id: int, *, starts_at: datetime, by: User, at: datetime, minutes: int = rhythm.DEBRIEF_MINUTES, via: str = ""
) -> Debrief:
    """One more debrief, outside the rhythm. Raises Invalid for a time that is past, taken or outside the period."""
    period = _locked_period(period_id)
    require_right(by, period, "debriefs.run")
    _check_time(period, starts_at, at)
    if not 5 <= minutes <= 240:
        raise Invalid({"minutes": "A debrief lasts 5 to 240 minutes."})
    last = period.debriefs.aggregate(last=Max("number"))["last"] or 0
    debrief = Debrief.objects.create(
        period=period, number=last + 1, starts_at=starts_at, minutes_planned=minutes, chair=period.lead
    )
    _journal(debrief, "debrief.scheduled", by, at, via, starts_at=starts_at.isoformat(), debriefs=1)
    return debrief


@transaction.atomic
def reschedule(debrief_id: int, *, starts_at: datetime, by: User, at: datetime, via: str = "") -> Debrief:
    """Move a debrief that has not begun. Raises Invalid for a time that is past or taken."""
    debrief = _locked(debrief_id, by, Status.SCHEDULED)
    _check_time(debrief.period, starts_at, at)
    before, debrief.starts_at = debrief.starts_at, starts_at
    debrief.save(update_fields=["starts_at"])
    _journal(debrief, "debrief.moved", by, at, via, old=before.isoformat(), starts_at=starts_at.isoformat())
    return debrief


def _check_time(period: Period, starts_at: datetime, at: datetime) -> None:
    if not at < starts_at < period.ends_at:
        raise Invalid({"starts_at": "Choose a time ahead and before the period ends."})
    if period.debriefs.filter(starts_at=starts_at).exists():
        raise Invalid({"starts_at": "There is a debrief at that time already."})


def skip_upcoming(period: Period, *, at: datetime) -> int:
    """Skip what is still to come when a period ends, inside the caller's step; how many."""
    coming = period.debriefs.filter(status=Status.SCHEDULED, starts_at__gt=at)
    return coming.update(status=Status.SKIPPED)


# --- What is talked about -----------------------------------------------------------------------


def start_of_review(debrief: Debrief) -> datetime:
    """The start of what a debrief looks back on: the end of the last finished one, else go-live."""
    before = (
        Debrief.objects.filter(period=debrief.period_id, status=Status.FINISHED, starts_at__lt=debrief.starts_at)
        .order_by("-starts_at", "-id")
        .values_list("finished_at", flat=True)
        .first()
    )
    return before or debrief.period.starts_at


def agenda_of(debrief: Debrief, *, at: datetime) -> list[AgendaSection]:
    """The sections as they stand now; of a finished debrief, as they stood when it finished."""
    if debrief.status == Status.FINISHED:
        return [AgendaSection(**section) for section in debrief.agenda]
    period, start = debrief.period, start_of_review(debrief)
    return [registry.resolve(path)(period, since=start, at=at) for path in registry.DEBRIEF_SECTIONS]


def section_as_json(section: AgendaSection) -> dict[str, Any]:
    """A section as JSON."""
    return asdict(section)


def criteria_section(period: Period, since: datetime, at: datetime) -> AgendaSection:
    """Exit criteria whose verdict is another than was on record then, and the mandatory ones that still block."""
    then = {code: verdict for code, (_, verdict) in readings.last_readings(period, at=since).items()}
    items = [
        _criterion_line(row, before)
        for row in criteria.scorecard(period, at=at)
        if (before := then.get(row.criterion.code, row.reading.verdict)) != row.reading.verdict or row.blocks
    ]
    return AgendaSection("criteria", "Exit criteria", 3, items)


def _criterion_line(row: criteria.ScoredCriterion, before: str) -> AgendaLine:
    moved = "up" if row.reading.verdict == "pass" else "down" if before == "pass" else ""
    return AgendaLine(row.criterion.title, row.reading.text or row.word, row.reading.evidence_url, moved)


def actions_section(period: Period, since: datetime, at: datetime) -> AgendaSection:
    """Actions that are open or were done since then, the latest due last."""
    rows = Action.objects.filter(Q(done_at__isnull=True) | Q(done_at__gte=since), period=period, created_at__lte=at)
    shown = rows.select_related("owner").order_by("due_at", "id")[:MOST_ACTIONS]
    return AgendaSection("actions", "Actions from before", 3, [_action_line(action, at) for action in shown])


def _action_line(action: Action, at: datetime) -> AgendaLine:
    state = "done" if action.done_at else "late" if action.is_late(at) else ""
    return AgendaLine(action.title, f"{action.owner.short_name}, due {action.due_at:%d %b %H:%M} UTC", "", state)


# --- Holding one --------------------------------------------------------------------------------


@transaction.atomic
def start(debrief_id: int, *, by: User, at: datetime, via: str = "") -> Debrief:
    """It begins and `by` writes. Raises AlreadyDone when it has begun, NotAllowed, TransitionRefused."""
    debrief = _locked(debrief_id, by, Status.SCHEDULED)
    if not debrief.period.is_live:
        raise TransitionRefused(f"{debrief.period.name} is not live, so there is nothing to debrief yet.")
    debrief.status, debrief.started_at, debrief.writer = Status.RUNNING, at, by
    debrief.chair = debrief.chair or by
    debrief.save(update_fields=["status", "started_at", "writer", "chair"])
    _journal(debrief, "debrief.started", by, at, via)
    return debrief


@transaction.atomic
def take_over(debrief_id: int, *, by: User, at: datetime, via: str = "") -> Debrief:
    """Become the one who writes; what is written stays."""
    debrief = _locked(debrief_id, by, Status.RUNNING)
    before, debrief.writer = debrief.writer, by
    if before == by:
        raise AlreadyDone("You are writing already.")
    debrief.save(update_fields=["writer"])
    _journal(debrief, "debrief.taken_over", by, at, via, before=before.name if before else "")
    return debrief


@transaction.atomic
def write_minutes(debrief_id: int, *, sections: Mapping[str, str], by: User, at: datetime, via: str = "") -> Debrief:  # noqa: ARG001  one shape
    """Save the minutes of sections, a draft until the debrief is finished. Only its writer may.

    Raises NotAllowed with who is writing, Invalid for a section nobody knows or a text that is too long.
    """
    debrief = _locked(debrief_id, by, Status.RUNNING)
    _write(debrief, sections, by)
    return debrief


def _write(debrief: Debrief, sections: Mapping[str, str], by: User) -> None:
    if debrief.writer_id != by.pk:
        raise NotAllowed(f"{debrief.writer or 'Nobody'} is writing. Take over to write yourself.")
    for section, text in sections.items():
        if not re.fullmatch(r"[a-z0-9_]{1,40}", section):
            raise Invalid({"section": f"“{section}” is not a section of the agenda."})
        if len(text) > LONGEST_MINUTES:
            raise Invalid({"text": f"Keep it under {LONGEST_MINUTES} characters a section."})
    debrief.minutes = {**debrief.minutes, **sections}
    debrief.save(update_fields=["minutes"])


@transaction.atomic
def record_decision(debrief_id: int, *, text: str, by: User, at: datetime, via: str = "") -> DebriefDecision:
    """Record a decision. Raises Invalid when it is empty."""
    debrief = _locked(debrief_id, by, Status.RUNNING)
    if not text.strip():
        raise Invalid({"text": "Say what was decided."})
    decision = DebriefDecision.objects.create(debrief=debrief, text=text.strip(), by=by, at=at)
    _journal(debrief, "debrief.decided", by, at, via, decision=decision.text)
    return decision


@transaction.atomic
def record_attendance(debrief_id: int, *, people: Iterable[User], by: User, at: datetime, via: str = "") -> Debrief:
    """Record who is here; replaces what was recorded before. Only people of the period."""
    debrief = _locked(debrief_id, by, Status.RUNNING)
    inside = debrief.period.memberships.filter(left_at__isnull=True, user__in=list(people))
    here = sorted(set(inside.values_list("user_id", flat=True)))
    debrief.attended.set(here)
    _journal(debrief, "debrief.attended", by, at, via, people=here)
    return debrief


@transaction.atomic
def finish(
    debrief_id: int, *, by: User, at: datetime, sections: Mapping[str, str] | None = None, via: str = ""
) -> Debrief:
    """Freeze the agenda; lines of the minutes that begin with /d become decisions, with /a actions.

    What is given of the minutes is saved first, as by `write_minutes`. The journal entry carries all of it, to be sent.
    Raises AlreadyDone, NotAllowed, Invalid.
    """
    debrief = _locked(debrief_id, by, Status.RUNNING)
    fresh = {name: text for name, text in (sections or {}).items() if debrief.minutes.get(name, "") != text}
    if fresh:
        _write(debrief, fresh, by)
    debrief.agenda = [section_as_json(section) for section in agenda_of(debrief, at=at)]
    _take_decisions(debrief, by, at)
    _take_actions(debrief, by, at)
    debrief.status, debrief.finished_at, debrief.writer = Status.FINISHED, at, None
    debrief.save(update_fields=["agenda", "status", "finished_at", "writer"])
    seen = readings.read_all(debrief.period, at=at)
    _journal(debrief, "debrief.finished", by, at, via, readings=seen, **_outcome(debrief))
    return debrief


def _outcome(debrief: Debrief) -> dict[str, Any]:
    decisions = debrief.decisions.order_by("at", "id").values_list("text", flat=True)
    new = debrief.actions.select_related("owner").order_by("due_at", "id")
    return {
        "minutes": debrief.minutes,
        "decisions": list(decisions),
        "actions": [
            {"title": row.title, "owner": row.owner.name, "user": row.owner_id, "due_at": row.due_at.isoformat()}
            for row in new
        ],
    }


def _marked(debrief: Debrief, mark: str) -> list[str]:
    lines = (line.strip() for text in debrief.minutes.values() for line in str(text).splitlines())
    return [rest for line in lines if line.startswith(f"{mark} ") and (rest := line.removeprefix(mark).strip())]


def _take_decisions(debrief: Debrief, by: User, at: datetime) -> None:
    DebriefDecision.objects.bulk_create(
        DebriefDecision(debrief=debrief, text=text, by=by, at=at) for text in _marked(debrief, "/d")
    )


def _take_actions(debrief: Debrief, by: User, at: datetime) -> None:
    """`/a Check the paused jobs @Tomasz`: the first member of that first name, else the writer; due in a day."""
    people = {
        member.user.first_name.lower(): member.user
        for member in debrief.period.memberships.filter(left_at__isnull=True).select_related("user").order_by("-id")
    }
    for text in _marked(debrief, "/a"):
        names = [name.lower() for name in re.findall(r"@([\w-]+)", text)]
        owner = next((people[name] for name in names if name in people), by)
        title = " ".join(re.sub(r"@([\w-]+)", "", text).split()) or text
        actions.create_action(
            debrief.period, title=title, owner=owner, due_at=at + NEXT_DAY, by=by, at=at, debrief=debrief
        )


@transaction.atomic
def skip(debrief_id: int, *, reason: str, by: User, at: datetime, via: str = "") -> Debrief:
    """It is not held, for a reason. Raises Invalid without one."""
    debrief = _locked(debrief_id, by, Status.SCHEDULED)
    if not reason.strip():
        raise Invalid({"reason": "Say why it is skipped."})
    debrief.status = Status.SKIPPED
    debrief.save(update_fields=["status"])
    _journal(debrief, "debrief.skipped", by, at, via, reason=reason.strip())
    return debrief


def is_quiet(debrief: Debrief) -> bool:
    """Whether nothing but readings of the clock happened since the last debrief: it may be skipped."""
    entries = JournalEntry.objects.filter(period=debrief.period_id, at__gt=start_of_review(debrief))
    return not entries.exclude(kind__startswith="debrief.").exists()


# --- What they share ----------------------------------------------------------------------------


def _locked_period(period_id: int) -> Period:
    period: Period = Period.objects.locked().select_related("lead").get(pk=period_id)
    if period.status in Period.ENDED:
        raise Refused(f"{period.name} has ended; its debriefs stay as they were.")
    return period


def _locked(debrief_id: int, by: User, wanted: Status) -> Debrief:
    """The debrief with its period held. Raises NotAllowed without the right, AlreadyDone in another state."""
    period = _locked_period(Debrief.objects.values_list("period_id", flat=True).get(pk=debrief_id))
    require_right(by, period, "debriefs.run")
    debrief = Debrief.objects.select_related("writer", "chair").get(pk=debrief_id)
    debrief.period = period
    if debrief.status == wanted:
        return debrief
    if wanted == Status.RUNNING and debrief.status == Status.SCHEDULED:
        raise TransitionRefused(f"Debrief {debrief.number} has not begun. Start it first.")
    raise AlreadyDone(f"Debrief {debrief.number} is {debrief.get_status_display().lower()} already.")


def _journal(debrief: Debrief, kind: str, by: User, at: datetime, via: str, **data: Any) -> None:
    journal.record(
        debrief.period,
        kind,
        by=by,
        at=at,
        via=via,
        subject=f"debrief:{debrief.number}",
        title=f"Debrief {debrief.number}",
        **data,
    )
