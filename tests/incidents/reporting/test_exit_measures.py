"""What the incidents of a period say in numbers, each figure at the edge of its definition."""

from datetime import UTC, date, datetime, timedelta

import pytest

from hypercare.ui import charts_svg
from incidents.models import Incident, StatusChange
from incidents.reporting import cached_counts, daily_counts, exit_measures
from incidents.triage import triage
from periods.exit import readings
from periods.models import Period
from tests.factories import GO_LIVE, NOW, make_incident, make_member, make_period, make_role, make_user
from tests.periods.story import make_criterion

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL", baseline_issues=56, baseline_days=28)


def read(name: str, period: Period, *, threshold: float | None = None, at: datetime = NOW):
    return getattr(exit_measures, name)(period, threshold=threshold, at=at)


def on_record(period: Period, *, until: datetime) -> None:
    """The arrivals read at each midnight since go-live, as the clock does."""
    make_criterion(period, code="rate_back_to_baseline", automatic=True, threshold=3)
    midnight = datetime(2026, 11, 14, 23, tzinfo=UTC)
    while midnight <= until:
        readings.record_day(period, read_at=midnight, at=midnight)
        midnight += DAY


# --- Criteria -----------------------------------------------------------------------------------


def test_an_open_p1_is_named_and_fails(period):
    assert read("open_p1", period).verdict == "pass"

    make_incident(period, severity="P1")

    reading = read("open_p1", period)
    assert (reading.value, reading.verdict, reading.text) == (1, "fail", "BILL-1.")


def test_a_reading_of_the_past_does_not_know_what_came_later(period):
    make_incident(period, severity="P1", reported_at=NOW - DAY, status="resolved", resolved_at=NOW - HOUR)

    assert read("open_p1", period, at=NOW - 2 * DAY).verdict == "pass"
    assert read("open_p1", period, at=NOW - 2 * HOUR).verdict == "fail"
    assert read("open_p1", period, at=NOW).verdict == "pass"


def test_an_open_p2_passes_once_somebody_takes_it_over(period):
    incident = make_incident(period, severity="P2")
    assert read("open_p2", period).verdict == "fail"

    triage.transfer_to_bau(incident.pk, team="Billing BAU", by=period.lead, at=NOW)

    assert read("open_p2", period).verdict == "pass"


def test_days_without_p1_count_from_the_last_one_and_from_go_live_before_that(period):
    at = GO_LIVE + 5 * DAY
    assert (read("days_without_p1", period, at=at).value, read("days_without_p1", period, at=at).verdict) == (5, "pass")

    make_incident(period, severity="P1", reported_at=GO_LIVE + HOUR)

    assert read("days_without_p1", period, at=at).verdict == "fail"
    assert read("days_without_p1", period, at=at + HOUR).verdict == "pass"
    assert read("days_without_p1", period, at=GO_LIVE - HOUR).verdict == "unknown"


def test_a_p1_that_came_back_counts_from_its_return(period):
    incident = make_incident(period, severity="P1", reported_at=GO_LIVE, status="resolved", resolved_at=GO_LIVE + HOUR)
    triage.reopen(incident.pk, reason="Again", by=period.lead, at=GO_LIVE + 5 * DAY)

    assert read("days_without_p1", period, at=GO_LIVE + 6 * DAY).value == 1


def test_arrivals_are_looked_at_from_the_first_full_week_on(period):
    on_record(period, until=GO_LIVE + 9 * DAY)
    assert read("rate_streak", period, at=GO_LIVE + 6 * DAY).verdict == "unknown"

    reading = read("rate_streak", period, at=GO_LIVE + 8 * DAY)

    assert (reading.streak, reading.verdict) == (2, "fail")
    assert read("rate_streak", period, at=GO_LIVE + 9 * DAY).verdict == "pass"


def test_normal_days_without_a_reading_are_no_streak(period):
    on_record(period, until=GO_LIVE + 7 * DAY)

    reading = read("rate_streak", period, at=GO_LIVE + 12 * DAY)

    assert (reading.streak, reading.verdict) == (1, "fail")


def test_a_long_streak_is_not_said_to_be_more_than_was_asked_for(period):
    on_record(period, until=GO_LIVE + 13 * DAY)

    reading = read("rate_streak", period, at=GO_LIVE + 13 * DAY)

    assert (reading.streak, reading.text.partition(".")[0]) == (7, "Normal on 3 of 3 days in a row")


def test_a_day_above_normal_breaks_the_streak(period):
    for _ in range(23):  # p_elevated .0339 against 56 in 28 days
        make_incident(period, reported_at=GO_LIVE + 8.5 * DAY)

    reading = read("rate_streak", period, at=GO_LIVE + 9 * DAY)

    assert (reading.streak, reading.verdict) == (0, "fail")
    assert "Above normal" in reading.text


def test_duplicates_and_what_the_release_did_not_cause_are_not_arrivals(period):
    for fields in (
        {"ending": "duplicate"},
        {"ending": "not_a_problem"},
        {"verdict": "unrelated"},
        {"verdict": "known"},
    ):
        for _ in range(20):
            make_incident(period, reported_at=GO_LIVE + 8.5 * DAY, **fields)
    on_record(period, until=GO_LIVE + 9 * DAY)

    assert read("rate_streak", period, at=GO_LIVE + 9 * DAY).verdict == "pass"


def test_without_a_baseline_or_a_tolerable_rate_the_verdict_is_unknown():
    without, tolerable = make_period(), make_period(tolerable_per_day=2)
    for period in (without, tolerable):
        on_record(period, until=GO_LIVE + 10 * DAY)

    assert read("rate_streak", without, at=GO_LIVE + 10 * DAY).verdict == "unknown"
    assert read("rate_streak", tolerable, at=GO_LIVE + 10 * DAY).verdict == "pass"


def test_three_looks_fit_into_a_three_day_window():
    period = make_period(ends_at=GO_LIVE + 3 * DAY, planned_ends_at=GO_LIVE + 3 * DAY, tolerable_per_day=4)
    on_record(period, until=GO_LIVE + 3 * DAY)

    assert read("rate_streak", period, at=GO_LIVE + 3 * DAY).verdict == "pass"


def test_promises_on_p1_and_p2_count_kept_missed_and_open_but_late(period):
    kept = {"acknowledged_at": NOW - 3 * HOUR, "mitigated_at": NOW - 2 * HOUR}
    make_incident(period, severity="P1", reported_at=NOW - 3 * HOUR, status="mitigated", **kept)
    make_incident(period, severity="P1", reported_at=NOW - 3 * HOUR)  # acknowledged by nobody: late
    make_incident(period, severity="P2", reported_at=NOW)  # not due yet
    make_incident(period, severity="P3", reported_at=NOW - 4 * DAY)  # not P1 or P2

    reading = read("sla_attainment", period)

    assert (reading.value, reading.text, reading.verdict) == (
        50.0,
        "1 of 2 P1 and P2 in the last 7 days in time.",
        "fail",
    )


def test_no_promise_due_is_unknown_and_not_a_hundred_per_cent(period):
    reading = read("sla_attainment", period)

    assert (reading.value, reading.verdict) == (None, "unknown")


def test_after_a_quiet_week_the_promises_of_the_whole_period_count(period):
    kept = {"acknowledged_at": GO_LIVE, "status": "resolved", "resolved_at": GO_LIVE + HOUR}
    make_incident(period, severity="P1", reported_at=GO_LIVE, **kept)

    assert read("sla_attainment", period, at=GO_LIVE + 10 * DAY).text == "1 of 1 P1 and P2 since go-live in time."


def test_bau_resolved_counts_what_bau_people_owned_and_resolved_alone(period):
    support = make_user("Kavya Nair")
    make_member(period, support, role=make_role(period, "Support desk", code="SU"))
    done = {"status": "resolved", "resolved_at": NOW - HOUR}
    make_incident(period, owner=support, resolved_by=support, **done)
    make_incident(period, resolved_by=period.bau_owner, **done)
    make_incident(period, owner=period.lead, resolved_by=support, **done)
    make_incident(period, resolved_by=support, ending="duplicate", **done)

    reading = read("bau_resolved", period)

    assert (reading.value, reading.text) == (66.7, "2 of 3 in 7 days.")


def test_low_severities_may_stay_open_up_to_the_agreed_cap(period):
    make_incident(period, severity="P3")
    make_incident(period, severity="P4")

    assert read("open_low", period, threshold=2).verdict == "pass"
    assert read("open_low", period, threshold=1).verdict == "fail"


def test_overaged_is_older_than_twice_its_target(period):
    make_incident(period, severity="P1", reported_at=NOW)  # 8 h to the final repair

    assert read("overaged", period, at=NOW + 16 * HOUR - timedelta(seconds=1)).verdict == "pass"
    assert read("overaged", period, at=NOW + 16 * HOUR).verdict == "fail"


def test_reopen_rate_is_returns_per_hundred_resolutions(period):
    for _ in range(3):
        make_incident(period, reported_at=NOW - 2 * DAY, status="resolved", resolved_at=NOW - DAY)
    triage.reopen(Incident.objects.order_by("id")[0].pk, reason="Again", by=period.lead, at=NOW - HOUR)

    reading = read("reopen_rate", period)

    assert (reading.value, reading.text, reading.verdict) == (33.3, "1 of 3 came back in 14 days.", "fail")
    assert read("reopen_rate", period, at=NOW + 20 * DAY).verdict == "unknown"


# --- The status document ------------------------------------------------------------------------


def test_counts_say_what_is_open_unowned_and_late(period):
    make_incident(period, severity="P1", reported_at=NOW - HOUR)
    make_incident(period, severity="P2", owner=period.lead, acknowledged_at=NOW, status="acknowledged")
    make_incident(period, severity="P4", reported_at=NOW - 2 * DAY, status="resolved", resolved_at=NOW - 23 * HOUR)

    counts = exit_measures.count_incidents(period, at=NOW)

    assert counts["open"] == {"P1": 1, "P2": 1, "P3": 0, "P4": 0}
    assert (counts["open_total"], counts["unowned"], counts["late"]) == (2, 1, 1)
    assert (counts["arrived_24h"], counts["resolved_24h"]) == (2, 1)
    assert counts["sla"] == {"met": 0, "late": 1, "attainment": 0.0}


def test_counts_without_incidents_do_not_claim_full_marks(period):
    assert exit_measures.count_incidents(period, at=NOW)["sla"] == {"met": 0, "late": 0, "attainment": None}


@pytest.mark.parametrize("incident_count", [1, 50])
def test_invariant_7_the_figures_cost_the_same_for_one_and_for_fifty(period, incident_count, django_assert_num_queries):
    for n in range(incident_count):
        make_incident(period, severity=f"P{n % 4 + 1}", reported_at=NOW - n * HOUR)

    with django_assert_num_queries(9):  # and what the period promises, once
        exit_measures.count_incidents(period, at=NOW)
    with django_assert_num_queries(2):
        daily_counts.count_days(period, at=NOW)


# --- Charts -------------------------------------------------------------------------------------


def test_a_day_begins_at_midnight_in_the_zone_of_the_period(period):
    make_incident(period, severity="P1", reported_at=datetime(2026, 11, 16, 22, 59, tzinfo=UTC))  # 23:59 Monday
    make_incident(period, severity="P3", reported_at=datetime(2026, 11, 16, 23, 0, tzinfo=UTC))  # 00:00 Tuesday

    days = {day.on: day for day in daily_counts.count_days(period, at=NOW)}

    assert days[date(2026, 11, 16)].counts == {"high": 1, "p3": 0, "p4": 0}
    assert days[date(2026, 11, 17)].counts == {"high": 0, "p3": 1, "p4": 0}


def test_open_at_the_end_of_a_day_is_exact_and_days_to_come_are_empty(period):
    make_incident(period, reported_at=GO_LIVE, status="resolved", resolved_at=GO_LIVE + DAY)
    make_incident(period, reported_at=GO_LIVE + 2 * DAY)

    days = daily_counts.count_days(period, at=NOW)

    assert [day.open for day in days[:6]] == [1, 0, 1, 1, 1, None]
    assert [day.today for day in days].index(True) == 4
    assert (len(days), days[-1].arrived) == (15, None)


def test_a_return_is_its_own_series_and_opens_again(period):
    incident = make_incident(period, reported_at=GO_LIVE, status="resolved", resolved_at=GO_LIVE + HOUR)
    triage.reopen(incident.pk, reason="Again", by=period.lead, at=GO_LIVE + DAY)

    second = daily_counts.count_days(period, at=NOW)[1]

    assert (second.total, second.reopened, second.open) == (0, 1, 1)


def test_the_day_the_clock_goes_back_is_one_day_of_25_hours():
    go_live = datetime(2026, 10, 24, 6, 0, tzinfo=UTC)
    period = make_period(go_live_at=go_live, went_live_at=go_live, ends_at=go_live + 7 * DAY)
    late_evening = datetime(2026, 10, 25, 22, 30, tzinfo=UTC)  # 23:30 in winter time, hour 24.5 of the day
    make_incident(period, reported_at=late_evening)

    days = daily_counts.count_days(period, at=late_evening + 2 * DAY)

    assert [day.total for day in days[:3]] == [0, 1, 0]


def test_an_open_period_past_its_end_goes_on_in_the_chart(period):
    Period.objects.filter(pk=period.pk).update(ends_at=GO_LIVE + 2 * DAY)
    period.refresh_from_db()

    assert len(daily_counts.count_days(period, at=NOW)) == 5


def test_the_burn_down_steps_at_each_report_and_resolution_and_ends_now(period):
    make_incident(period, reported_at=GO_LIVE, status="resolved", resolved_at=GO_LIVE + DAY)

    steps = daily_counts.burn_down_steps(period, at=GO_LIVE + 2 * DAY)

    assert [(round(day, 2), count) for day, count in steps] == [(0, 0), (0.29, 1), (1.29, 0), (2.29, 0)]


def test_the_chart_can_draw_the_days(period):
    make_incident(period, severity="P1", reported_at=GO_LIVE)

    drawn = charts_svg.draw_arrivals(daily_counts.count_days(period, at=NOW), normal=2)

    assert [box.kind for box in drawn.bars] == ["high"]
    assert StatusChange.objects.count() == 1


def test_where_there_is_much_figures_are_counted_once_until_something_happens(django_assert_num_queries):
    period = make_period(next_incident_number=cached_counts.MANY + 1)
    make_incident(period)
    figures = [
        exit_measures.count_incidents(period, at=NOW),
        daily_counts.count_days(period, at=NOW),
        daily_counts.burn_down_steps(period, at=NOW),
    ]

    with django_assert_num_queries(0):
        again = [
            exit_measures.count_incidents(period, at=NOW),
            daily_counts.count_days(period, at=NOW),
            daily_counts.burn_down_steps(period, at=NOW),
        ]

    assert again == figures
