"""Charts are drawn where the numbers say."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hypercare import svg, timeline

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
MIDNIGHT = datetime(2026, 11, 18, tzinfo=COPENHAGEN)


@pytest.mark.parametrize(
    ("highest", "ticks"), [(1, [0, 1]), (5, [0, 2, 4, 6]), (11, [0, 4, 8, 12]), (16, [0, 4, 8, 12, 16])]
)
def test_the_axis_starts_at_zero_and_has_at_most_four_steps(highest, ticks):
    assert svg.nice_ticks(highest) == ticks


def test_the_axis_reaches_above_any_number():
    for highest in (0, 3, 7, 99, 1234, 9999):
        ticks = svg.nice_ticks(highest)

        assert ticks[-1] >= highest
        assert len(ticks) <= svg.MOST_GRID_LINES + 1


def arrivals_of(*days, **extra):
    return svg.arrivals(list(days), **extra)


def test_bars_stack_the_gravest_at_the_bottom():
    day = svg.ArrivalDay("W", "18", {"high": 2, "p3": 1, "p4": 1})

    chart = arrivals_of(day)

    assert [(bar.kind, bar.y, bar.height) for bar in chart.bars] == [
        ("high", 50, 50),
        ("p3", 25, 25),
        ("p4", 0, 25),
    ]


def test_a_day_without_incidents_draws_no_bar_but_says_zero():
    chart = arrivals_of(svg.ArrivalDay("W", "18", {}))

    assert chart.bars == []
    assert [(total.text, total.y) for total in chart.totals] == [("0", 100)]


def test_a_day_to_come_has_a_forecast_and_no_total():
    chart = arrivals_of(
        svg.ArrivalDay("W", "18", {"high": 4}, today=True), svg.ArrivalDay("T", "19", None, svg.Band(1, 2, 3))
    )

    assert [total.text for total in chart.totals] == ["4*"]
    assert chart.forecast_line == "75.0,50.0"
    assert chart.forecast_band == "75.0,25.0 75.0,75.0"


def test_the_normal_level_is_a_height_on_the_same_axis():
    chart = arrivals_of(svg.ArrivalDay("W", "18", {"p3": 4}), normal=1)

    assert chart.normal_y == 75


def test_an_empty_window_still_draws_axes():
    chart = arrivals_of()

    assert [tick.value for tick in chart.ticks] == [0, 1]
    assert (chart.bars, chart.forecast_line) == ([], "")


DAYS = [("S", "14", False), ("S", "15", False), ("M", "16", True), ("T", "17", False)]


def test_the_burn_down_moves_in_steps_and_ends_at_the_open_count():
    chart = svg.burndown(DAYS, [(0, 0), (1, 4), (2.5, 2)], target=1)

    assert chart.line == "M0.0 100.0H25.0V0.0H62.5V50.0"
    assert (chart.end, chart.open_now) == ((62.5, 50.0), 2)
    assert chart.target_y == 75


def test_the_burn_down_table_gives_the_count_each_day_closed_with():
    chart = svg.burndown(DAYS, [(0, 0), (0.5, 3), (1.2, 4), (2.5, 2)], target=1)

    assert chart.rows == [("S 14", 3), ("S 15", 4), ("M 16", 2)]


def test_a_burn_down_without_incidents_has_no_line():
    chart = svg.burndown(DAYS, [], target=3)

    assert (chart.line, chart.end, chart.open_now, chart.rows) == ("", None, None, [])


def test_the_pace_and_the_day_it_meets_the_target_share_the_axis():
    chart = svg.burndown(DAYS, [(0, 4)], target=2, pace=[(0, 4), (4, 0)], hit=2)

    assert chart.pace == "0.0,0.0 100.0,100.0"
    assert chart.hit == (50.0, 50.0)


def test_a_flat_sparkline_runs_through_the_middle():
    spark = svg.sparkline([3, 3, 3])

    assert spark.points == "0.0,50.0 47.0,50.0 94.0,50.0"


def test_a_sparkline_keeps_its_target_on_the_same_scale():
    spark = svg.sparkline([0, 10], target=20)

    assert spark.target_y == 8
    assert spark.end == (94.0, 50.0)


def test_a_sparkline_of_nothing_has_no_end():
    assert svg.sparkline([]).end is None


def test_the_day_ruler_splits_today_and_counts_from_one():
    kinds = [box.kind for box in svg.day_ruler(2, 4, part=0.5)]

    assert kinds == ["past", "left", "now", "ahead", "ahead"]


def test_segments_share_the_width():
    assert [(box.x, box.kind) for box in svg.segments(["ok", "warn"])] == [(0.0, "ok"), (50.0, "warn")]


WINDOW = (MIDNIGHT, MIDNIGHT + timedelta(days=2))


def lane(*bars):
    return timeline.Lane("Platform", "24 h", bars)


def hours(start, end, label="Arjun", **extra):
    return timeline.Bar(MIDNIGHT + timedelta(hours=start), MIDNIGHT + timedelta(hours=end), label, **extra)


def test_bars_are_cut_at_the_edges_of_the_window_and_dropped_outside():
    chart = timeline.gantt([lane(hours(-12, 12), hours(48, 60), hours(-8, 0))], window=WINDOW, now=MIDNIGHT)

    assert [(placed.x, placed.width) for placed in chart.lanes[0].bars] == [(0.0, 25.0)]


def test_a_shift_is_past_from_the_moment_it_ends():
    noon = MIDNIGHT + timedelta(hours=12)

    chart = timeline.gantt([lane(hours(0, 12), hours(12, 24))], window=WINDOW, now=noon)

    assert [placed.past for placed in chart.lanes[0].bars] == [True, False]


def test_the_now_line_shows_only_inside_the_window():
    inside = timeline.gantt([], window=WINDOW, now=MIDNIGHT.astimezone(UTC) + timedelta(hours=12))
    outside = timeline.gantt([], window=WINDOW, now=WINDOW[1])

    assert (inside.now_x, outside.now_x) == (25.0, None)
    assert inside.now.hour == 12


def test_days_and_nights_follow_the_zone_of_the_window():
    chart = timeline.gantt([], window=WINDOW, now=MIDNIGHT + timedelta(hours=30))

    assert [(day.starts_at.day, day.x, day.today) for day in chart.days] == [
        (18, 0.0, False),
        (19, 50.0, True),
    ]
    assert [(box.x, round(box.x + box.width, 2)) for box in chart.nights] == [
        (0.0, 14.58),
        (45.83, 64.58),
        (95.83, 100.0),
    ]


def test_a_night_of_a_clock_change_still_ends_at_the_local_dawn():
    start = datetime(2026, 10, 24, 12, tzinfo=COPENHAGEN)
    window = (start, start + timedelta(days=2))

    first = timeline.nights(window)[0]

    # 10 hours after noon it is dark, for 10 hours of a night with 9 on the clock, in 49 hours.
    assert first.x == pytest.approx(100 * 10 / 49, abs=0.01)
    assert first.width == pytest.approx(100 * 10 / 49, abs=0.01)


def test_a_utc_moment_and_a_local_one_land_on_the_same_place_over_a_clock_change():
    window = (datetime(2026, 10, 24, tzinfo=COPENHAGEN), datetime(2026, 10, 27, tzinfo=COPENHAGEN))
    local = datetime(2026, 10, 26, 12, tzinfo=COPENHAGEN)

    assert svg.share(local, *window) == svg.share(local.astimezone(UTC), *window)


def test_long_windows_drop_the_hour_ticks():
    chart = timeline.gantt([], window=(MIDNIGHT, MIDNIGHT + timedelta(days=14)), now=MIDNIGHT)

    assert len(chart.days) == 14
    assert all(not day.hours for day in chart.days)


def test_a_waterfall_starts_each_part_where_the_sum_stood():
    steps = svg.waterfall([("Every change", 5), ("Full migration", 3), ("Rehearsed", 0), ("Done before", -2)])

    assert [(step.x, step.width) for step in steps] == [(0.0, 62.5), (62.5, 37.5), (99.2, 0.8), (75.0, 25.0)]


def test_a_waterfall_of_nothing_is_empty():
    assert svg.waterfall([]) == []


def test_a_bar_ends_where_the_next_begins_when_two_people_meet_at_a_hand_off():
    chart = timeline.gantt([lane(hours(0, 8), hours(7.75, 16))], window=WINDOW, now=MIDNIGHT)
    hidden = timeline.gantt([lane(hours(0, 8), hours(1, 9))], window=WINDOW, now=MIDNIGHT)

    first, second = chart.lanes[0].bars
    assert first.x + first.width == pytest.approx(second.x, abs=0.02)
    assert hidden.lanes[0].bars[0].width == pytest.approx(16.67)
