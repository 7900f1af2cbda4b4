"""What can be wrong with a plan: every field's complaint in a sentence, all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.models import Period
from periods.planning import workdays

LONGEST: Final = timedelta(days=366)
LATEST_YEAR: Final = 2200  # so that days can be added to any date
MOST_CYCLES: Final = 20
CYCLES_WANTED: Final = f"Give each cycle a name and a date like 2026-11-30; at most {MOST_CYCLES} of them."
DATES: Final = ("go_live_at", "ends_at")
PLACE: Final = ("country", "subdivision")


def tidy_names(period: Period) -> None:
    """Names without stray blanks, systems without empties and repeats."""
    period.name = " ".join(period.name.split())
    if isinstance(period.systems, list) and all(isinstance(name, str) for name in period.systems):
        period.systems = list(dict.fromkeys(name.strip() for name in period.systems if name.strip()))


def find_complaints(period: Period, by: User, at: datetime, only: Iterable[str] = ()) -> dict[str, list[str]]:
    """Field → sentences. `only` limits it to what was changed, so that an old fault blocks no other edit."""
    found: dict[str, list[str]] = _field_complaints(period)
    place = find_place_complaints(period.country, period.subdivision)
    for more in (find_key_complaints(period, by), _date_complaints(period, at), _risk_complaints(period), place):
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


def find_key_complaints(period: Period, by: User) -> dict[str, str]:
    """Says who holds the key, unless the planner may not see that period."""
    holder = Period.objects.filter(key=period.key).exclude(pk=period.pk).first()
    if holder is None:
        return {}
    seen = Period.objects.visible_to(by).filter(pk=holder.pk).exists()
    return {"key": f"{period.key} is taken by {holder.name if seen else 'another period'}. Choose another key."}


def _date_complaints(period: Period, at: datetime) -> dict[str, str]:
    naive = [field for field in DATES if getattr(period, field).utcoffset() is None]
    if naive:
        return dict.fromkeys(naive, "The time needs a time zone.")
    found = {"go_live_at": "Go-live is in the past. Choose a later time."} if period.go_live_at <= at else {}
    no_return = period.point_of_no_return_at
    if no_return is not None and abs(no_return - period.go_live_at) > LONGEST:
        found["point_of_no_return_at"] = "The point of no return is within 366 days of go-live."
    if max(period.go_live_at.year, period.ends_at.year) > LATEST_YEAR:
        return {"go_live_at": f"Go-live is too far ahead. Choose a time before {LATEST_YEAR}."}
    if period.ends_at <= period.go_live_at:
        found["ends_at"] = "End must be after go-live."
    elif period.ends_at > period.go_live_at + LONGEST:
        found["ends_at"] = "A period lasts at most 366 days."
    return found


def _risk_complaints(period: Period) -> dict[str, str]:
    tests = (
        ("systems", _are_names(period.systems), "Give the systems as a list of names of up to 80 characters."),
        ("critical_cycles", are_cycles(period.critical_cycles), CYCLES_WANTED),
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


def find_place_complaints(country: str, subdivision: str) -> dict[str, str]:
    """What is wrong with a country and its region, field → sentence."""
    if not workdays.is_known(country):
        return {"country": f"There is no calendar for “{country}”. Give a code of two letters such as DK."}
    if not workdays.is_known(country, subdivision):
        where = f"{workdays.place_name(country)} has" if country else "Without a country there is"
        return {"subdivision": f"{where} no region “{subdivision}”. Leave it out, or give a code such as BY."}
    return {}


def _is_link(url: str) -> bool:
    return not url or urlsplit(url).scheme in ("http", "https")


def _are_names(systems: Any) -> bool:
    return isinstance(systems, list) and all(isinstance(name, str) and 0 < len(name) <= 80 for name in systems)


def are_cycles(cycles: Any) -> bool:
    """Whether these are critical cycles as a period keeps them."""
    return isinstance(cycles, list) and len(cycles) <= MOST_CYCLES and all(map(_is_cycle, cycles))


def _is_cycle(cycle: Any) -> bool:
    if not isinstance(cycle, dict) or not all(isinstance(cycle.get(name), str) for name in ("name", "on")):
        return False
    try:
        on = date.fromisoformat(cycle["on"])
    except ValueError:
        return False
    return bool(cycle["name"].strip()) and on.year <= LATEST_YEAR


def raise_any(errors: Mapping[str, list[str]]) -> None:
    """Raise Invalid with all of them, if there are any."""
    if errors:
        raise Invalid(dict(errors))
