"""Rotations as rows: the shifts to come are made from them, and made anew when they change.

What was worked, fixed shifts and overrides stay. A shift that is the same before and after keeps its row, and so
its identity in calendars; one that only ends at another time is changed in place. One journal entry says whose
shifts changed, whatever their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from django.db import transaction
from django.db.models import Prefetch

from contributors.models import Override, Role, Rotation, RotationTurn, Shift
from contributors.people import eligibility, members
from contributors.shifts import intervals, requirements, roster, rotation_checks, rotation_rules
from contributors.shifts.change_summary import summarize_changes
from contributors.shifts.rotation_rules import RotationLayer, RotationSite, Turn
from hypercare.exceptions import AlreadyDone, Invalid
from hypercare.models import User
from periods.access.access import require_right
from periods.journal import journal
from periods.models import Period

MOST_PEOPLE: Final = 200
MOST_SHIFTS: Final = 5000
WITH_PEOPLE: Final = Prefetch("turns", RotationTurn.objects.select_related("user").order_by("position"))


@dataclass(frozen=True)
class RotationSpec:
    """What somebody asks a rotation to be. With `follows_the_sun` people take over in the morning of their own zone."""

    role: Role
    name: str
    people: tuple[User, ...]
    first_on: date
    hand_off_at: time
    zone_name: str
    every: int = 1
    unit: str = "days"
    layer: int = 1
    kind: str = Shift.Kind.PRIMARY
    until_at: datetime | None = None
    hours: tuple[Mapping[str, Any], ...] = ()
    follows_the_sun: bool = False


@dataclass
class ShiftChanges:
    """What making the shifts anew does."""

    made: list[Shift] = field(default_factory=list)
    moved: list[Shift] = field(default_factory=list)
    gone: list[Shift] = field(default_factory=list)


# --- Changing -----------------------------------------------------------------------------------


@transaction.atomic
def save(spec: RotationSpec, *, by: User, at: datetime, rotation_id: int | None = None, via: str = "") -> Rotation:
    """Make a rotation, or change one, and with it the shifts to come. Raises Invalid, NotAllowed, Refused.

    Its past stays: shifts are made from `at` on, and one that runs then is left to end as it was planned. What a limit
    that blocks forbids is refused (`people`), turns of somebody who is away among it; what warns is a finding.
    """
    period = _open(spec.role.period_id, by)
    check_spec(spec, period)
    rotation = _store(spec, rotation_id, at)
    changes = remake_shifts(period, spec.role, at)
    rotation_checks.require_fit(period, [*changes.made, *changes.moved])
    _journal(period, rotation, "rotation.saved", changes, by, at, via)
    return rotation


@transaction.atomic
def end(rotation_id: int, *, by: User, at: datetime, via: str = "") -> Rotation:
    """Take a rotation out of the plan; its coming shifts go with it. Raises AlreadyDone for a second time."""
    rotation = Rotation.objects.select_related("role").get(pk=rotation_id)
    period = _open(rotation.role.period_id, by)
    rotation.refresh_from_db(fields=["ended_at"])
    if rotation.ended_at is not None:
        raise AlreadyDone(f"{rotation} was taken out of the plan already.")
    rotation.ended_at = at
    rotation.save(update_fields=["ended_at"])
    changes = remake_shifts(period, rotation.role, at)
    _journal(period, rotation, "rotation.ended", changes, by, at, via)
    return rotation


def preview_turns(spec: RotationSpec, period: Period, *, start: datetime, end: datetime) -> list[Turn]:
    """Who would be on by this rotation alone. Raises Invalid for one that cannot stand."""
    check_spec(spec, period)
    return rotation_rules.expand_turns(layer_of(spec), start, end)


def standing_rotations(period: Period) -> list[Rotation]:
    """The rotations of a period by role and layer, people loaded in their order. Two queries."""
    found = Rotation.objects.filter(role__period=period, ended_at__isnull=True).select_related("role")
    return list(found.order_by("role__position", "role_id", "kind", "layer", "id").prefetch_related(WITH_PEOPLE))


def _open(period_id: int, by: User) -> Period:
    period = members.lock_open_period(period_id)
    require_right(by, period, "shifts.manage")
    return period


# --- Checking -----------------------------------------------------------------------------------


def check_spec(spec: RotationSpec, period: Period) -> None:
    """Raise Invalid, each problem beside its field."""
    errors: dict[str, str | Iterable[str]] = {}
    if not 0 < len(spec.name.strip()) <= 60:
        errors["name"] = "Name the rotation in 1 to 60 characters."
    if spec.role.period_id != period.pk:
        errors["role"] = f"{spec.role} is not a role of {period.name}."
    if spec.zone_name not in available_timezones():
        raise Invalid({"zone_name": f"“{spec.zone_name}” is not a time zone. Use one such as Europe/Copenhagen."})
    if spec.kind not in Shift.Kind.values:
        errors["kind"] = f"“{spec.kind}” is not a kind of shift. Choose primary or deputy."
    if len(spec.people) > MOST_PEOPLE:
        errors["people"] = f"Name {MOST_PEOPLE} people at most."
    elif refusals := _refusals(spec.people, period):
        errors["people"] = refusals
    errors.update(rotation_rules.find_problems(layer_of(spec)))
    if errors:
        raise Invalid(errors)


def _refusals(people: Sequence[User], period: Period) -> list[str]:
    """Why some of them can't be on duty, a sentence each."""
    able = eligibility.eligible_ids(period)
    return [eligibility.explain_ineligible(user, period) for user in dict.fromkeys(people) if user.pk not in able]


def layer_of(spec: RotationSpec) -> RotationLayer:
    """The rotation as pure data. People of one zone are one site; sites come in the order people are named."""
    sites: dict[str, list[int]] = {}
    for user in spec.people if spec.follows_the_sun else ():
        sites.setdefault(user.timezone, []).append(user.pk)
    return RotationLayer(
        people=tuple(user.pk for user in spec.people),
        first=spec.first_on,
        at=spec.hand_off_at,
        zone=ZoneInfo(spec.zone_name),
        every=spec.every,
        unit=spec.unit,
        until=spec.until_at,
        hours=tuple(requirements.hours_of(row) for row in spec.hours),
        sites=tuple(RotationSite(ZoneInfo(zone), spec.hand_off_at, tuple(people)) for zone, people in sites.items()),
    )


# --- Rows ---------------------------------------------------------------------------------------


def _store(spec: RotationSpec, rotation_id: int | None, at: datetime) -> Rotation:
    fields: dict[str, Any] = {
        "role": spec.role,
        "name": spec.name.strip(),
        "layer": spec.layer,
        "kind": spec.kind,
        "every": spec.every,
        "unit": spec.unit,
        "first_on": spec.first_on,
        "hand_off_at": spec.hand_off_at,
        "zone_name": spec.zone_name,
        "until_at": spec.until_at,
        "hours": [dict(row) for row in spec.hours],
        "sites": [{"zone": str(site.zone)} for site in layer_of(spec).sites],
    }
    if rotation_id is None:
        rotation = Rotation.objects.create(**fields, created_at=at)
    else:
        rotation = Rotation.objects.get(pk=rotation_id, role__period=spec.role.period_id, ended_at__isnull=True)
        for name, value in fields.items():
            setattr(rotation, name, value)
        rotation.save(update_fields=list(fields))
        rotation.turns.all().delete()
    RotationTurn.objects.bulk_create(
        RotationTurn(rotation=rotation, position=n, user=user) for n, user in enumerate(spec.people, 1)
    )
    return rotation


def layer_of_row(rotation: Rotation) -> RotationLayer:
    """A stored rotation as pure data; its people are loaded."""
    return layer_of(spec_of(rotation))


def spec_of(rotation: Rotation) -> RotationSpec:
    """A stored rotation as it was asked for; its people are loaded."""
    turns = sorted(rotation.turns.all(), key=lambda turn: turn.position)
    return RotationSpec(
        role=rotation.role,
        name=rotation.name,
        people=tuple(turn.user for turn in turns),
        first_on=rotation.first_on,
        hand_off_at=rotation.hand_off_at,
        zone_name=rotation.zone_name,
        every=rotation.every,
        unit=rotation.unit,
        layer=rotation.layer,
        kind=rotation.kind,
        until_at=rotation.until_at,
        hours=tuple(rotation.hours),
        follows_the_sun=bool(rotation.sites),
    )


def remake_shifts(period: Period, role: Role, at: datetime) -> ShiftChanges:
    """Bring the coming shifts of a role's rotations in line with them. Nine statements, however many shifts.

    The caller holds the period's row and writes the journal entry (`changes_as_json`).
    """
    begin, finish = roster.roster_window(period)
    start = max(begin, at)
    wanted = _wanted(role, start, finish)
    if len(wanted) > MOST_SHIFTS:
        raise Invalid({"every": f"This makes {len(wanted)} shifts; {MOST_SHIFTS} is the most. Choose longer turns."})
    changes = _differences(role, wanted, start)
    for shift in changes.gone:
        shift.cancelled_at = at
    for shift in (*changes.moved, *changes.gone):
        shift.revision += 1
    Shift.objects.bulk_update(
        (*changes.moved, *changes.gone), ["starts_at", "ends_at", "cancelled_at", "revision"], batch_size=MOST_SHIFTS
    )
    Shift.objects.bulk_create(changes.made, batch_size=MOST_SHIFTS)
    return changes


class WantedShift(NamedTuple):
    """A turn that is to be a shift; `early` is how long before its hand-off the person begins."""

    rotation_id: int
    kind: str
    turn: Turn
    early: timedelta = timedelta(0)


def _wanted(role: Role, start: datetime, end: datetime) -> list[WantedShift]:
    """What the rotations say, layer over layer, less what overrides set aside.

    The turns of somebody who can't be on duty stay empty, so that nobody else's move: a gap, until the rotation is
    changed.
    """
    rows = list(
        Rotation.objects.filter(role=role, ended_at__isnull=True)
        .select_related("role")
        .prefetch_related(WITH_PEOPLE)
        .order_by("layer", "id")
    )
    able = eligibility.eligible_ids(role.period_id)
    aside = list(Override.objects.filter(role=role, ends_at__gt=start, starts_at__lt=end))
    found: list[WantedShift] = []
    for kind in Shift.Kind.values:
        layers = [row for row in rows if row.kind == kind]
        for row, turns in zip(
            layers, rotation_rules.stack_layers([layer_of_row(row) for row in layers], start, end), strict=True
        ):
            found += [
                WantedShift(row.pk, kind, turn)
                for turn in _less(turns, [one for one in aside if one.duty == kind])
                if turn.person in able
            ]
    # Read again: the role was loaded before the period's row was held.
    overlap = timedelta(minutes=Role.objects.values_list("overlap_minutes", flat=True).get(pk=role.pk))
    return _meeting(found, overlap) if overlap else found


def _meeting(found: Sequence[WantedShift], overlap: timedelta) -> list[WantedShift]:
    """Where somebody hands over to somebody else, the next person begins earlier, though not before the other did."""
    before = {(one.kind, one.turn.end): one.turn for one in found}
    return [
        one._replace(early=min(overlap, there.end - there.start))
        if (there := before.get((one.kind, one.turn.start))) and there.person != one.turn.person
        else one
        for one in found
    ]


def _less(turns: Sequence[Turn], aside: Sequence[Override]) -> list[Turn]:
    """Turns without the time their own holder is replaced or taken out."""
    if not aside:
        return list(turns)
    spans: dict[int, list[intervals.Span]] = {}
    for one in aside:
        spans.setdefault(one.instead_of_id, []).append((one.starts_at, one.ends_at))
    busy = {user: intervals.union(held) for user, held in spans.items()}
    return [part for turn in turns for part in rotation_rules.subtract_busy([turn], busy.get(turn.person, []))]


def _differences(role: Role, wanted: Sequence[WantedShift], start: datetime) -> ShiftChanges:
    """Compare with the standing shifts of rotations that have not begun; a running one keeps its own end."""
    rows = list(
        Shift.objects.filter(role=role, rotation__isnull=False, cancelled_at__isnull=True, ends_at__gt=start)
        .select_related("role")
        .order_by("starts_at", "id")
    )
    changes = ShiftChanges()
    running = [row for row in rows if row.starts_at < start]
    coming = {(row.user_id, row.kind, row.starts_at): row for row in rows if row.starts_at >= start}
    for one in wanted:
        _place(changes, role, one, start, running, coming)
    changes.gone += coming.values()
    return changes


def _place(
    changes: ShiftChanges,
    role: Role,
    wanted: WantedShift,
    start: datetime,
    running: Sequence[Shift],
    coming: dict[tuple[int, str, datetime], Shift],
) -> None:
    """Keep, move or make the shift of one turn; the time of a running shift stays with its holder."""
    rotation_id, kind, turn, early = wanted
    begin = max([turn.start, *(row.ends_at for row in running if row.kind == kind and row.ends_at > turn.start)])
    if begin >= turn.end:
        return
    if begin == turn.start:
        begin = max(start, begin - early)
    there = coming.pop((turn.person, kind, begin), None)
    if there is None:
        changes.made.append(
            Shift(role=role, user_id=turn.person, kind=kind, starts_at=begin, ends_at=turn.end, rotation_id=rotation_id)
        )
    elif there.ends_at != turn.end:
        there.ends_at = turn.end
        changes.moved.append(there)


def _journal(
    period: Period, rotation: Rotation, kind: str, changes: ShiftChanges, by: User, at: datetime, via: str
) -> None:
    journal.record(
        period,
        kind,
        by=by,
        at=at,
        via=via,
        subject=f"rotation:{rotation.pk}",
        title=rotation.name,
        role=rotation.role.name,
        **changes_as_json(changes),
    )


def changes_as_json(changes: ShiftChanges) -> dict[str, Any]:
    """What a journal entry says about shifts that were made anew."""
    times = [
        [(shift.user_id, shift.starts_at, shift.ends_at) for shift in shifts]
        for shifts in ((*changes.made, *changes.moved), changes.gone)
    ]
    return {
        "made": len(changes.made),
        "moved": len(changes.moved),
        "cancelled": len(changes.gone),
        **summarize_changes(*times),
    }
