"""The duty roles of a period: made by hand, or as the risk of the release suggests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import available_timezones

from django.db import transaction
from django.db.models import Max

from contributors.models import Role
from contributors.shifts import requirements, rotation_store
from hypercare.exceptions import Invalid, Refused
from hypercare.models import User
from periods.access.access import require_right
from periods.calendar import wallclock
from periods.journal import journal
from periods.models import Period
from periods.planning import complexity, planning
from periods.template_files.checklist import ROLES
from periods.template_files.content import RolePlan

LONGEST_NAME: Final = 60
MOST_PEOPLE: Final = 50
LONGEST_OVERLAP: Final = 120  # minutes
ENGINEERING, SUPPORT, LEAD, VENDOR = "Engineering on call", "Support desk", "Hypercare lead", "Vendor contact"


@dataclass(frozen=True, slots=True)
class SuggestedRole:
    """A role to be: its cover holds up to `last_day` (None is the end of the period), then what `later` says."""

    name: str
    code: str
    cover: str
    last_day: int | None = None
    answers_pages: bool = False
    required: bool = True
    later: tuple[tuple[str, int | None], ...] = ()


def suggest_roles(found: complexity.Recommendation) -> list[SuggestedRole]:
    """The duties a recommendation asks for: engineering and support as closely as the band says, phase by phase."""
    first, *others = found.coverage
    later = tuple((phase.pattern, phase.last_day) for phase in others)
    duties = [
        SuggestedRole(ENGINEERING, "EN", first.pattern, first.last_day, answers_pages=True, later=later),
        SuggestedRole(SUPPORT, "SU", first.pattern, first.last_day, later=later),
        SuggestedRole(LEAD, "HL", "business"),
    ]
    depends = any(part.key == "vendor_dependency" and part.answer for part in found.contributions)
    return [*duties, SuggestedRole(VENDOR, "VN", "none", required=False)] if depends else duties


@transaction.atomic
def add_role(
    period_id: int,
    *,
    name: str,
    by: User,
    at: datetime,
    code: str = "EN",
    cover: str = "business",
    cover_until: datetime | None = None,
    headcount: int = 1,
    required: bool = True,
    answers_pages: bool = False,
    later_phases: Iterable[Mapping[str, Any]] = (),
    via: str = "",
) -> Role:
    """One more duty; the first that answers pages keeps doing so. Raises Invalid, NotAllowed, Refused."""
    period = _open_period(period_id, by)
    name = " ".join(name.split())
    _check(period, name, code, cover, headcount)
    roles = Role.objects.filter(period=period)
    role = Role.objects.create(
        period=period,
        position=(roles.aggregate(last=Max("position"))["last"] or 0) + 1,
        name=name,
        code=code,
        cover=cover,
        cover_until=cover_until,
        headcount=headcount,
        required=required,
        later_phases=[dict(row) for row in later_phases],
        answers_pages=answers_pages and not roles.filter(answers_pages=True).exists(),
    )
    journal.record(
        period,
        "role.added",
        by=by,
        at=at,
        via=via,
        subject=f"role:{role.pk}",
        title=role.name,
        cover=cover,
        required=required,
    )
    return role


@transaction.atomic
def add_suggested_roles(period_id: int, *, by: User, at: datetime, via: str = "") -> list[Role]:
    """The duties that the plan's cover asks for and that are not there yet.

    Raises Refused before the risk questions are answered, and what `add_role` raises.
    """
    recommended = planning.chosen_recommendation(_open_period(period_id, by))
    if recommended is None:
        raise Refused("The risk questions are not answered, so nothing is suggested. Answer them first.")
    return add_missing_roles(period_id, suggest_roles(recommended), by=by, at=at, via=via)


@transaction.atomic
def add_missing_roles(
    period_id: int, duties: Iterable[SuggestedRole], *, by: User, at: datetime, via: str = ""
) -> list[Role]:
    """The duties that are not there yet, by name. Raises what `add_role` raises."""
    period = _open_period(period_id, by)
    there = set(Role.objects.filter(period=period).values_list("name", flat=True))
    return [
        add_role(
            period_id,
            name=duty.name,
            code=duty.code,
            cover=duty.cover,
            cover_until=_until(period, duty.last_day),
            later_phases=_later(period, duty),
            required=duty.required,
            answers_pages=duty.answers_pages,
            by=by,
            at=at,
            via=via,
        )
        for duty in duties
        if duty.name not in there
    ]


def _later(period: Period, duty: SuggestedRole) -> list[dict[str, Any]]:
    """The phases after the first that begin within the period, as a role keeps them."""
    rows, until = [], _until(period, duty.last_day)
    for cover, last_day in duty.later:
        if until is None:
            break
        until = _until(period, last_day)
        rows.append({"cover": cover, "until": until.isoformat() if until else None})
    return rows


def _until(period: Period, last_day: int | None) -> datetime | None:
    """Midnight after a phase's last day, where that is before the end."""
    if last_day is None:
        return None
    day = wallclock.local_day(period.go_live_at, period.zone) + timedelta(days=last_day)
    until = wallclock.instant(day, time(0), period.zone)
    return until if until < period.ends_at else None


def _open_period(period_id: int, by: User) -> Period:
    period: Period = Period.objects.locked().get(pk=period_id)
    require_right(by, period, "members.manage")
    if period.status in Period.ENDED:
        raise Refused(f"{period.name} has ended; its people and shifts stay as they were.")
    return period


def _check(period: Period, name: str, code: str, cover: str, headcount: int) -> None:
    errors: dict[str, str | Iterable[str]] = {}
    if not 0 < len(name) <= LONGEST_NAME:
        errors["name"] = f"Name the duty in 1 to {LONGEST_NAME} characters."
    elif Role.objects.filter(period=period, name=name).exists():
        errors["name"] = f"There is a duty called {name} already."
    if code not in ROLES:
        errors["code"] = f"“{code}” is not an owner code. Use {', '.join(ROLES)}."
    if cover not in Role.Cover.values:
        errors["cover"] = f"“{cover}” is not a kind of cover. Use {', '.join(Role.Cover.values)}."
    if not 0 < headcount <= MOST_PEOPLE:
        errors["headcount"] = f"Give a number from 1 to {MOST_PEOPLE}."
    if errors:
        raise Invalid(errors)


# --- Duties of a template -----------------------------------------------------------------------


def planned_roles(period: Period) -> list[RolePlan]:
    """The duties of a period as a template keeps them: without people, cover counted in days."""
    go_live_day = wallclock.local_day(period.go_live_at, period.zone)
    with_deputy = set(period.memberships.filter(left_at__isnull=True, is_deputy=True).values_list("role_id", flat=True))
    return [
        RolePlan(
            role.name,
            role.code if role.code in ROLES else "EN",
            role.cover,
            _last_day(role, period, go_live_day),
            role.headcount,
            role.required,
            role.pk in with_deputy,
            role.answers_pages,
        )
        for role in Role.objects.filter(period=period).order_by("position", "id")
    ]


def _last_day(role: Role, period: Period, go_live_day: date) -> int | None:
    if role.cover_until is None:
        return None
    return max(1, (wallclock.local_day(role.cover_until, period.zone) - go_live_day).days)


@transaction.atomic
def add_planned_roles(
    period_id: int, roles: Iterable[RolePlan], *, by: User, at: datetime, via: str = ""
) -> list[Role]:
    """Make the duties of a template that are not there yet, by name. Raises what `add_role` raises."""
    period = _open_period(period_id, by)
    there = set(Role.objects.filter(period=period).values_list("name", flat=True))
    return [
        add_role(
            period_id,
            name=role.name,
            code=role.code,
            cover=role.cover,
            cover_until=_until(period, role.until_day),
            headcount=role.people,
            required=role.required,
            answers_pages=role.answers_pages,
            by=by,
            at=at,
            via=via,
        )
        for role in roles
        if role.name not in there
    ]


@dataclass(frozen=True, slots=True)
class CoverSpec:
    """The whole requirement of a role, as `change_cover` sets it."""

    cover: str
    headcount: int
    cover_until: datetime | None = None
    later_phases: tuple[Mapping[str, Any], ...] = ()
    week: tuple[Mapping[str, Any], ...] = ()
    headcount_on: Mapping[str, int] = field(default_factory=dict)
    zone_name: str = ""
    country: str = ""
    on_call: bool = False
    needs_deputy: bool = False
    swaps_need_lead: bool = False
    overlap_minutes: int = 0


@transaction.atomic
def change_cover(role_id: int, wanted: CoverSpec, *, by: User, at: datetime, via: str = "") -> Role:
    """Change when a role must be covered and by how many. Raises Invalid, NotAllowed, Refused.

    Shifts stay, but for the coming ones of rotations when people are to meet for another while at hand-offs.
    """
    period = _open_period(Role.objects.values_list("period_id", flat=True).get(pk=role_id), by)
    role = Role.objects.get(pk=role_id)
    if errors := _cover_problems(wanted):
        raise Invalid(errors)
    before = {name: getattr(role, name) for name in ("cover", "headcount", "overlap_minutes")}
    fields = {
        "cover": wanted.cover,
        "headcount": wanted.headcount,
        "cover_until": wanted.cover_until,
        "later_phases": [dict(row) for row in wanted.later_phases],
        "week": [dict(row) for row in wanted.week],
        "headcount_on": dict(wanted.headcount_on),
        "zone_name": wanted.zone_name,
        "country": wanted.country,
        "on_call": wanted.on_call,
        "needs_deputy": wanted.needs_deputy,
        "swaps_need_lead": wanted.swaps_need_lead,
        "overlap_minutes": wanted.overlap_minutes,
    }
    for name, value in fields.items():
        setattr(role, name, value)
    role.save(update_fields=list(fields))
    journal.record(
        period,
        "role.changed",
        by=by,
        at=at,
        via=via,
        subject=f"role:{role.pk}",
        title=role.name,
        cover=role.cover,
        headcount=role.headcount,
        overlap_minutes=role.overlap_minutes,
        before=before,
        **_remade(period, role, before, at),
    )
    return role


def _remade(period: Period, role: Role, before: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Whose shifts change because people meet for longer or shorter, for the journal."""
    if role.overlap_minutes == before["overlap_minutes"]:
        return {}
    return rotation_store.changes_as_json(rotation_store.remake_shifts(period, role, at))


def _cover_problems(wanted: CoverSpec) -> dict[str, str]:
    errors: dict[str, str] = {}
    if wanted.cover not in Role.Cover.values:
        errors["cover"] = f"“{wanted.cover}” is not a kind of cover. Use {', '.join(Role.Cover.values)}."
    if not 0 < wanted.headcount <= MOST_PEOPLE:
        errors["headcount"] = f"Give a number from 1 to {MOST_PEOPLE}."
    if not 0 <= wanted.overlap_minutes <= LONGEST_OVERLAP:
        errors["overlap_minutes"] = f"Give 0 to {LONGEST_OVERLAP} minutes."
    uses_week = Role.Cover.CUSTOM in (wanted.cover, *(row["cover"] for row in wanted.later_phases))
    if uses_week and not wanted.week:
        errors["week"] = "Write the hours of the week, such as Mon-Fri 08:00-20:00 2."
    if wanted.later_phases and wanted.cover_until is None:
        errors["cover_until"] = "Say when the first phase ends, since another follows it."
    if wanted.zone_name and wanted.zone_name not in available_timezones():
        errors["zone_name"] = f"“{wanted.zone_name}” is not a time zone. Use one such as Asia/Kolkata."
    if wanted.country and not requirements.knows_country(wanted.country):
        errors["country"] = f"Holidays of “{wanted.country}” are not known. Use a code such as DK, IN or US-NY."
    return errors
