"""Public holidays of a period's country, and what they do to its working days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from hypercare.exceptions import Invalid
from periods.exit import criteria
from periods.models import Period
from periods.planning import complexity, planning, workdays
from tests.factories import make_period, make_user

GO_LIVE = datetime(2026, 3, 2, 6, tzinfo=UTC)


def plan(**fields):
    """42 days from 2 March 2026 in Copenhagen: until Monday 13 April, a week after Easter."""
    return make_period(
        Period.Status.DRAFT,
        go_live_at=GO_LIVE,
        ends_at=GO_LIVE + timedelta(days=42),
        planned_ends_at=GO_LIVE + timedelta(days=42),
        recommended_days=42,
        score=80,
        band="very_high",
        **fields,
    )


@pytest.mark.parametrize(
    ("country", "region", "day", "name"),
    [
        ("DE", "BY", date(2026, 6, 4), "Corpus Christi"),
        ("DK", "", date(2026, 4, 3), "Good Friday"),
        ("US", "", date(2026, 11, 26), "Thanksgiving Day"),
    ],
)
def test_holidays_have_names_people_read(country, region, day, name):
    assert workdays.holidays_between(country, region, 2026, 2026)[day] == name


def test_a_region_has_its_own_and_another_does_not():
    assert date(2026, 6, 4) in workdays.holidays_between("DE", "BY", 2026, 2026)
    assert date(2026, 6, 4) not in workdays.holidays_between("DE", "BE", 2026, 2026)


def test_no_country_has_no_holidays_and_an_unknown_one_is_refused():
    assert dict(workdays.holidays_between("", "", 2026, 2026)) == {}
    for country, region in (("QX", ""), ("DK", "ZZ"), ("", "BY")):
        with pytest.raises(ValueError, match="no calendar"):
            workdays.holidays_between(country, region, 2026, 2026)


@pytest.mark.parametrize(
    ("country", "typed", "code"),
    [("DE", "bayern", "BY"), ("DE", " BY ", "BY"), ("GB", "Scotland", "SCT"), ("DE", "Wales", None), ("DE", "", "")],
)
def test_a_region_is_found_by_code_or_name(country, typed, code):
    assert workdays.region_code(country, typed) == code


def test_every_country_of_the_list_has_a_readable_name_and_a_calendar():
    names = workdays.countries()
    assert len(names) > 200
    assert names["GB"] == "United Kingdom"
    assert names["BA"] == "Bosnia and Herzegovina"
    assert all(workdays.is_known(code) for code in names)
    assert workdays.place_name("DE", "BY") == "Germany, Bayern"


@pytest.mark.parametrize(
    ("zone", "country"), [("Europe/Copenhagen", "DK"), ("Asia/Kolkata", "IN"), ("UTC", ""), ("Nowhere/At-all", "")]
)
def test_a_time_zone_suggests_a_country(zone, country):
    assert workdays.country_of_zone(zone) == country


@pytest.mark.django_db
def test_holidays_reach_from_go_live_to_beyond_the_end():
    period = plan(country="DK", critical_cycles=[{"name": "Year end", "on": "2027-12-31"}])
    found = workdays.holidays_of(period)
    assert {date(2026, 1, 1), date(2026, 4, 6), date(2028, 1, 1)} <= found
    assert workdays.holidays_of(plan()) == frozenset()


@pytest.mark.django_db
def test_a_calendar_that_is_gone_leaves_no_holidays_rather_than_a_broken_page(caplog):
    assert workdays.holidays_of(plan(country="QX")) == frozenset()
    assert "No calendar" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("country", "cycle", "last", "because"),
    [
        ("", "2026-04-10", date(2026, 4, 15), []),
        ("DK", "2026-04-10", date(2026, 4, 15), []),
        # Store Bededag is no holiday any more; Ascension Day is, and Pentecost Monday.
        ("DK", "2026-05-13", date(2026, 5, 19), ["Ascension Day"]),
        ("", "2026-05-13", date(2026, 5, 18), []),
        ("DE", "2026-04-30", date(2026, 5, 6), ["Labor Day"]),
    ],
)
def test_a_cycle_takes_three_working_days_and_holidays_are_none(country, cycle, last, because):
    period = plan(country=country, critical_cycles=[{"name": "Quarter close", "on": cycle}])
    found = planning.explain_end(period, 42)
    assert (found.on, found.cycle, found.moved) == (last, "Quarter close", True)
    assert [name for _, name in found.holidays] == because
    assert planning.recommended_end(period).astimezone(period.zone).date() == last
    assert criteria.cycle_floor(period) == last


def test_the_cycle_that_ends_last_is_named_and_one_within_the_window_is_not():
    cycles = [("Payroll", date(2026, 3, 30)), ("Quarter close", date(2026, 4, 10)), ("Before", date(2026, 2, 1))]
    found = complexity.explain_end(date(2026, 3, 2), 42, cycles)
    assert (found.on, found.by_score, found.cycle) == (date(2026, 4, 15), date(2026, 4, 13), "Quarter close")
    calm = complexity.explain_end(date(2026, 3, 2), 42, cycles[:1])
    assert (calm.on, calm.cycle, calm.moved) == (date(2026, 4, 13), "", False)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"country": "QX"}, "country"),
        ({"country": "DK", "subdivision": "BY"}, "subdivision"),
        ({"subdivision": "BY"}, "subdivision"),
    ],
)
def test_a_plan_refuses_a_place_without_a_calendar(changes, field):
    period = plan(country="DE", subdivision="BY") if len(changes) == 1 and "country" in changes else plan()
    with pytest.raises(Invalid) as refusal:
        planning.update(period.pk, **changes, by=period.lead, at=GO_LIVE - timedelta(days=10))
    assert field in refusal.value.errors


@pytest.mark.django_db
def test_the_api_counts_with_the_country_and_says_what_is_wrong_with_one():
    client = Client()
    client.force_login(make_user(may_plan=True))
    sent = {
        "answers": {factor.key: 4 for factor in complexity.FACTORS},
        "go_live_on": "2026-03-02",
        "critical_cycles": [{"name": "Quarter close", "on": "2026-05-13"}],
        "country": "DK",
    }
    answer = client.post("/api/v1/complexity/", sent, "application/json")
    assert answer.json()["ends_on"] == "2026-05-19"
    wrong = client.post("/api/v1/complexity/", {**sent, "country": "QX"}, "application/json")
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/country"
