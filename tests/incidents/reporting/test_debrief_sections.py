"""What a debrief is told about incidents since the one before."""

from datetime import timedelta

import pytest

from incidents.reporting import debrief_sections
from incidents.triage import triage
from periods.models import Period
from tests.factories import NOW, make_incident, make_period

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SINCE = NOW - DAY


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL")


def lines(section) -> list[tuple[str, str, str]]:
    return [(line.text, line.note, line.tone) for line in section.items]


def test_the_numbers_are_of_the_time_since_the_last_debrief(period):
    make_incident(period, reported_at=NOW - 30 * HOUR)
    make_incident(period, reported_at=NOW - 30 * HOUR, status="resolved", resolved_at=NOW - 26 * HOUR)
    make_incident(period, reported_at=NOW - 3 * HOUR, status="resolved", resolved_at=NOW)
    make_incident(period, reported_at=NOW - HOUR, severity="P1")

    found = {text: note for text, note, _tone in lines(debrief_sections.numbers_section(period, SINCE, NOW))}

    assert (found["new"], found["resolved"], found["open, was 1"], found["P1 open"]) == ("2", "1", "2", "1")
    assert found["median to resolve"] == "3 h 00 m"
    assert "came back" not in found


def test_p1s_that_are_open_or_ended_since_then_are_talked_about(period):
    make_incident(period, severity="P1", title="Payments down")
    make_incident(period, severity="P1", title="Fixed today", status="resolved", resolved_at=NOW - HOUR)
    make_incident(
        period, severity="P1", title="Fixed before", reported_at=SINCE - HOUR, status="resolved", resolved_at=SINCE
    )

    section = debrief_sections.p1_section(period, SINCE, NOW)

    assert section.title == "P1 incidents"
    assert lines(section) == [
        ("BILL-1 Payments down", "New, no owner", ""),
        ("BILL-2 Fixed today", "Resolved, no owner", "done"),
    ]
    assert section.items[0].url == "/i/BILL-1/"


def test_without_a_p1_the_p2s_are_talked_about(period):
    make_incident(period, severity="P2", title="Mails late")

    assert debrief_sections.p1_section(period, SINCE, NOW).title == "P2 incidents"


def test_what_is_late_says_which_promise_and_by_how_much(period):
    make_incident(period, severity="P1", title="Payments down", reported_at=NOW - HOUR)

    assert lines(debrief_sections.late_or_worse_section(period, SINCE, NOW)) == [
        ("BILL-1 Payments down", "Acknowledge 45 m late", "late")
    ]


def test_what_was_raised_or_came_back_is_getting_worse_and_what_was_lowered_is_not(period):
    raised, lowered = make_incident(period, title="Raised"), make_incident(period, title="Lowered")
    back = make_incident(period, title="Back", severity="P4", status="resolved", resolved_at=NOW)
    common = {"by": period.lead, "at": NOW}
    triage.regrade(raised.pk, impact="high", urgency="medium", **common)
    triage.regrade(lowered.pk, impact="low", urgency="low", **common)
    triage.reopen(back.pk, reason="Again", **common)

    assert lines(debrief_sections.late_or_worse_section(period, SINCE, NOW)) == [
        ("BILL-1 Raised", "P3 to P2", "warn"),
        ("BILL-3 Back", "Came back", "warn"),
    ]


def test_three_incidents_of_one_system_in_a_day_suggest_one_cause(period):
    for _ in range(3):
        make_incident(period, component="Payments", status="resolved", resolved_at=NOW)
    make_incident(period, component="Payments", reported_at=NOW - 2 * DAY, status="resolved", resolved_at=NOW)

    assert lines(debrief_sections.late_or_worse_section(period, SINCE, NOW)) == [
        ("Payments: 3 incidents in 24 h", "Look for one cause", "warn")
    ]


def test_with_nothing_to_say_a_section_is_short_and_empty(period):
    assert [
        debrief_sections.p1_section(period, SINCE, NOW).items,
        debrief_sections.late_or_worse_section(period, SINCE, NOW).items,
    ] == [[], []]
