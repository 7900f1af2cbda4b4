"""The plan of a period: made, changed until go-live, and scored.

Everything a person can get wrong is said at once, field by field. Dates move freely while the plan is a plan;
once readiness is open they move by a postponement, which the sponsor decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from hypercare import wiring
from hypercare.errors import Invalid, NotAllowed, TransitionRefused
from hypercare.models import User
from periods import checklist, complexity, journal, wallclock, watches, workdays
from periods.access import PEOPLE, require
from periods.models import ExitCriterion, ExitSignature, Period
from periods.templates_library.criteria import CRITERIA

LONGEST: Final = timedelta(days=366)
DATES: Final = ("go_live_at", "ends_at")
MOST_CYCLES: Final = 20
CYCLES_WANTED: Final = f"Give each cycle a name and a date like 2026-11-30; at most {MOST_CYCLES} of them."
PLACE: Final = ("country", "subdivision")
TEXTS: Final = ("name", "summary", "systems", "war_room_url", "runbook_url")
RISK: Final = (
    "timezone", "country", "subdivision", "point_of_no_return", "point_of_no_return_at", "critical_cycles",
    "baseline_issues", "baseline_days",
    "tolerable_per_day", "days_override_reason",
)  # fmt: skip
# What may change at all, and what may still change after go-live: where to meet, and who answers for it.
BEFORE_LIVE: Final = frozenset({*DATES, *TEXTS, *RISK, *PEOPLE})
WHILE_LIVE: Final = frozenset({"summary", "war_room_url", "runbook_url", "point_of_no_return_at", *PEOPLE})
# A named person gets at least this right: naming alone lets them sign, vote and decide.
RIGHTS: Final = {
    "lead": "owner",
    "bau_owner": "support",
    "sponsor": "contributor",
    "rollback_authority": "contributor",
}


@transaction.atomic
def create(
    *, key: str, name: str, go_live_at: datetime, ends_at: datetime, timezone: str, by: User, at: datetime,
    systems: Iterable[str] = (), lead: User | None = None, sponsor: User | None = None, bau_owner: User | None = None,
    rollback_authority: User | None = None, with_checklist: bool = True, via: str = "", **more: Any,
) -> Period:  # fmt: skip
    """A draft with its members, exit criteria and (unless told) checklist. `more` takes the fields of `BEFORE_LIVE`.

    Raises NotAllowed for somebody who may not open periods, Invalid with every field's complaint at once.
    """
    if not by.may_plan:
        raise NotAllowed("Opening a period is for people who may plan. Ask an administrator for that right.")
    _check_names(more, BEFORE_LIVE)
    period = Period(
        key=key.strip().upper(), name=name, systems=list(systems), go_live_at=go_live_at, ends_at=ends_at,
        planned_ends_at=ends_at, timezone=timezone, lead=lead, sponsor=sponsor, bau_owner=bau_owner,
        rollback_authority=rollback_authority, status_since=at, created_by=by, created_at=at, **more,
    )  # fmt: skip
    _tidy(period)
    _raise_any(_complaints(period, by, at))
    _insert(period, by)
    _copy_criteria(period)
    journal.record(
        period, "period.created", by=by, at=at, via=via, title=period.name, key=period.key,
        go_live_at=go_live_at.isoformat(), ends_at=ends_at.isoformat(), criteria=len(CRITERIA),
    )  # fmt: skip
    _join(period, by=by, at=at)
    if with_checklist:
        checklist.instantiate(period, by=by, at=at, via=via)
    return period


def _check_names(given: Mapping[str, Any], known: Iterable[str]) -> None:
    unknown = {field: "This can't be set in a plan." for field in given if field not in known}
    if unknown:
        raise Invalid(unknown)


def _insert(period: Period, by: User) -> None:
    """Save; two people taking the same key at once get the same sentence as one after the other."""
    try:
        with transaction.atomic():
            period.save(force_insert=True)
    except IntegrityError as error:
        raise Invalid(_key_complaints(period, by) or {"key": f"{period.key} is taken."}) from error


def _copy_criteria(period: Period) -> None:
    ExitCriterion.objects.bulk_create(
        ExitCriterion(
            period=period, position=row.number, code=row.code, title=row.title, mandatory=row.mandatory,
            automatic=row.automatic, threshold=row.threshold, unit=row.unit,
        )
        for row in CRITERIA
    )  # fmt: skip


def _join(period: Period, *, by: User, at: datetime) -> None:
    """Make the planner and every named person part of the period; those who are stay as they are."""
    people: dict[User, str] = {by: "owner"} if period.status == Period.Status.DRAFT else {}
    for field, right in RIGHTS.items():
        person = getattr(period, field)
        if person is not None:
            people.setdefault(person, right)
    inside = set(period.memberships.filter(left_at__isnull=True).values_list("user_id", flat=True))
    for person, right in people.items():
        if person.pk not in inside:
            wiring.resolve(wiring.JOIN)(period.pk, user=person, right=right, role=None, by=by, at=at)
    _refresh(period)


def _refresh(period: Period) -> None:
    """The journal moved on in other copies of the row."""
    period.refresh_from_db(fields=["journal_seq", "journal_head"])


# --- Changing -----------------------------------------------------------------------------------


@transaction.atomic
def update(period_id: int, *, by: User, at: datetime, via: str = "", **changes: Any) -> Period:
    """Change fields of the plan; one journal entry says old and new. Nothing changed writes nothing.

    After go-live only links and named people change. Raises NotAllowed, Invalid, TransitionRefused.
    """
    period: Period = Period.objects.locked().select_related(*PEOPLE).get(pk=period_id)
    require(by, period, "period.plan")
    _check_names(changes, BEFORE_LIVE)
    _check_phase(period, changes)
    before = {field: getattr(period, field) for field in (*changes, *DATES)}
    for field, value in changes.items():
        setattr(period, field, value)
    _tidy(period)
    changed = [field for field in changes if getattr(period, field) != before[field]]
    if not changed:
        return period
    _check_dates(period, changed)
    _raise_any(_complaints(period, by, at, only=changed))
    _follow(period, changed, at)
    period.save(update_fields=[*changed, *(["planned_ends_at"] if "ends_at" in changed else [])])
    journal.record(
        period, "period.changed", by=by, at=at, via=via, title=period.name,
        changes={field: {"old": _plain(before[field]), "new": _plain(getattr(period, field))} for field in changed},
    )  # fmt: skip
    _join(period, by=by, at=at)
    return period


def _check_phase(period: Period, changes: Mapping[str, Any]) -> None:
    if period.status in Period.ENDED:
        raise TransitionRefused(
            f"{period.name} has ended ({period.get_status_display().lower()}); it stays as it was."
        )
    late = sorted(set(changes) - WHILE_LIVE)
    if period.is_live and late:
        raise TransitionRefused(f"{period.name} is live, so its plan no longer changes: {', '.join(late)}.")


def _check_dates(period: Period, changed: list[str]) -> None:
    """Once readiness is open people have agreed to the dates."""
    agreed = period.status in (Period.Status.READINESS, Period.Status.READY)
    if agreed and (set(changed) & {*DATES, "timezone"}):
        raise TransitionRefused(
            f"People are getting ready for {period.name}, so its dates move by postponing it. The sponsor decides that."
        )


def _follow(period: Period, changed: list[str], at: datetime) -> None:
    """What moves along: the end before extensions, due times, the clock, and signatures of a replaced person."""
    if "ends_at" in changed:
        period.planned_ends_at = period.ends_at
    if {"go_live_at", "timezone"} & set(changed):
        checklist.shift(period)
    if "go_live_at" in changed and period.status == Period.Status.PLANNED:
        watches.readiness(period, at=at)
    replaced = [role for role in ExitSignature.Role.values if role in changed]
    period.exit_signatures.filter(role__in=replaced, voided_at__isnull=True).update(voided_at=at)


def _plain(value: Any) -> Any:
    """A value as JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.name if isinstance(value, User) else value


@transaction.atomic
def answer(
    period_id: int, answers: Mapping[str, int], *, by: User, at: datetime, first_release: bool = False,
    emergency: bool = False, via: str = "",
) -> complexity.Recommendation:  # fmt: skip
    """Score the risk questions and keep score, band and recommended days. Raises Invalid per question."""
    period: Period = Period.objects.locked().get(pk=period_id)
    require(by, period, "period.plan")
    if period.status not in Period.PRE_LIVE:
        raise TransitionRefused(f"{period.name} is past go-live, so its score stays as it was.")
    found = assess(answers, first_release=first_release, emergency=emergency)
    if (period.answers, period.band) == (dict(answers), found.band):
        return found
    period.answers, period.score = dict(answers), found.score
    period.band, period.recommended_days = found.band, found.days
    period.save(update_fields=["answers", "score", "band", "recommended_days"])
    journal.record(
        period, "period.scored", by=by, at=at, via=via, title=period.name, score=found.score, band=found.band,
        days=found.days, floors=[floor.reason for floor in found.floors],
    )  # fmt: skip
    return found


def assess(
    answers: Mapping[str, int], *, first_release: bool = False, emergency: bool = False
) -> complexity.Recommendation:
    """`complexity.assess` with the domain's error: Invalid, one sentence a question."""
    try:
        return complexity.assess(answers, first_release=first_release, emergency=emergency)
    except complexity.InvalidAnswers as error:
        raise Invalid({f"answers/{field}": text for field, text in error.errors.items()}) from error


def recommended_end(period: Period) -> datetime | None:
    """The end the score and the critical cycles suggest, at go-live's time of day; None without a score."""
    if period.recommended_days is None:
        return None
    local = period.go_live_at.astimezone(period.zone)
    return wallclock.instant(explained_end(period, period.recommended_days).on, local.time(), period.zone)


def explained_end(
    period: Period, days: int, cycles: Iterable[Mapping[str, str]] | None = None
) -> complexity.End:
    """The last date for so many days, the period's critical cycles (or others) and its public holidays."""
    given = period.critical_cycles if cycles is None else cycles
    go_live = wallclock.local_day(period.go_live_at, period.zone)
    place = (period.country, period.subdivision)
    return end_on(go_live, days, given, *(place if workdays.is_known(*place) else ("", "")))


def end_on(
    go_live: date, days: int, cycles: Iterable[Mapping[str, str]], country: str = "", subdivision: str = ""
) -> complexity.End:
    """The last date of a plan that need not exist. Raises Invalid for a country or region without a calendar."""
    listed = list(cycles)
    if not _are_cycles(listed):
        raise Invalid({"critical_cycles": CYCLES_WANTED})
    named = [(cycle["name"], date.fromisoformat(cycle["on"])) for cycle in listed]
    _raise_any({field: [text] for field, text in _place_complaints(country, subdivision).items()})
    latest = max((on.year for _, on in named), default=go_live.year)
    free = workdays.between(country, subdivision, go_live.year, max(go_live.year, latest) + 1)
    return complexity.explain_end(go_live, days, named, free)


# --- What can be wrong with a plan ----------------------------------------------------------------


def _tidy(period: Period) -> None:
    period.name = " ".join(period.name.split())
    if isinstance(period.systems, list) and all(isinstance(name, str) for name in period.systems):
        period.systems = list(dict.fromkeys(name.strip() for name in period.systems if name.strip()))


def _complaints(period: Period, by: User, at: datetime, only: Iterable[str] = ()) -> dict[str, list[str]]:
    """Field → sentences. `only` limits it to what was changed, so that an old fault blocks no other edit."""
    found: dict[str, list[str]] = _field_complaints(period)
    place = _place_complaints(period.country, period.subdivision)
    for more in (_key_complaints(period, by), _date_complaints(period, at), _risk_complaints(period), place):
        for field, sentence in more.items():
            found.setdefault(field, [sentence])
    # A new go-live can make the old end impossible, and the other way round; so can country and region.
    wanted = set(only).union(*(group for group in (DATES, PLACE) if set(only) & set(group)))
    return {field: texts for field, texts in found.items() if not wanted or field in wanted}


def _field_complaints(period: Period) -> dict[str, list[str]]:
    """Lengths, formats and zone names, as the columns define them."""
    try:
        period.clean_fields(exclude=["answers", "systems", "critical_cycles"])
    except ValidationError as error:
        found: dict[str, list[str]] = dict(error.message_dict)
        return {**found, **({"name": ["Give the period a name."]} if not period.name else {})}
    return {}


def _key_complaints(period: Period, by: User) -> dict[str, str]:
    """Says who holds the key, unless the planner may not see that period."""
    holder = Period.objects.filter(key=period.key).exclude(pk=period.pk).first()
    if holder is None:
        return {}
    seen = Period.objects.visible_to(by).filter(pk=holder.pk).exists()
    return {
        "key": f"{period.key} is taken by {holder.name if seen else 'another period'}. Choose another key."
    }


def _date_complaints(period: Period, at: datetime) -> dict[str, str]:
    naive = [field for field in DATES if getattr(period, field).utcoffset() is None]
    if naive:
        return dict.fromkeys(naive, "The time needs a time zone.")
    found = {"go_live_at": "Go-live is in the past. Choose a later time."} if period.go_live_at <= at else {}
    if period.ends_at <= period.go_live_at:
        found["ends_at"] = "End must be after go-live."
    elif period.ends_at > period.go_live_at + LONGEST:
        found["ends_at"] = "A period lasts at most 366 days."
    return found


def _risk_complaints(period: Period) -> dict[str, str]:
    tests = (
        (
            "systems",
            _are_names(period.systems),
            "Give the systems as a list of names of up to 80 characters.",
        ),
        (
            "critical_cycles",
            _are_cycles(period.critical_cycles),
            CYCLES_WANTED,
        ),
        (
            "baseline_days",
            (period.baseline_issues is None) == (period.baseline_days is None) and period.baseline_days != 0,
            "Give both: how many issues, and over how many days.",
        ),
        (
            "tolerable_per_day",
            period.tolerable_per_day is None or 0 < period.tolerable_per_day < 1_000_000,
            "Give a rate per day above 0.",
        ),
        ("war_room_url", _is_link(period.war_room_url), "Give an address that starts with https://."),
        ("runbook_url", _is_link(period.runbook_url), "Give an address that starts with https://."),
    )
    return {field: sentence for field, is_fine, sentence in tests if not is_fine}


def _place_complaints(country: str, subdivision: str) -> dict[str, str]:
    if not workdays.is_known(country):
        return {"country": f"There is no calendar for “{country}”. Give a code of two letters such as DK."}
    if not workdays.is_known(country, subdivision):
        where = f"{workdays.place(country)} has" if country else "Without a country there is"
        return {"subdivision": f"{where} no region “{subdivision}”. Leave it out, or give a code such as BY."}
    return {}


def _is_link(url: str) -> bool:
    return not url or urlsplit(url).scheme in ("http", "https")


def _are_names(systems: Any) -> bool:
    return isinstance(systems, list) and all(
        isinstance(name, str) and 0 < len(name) <= 80 for name in systems
    )


def _are_cycles(cycles: Any) -> bool:
    return isinstance(cycles, list) and len(cycles) <= MOST_CYCLES and all(map(_is_cycle, cycles))


def _is_cycle(cycle: Any) -> bool:
    if not isinstance(cycle, dict) or not all(isinstance(cycle.get(name), str) for name in ("name", "on")):
        return False
    try:
        date.fromisoformat(cycle["on"])
    except ValueError:
        return False
    return bool(cycle["name"].strip())


def _raise_any(errors: Mapping[str, list[str]]) -> None:
    if errors:
        raise Invalid(dict(errors))
