"""What a roster lacks beyond gaps, and what it asks of each person."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from contributors.models import Absence, Delivery
from contributors.shifts import coverage, roster, roster_checks, workload
from periods.models import Period
from tests.factories import NOW, make_incident, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def found(period: Period) -> list[roster_checks.RosterFinding]:
    begin, end = roster.roster_window(period)
    return roster_checks.check_roster(
        period, coverage.roles_of(period), roster.shifts_of_period(period, start=begin, end=end), start=NOW, end=end
    )


def texts(period: Period) -> list[str]:
    return [one.text for one in found(period)]


def test_a_shift_during_an_absence_blocks():
    period = make_period()
    role, user = (make_role(period, "Desk", code="SU", cover="none"), make_member(period, make_user("Ann")).user)
    make_shift(role, user, starts_at=NOW + HOUR)
    Absence.objects.create(user=user, starts_at=NOW, ends_at=NOW + DAY, created_at=NOW)

    assert [(one.rule, one.level) for one in found(period)] == [("away", "block")]


def test_nobody_is_their_own_deputy():
    period = make_period()
    role, user = make_role(period, "Desk", cover="none"), make_member(period, make_user("Ann")).user
    make_shift(role, user, starts_at=NOW)
    make_shift(role, user, starts_at=NOW + HOUR, kind="deputy")

    assert "Ann is their own deputy on Desk" in texts(period)


def test_the_minimum_names_the_roles_that_are_missing():
    period = make_period()
    make_role(period, code="EN")

    assert texts(period)[:2] == [
        "No role for the hypercare lead has covered hours",
        "No support role has covered hours",
    ]


def test_an_engineer_round_the_clock_needs_a_deputy():
    period = make_period()
    role = make_role(period, code="EN")
    make_shift(role, make_member(period).user, starts_at=period.starts_at, hours=24, kind="deputy")

    assert "Billing engineering has no deputy for 312 h of its round-the-clock cover" in texts(period)


def test_what_tires_people_is_told_with_the_name():
    period = make_period()
    role, user = make_role(period, cover="none"), make_member(period, make_user("Ann")).user
    make_shift(role, user, starts_at=NOW, hours=13)

    assert any(text.startswith("Ann: 13 h on duty") for text in texts(period))


def page(period: Period, user, at: datetime, **fields: object) -> None:
    Delivery.objects.create(
        dedupe_key=f"{user.pk}{at}",
        period=period,
        kind="page",
        recipient=user,
        address="x",
        intended_at=at,
        next_at=at,
        created_at=at,
        **fields,
    )


def test_load_counts_pages_nights_and_serious_incidents():
    period = make_period()
    role, user = make_role(period), make_member(period).user
    make_shift(role, user, starts_at=NOW + 8 * HOUR, hours=8)  # 21:12 to 05:12 UTC
    page(period, user, NOW + 9 * HOUR)
    page(period, user, NOW + 12 * HOUR)
    page(period, user, NOW + 13 * HOUR, state="cancelled")
    for n in range(3):
        make_incident(period, severity="P2", reported_at=NOW + (9 + n) * HOUR)
    make_incident(period, severity="P3", reported_at=NOW + 9 * HOUR)

    shifts = roster.shifts_of_period(period, start=NOW, end=NOW + DAY)
    (one,) = workload.workloads_of(period, shifts, start=NOW, end=NOW + DAY)

    assert (one.hours, one.shifts, one.pages, one.night_pages, one.serious) == (8.0, 1, 2, 1, 3)
    assert one.nights == pytest.approx(6.2)
    assert one.heavy


def test_the_spread_is_between_those_who_work():
    period = make_period()
    role = make_role(period)
    for hours in (8, 4):
        make_shift(role, make_member(period).user, starts_at=NOW, hours=hours)
    make_shift(role, make_member(period).user, starts_at=NOW, kind="deputy")

    rows = workload.workloads_of(
        period, roster.shifts_of_period(period, start=NOW, end=NOW + DAY), start=NOW, end=NOW + DAY
    )

    assert workload.hours_spread(rows) == (8.0, 4.0)


@pytest.mark.parametrize("people", [2, 12])
def test_load_and_findings_cost_the_same_however_many_people(people, django_assert_num_queries):
    period = make_period()
    role = make_role(period)
    for n in range(people):
        make_shift(role, make_member(period).user, starts_at=NOW + n * HOUR)
    begin, end = roster.roster_window(period)
    roles, shifts = coverage.roles_of(period), roster.shifts_of_period(period, start=begin, end=end)

    with django_assert_num_queries(2):
        roster_checks.check_roster(period, roles, shifts, start=NOW, end=end)
    with django_assert_num_queries(2):
        workload.workloads_of(period, shifts, start=begin, end=end)


def test_of_what_warns_about_a_person_the_first_is_read_and_the_rest_counted():
    period = make_period()
    ann, ben = (make_member(period, make_user(name)).user for name in ("Ann", "Ben"))
    rows = [
        roster_checks.RosterFinding("week", "warn", "a", NOW, ann),
        roster_checks.RosterFinding("days", "warn", "b", NOW, ann),
        roster_checks.RosterFinding("shift", "block", "c", NOW, ann),
        roster_checks.RosterFinding("week", "warn", "d", NOW, ben),
        roster_checks.RosterFinding("minimum", "warn", "e"),
    ]

    assert [(one.text, more) for one, more in roster_checks.condense_findings(rows)] == [
        ("a", 1),
        ("c", 0),
        ("d", 0),
        ("e", 0),
    ]


def test_round_the_clock_cover_needs_somebody_who_leads_round_the_clock():
    period = make_period()
    make_role(period, code="EN")
    assert "Cover is round the clock, but nobody leads incidents round the clock" in texts(period)

    make_role(period, "Commander", code="IC")

    assert "Cover is round the clock, but nobody leads incidents round the clock" not in texts(period)


def test_somebody_stands_for_the_business_owner():
    period, words = make_period(), "Nobody stands for the business owner in business hours"
    make_role(period, code="EN")
    business = make_role(period, "Finance", code="BO", cover="none")
    assert words in texts(period)

    make_shift(business, make_member(period).user, starts_at=NOW)

    assert words not in texts(period)


def test_the_sponsor_has_a_deputy_in_the_first_72_hours_only():
    period = make_period(status="ready")
    make_role(period, code="EN")
    sponsors, begin = make_role(period, "Sponsor", code="SP", cover="none"), period.go_live_at

    def lacking(at: datetime) -> bool:
        found = roster_checks.check_roster(period, coverage.roles_of(period), [], start=at, end=period.ends_at)
        return any("sponsor has no deputy" in one.text for one in found)

    assert (lacking(begin - DAY), lacking(begin + 71 * HOUR), lacking(begin + 72 * HOUR)) == (True, True, False)
    make_member(period, role=sponsors)
    assert not lacking(begin)


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (("IC", "EN"), "Ann fixes and leads incidents at once"),
        (("IC", "CO"), "Ann leads incidents and tells people at once"),
        (("HL", "EN"), "Ann fixes and leads incidents at once"),
        (("SU", "EN"), ""),
        (("EN", "EN"), ""),
    ],
)
def test_who_leads_in_a_long_p1_neither_fixes_nor_tells_people(codes, told):
    period, user = make_period(), make_user("Ann")
    make_member(period, user)
    for n, code in enumerate(codes):
        role = make_role(period, f"Role {n}", code=code, cover="none")
        make_shift(role, user, starts_at=NOW + n * HOUR)
        make_shift(role, user, starts_at=NOW + DAY + n * HOUR)

    said = [text for text in texts(period) if "at once" in text]

    assert [text.partition(";")[0] for text in said] == ([told] if told else [])


def test_whoever_leads_incidents_can_be_reached():
    period = make_period()
    ann = make_member(period, make_user("Ann")).user
    make_shift(make_role(period, "Commander", code="IC", cover="none"), ann, starts_at=NOW)
    page(period, ann, NOW, channel="email", state="dead", settled_at=NOW, last_error="no such mailbox")

    assert "Ann leads incidents as Commander, and no message reaches them" in texts(period)
