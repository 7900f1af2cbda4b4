"""When a person is away, from their own calendar: read, shown with a choice, accepted and undone in one transaction.

What says that it is an absence is suggested; the person decides. Only they see titles; periods hear that they are away.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from contributors.calendars import ics, imports
from contributors.calendars.import_plan import event_key_of
from contributors.models import Absence, CalendarImport, ImportedEvent, Shift
from contributors.shifts import absences
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from periods.journal import journal
from periods.models import Period

AHEAD: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class AbsenceChange:
    """One absence that accepting would make, move (`absence`) or take back."""

    key: str
    summary: str
    start: datetime
    end: datetime
    suggested: bool
    absence: Absence | None = None
    gone: bool = False


@dataclass
class AbsenceImportPlan:
    """What an import of absences would change. `same` counts what is said already."""

    rows: list[AbsenceChange] = field(default_factory=list)
    same: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)


@transaction.atomic
def start(*, data: bytes, source: str, by: User, at: datetime, address: str = "") -> CalendarImport:
    """Read a person's calendar for the year to come; nothing is said by it. Raises Invalid (`file`)."""
    reading = ics.read_calendar(data, window=(at, at + AHEAD), zone=by.zone)
    what = CalendarImport.What.ABSENCES
    draft = CalendarImport(what=what, made_by=by, made_at=at, source=source, source_key=address)
    return imports.store_preview(reading, draft)


def build_plan(draft: CalendarImport, *, at: datetime) -> AbsenceImportPlan:
    """What accepting would change now. Two queries."""
    known = {
        one.key: one.absence
        for one in ImportedEvent.objects.filter(user=draft.made_by_id).select_related("absence")
        if one.absence
    }
    said = absences.absences_by_person([draft.made_by_id], start=at, end=at + AHEAD).get(draft.made_by_id, [])
    plan = AbsenceImportPlan(left=[(one[0], one[1]) for one in draft.left])
    for event in map(ics.occurrence_from_json, draft.found):
        _place(plan, event, known.get(event_key_of(event)), said, at)
    return plan


def _place(
    plan: AbsenceImportPlan, event: ics.Occurrence, there: Absence | None, said: Sequence[Absence], at: datetime
) -> None:
    stands = there is not None and there.cancelled_at is None
    row = AbsenceChange(event_key_of(event), event.summary, event.start, event.end, event.away, there, event.cancelled)
    if event.cancelled:
        if stands:
            plan.rows.append(AbsenceChange(row.key, row.summary, row.start, row.end, True, there, True))
        else:
            plan.left.append((event.summary, "It is cancelled there."))
    elif event.end <= at:
        plan.left.append((event.summary, "It is over."))
    elif event.end - event.start > absences.LONGEST:
        plan.left.append((event.summary, "It lasts more than a year."))
    elif there is not None and not stands:
        plan.left.append((event.summary, "You took it back here since."))
    elif there is not None:
        if (there.starts_at, there.ends_at) == (event.start, event.end):
            plan.same += 1
        else:
            plan.rows.append(AbsenceChange(row.key, row.summary, row.start, row.end, True, there))
    elif any(one.starts_at <= event.start and one.ends_at >= event.end for one in said):
        plan.same += 1
    else:
        plan.rows.append(row)


@transaction.atomic
def accept(
    draft_id: uuid.UUID, keys: Collection[str], *, by: User, at: datetime, via: str = ""
) -> tuple[CalendarImport, int]:
    """Say the chosen absences; how many. One journal entry in each period whose shifts they touch.

    Raises Refused for somebody else's calendar, AlreadyDone, Invalid (`keys`) when nothing is chosen.
    """
    touched = _locked_periods(by, at)
    draft = _own(draft_id, by)
    if draft.accepted_at is not None:
        raise AlreadyDone("This calendar was taken over already.")
    rows = [row for row in build_plan(draft, at=at).rows if row.key in keys]
    if not rows:
        raise Invalid({"keys": "Choose at least one absence."})
    draft.done = _apply(draft, rows, at)
    draft.accepted_at, draft.found = at, []
    draft.save(update_fields=["accepted_at", "done", "found"])
    _journal(draft, touched, "absence.imported", [(row.start, row.end) for row in rows], at, via)
    return draft, len(rows)


@transaction.atomic
def undo(draft_id: uuid.UUID, *, by: User, at: datetime, via: str = "") -> CalendarImport:
    """Take an accepted calendar of absences back. Raises Refused, AlreadyDone."""
    touched = _locked_periods(by, at)
    draft = _own(draft_id, by)
    if draft.accepted_at is None or draft.undone_at is not None:
        raise AlreadyDone("This import was undone already." if draft.undone_at else "This import was not accepted.")
    made = list(Absence.objects.filter(pk__in=draft.done["made"], cancelled_at__isnull=True))
    back = list(Absence.objects.filter(pk__in=draft.done["before"]))
    spans = [(one.starts_at, one.ends_at) for one in (*made, *back)]
    for one in made:
        one.cancelled_at = at
    for one in back:
        one.starts_at, one.ends_at = map(datetime.fromisoformat, draft.done["before"][str(one.pk)])
        one.cancelled_at = None
    Absence.objects.bulk_update([*made, *back], ["starts_at", "ends_at", "cancelled_at"])
    ImportedEvent.objects.filter(absence__in=draft.done["made"]).delete()
    draft.undone_at = at
    draft.save(update_fields=["undone_at"])
    _journal(draft, touched, "absence.unimported", spans, at, via)
    return draft


def _apply(draft: CalendarImport, rows: Sequence[AbsenceChange], at: datetime) -> dict[str, object]:
    changed = [row.absence for row in rows if row.absence]
    before = {str(one.pk): [one.starts_at.isoformat(), one.ends_at.isoformat()] for one in changed}
    for row in rows:
        if row.absence and row.gone:
            row.absence.cancelled_at = at
        elif row.absence:
            row.absence.starts_at, row.absence.ends_at = row.start, row.end
    Absence.objects.bulk_update(changed, ["starts_at", "ends_at", "cancelled_at"])
    new = [row for row in rows if row.absence is None]
    made = Absence.objects.bulk_create(
        Absence(user=draft.made_by, starts_at=row.start, ends_at=row.end, note=row.summary[:120], created_at=at)
        for row in new
    )
    ImportedEvent.objects.bulk_create(
        ImportedEvent(imported=draft, key=row.key, user=draft.made_by, absence=one)
        for row, one in zip(new, made, strict=True)
    )
    return {"made": [one.pk for one in made], "before": before}


def _locked_periods(user: User, at: datetime) -> list[Period]:
    """Open periods in which the person has shifts to come, each locked, in one order; then the person."""
    shifts = Shift.objects.filter(user=user, cancelled_at__isnull=True, ends_at__gt=at)
    keys = shifts.exclude(role__period__status__in=Period.ENDED).values_list("role__period_id", flat=True)
    periods = [Period.objects.locked().get(pk=pk) for pk in sorted(set(keys))]
    User.objects.select_for_update().get(pk=user.pk)
    return periods


def _own(draft_id: uuid.UUID, by: User) -> CalendarImport:
    draft = CalendarImport.objects.select_related("made_by").get(pk=draft_id)
    if draft.made_by_id != by.pk or draft.what != CalendarImport.What.ABSENCES:
        raise Refused("Only the person whose calendar it is can do that.")
    return draft


def _journal(
    draft: CalendarImport,
    periods: Sequence[Period],
    kind: str,
    spans: Sequence[tuple[datetime, datetime]],
    at: datetime,
    via: str,
) -> None:
    """One entry in each period with shifts in these times; titles stay with the person."""
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    person = draft.made_by
    for period in periods:
        mine = Shift.objects.filter(
            role__period=period, user=person, cancelled_at__isnull=True, starts_at__lt=last, ends_at__gt=first
        )
        missed = sum(any(start < shift.ends_at and end > shift.starts_at for start, end in spans) for shift in mine)
        if missed:
            journal.record(
                period,
                kind,
                by=person,
                at=at,
                via=via,
                subject=f"batch:{draft.pk}",
                user=person.pk,
                person=person.name,
                title=person.name,
                starts_at=first.isoformat(),
                ends_at=last.isoformat(),
                shifts=missed,
            )
