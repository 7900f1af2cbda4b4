"""What the overview's two charts say, in windows of two weeks and of a quarter."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hypercare.pages.period import charts
from hypercare.ui import charts_svg
from incidents.reporting import daily_counts
from periods.models import Period
from tests.factories import GO_LIVE, NOW, make_incident, make_period

SATURDAY = date(2026, 10, 31)


def days_of(count: int) -> list[date]:
    return [SATURDAY + timedelta(days=n) for n in range(count)]


def said(labels: list[tuple[str, str]]) -> list[str]:
    return [f"{top} {bottom}".strip() for top, bottom in labels if top or bottom]


@pytest.mark.parametrize("count", [1, 10, 14, 28, 45, 84, 180])
@pytest.mark.parametrize("today", [None, 0, -1])
def test_an_axis_has_at_most_as_many_labels_as_there_is_room_for(count: int, today: int | None) -> None:
    labels = charts_svg.axis_labels(days_of(count), today if today is None else today % count)

    assert len(labels) == count
    assert 1 <= len(said(labels)) <= charts_svg.MOST_LABELS + 1


def test_two_weeks_name_every_day_four_weeks_every_second_and_more_the_first_of_each_week() -> None:
    assert said(charts_svg.axis_labels(days_of(3))) == ["S 31", "S 1", "M 2"]
    assert said(charts_svg.axis_labels(days_of(28)))[:3] == ["S 31", "M 2", "W 4"]
    assert said(charts_svg.axis_labels(days_of(45))) == ["31 Oct", "7 Nov", "14", "21", "28", "5 Dec", "12"]


def test_today_is_named_and_its_neighbours_give_way() -> None:
    labels = charts_svg.axis_labels(days_of(45), 30)

    assert labels[30] == ("30", "")
    assert (labels[28], labels[35]) == (("", ""), ("5", "Dec"))


def test_on_a_narrow_axis_todays_label_is_the_last_to_give_way() -> None:
    days = [charts_svg.ArrivalDay("W", str(n), {"p3": 1}, today=n == 5) for n in range(10)]

    chart = charts_svg.draw_arrivals(days)

    assert [slot.rank for slot in chart.slots if slot.today] == [0]
    assert [slot.rank for slot in chart.slots[5:]] == [0, 2, 1, 2, 0]


def test_where_bars_are_thin_only_todays_and_the_highest_have_a_figure() -> None:
    days = [
        charts_svg.ArrivalDay("", "", {"p3": 9 if n == 3 else 1} if n <= 30 else None, today=n == 30) for n in range(45)
    ]

    assert [total.text for total in charts_svg.draw_arrivals(days).totals] == ["9", "1*"]


def window(days: int) -> Period:
    return make_period(ends_at=GO_LIVE + timedelta(days=days), planned_ends_at=GO_LIVE + timedelta(days=days))


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "unit", "bars"), [(14, "day", 15), (45, "day", 46), (84, "week", 13)])
def test_a_quarter_is_drawn_by_its_weeks(days: int, unit: str, bars: int) -> None:
    period = window(days)
    make_incident(period, severity="P1", reported_at=GO_LIVE)
    make_incident(period, severity="P4", reported_at=NOW)

    drawn = charts.build_charts(period, cap=10, at=NOW)

    assert drawn["arrivals_unit"] == unit
    assert len(drawn["arrivals"].rows) == bars
    assert sum(row.total for row in drawn["arrivals"].rows) == 2
    assert len(drawn["burndown"].slots) <= charts_svg.MOST_LABELS + 1


@pytest.mark.django_db
def test_the_normal_level_of_a_week_is_seven_times_that_of_a_day() -> None:
    period = window(84)
    period.baseline_issues, period.baseline_days = 56, 28

    assert charts.build_charts(period, cap=None, at=NOW)["arrivals"].normal == 14


LEVELS = {"P1": 0, "P2": 0, "P3": 2, "P4": 3}
ONE_DAY = [daily_counts.DayCounts(SATURDAY, {}, 0, 0, 5, today=True)]


def test_the_cap_is_of_p3_and_p4_and_is_kept_only_while_nothing_graver_is_open() -> None:
    kept = charts.burndown_finding(LEVELS, 10, None, ONE_DAY)
    graver = charts.burndown_finding({**LEVELS, "P1": 2}, 10, None, ONE_DAY)

    assert (kept.tone, kept.pill) == ("ok", "P3 and P4 within the cap")
    assert (graver.tone, graver.pill) == ("neutral", "2 P1 or P2 open")
    assert graver.sentence == "2 P1 or P2 and 5 P3 or P4 are open; the plan leaves 10 or fewer P3 and P4."


@pytest.mark.django_db
def test_the_cap_is_drawn_against_the_p3_and_p4_and_not_against_all_that_is_open() -> None:
    period = make_period()
    for severity in ("P1", "P1", "P1", "P3"):
        make_incident(period, severity=severity, reported_at=GO_LIVE)

    drawn = charts.build_charts(period, cap=2, at=NOW)["burndown"]

    assert (drawn.open_now, drawn.capped_now) == (4, 1)
    # Fewer than the cap, so below its line, while all that is open stands above it. SVG counts from the top.
    assert drawn.end[1] < drawn.target_y < drawn.capped[1]
    assert drawn.capped[0] == drawn.end[0]


def test_a_falling_number_is_no_good_news_while_a_p1_is_open() -> None:
    tones = [charts.burndown_finding({**LEVELS, "P1": graver}, 4, 0.5, [*ONE_DAY, *ONE_DAY]).tone for graver in (0, 1)]

    assert tones == ["ok", "neutral"]


@pytest.mark.django_db
def test_a_plan_without_that_criterion_draws_no_cap() -> None:
    period = make_period()
    make_incident(period, severity="P1", reported_at=GO_LIVE)

    drawn = charts.build_charts(period, cap=None, at=NOW)

    assert (drawn["burndown"].target_y, drawn["burndown"].hit) == (None, None)
    assert drawn["burndown_finding"].tone == "neutral"
