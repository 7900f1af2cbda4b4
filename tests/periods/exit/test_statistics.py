"""The arithmetic of an exit, against worked figures and as laws that must hold for any counts."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from periods.exit.distributions import binomial_at_most, bisect, poisson_at_most
from periods.exit.statistics import (
    arrival_verdict,
    back_to_baseline,
    burn_down_days,
    c_chart,
    clumpy_verdict,
    crow_amsaa,
    dispersion,
    ewma,
    forecast,
    goel_okumoto,
    laplace_trend,
    mean,
    median,
    percentile,
    poisson_upper_limit,
    streak,
    u_chart,
    within_tolerable_rate,
)

TIMES = [0.2, 0.5, 0.9, 1.3, 1.8, 2.4, 3, 3.9, 5.1, 6.6, 8.4, 11]
ORDER = ("PASS", "UNDECIDED", "FAIL")

counts = st.integers(0, 400)
windows = st.integers(1, 60)


# --- Back to baseline


@pytest.mark.parametrize(
    ("recent", "outcome", "p_margin", "p_elevated"), [(14, "PASS", 0.0103, None), (23, "FAIL", 0.2519, 0.0339)]
)
def test_back_to_baseline_gives_the_worked_verdicts(recent, outcome, p_margin, p_elevated):
    verdict = back_to_baseline(56, 28, recent, 7)

    assert verdict.outcome == outcome
    assert verdict.p_margin == pytest.approx(p_margin, abs=5e-5)
    if p_elevated:
        assert verdict.p_elevated == pytest.approx(p_elevated, abs=5e-5)


def test_between_pass_and_fail_it_is_undecided_which_is_no_pass():
    verdict = back_to_baseline(56, 28, 20, 7)

    assert verdict.outcome == "UNDECIDED"
    assert min(verdict.p_margin, verdict.p_elevated) > 0.05


def test_large_counts_may_be_above_normal_and_still_within_tolerance():
    verdict = back_to_baseline(2800, 28, 850, 7)

    assert (verdict.outcome, verdict.note) == ("PASS", "Above normal, within tolerance.")
    assert max(verdict.p_margin, verdict.p_elevated) <= 0.05


def test_each_verdict_says_what_it_means():
    assert back_to_baseline(56, 28, 14).note == "Confidently below 2 times normal."
    assert back_to_baseline(56, 28, 23).note == "Above normal."
    assert back_to_baseline(56, 28, 20).note == "Not enough evidence either way yet."
    assert back_to_baseline(10, 28, 2).note.startswith("Too few issues to tell")
    assert back_to_baseline(0, 28, 0).note.startswith("Nothing to compare with")


@given(counts, windows, counts, windows)
def test_more_recent_issues_never_make_the_verdict_better(baseline, baseline_days, recent, recent_days):
    fewer = back_to_baseline(baseline, baseline_days, recent, recent_days)
    more = back_to_baseline(baseline, baseline_days, recent + 1, recent_days)

    assert ORDER.index(fewer.outcome) <= ORDER.index(more.outcome)
    assert fewer.p_margin <= more.p_margin + 1e-12


@given(windows, counts, windows)
def test_a_baseline_of_nothing_never_passes(baseline_days, recent, recent_days):
    assert back_to_baseline(0, baseline_days, recent, recent_days).outcome != "PASS"


@given(counts, windows, counts, windows)
def test_probabilities_are_probabilities(baseline, baseline_days, recent, recent_days):
    verdict = back_to_baseline(baseline, baseline_days, recent, recent_days)

    assert 0 <= verdict.p_margin <= 1
    assert 0 <= verdict.p_elevated <= 1


@pytest.mark.parametrize(
    ("figures", "named"),
    [
        ((-1, 28, 0, 7), "baseline"),
        ((1, 0, 0, 7), "baseline_days"),
        ((1, 28, -1, 7), "recent"),
        ((1, 28, 0, 0), "recent_days"),
    ],
)
def test_counts_and_windows_that_make_no_sense_are_refused_by_name(figures, named):
    with pytest.raises(ValueError, match=f"^{named}:"):
        back_to_baseline(*figures)


# --- Without a baseline


@pytest.mark.parametrize(
    ("count", "days", "upper"), [(3, 7, 1.1077), (0, 10, 0.2996), (0, 1, 2.9957), (10, 1, 16.9622)]
)
def test_the_upper_limit_of_a_rate_gives_the_worked_figures(count, days, upper):
    assert poisson_upper_limit(count, days) == pytest.approx(upper, abs=5e-5)


@given(st.integers(0, 2000))
def test_the_upper_limit_is_where_so_few_issues_would_be_a_5_percent_chance(count):
    assert poisson_at_most(count, poisson_upper_limit(count, 1)) == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize(
    ("count", "limit", "outcome"),
    [
        (3, 1.2, "PASS"),
        (3, 1.1076, "UNDECIDED"),
        (3, 1.1077, "PASS"),
        (3, 0.5, "UNDECIDED"),
        (9, 0.5, "FAIL"),
        (0, 0.2, "UNDECIDED"),
    ],
)
def test_a_tolerable_rate_stands_in_for_a_baseline(count, limit, outcome):
    verdict = within_tolerable_rate(count, 7, limit)

    assert (verdict.outcome, verdict.limit) == (outcome, limit)
    assert verdict.note


@given(counts, windows, st.floats(0.01, 50))
def test_more_issues_never_improve_the_verdict_on_a_tolerable_rate(count, days, limit):
    fewer, more = within_tolerable_rate(count, days, limit), within_tolerable_rate(count + 1, days, limit)

    assert ORDER.index(fewer.outcome) <= ORDER.index(more.outcome)


# --- Clumps


def test_the_dispersion_is_variance_over_mean():
    assert dispersion([2, 2, 2, 2]) == 0
    assert dispersion([0, 4, 0, 4]) == pytest.approx(8 / 3)
    assert dispersion([]) is dispersion([3]) is dispersion([0, 0]) is None


def test_clumpy_data_give_the_worked_ratio():
    verdict = clumpy_verdict(56, 28, 12, 7, clumping=2)

    assert verdict.outcome == "PASS"
    assert verdict.upper == pytest.approx(1.797, abs=5e-4)
    assert verdict.limit == 2


@pytest.mark.parametrize(("recent", "outcome"), [(14, "UNDECIDED"), (20, "UNDECIDED"), (40, "FAIL"), (0, "PASS")])
def test_clumps_widen_the_doubt(recent, outcome):
    assert clumpy_verdict(56, 28, recent, 7, clumping=2).outcome == outcome


def test_clumps_without_a_baseline_decide_nothing():
    assert clumpy_verdict(0, 28, 0, 7, clumping=2).outcome == "UNDECIDED"


@given(counts, windows, counts, windows, st.floats(1, 20))
def test_more_issues_never_improve_a_clumpy_verdict(baseline, baseline_days, recent, recent_days, clumping):
    verdicts = [
        clumpy_verdict(baseline, baseline_days, each, recent_days, clumping=clumping).outcome
        for each in (recent, recent + 1)
    ]

    assert ORDER.index(verdicts[0]) <= ORDER.index(verdicts[1])


# --- Which test


def test_the_data_choose_the_test():
    by_baseline = arrival_verdict(recent=14, baseline=56, baseline_days=28)
    by_even_days = arrival_verdict(recent=14, baseline_daily=[2] * 28)
    by_clumps = arrival_verdict(recent=14, baseline_daily=[0, 4] * 14)
    by_limit = arrival_verdict(recent=3, tolerable_rate=1.2)
    by_limit_despite_zero = arrival_verdict(recent=0, baseline=0, baseline_days=28, tolerable_rate=0.5)
    by_nothing = arrival_verdict(recent=0)

    assert by_baseline == by_even_days == back_to_baseline(56, 28, 14)
    assert (by_clumps.outcome, by_clumps.p_margin) == ("UNDECIDED", None)
    assert (by_limit.outcome, by_limit_despite_zero.outcome) == ("PASS", "PASS")
    assert by_nothing.outcome == "UNDECIDED"


@pytest.mark.parametrize(
    ("outcomes", "length"),
    [([], 0), (["PASS"], 1), (["FAIL", "PASS", "PASS", "PASS"], 3), (["PASS", "PASS", "UNDECIDED"], 0)],
)
def test_a_streak_is_the_unbroken_run_up_to_now(outcomes, length):
    assert streak(outcomes) == length


# --- Plain figures


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (25, 2), (50, 3), (90, 4.6), (100, 5), (62.5, 3.5)])
def test_percentiles_interpolate(percent, expected):
    assert percentile([5, 3, 1, 2, 4], percent) == pytest.approx(expected)


def test_figures_of_nothing_are_unknown_not_zero():
    assert mean([]) is median([]) is percentile([], 90) is None
    assert (mean([1, 2]), median([1, 2, 9]), median([1, 2])) == (1.5, 2, 1.5)
    with pytest.raises(ValueError, match="percent"):
        percentile([1], 101)


# --- Charts


def test_the_c_chart_gives_the_worked_limits():
    assert c_chart(4) == (0, 10)
    assert c_chart(25) == (10, 40)


def test_the_u_chart_gives_the_worked_limits():
    assert u_chart(0.02, 500) == pytest.approx((0.0010, 0.0390), abs=5e-5)


def test_the_moving_average_gives_the_worked_series_and_limit():
    chart = ewma([11, 9, 12], 4)

    assert chart.values == pytest.approx((5.4, 6.12, 7.296))
    assert chart.limit == pytest.approx(6.0)
    assert chart.outside == (False, True, True)
    assert c_chart(4)[1] < 11


def test_a_moving_average_of_nothing_is_empty():
    assert ewma([], 4).values == ()


@given(st.lists(st.integers(0, 100), max_size=40), st.floats(0, 50))
def test_the_moving_average_stays_between_the_extremes(daily, centre):
    chart = ewma(daily, centre)

    assert all(min([centre, *daily]) - 1e-9 <= value <= max([centre, *daily]) + 1e-9 for value in chart.values)


# --- Forecast


def test_crow_amsaa_gives_the_worked_figures():
    model = crow_amsaa(TIMES, 14)

    assert model.beta == pytest.approx(0.5492, abs=5e-5)
    assert model.expected(7) == pytest.approx(2.99, abs=5e-3)
    assert model.rate == pytest.approx(len(TIMES) * model.beta / 14)


def test_goel_okumoto_gives_the_worked_figures():
    model = goel_okumoto(TIMES, 14)

    assert model.total == pytest.approx(12.495, abs=5e-4)
    assert model.expected(7) == pytest.approx(0.40, abs=5e-3)
    assert model.remaining == pytest.approx(0.495, abs=5e-4)


def test_goel_okumoto_solves_its_own_equation():
    model = goel_okumoto(TIMES, 14)
    decay = math.exp(-model.decay * 14)

    assert 12 / model.decay == pytest.approx(sum(TIMES) + 12 * 14 * decay / (1 - decay))


def test_the_forecast_is_the_range_of_both_models():
    found = forecast(TIMES, 14)

    assert (found.low, found.high) == pytest.approx((0.40, 2.99), abs=5e-3)
    assert found.trend == pytest.approx(laplace_trend(TIMES, 14))
    assert found.trend < -1.645
    assert found.note == "Arrivals are falling."


def test_even_arrivals_have_no_trend_and_no_forecast():
    even = [0.5 + day for day in range(14)]

    assert laplace_trend(even, 14) == pytest.approx(0)
    assert goel_okumoto(even, 14) is None
    assert forecast(even, 14).high is None


@pytest.mark.parametrize(
    ("times", "horizon", "why"),
    [
        ([], 14, "fewer than 10"),
        (TIMES[:9], 14, "fewer than 10"),
        ([14 - time for time in TIMES], 14, "not falling"),
        ([14.0] * 12, 14, "not falling"),
        ([0.0] * 12, 14, "not falling"),
    ],
)
def test_there_is_no_forecast_when_it_would_mean_nothing(times, horizon, why):
    found = forecast(times, horizon)

    assert (found.low, found.high) == (None, None)
    assert why in found.note


def test_an_arrival_at_the_very_start_counts_as_in_the_first_minute():
    assert crow_amsaa([0.0, 5.0], 14) == crow_amsaa([1 / 1440, 5.0], 14)


@pytest.mark.parametrize(("times", "horizon"), [([-0.1], 14), ([15], 14), ([], 0)])
def test_times_outside_the_horizon_are_refused(times, horizon):
    with pytest.raises(ValueError, match=r"times|horizon"):
        laplace_trend(times, horizon)


@given(st.lists(st.floats(0, 28), min_size=1, max_size=60), st.floats(0.1, 30))
def test_forecasts_are_never_negative_and_never_crash(times, days):
    found = forecast(times, 28, days)
    decaying = goel_okumoto(times, 28)

    assert found.low is None or 0 <= found.low <= found.high
    assert decaying is None or decaying.remaining >= 0


@pytest.mark.parametrize(
    ("still_open", "resolved", "arrived", "days"),
    [(18, 5, 3, 9), (18, 3, 3, None), (18, 2, 3, None), (0, 0, 5, 0), (1, 0.5, 0, 2)],
)
def test_the_pile_is_gone_in_so_many_days_or_is_not_converging(still_open, resolved, arrived, days):
    assert burn_down_days(still_open, resolved_per_day=resolved, arrived_per_day=arrived) == days


# --- Distributions


@given(st.integers(0, 60), st.integers(1, 60), st.integers(1, 99))
def test_the_binomial_is_the_sum_of_its_terms(count, trials, percent):
    chance = Fraction(percent, 100)
    exact = sum(math.comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(min(count, trials) + 1))

    assert binomial_at_most(count, trials, percent / 100) == pytest.approx(float(exact), rel=1e-9, abs=1e-12)


@given(st.integers(0, 80), st.floats(0.01, 80))
def test_the_poisson_is_the_sum_of_its_terms(count, mu):
    exact = math.fsum(math.exp(k * math.log(mu) - mu - math.lgamma(k + 1)) for k in range(count + 1))

    assert poisson_at_most(count, mu) == pytest.approx(exact, rel=1e-9, abs=1e-12)


def test_distributions_hold_at_their_edges():
    assert binomial_at_most(-1, 5, 0.5) == poisson_at_most(-1, 2) == 0
    assert binomial_at_most(5, 5, 0.5) == poisson_at_most(0, 0) == 1
    assert binomial_at_most(50_000, 100_000, 0.5) == pytest.approx(0.5, abs=2e-3)
    assert poisson_at_most(100_000, 100_000) == pytest.approx(0.5, abs=2e-3)


def test_bisection_finds_the_crossing():
    assert bisect(lambda x: 2 - x * x, 0, 2) == pytest.approx(math.sqrt(2))
