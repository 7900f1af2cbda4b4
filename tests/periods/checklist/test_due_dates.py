"""Due times typed in words: understood, said back with their zone, and kept as days from go-live."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from periods.checklist import due_dates
from periods.checklist.due_dates import DueDate, UnreadableDueDate

CPH, LONDON = ZoneInfo("Europe/Copenhagen"), ZoneInfo("Europe/London")
GO_LIVE = datetime(2026, 11, 14, 6, tzinfo=UTC)  # Saturday 07:00 in Copenhagen
AT = datetime(2026, 11, 9, 9, tzinfo=UTC)  # Monday
FIVE = time(17)


def parse(text: str, viewer: ZoneInfo = CPH) -> DueDate:
    return due_dates.parse_due_date(text, go_live_at=GO_LIVE, zone=CPH, viewer=viewer, at=AT)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("3 days before go-live", DueDate(-3, FIVE)),
        ("3 Days  before golive", DueDate(-3, FIVE)),
        ("a week before", DueDate(-7, FIVE)),
        ("2 weeks before go-live 12:00", DueDate(-14, time(12))),
        ("1 day after go-live at 9", DueDate(1, time(9))),
        ("-3", DueDate(-3, FIVE)),
        ("-3d 8.30", DueDate(-3, time(8, 30))),
        ("T-3", DueDate(-3, FIVE)),
        ("t+1 10:00", DueDate(1, time(10))),
        ("at go-live", DueDate(0)),
        ("go-live day", DueDate(0, FIVE)),
        ("go-live 05:30", DueDate(0, time(5, 30))),
        ("2026-11-11 17:00", DueDate(-3, FIVE)),
        ("2026-11-11T12:15", DueDate(-3, time(12, 15))),
        ("11 Nov", DueDate(-3, FIVE)),
        ("Wed 11 November 2026, 9", DueDate(-3, time(9))),
        ("tomorrow 9", DueDate(-4, time(9))),
        ("today", DueDate(-5, FIVE)),
        ("friday 12:00", DueDate(-1, time(12))),
        ("3 January", DueDate(50, FIVE)),
    ],
)
def test_words_become_days_from_go_live(text: str, due: DueDate) -> None:
    assert parse(text) == due


@pytest.mark.parametrize("text", ["", "soon", "3 days", "2026-02-30", "31 Feb", "25:00", "9999 weeks before", "-"])
def test_words_that_mean_nothing_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(UnreadableDueDate):
        parse(text)


def test_a_date_is_meant_in_the_viewers_zone_and_kept_in_the_periods() -> None:
    assert parse("2026-11-11 17:00", LONDON) == DueDate(-3, time(18))
    assert parse("3 days before go-live", LONDON) == DueDate(-3, FIVE)


def test_what_was_understood_is_said_back_with_its_zone() -> None:
    due_at = DueDate(-3, FIVE).at(GO_LIVE, CPH)

    assert (
        due_dates.describe_due_date(due_at, -3, at=AT, zone=CPH) == "Wed 11 Nov 17:00 Copenhagen, 3 days before go-live"
    )
    assert (
        due_dates.describe_due_date(due_at, -3, at=AT, zone=LONDON) == "Wed 11 Nov 16:00 London, 3 days before go-live"
    )


def test_a_time_of_day_stays_across_the_change_of_the_clocks() -> None:
    due = DueDate(-21, FIVE)

    assert due.at(GO_LIVE, CPH) == datetime(2026, 10, 24, 15, tzinfo=UTC)


@given(st.integers(0, 2 * 366 * 24 * 60).map(lambda m: GO_LIVE - timedelta(days=300) + timedelta(minutes=m)))
def test_every_moment_is_found_again_but_the_second_of_two_equal_hours(moment: datetime) -> None:
    found = due_dates.due_date_of(moment, GO_LIVE, CPH).at(GO_LIVE, CPH)

    assert found == moment or moment.astimezone(CPH).fold == 1


@given(st.text(max_size=40))
def test_no_words_crash_it(text: str) -> None:
    with suppress(UnreadableDueDate):
        parse(text)
