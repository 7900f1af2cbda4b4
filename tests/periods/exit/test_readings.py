"""What the criteria said at the end of each day stays what it was, and a day that nobody read is no good day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hypercare.engine import timers
from incidents.models import Incident
from incidents.triage import triage
from periods.exit import readings
from periods.lifecycle import gates, lifecycle
from periods.models import JournalEntry, Period
from periods.timers import timers as period_timers
from tests.factories import GO_LIVE, make_incident, make_period
from tests.periods.story import make_criterion

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MIDNIGHT = datetime(2026, 11, 14, 23, tzinfo=UTC)  # of the first day, in Copenhagen
NEEDED = "An early review needs the last 3 days on record."


def live_with(threshold: float = 0) -> Period:
    period = make_period()
    make_criterion(period, code="no_open_p1", automatic=True, threshold=threshold)
    period_timers.arm_reading(period, at=GO_LIVE)
    return period


def on_record(period: Period) -> list[tuple[str, list[object]]]:
    entries = JournalEntry.objects.filter(period=period, kind="criterion.read").order_by("seq")
    return [(entry.data["day"], entry.data["readings"]["no_open_p1"]) for entry in entries]


def test_at_each_midnight_of_the_period_its_criteria_go_on_record() -> None:
    period = live_with()
    midnight = datetime(2026, 11, 14, 23, tzinfo=UTC)  # in Copenhagen
    make_incident(period, severity="P1", reported_at=midnight + timedelta(hours=3))

    assert timers.fire_due(at=midnight - timedelta(seconds=1)) == 0
    timers.fire_due(at=midnight)
    timers.fire_due(at=midnight + DAY)

    assert on_record(period) == [("2026-11-14", [0, "pass"]), ("2026-11-15", [1, "fail"])]


def test_after_an_outage_each_missed_day_is_read_as_it_was_then() -> None:
    period = live_with()
    make_incident(
        period, severity="P1", status="resolved", reported_at=GO_LIVE + 2 * DAY, resolved_at=GO_LIVE + 3 * DAY
    )

    for _ in range(5):
        timers.fire_due(at=GO_LIVE + 4 * DAY)

    assert [verdict for _, (_, verdict) in on_record(period)] == ["pass", "pass", "fail", "pass"]


def test_a_period_that_has_ended_is_read_no_more() -> None:
    period = live_with()
    Period.objects.filter(pk=period.pk).update(status=Period.Status.CLOSED)

    timers.fire_due(at=GO_LIVE + 3 * DAY)

    assert on_record(period) == []


def test_the_trend_is_the_values_on_record_oldest_first_of_fourteen_days() -> None:
    period = live_with()
    for day in range(1, 17):
        make_incident(period, severity="P1", reported_at=GO_LIVE + day * DAY)
        readings.record_day(period, read_at=GO_LIVE + day * DAY, at=GO_LIVE + day * DAY)

    assert readings.trends(period) == {"no_open_p1": [float(count) for count in range(3, 17)]}


# --- A streak is what was on record -------------------------------------------------------------


def calm(**fields: Any) -> Period:
    """A period that stabilises, half served on day 8, judged by open P1 and the promises on them."""
    period = make_period(Period.Status.STABILISING, **fields)
    make_criterion(period, code="no_open_p1", title="No P1 open", automatic=True, threshold=0)
    make_criterion(period, code="sla_attainment", title="In time", automatic=True, threshold=90, mandatory=False)
    return period


def read_midnights(period: Period, last: int, first: int = 1) -> None:
    """The clock's reading at the end of these days."""
    for day in range(first - 1, last):
        readings.record_day(period, read_at=MIDNIGHT + day * DAY, at=MIDNIGHT + day * DAY)


def missing(period: Period, at: datetime) -> list[str]:
    return [one.text for one in gates.find_blockers(period, "review", at=at)]


def report_p1(period: Period, at: datetime) -> Incident:
    return triage.report(period.pk, title="Down", impact="high", urgency="high", by=period.lead, at=at)


def test_regrading_a_p1_that_was_open_for_days_does_not_open_the_review() -> None:
    period = calm()
    incident = report_p1(period, GO_LIVE + HOUR)
    read_midnights(period, 9)
    at = MIDNIGHT + 8 * DAY + 8 * HOUR

    triage.regrade(incident.pk, impact="medium", urgency="medium", by=period.lead, at=at)

    assert missing(period, at + 2 * HOUR / 60) == ["“No P1 open” was not met on each of the last 3 days."]


def test_the_review_opens_after_three_days_on_record_and_while_it_still_holds() -> None:
    period = calm()
    incident = report_p1(period, GO_LIVE + HOUR)
    read_midnights(period, 6)
    triage.resolve(incident.pk, ending="fixed", resolution="Done", by=period.lead, at=MIDNIGHT + 6 * DAY - HOUR)
    read_midnights(period, 8, first=7)

    assert missing(period, MIDNIGHT + 7 * DAY + HOUR) == ["“No P1 open” was not met on each of the last 3 days."]
    read_midnights(period, 9, first=9)
    assert missing(period, MIDNIGHT + 8 * DAY + HOUR) == []
    report_p1(period, MIDNIGHT + 8 * DAY + 2 * HOUR)
    assert missing(period, MIDNIGHT + 8 * DAY + 3 * HOUR) != []


def test_a_day_nobody_read_is_named_and_is_no_good_day() -> None:
    period = calm()
    read_midnights(period, 7)
    read_midnights(period, 9, first=9)

    assert missing(period, MIDNIGHT + 8 * DAY + HOUR) == [
        f"The exit criteria were not read at the end of 21 Nov, so that day does not count. {NEEDED}"
    ]


def test_a_day_read_late_counts_while_nobody_changed_anything_since() -> None:
    period = calm()
    report_p1(period, GO_LIVE + HOUR)

    readings.record_day(period, read_at=MIDNIGHT, at=MIDNIGHT + 6 * HOUR)

    assert readings.days_before(period, at=MIDNIGHT + 7 * HOUR, count=1)[0].is_certain


def test_a_day_read_late_does_not_count_once_somebody_changed_something_since() -> None:
    period = calm()
    incident = report_p1(period, GO_LIVE + HOUR)
    triage.regrade(incident.pk, impact="low", urgency="low", by=period.lead, at=MIDNIGHT + HOUR)

    readings.record_day(period, read_at=MIDNIGHT, at=MIDNIGHT + 6 * HOUR)

    (day,) = readings.days_before(period, at=MIDNIGHT + 7 * HOUR, count=1)
    assert (day.is_certain, day.met("no_open_p1"), day.value("no_open_p1")) == (False, False, None)
    assert readings.trends(period)["no_open_p1"] == [0]


def test_midnight_belongs_to_the_day_that_ends() -> None:
    period = calm()
    read_midnights(period, 2)

    assert [day.on.day for day in readings.days_before(period, at=MIDNIGHT + DAY, count=2)] == [14, 13]
    assert [day.on.day for day in readings.days_before(period, at=MIDNIGHT + DAY + HOUR, count=2)] == [15, 14]


def test_a_period_that_came_back_is_read_each_midnight_again() -> None:
    period = make_period(Period.Status.CLOSED, ended_at=GO_LIVE + 14 * DAY)
    make_criterion(period, code="no_open_p1", automatic=True, threshold=0)

    lifecycle.reopen(period.pk, reason="Payments down", by=period.lead, at=GO_LIVE + 15 * DAY)
    timers.fire_due(at=MIDNIGHT + 15 * DAY)

    assert [day for day, _ in on_record(period)] == ["2026-11-29"]


def test_rows_of_the_past_that_were_altered_change_no_day_on_record() -> None:
    period = calm(baseline_issues=56, baseline_days=28)
    make_criterion(period, code="rate_back_to_baseline", title="Rate", automatic=True, threshold=3)
    for _ in range(40):
        make_incident(period, reported_at=GO_LIVE + 6 * DAY)
    read_midnights(period, 10)

    Incident.objects.filter(period=period).update(kind="enhancement")

    at = MIDNIGHT + 9 * DAY + HOUR
    assert missing(period, at) == ["“Rate” was not met on each of the last 3 days."]
    rate = next(row for row in gates.criteria.scorecard(period, at=at) if row.criterion.title == "Rate")
    assert (rate.reading.streak, rate.reading.verdict) == (1, "fail")
