"""Shifts from the calendar of another program: read, shown, accepted in one transaction, undone in one.

What was read is kept as a row, so that the preview and what is accepted come from the same bytes, whatever the address
answers later. A calendar is known again by its address or name, its events by their UID.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from contributors.calendars import ics, import_plan
from contributors.calendars.import_plan import ShiftImportChange, ShiftImportPlan
from contributors.models import CalendarImport, ImportedEvent, Role, Shift
from contributors.people import eligibility
from contributors.people import members as people_members
from contributors.shifts import roster
from contributors.shifts.change_summary import ChangedTime, summarize_changes
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from periods.access.access import require_right
from periods.journal import journal
from periods.models import Period

DRAFTS_KEPT: Final = timedelta(days=1)


@transaction.atomic
def start(
    period_id: int,
    *,
    role: Role,
    data: bytes,
    source: str,
    by: User,
    at: datetime,
    kind: str = Shift.Kind.PRIMARY,
    address: str = "",
) -> CalendarImport:
    """Read a calendar of shifts for a role and keep what was understood; nothing is planned by it.

    Raises NotAllowed, Refused for a period that has ended, Invalid (`file`, `role`, `kind`).
    """
    period = people_members.lock_open_period(period_id)
    require_right(by, period, "shifts.manage")
    if role.period_id != period.pk:
        raise Invalid({"role": f"{role} is not a role of {period.name}."})
    if kind not in Shift.Kind.values:
        raise Invalid({"kind": f"“{kind}” is not a kind of shift. Choose primary or deputy."})
    reading = ics.read_calendar(data, window=roster.roster_window(period), zone=period.zone)
    return store_preview(
        reading,
        CalendarImport(
            what=CalendarImport.What.SHIFTS,
            period=period,
            role=role,
            kind=kind,
            made_by=by,
            made_at=at,
            source=source,
            source_key=address,
        ),
    )


def store_preview(reading: ics.ParsedCalendar, draft: CalendarImport) -> CalendarImport:
    """Write what was read, in the caller's transaction; older previews of the same person go."""
    old = CalendarImport.objects.filter(made_by=draft.made_by, accepted_at__isnull=True)
    old.filter(made_at__lt=draft.made_at - DRAFTS_KEPT).delete()
    identity = draft.source_key or reading.name or draft.source
    draft.source_key = hashlib.sha256(identity.encode()).hexdigest()
    draft.source = " · ".join(dict.fromkeys(text for text in (reading.maker, reading.name or draft.source) if text))[
        :200
    ]
    draft.found = [one.as_json() for one in reading.found]
    draft.left, draft.notes = [list(one) for one in reading.left], reading.notes
    draft.save(force_insert=True)
    return draft


@transaction.atomic
def choose(draft_id: uuid.UUID, people: Mapping[str, int], *, by: User) -> CalendarImport:
    """Say who is meant by names that nobody has; 0 leaves a name out. Raises Invalid (`people`), AlreadyDone."""
    draft = _locked(draft_id, by)
    period = _period(draft)
    members = set(people_members.members_of(period.pk).values_list("user", flat=True))
    if any(chosen and chosen not in members for chosen in people.values()):
        raise Invalid({"people": f"Choose people of {period.name}. Add others to the period first."})
    if len(people) > ics.MOST_FOUND or any(len(name) > 254 for name in people):
        raise Invalid({"people": "Choose for names that stand in the calendar."})
    draft.people = {**draft.people, **people}
    draft.save(update_fields=["people"])
    return draft


@transaction.atomic
def accept(
    draft_id: uuid.UUID, *, version: int, by: User, at: datetime, drop_missing: bool = True, via: str = ""
) -> tuple[CalendarImport, ShiftImportPlan]:
    """Put what the preview showed in the plan, all of it or nothing; one journal entry.

    `drop_missing` also cancels shifts that came from an earlier export of this calendar and are no longer in it.
    Raises NotAllowed, AlreadyDone, Refused when the plan has changed since the preview or nothing is to be done.
    """
    draft = _locked(draft_id, by)
    period = _period(draft)
    if period.journal_seq != version:
        raise Refused("The plan has changed since this was shown. Look at it again first.")
    plan = import_plan.build_plan(draft, at=at)
    if not drop_missing:
        plan.missing = []
    if plan.empty:
        raise Refused("There is nothing to put in the plan.")
    draft.done = _apply(draft, plan, at)
    draft.accepted_at, draft.found = at, []
    draft.save(update_fields=["accepted_at", "done", "found"])
    gone = [*plan.gone, *plan.missing]
    new = [(one.piece.user.pk, one.piece.start, one.piece.end) for one in plan.changes]
    _journal(draft, period, "shift.imported", new, _times(gone), by, at, via)
    return draft, plan


@transaction.atomic
def undo(draft_id: uuid.UUID, *, by: User, at: datetime, via: str = "") -> CalendarImport:
    """Take an accepted calendar back: what it made is cancelled, what it moved or cancelled is as before.

    Raises NotAllowed, AlreadyDone, Refused when shifts of it have begun or were changed since.
    """
    draft = CalendarImport.objects.select_related("role").get(pk=draft_id)
    period = _period(draft)
    require_right(by, period, "shifts.manage")
    draft.refresh_from_db()
    if draft.accepted_at is None or draft.undone_at is not None:
        raise AlreadyDone("This import was undone already." if draft.undone_at else "This import was not accepted.")
    made, back = _restored(draft, at)
    ImportedEvent.objects.filter(shift__in=made).delete()
    _known_again(draft, back)
    draft.undone_at = at
    draft.save(update_fields=["undone_at"])
    _journal(draft, period, "shift.unimported", _times(back), _times(made), by, at, via)
    return draft


def recent_imports(period: Period) -> list[CalendarImport]:
    """The newest accepted imports of a period."""
    found = CalendarImport.objects.filter(period=period, accepted_at__isnull=False).defer("found", "left", "done")
    return list(found.select_related("role", "made_by").order_by("-accepted_at")[:10])


# --- Writing ------------------------------------------------------------------------------------


def _apply(draft: CalendarImport, plan: ShiftImportPlan, at: datetime) -> dict[str, Any]:
    """Write the plan; what must be known to take it back."""
    before = {
        str(shift.pk): [shift.starts_at.isoformat(), shift.ends_at.isoformat()]
        for shift in (*(one.shift for one in plan.moved if one.shift), *plan.gone, *plan.missing)
    }
    for shift in (*plan.gone, *plan.missing):
        shift.cancelled_at = at
        shift.revision += 1
    for change in plan.moved:
        if change.shift:
            change.shift.starts_at, change.shift.ends_at = change.piece.start, change.piece.end
            change.shift.warnings = list(change.warnings)
            change.shift.revision += 1
    moved = [one.shift for one in plan.moved if one.shift]
    Shift.objects.bulk_update(
        [*moved, *plan.gone, *plan.missing], ["starts_at", "ends_at", "cancelled_at", "revision", "warnings"]
    )
    made = Shift.objects.bulk_create(_shift(draft, change) for change in plan.made)
    forgotten = _remember(draft, plan, made)
    revisions = {str(shift.pk): shift.revision for shift in (*made, *moved, *plan.gone, *plan.missing)}
    return {"made": [shift.pk for shift in made], "before": before, "revisions": revisions, "events": forgotten}


def _shift(draft: CalendarImport, change: ShiftImportChange) -> Shift:
    return Shift(
        role=draft.role,
        user=change.piece.user,
        kind=draft.kind,
        starts_at=change.piece.start,
        ends_at=change.piece.end,
        batch=draft.pk,
        warnings=list(change.warnings),
    )


def _remember(draft: CalendarImport, plan: ShiftImportPlan, made: Sequence[Shift]) -> list[list[Any]]:
    """Which event each shift came from, for the next export; what was known of those that go."""
    keys = [change.piece.key for change in (*plan.made, *plan.moved)]
    rows = [(change.piece.key, shift) for change, shift in zip(plan.made, made, strict=True)]
    rows += [(change.piece.key, change.shift) for change in plan.moved if change.shift]
    gone = [shift.pk for shift in (*plan.gone, *plan.missing)]
    past = ImportedEvent.objects.filter(role=draft.role, shift__in=gone)
    forgotten = [list(row) for row in past.values_list("key", "shift_id", "imported_id")]
    past.delete()
    ImportedEvent.objects.filter(role=draft.role, key__in=keys).delete()
    ImportedEvent.objects.bulk_create(
        ImportedEvent(imported=draft, key=key, role=draft.role, shift=shift, revision=shift.revision)
        for key, shift in rows
    )
    return [[key, shift_id, str(imported)] for key, shift_id, imported in forgotten]


def _restored(draft: CalendarImport, at: datetime) -> tuple[list[Shift], list[Shift]]:
    """Cancel what was made and put back what was changed; both lists of shifts."""
    revisions: dict[str, int] = draft.done["revisions"]
    shifts = {shift.pk: shift for shift in Shift.objects.filter(pk__in=revisions).select_related("role", "user")}
    if any(shift.revision != revisions[str(shift.pk)] for shift in shifts.values()):
        raise Refused("Shifts of this import were changed since. Change the others one by one.")
    able = eligibility.eligible_ids(draft.period_id) if draft.period_id else set()
    made = [shifts[pk] for pk in draft.done["made"] if pk in shifts]
    if any(shift.starts_at <= at for shift in made):
        raise Refused("Shifts of this import have begun. Cancel those to come one by one.")
    back = [shifts[int(pk)] for pk in draft.done["before"] if int(pk) in shifts]
    for shift in made:
        shift.cancelled_at = at
    for shift in back:
        start, end = draft.done["before"][str(shift.pk)]
        shift.starts_at, shift.ends_at, shift.cancelled_at = *map(datetime.fromisoformat, (start, end)), None
    for shift in shifts.values():
        shift.revision += 1
    Shift.objects.bulk_update(shifts.values(), ["starts_at", "ends_at", "cancelled_at", "revision"])
    for shift in back:
        if shift.user_id not in able:
            raise Refused(
                f"A shift of {shift.user} would come back, who can no longer be on duty. Change the plan by hand."
            )
        twin = roster.standing_shifts(shift.starts_at, shift.ends_at).filter(role=shift.role, user=shift.user_id)
        if twin.exclude(pk=shift.pk).exists():
            raise Refused(f"{shift.user} has another shift at a time that would come back. Change the plan by hand.")
    return made, back


def _known_again(draft: CalendarImport, back: Sequence[Shift]) -> None:
    """What came back is changed by the next export of its calendar again."""
    revisions = {shift.pk: shift.revision for shift in back}
    ImportedEvent.objects.bulk_create(
        ImportedEvent(key=key, role=draft.role, shift_id=pk, imported_id=imported, revision=revisions[pk])
        for key, pk, imported in draft.done["events"]
        if pk in revisions
    )
    for pk, revision in revisions.items():
        ImportedEvent.objects.filter(shift=pk).update(revision=revision)


def _locked(draft_id: uuid.UUID, by: User) -> CalendarImport:
    """A preview, its period's row held. Raises NotAllowed, AlreadyDone."""
    draft = CalendarImport.objects.select_related("role").get(pk=draft_id)
    period = _period(draft)
    require_right(by, period, "shifts.manage")
    draft.refresh_from_db(fields=["accepted_at", "people"])
    if draft.accepted_at is not None:
        raise AlreadyDone("This calendar was put in the plan already.")
    return draft


def _period(draft: CalendarImport) -> Period:
    if draft.period_id is None:
        raise Refused("This is not a calendar of shifts.")
    draft.period = people_members.lock_open_period(draft.period_id)
    return draft.period


def _times(shifts: Iterable[Shift]) -> list[ChangedTime]:
    return [(shift.user_id, shift.starts_at, shift.ends_at) for shift in shifts]


def _journal(
    draft: CalendarImport,
    period: Period,
    kind: str,
    changed: Sequence[ChangedTime],
    gone: Sequence[ChangedTime],
    by: User,
    at: datetime,
    via: str,
) -> None:
    count = len(changed) + len(gone)
    journal.record(
        period,
        kind,
        by=by,
        at=at,
        via=via,
        subject=f"batch:{draft.pk}",
        source=draft.source,
        count=count,
        title=f"{count} shift{'s' if count != 1 else ''} from {draft.source}",
        **summarize_changes(changed, gone),
        cancelled=len(gone) if kind == "shift.imported" else 0,
    )
