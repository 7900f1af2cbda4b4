"""Charts are drawn where the numbers say."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hypercare.ui import charts_svg, gantt

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
MIDNIGHT = datetime(2026, 11, 18, tzinfo=COPENHAGEN)


@pytest.mark.parametrize(
    ("highest", "ticks"), [(1, [0, 1]), (5, [0, 2, 4, 6]), (11, [0, 4, 8, 12]), (16, [0, 4, 8, 12, 16])]
)
def test_the_axis_starts_at_zero_and_has_at_most_four_steps(highest, ticks):
    assert charts_svg.nice_ticks(highest) == ticks


def test_the_axis_reaches_above_any_number():
    for highest in (0, 3, 7, 99, 1234, 9999):
        ticks = charts_svg.nice_ticks(highest)

        assert ticks[-1] >= highest
        assert len(ticks) <= charts_svg.MOST_GRID_LINES + 1


def arrivals_of(*days, **extra):
    return charts_svg.draw_arrivals(list(days), **extra)


def test_bars_stack_the_gravest_at_the_bottom():
    day = charts_svg.ArrivalDay("W", "18", {"high": 2, "p3": 1, "p4": 1})

    chart = arrivals_of(day)

    assert [(bar.kind, bar.y, bar.height) for bar in chart.bars] == [("high", 50, 50), ("p3", 25, 25), ("p4", 0, 25)]


def test_a_day_without_incidents_draws_no_bar_but_says_zero():
    chart = arrivals_of(charts_svg.ArrivalDay("W", "18", {}))

    assert chart.bars == []
    assert [(total.text, total.y) for total in chart.totals] == [("0", 100)]


def test_a_day_to_come_has_a_forecast_and_no_total():
    chart = arrivals_of(
        charts_svg.ArrivalDay("W", "18", {"high": 4}, today=True),
        charts_svg.ArrivalDay("T", "19", None, charts_svg.ForecastBand(1, 2, 3)),
    )

    assert [total.text for total in chart.totals] == ["4*"]
    assert chart.forecast_line == "75.0,50.0"
    assert chart.forecast_band == "75.0,25.0 75.0,75.0"


def test_the_normal_level_is_a_height_on_the_same_axis():
    chart = arrivals_of(charts_svg.ArrivalDay("W", "18", {"p3": 4}), normal=1)

    assert chart.normal_y == 75


def test_an_empty_window_still_draws_axes():
    chart = arrivals_of()

    assert [tick.value for tick in chart.ticks] == [0, 1]
    assert (chart.bars, chart.forecast_line) == ([], "")


DAYS = [("S", "14", False), ("S", "15", False), ("M", "16", True), ("T", "17", False)]


def test_the_burn_down_moves_in_steps_and_ends_at_the_open_count():
    chart = charts_svg.draw_burndown(DAYS, [(0, 0), (1, 4), (2.5, 2)], target=1)

    assert chart.line == "M0.0 100.0H25.0V0.0H62.5V50.0"
    assert (chart.end, chart.open_now) == ((62.5, 50.0), 2)
    assert chart.target_y == 75


def test_the_burn_down_table_gives_the_count_each_day_closed_with():
    chart = charts_svg.draw_burndown(DAYS, [(0, 0), (0.5, 3), (1.2, 4), (2.5, 2)], target=1)

    assert chart.rows == [("S 14", 3), ("S 15", 4), ("M 16", 2)]


def test_a_burn_down_without_incidents_has_no_line():
    chart = charts_svg.draw_burndown(DAYS, [], target=3)

    assert (chart.line, chart.end, chart.open_now, chart.rows) == ("", None, None, [])


def test_the_pace_and_the_day_it_meets_the_target_share_the_axis():
    chart = charts_svg.draw_burndown(DAYS, [(0, 4)], target=2, pace=[(0, 4), (4, 0)], hit=2)

    assert chart.pace == "0.0,0.0 100.0,100.0"
    assert chart.hit == (50.0, 50.0)


def test_a_flat_sparkline_runs_through_the_middle():
    spark = charts_svg.draw_sparkline([3, 3, 3])

    assert spark.points == "0.0,50.0 47.0,50.0 94.0,50.0"


def test_a_sparkline_keeps_its_target_on_the_same_scale():
    spark = charts_svg.draw_sparkline([0, 10], target=20)

    assert spark.target_y == 8
    assert spark.end == (94.0, 50.0)


def test_a_sparkline_of_nothing_has_no_end():
    assert charts_svg.draw_sparkline([]).end is None


def test_the_day_ruler_splits_today_and_counts_from_one():
    kinds = [box.kind for box in charts_svg.draw_day_ruler(2, 4, part=0.5)]

    assert kinds == ["past", "left", "now", "ahead", "ahead"]


def test_segments_share_the_width():
    assert [(box.x, box.kind) for box in charts_svg.draw_segments(["ok", "warn"])] == [(0.0, "ok"), (50.0, "warn")]


WINDOW = (MIDNIGHT, MIDNIGHT + timedelta(days=2))


def lane(*bars):
    return gantt.Lane("Platform", "24 h", bars)


def hours(start, end, label="Arjun", **extra):
    return gantt.Bar(MIDNIGHT + timedelta(hours=start), MIDNIGHT + timedelta(hours=end), label, **extra)


def test_bars_are_cut_at_the_edges_of_the_window_and_dropped_outside():
    chart = gantt.draw_gantt([lane(hours(-12, 12), hours(48, 60), hours(-8, 0))], window=WINDOW, now=MIDNIGHT)

    assert [(placed.x, placed.width) for placed in chart.lanes[0].bars] == [(0.0, 25.0)]


def test_a_shift_is_past_from_the_moment_it_ends():
    noon = MIDNIGHT + timedelta(hours=12)

    chart = gantt.draw_gantt([lane(hours(0, 12), hours(12, 24))], window=WINDOW, now=noon)

    assert [placed.past for placed in chart.lanes[0].bars] == [True, False]


def test_the_now_line_shows_only_inside_the_window():
    inside = gantt.draw_gantt([], window=WINDOW, now=MIDNIGHT.astimezone(UTC) + timedelta(hours=12))
    outside = gantt.draw_gantt([], window=WINDOW, now=WINDOW[1])

    assert (inside.now_x, outside.now_x) == (25.0, None)
    assert inside.now.hour == 12


@pytest.mark.parametrize("days", range(1, 8))
def test_the_time_of_day_never_stands_on_an_hour(days):
    """On the narrowest lane a page draws, at any quarter of an hour: an hour is left out, and only where it must be."""
    lane_px, flag, digits = 538, 44, 13
    left_out = set()
    for quarter in range(days * 96):
        now = MIDNIGHT + timedelta(minutes=15 * quarter)
        chart = gantt.draw_gantt([], window=(MIDNIGHT, MIDNIGHT + timedelta(days=days)), now=now)
        at = chart.now_x * lane_px / 100
        for day in chart.days:
            for i, (x, hour) in enumerate(day.hours):
                start = x * lane_px / 100 + (4 if i else 8)
                apart = start >= at + flag / 2 or start + digits <= at - flag / 2
                assert apart or not hour
                if not hour:
                    assert abs(x * lane_px / 100 - at) < 60
                    left_out.add(i)
    assert left_out == {0, 1, 2, 3}


def test_days_and_nights_follow_the_zone_of_the_window():
    chart = gantt.draw_gantt([], window=WINDOW, now=MIDNIGHT + timedelta(hours=30))

    assert [(day.starts_at.day, day.x, day.today) for day in chart.days] == [(18, 0.0, False), (19, 50.0, True)]
    assert [(box.x, round(box.x + box.width, 2)) for box in chart.nights] == [
        (0.0, 14.58),
        (45.83, 64.58),
        (95.83, 100.0),
    ]


def test_a_night_of_a_clock_change_still_ends_at_the_local_dawn():
    start = datetime(2026, 10, 24, 12, tzinfo=COPENHAGEN)
    window = (start, start + timedelta(days=2))

    first = gantt.night_boxes(window)[0]

    # 10 hours after noon it is dark, for 10 hours of a night with 9 on the clock, in 49 hours.
    assert first.x == pytest.approx(100 * 10 / 49, abs=0.01)
    assert first.width == pytest.approx(100 * 10 / 49, abs=0.01)


def test_a_utc_moment_and_a_local_one_land_on_the_same_place_over_a_clock_change():
    window = (datetime(2026, 10, 24, tzinfo=COPENHAGEN), datetime(2026, 10, 27, tzinfo=COPENHAGEN))
    local = datetime(2026, 10, 26, 12, tzinfo=COPENHAGEN)

    assert charts_svg.share_of_window(local, *window) == charts_svg.share_of_window(local.astimezone(UTC), *window)


def test_long_windows_drop_the_hour_ticks():
    chart = gantt.draw_gantt([], window=(MIDNIGHT, MIDNIGHT + timedelta(days=14)), now=MIDNIGHT)

    assert len(chart.days) == 14
    assert all(not day.hours for day in chart.days)


def test_a_waterfall_starts_each_part_where_the_sum_stood():
    steps = charts_svg.draw_waterfall(
        [("Every change", 5), ("Full migration", 3), ("Rehearsed", 0), ("Done before", -2)]
    )

    assert [(step.x, step.width) for step in steps] == [(0.0, 62.5), (62.5, 37.5), (99.2, 0.8), (75.0, 25.0)]


def test_a_waterfall_of_nothing_is_empty():
    assert charts_svg.draw_waterfall([]) == []


def test_a_bar_ends_where_the_next_begins_when_two_people_meet_at_a_hand_off():
    chart = gantt.draw_gantt([lane(hours(0, 8), hours(7.75, 16))], window=WINDOW, now=MIDNIGHT)
    hidden = gantt.draw_gantt([lane(hours(0, 8), hours(1, 9))], window=WINDOW, now=MIDNIGHT)

    first, second = chart.lanes[0].bars
    assert first.x + first.width == pytest.approx(second.x, abs=0.02)
    assert hidden.lanes[0].bars[0].width == pytest.approx(16.67)


@pytest.mark.parametrize(
    ("bars", "places"),
    [
        ((), []),
        ((hours(-8, 0), hours(48, 60)), []),
        ((hours(12, 24),), [(25.0, 25.0)]),
        ((hours(0, 12), hours(12, 24), hours(36, 48)), [(0.0, 25.0), (25.0, 25.0), (75.0, 25.0)]),
    ],
    ids=["no bar", "none in view", "one", "many"],
)
def test_a_lane_shows_as_many_bars_as_lie_in_view(bars, places):
    chart = gantt.draw_gantt([lane(*bars)], window=WINDOW, now=MIDNIGHT)

    assert [(placed.x, placed.width) for placed in chart.lanes[0].bars] == places


@pytest.mark.parametrize("count", [0, 1, 45])
def test_every_drawing_takes_nothing_one_and_many(count):
    days = [charts_svg.ArrivalDay("W", str(n), {"high": n}) for n in range(count)]
    samples = [(float(n), n) for n in range(count)]

    drawn = (
        charts_svg.draw_arrivals(days),
        charts_svg.draw_burndown([(day.top, day.bottom, False) for day in days], samples, target=3),
        charts_svg.draw_sparkline([value for _, value in samples]),
        charts_svg.draw_sparkline([value for _, value in samples], target=2),
        charts_svg.draw_day_ruler(count, count),
        charts_svg.draw_segments(["ok"] * count),
        charts_svg.draw_waterfall([("Answer", 0)] * count),
    )

    assert all(figure is not None for figure in drawn)


@pytest.mark.parametrize(
    ("days", "names"),
    [
        (3, ["Wed 18", "Thu 19", "Fri 20"]),
        (20, ["Wed 18", "Fri 20", "Sun 22", "Tue 24", "Thu 26", "Sat 28", "Mon 30", "Wed 2", "Fri 4", "Sun 6"]),
        (45, ["18 Nov", "23 Nov", "30 Nov", "7 Dec", "14 Dec", "21 Dec", "28 Dec"]),
        (
            84,
            ["18 Nov", "30 Nov", "7 Dec", "14 Dec", "21 Dec", "28 Dec", "4 Jan", "11 Jan", "18 Jan", "25 Jan", "1 Feb"],
        ),
    ],
)
def test_the_longer_a_window_the_fewer_of_its_days_are_named(days, names):
    chart = gantt.draw_gantt([], window=(MIDNIGHT, MIDNIGHT + timedelta(days=days)), now=MIDNIGHT)

    assert [day.label for day in chart.days if day.label] == names
    assert len(chart.days) == days


def test_weeks_are_ruled_and_nights_left_out_where_days_are_hairs():
    chart = gantt.draw_gantt([], window=(MIDNIGHT, MIDNIGHT + timedelta(days=45)), now=MIDNIGHT)

    assert {day.starts_at.weekday() for day in chart.days if day.ruled} == {0}
    assert chart.nights == []


def test_no_hour_is_written_where_the_time_of_day_stands():
    now = MIDNIGHT + timedelta(hours=13)

    chart = gantt.draw_gantt([], window=WINDOW, now=now)

    assert [hour for _, hour in chart.days[0].hours] == ["00", "06", "", "18"]
