"""Public holidays of the country a period is run from, and the working days that follow.

The dates come from the `holidays` library, which knows them for any year; nothing is stored but the choice of
country and region. Weekends are Saturday and Sunday everywhere. A period without a country has no holidays.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

import holidays
from holidays.registry import COUNTRIES as REGISTERED

from periods.models import Period

logger = logging.getLogger(__name__)
MOST_YEARS: Final = 2  # ahead of go-live; a period lasts a year at most
LANGUAGE: Final = "en_US"  # of the names, where the library has them in it
NOTHING: Final[Mapping[date, str]] = MappingProxyType({})
# Where the words of a class name read oddly.
SPELLED: Final = {
    "TimorLeste": "Timor-Leste",
    "GuineaBissau": "Guinea-Bissau",
    "DRCongo": "DR Congo",
    "Curacao": "Curaçao",
    "HeardIslandAndMcDonaldIslands": "Heard Island and McDonald Islands",
    "Reunion": "Réunion",
    "SaoTomeAndPrincipe": "São Tomé and Príncipe",
    "AlandIslands": "Åland Islands",
}


def holidays_of(period: Period) -> frozenset[date]:
    """The public holidays around a period: from the year of go-live to the year after its last date."""
    return frozenset(named_holidays_of(period))


def named_holidays_of(period: Period) -> Mapping[date, str]:
    """The same dates with their names in English, as far as the library has them.

    A calendar that a later version of the library lost leaves no holidays rather than a broken page.
    """
    if not is_known(period.country, period.subdivision):
        logger.warning("No calendar of public holidays for %s %s.", period.country, period.subdivision)
        return NOTHING
    cycles = (date.fromisoformat(cycle["on"]) for cycle in period.critical_cycles)
    asked = holiday_years(period.go_live_at.date(), period.ends_at.date(), *cycles)
    return holidays_between(period.country, period.subdivision, *asked)


def holiday_years(first: date, *others: date) -> tuple[int, int]:
    """First and last year to know the holidays of; a date far away, which no period reaches, is left out."""
    latest = max([first.year, *(day.year for day in others)])
    return first.year, min(latest, first.year + MOST_YEARS) + 1


@lru_cache(maxsize=256)
def holidays_between(country: str, subdivision: str, first_year: int, last_year: int) -> Mapping[date, str]:
    """Holidays of a country (and region) in some years, by date, for reading only.

    Nothing for no country. Raises ValueError for a country or region the library does not know.
    """
    if not is_known(country, subdivision):
        raise ValueError(f"country: {country} {subdivision} has no calendar of public holidays.")
    if not country:
        return NOTHING
    years = range(first_year, last_year + 1)
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=years, language=LANGUAGE)
    return MappingProxyType(dict(sorted(found.items())))


def is_known(country: str, subdivision: str = "") -> bool:
    """Whether there is a calendar for this ISO code (and region of it). No country at all is fine alone."""
    if not country:
        return not subdivision
    return country in countries() and (not subdivision or subdivision in _class(country).subdivisions)


@cache
def countries() -> Mapping[str, str]:
    """ISO code → name, in order of name, of every country with a calendar."""
    named = {code: _spelled(name) for name, code, *_ in REGISTERED.values()}
    return MappingProxyType(dict(sorted(named.items(), key=lambda pair: pair[1])))


@cache
def regions(country: str) -> Mapping[str, str]:
    """Code → name of the regions with holidays of their own; empty for an unknown country."""
    if country not in countries():
        return MappingProxyType({})
    found = _class(country)
    names: dict[str, str] = {}
    for name, code in found.subdivisions_aliases.items():
        names.setdefault(code, name)
    return MappingProxyType({code: names.get(code, code) for code in found.subdivisions})


def region_code(country: str, text: str) -> str | None:
    """The code of a region typed by code or by any of its names; None when it is neither."""
    wanted = text.strip().casefold()
    if not wanted:
        return ""
    if country not in countries():
        return None
    found = _class(country)
    names = {code.casefold(): code for code in found.subdivisions}
    names |= {name.casefold(): code for name, code in found.subdivisions_aliases.items()}
    return names.get(wanted)


def place_name(country: str, subdivision: str = "") -> str:
    """`Germany, Bayern`; empty without a country."""
    words = [countries().get(country, country), regions(country).get(subdivision, subdivision)]
    return ", ".join(word for word in words if word)


@cache
def country_of_zone(zone: str) -> str:
    """The country a time zone lies in, as a first suggestion; empty for UTC and the like."""
    rows = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8").splitlines()
    found = {row.split("\t")[2]: row[:2] for row in rows if row and not row.startswith("#")}
    code = found.get(zone, "")
    return code if code in countries() else ""


def _class(country: str) -> Any:
    name = next(row[0] for row in REGISTERED.values() if row[1] == country)
    return getattr(holidays, name)


def _spelled(name: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return SPELLED.get(name) or words.replace(" And ", " and ").replace(" Of ", " of ")
