"""The arithmetic of an exit: is the arrival rate back to normal, is it falling, when is the pile gone.

Pure; the standard library only. Times are in days. Probabilities are exact sums, not normal approximations,
because a hypercare period has few issues. Sources are named at each function; what is marked "ours" is this
product's own choice. None always means "can't be said", never zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from periods.exit.distributions import binomial_at_most, bisect, poisson_at_most

Outcome = Literal["PASS", "FAIL", "UNDECIDED"]

ALPHA: Final = 0.05
TOLERANCE: Final = 2.0
RECENT_DAYS: Final = 7.0
PASSES_NEEDED: Final = 3
CLUMPY: Final = 1.5
LOW_POWER_RATE: Final = 1.0  # issues a day below which the test seldom decides
MIN_FORECAST: Final = 10
EWMA_WEIGHT: Final = 0.2
Z: Final = 1.645  # one-sided 95 %

_MINUTE: Final = 1 / 1440


@dataclass(frozen=True, slots=True)
class ArrivalVerdict:
    """Whether arrivals are back to normal, and what says so.

    Which of the figures are there depends on the test that was possible: `p_margin` and `p_elevated` with a
    baseline, `upper` and `limit` (rates a day, or a ratio to normal when clumpy) otherwise.
    """

    outcome: Outcome
    note: str
    p_margin: float | None = None
    p_elevated: float | None = None
    upper: float | None = None
    limit: float | None = None


def mean(values: Sequence[float]) -> float | None:
    """The arithmetic mean; None of nothing."""
    return math.fsum(values) / len(values) if values else None


def median(values: Sequence[float]) -> float | None:
    """The middle value; None of nothing."""
    return percentile(values, 50)


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The value below which `percent` (0-100) of the values lie, interpolated linearly; None of nothing.

    The same definition as percentile_cont in SQL. Raises ValueError for a percentage outside 0-100.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"percent: {percent} is not between 0 and 100.")
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def streak(outcomes: Iterable[str], wanted: str = "PASS") -> int:
    """How many of the latest outcomes in a row (oldest first) are the wanted one."""
    count = 0
    for outcome in outcomes:
        count = count + 1 if outcome == wanted else 0
    return count


def back_to_baseline(
    baseline: int,
    baseline_days: float,
    recent: int,
    recent_days: float = RECENT_DAYS,
    *,
    tolerance: float = TOLERANCE,
    alpha: float = ALPHA,
) -> ArrivalVerdict:
    """Whether the recent rate is confidently below `tolerance` times normal (a test of non-inferiority).

    Given the sum of both counts, the recent one is binomial; that makes the test exact (the conditional test of
    two Poisson rates: Przyborowski and Wilenski 1940, see Krishnamoorthy and Thomson 2004). PASS when
    p_margin = P[X <= recent] under a rate of exactly `tolerance` times normal is at most alpha; else FAIL when
    p_elevated = P[X >= recent] under the normal rate is; else UNDECIDED, which is not a pass. A baseline of
    nothing can never pass. Raises ValueError for negative counts or windows that aren't positive.
    """
    _check_window("baseline", baseline, baseline_days)
    _check_window("recent", recent, recent_days)
    total = baseline + recent
    at_margin = tolerance * recent_days / (tolerance * recent_days + baseline_days)
    at_normal = recent_days / (recent_days + baseline_days)
    p_margin = binomial_at_most(recent, total, at_margin)
    p_elevated = 1.0 if not recent else binomial_at_most(total - recent, total, 1 - at_normal)
    if p_margin <= alpha:
        above = p_elevated <= alpha
        note = "Above normal, within tolerance." if above else f"Confidently below {tolerance:g} times normal."
        return ArrivalVerdict("PASS", note, p_margin, p_elevated)
    if p_elevated <= alpha:
        return ArrivalVerdict("FAIL", "Above normal.", p_margin, p_elevated)
    return ArrivalVerdict("UNDECIDED", _undecided_note(baseline, baseline_days), p_margin, p_elevated)


def _undecided_note(baseline: int, baseline_days: float) -> str:
    if not baseline:
        return "Nothing to compare with. Agree a tolerable rate instead."
    if baseline / baseline_days < LOW_POWER_RATE:
        return "Too few issues to tell. Look at 14 days, or agree a tolerable rate."
    return "Not enough evidence either way yet."


def poisson_upper_limit(count: int, days: float, *, alpha: float = ALPHA) -> float:
    """The rate a day that `count` issues in `days` rule out with confidence 1 - alpha.

    Equals the chi-squared quantile with 2(count+1) degrees of freedom over 2 days (Garwood 1936), found by
    bisecting the Poisson distribution. For no issues it is about 3 / days, the rule of three.
    """
    _check_window("recent", count, days)
    high = count + 1.0
    while poisson_at_most(count, high) > alpha:
        high *= 2
    return bisect(lambda mu: poisson_at_most(count, mu) - alpha, 0.0, high) / days


def within_tolerable_rate(count: int, days: float, limit: float, *, alpha: float = ALPHA) -> ArrivalVerdict:
    """The verdict without a baseline, against the rate a day that BAU says it can bear.

    PASS when the upper limit of the rate is at most `limit`. FAIL, which is ours, when so many issues would come
    at that rate with a chance of at most alpha.
    """
    upper = poisson_upper_limit(count, days, alpha=alpha)
    if upper <= limit:
        return ArrivalVerdict("PASS", f"Confidently at most {limit:g} a day.", upper=upper, limit=limit)
    if count and 1 - poisson_at_most(count - 1, limit * days) <= alpha:
        return ArrivalVerdict("FAIL", f"Above {limit:g} a day.", upper=upper, limit=limit)
    return ArrivalVerdict("UNDECIDED", f"Could still be above {limit:g} a day.", upper=upper, limit=limit)


def dispersion(daily: Sequence[int]) -> float | None:
    """Variance over mean of daily counts: 1 when issues come singly, more when they come in clumps.

    None with fewer than two days or no issues.
    """
    average = mean(daily)
    if not average or len(daily) < 2:
        return None
    return math.fsum((each - average) ** 2 for each in daily) / (len(daily) - 1) / average


def clumpy_verdict(
    baseline: int,
    baseline_days: float,
    recent: int,
    recent_days: float = RECENT_DAYS,
    *,
    clumping: float,
    tolerance: float = TOLERANCE,
) -> ArrivalVerdict:
    """The verdict when issues come in clumps, so that the binomial test would be too sure of itself.

    The ratio of rates with a log-normal interval widened by the dispersion (quasi-Poisson): PASS when
    RR x exp(1.645 SE) < tolerance, SE = sqrt(D (1/recent + 1/baseline)). FAIL, which is ours, when the lower
    end is above 1. Below 0.68 D recent issues the bound would rise again as issues get fewer, so those counts
    are read as 0.68 D; ours too, and it makes none and few comparable.
    """
    _check_window("baseline", baseline, baseline_days)
    _check_window("recent", recent, recent_days)
    if not baseline:
        return ArrivalVerdict("UNDECIDED", _undecided_note(baseline, baseline_days), limit=tolerance)
    # The derivative of ln(x) + z sqrt(D/x) changes sign at x = z² D / 4.
    count = max(float(recent), Z * Z * clumping / 4)
    spread = Z * math.sqrt(clumping * (1 / count + 1 / baseline))
    upper = count / recent_days / (baseline / baseline_days) * math.exp(spread)
    if upper < tolerance:
        note = f"Confidently below {tolerance:g} times normal, though issues come in clumps."
        return ArrivalVerdict("PASS", note, upper=upper, limit=tolerance)
    if recent >= count and upper * math.exp(-2 * spread) > 1:
        return ArrivalVerdict("FAIL", "Above normal, though issues come in clumps.", upper=upper, limit=tolerance)
    return ArrivalVerdict("UNDECIDED", "Issues come in clumps: not enough evidence yet.", upper=upper, limit=tolerance)


def arrival_verdict(
    *,
    recent: int,
    recent_days: float = RECENT_DAYS,
    baseline: int | None = None,
    baseline_days: float | None = None,
    baseline_daily: Sequence[int] = (),
    tolerable_rate: float | None = None,
    tolerance: float = TOLERANCE,
) -> ArrivalVerdict:
    """The verdict by whichever test the data allow.

    With a baseline of at least one issue the binomial test, or the clumpy one when its daily counts have a
    dispersion above 1.5; otherwise the tolerable rate; otherwise UNDECIDED. Daily counts stand for the baseline
    when it isn't given as a sum.
    """
    if baseline is None and baseline_daily:
        baseline, baseline_days = sum(baseline_daily), float(len(baseline_daily))
    if not baseline or not baseline_days:
        if tolerable_rate is not None:
            return within_tolerable_rate(recent, recent_days, tolerable_rate)
        return ArrivalVerdict("UNDECIDED", "Nothing to compare with. Agree a tolerable rate instead.")
    clumping = dispersion(baseline_daily)
    if clumping is not None and clumping > CLUMPY:
        windows = (baseline, baseline_days, recent, recent_days)
        return clumpy_verdict(*windows, clumping=clumping, tolerance=tolerance)
    return back_to_baseline(baseline, baseline_days, recent, recent_days, tolerance=tolerance)


@dataclass(frozen=True, slots=True)
class Ewma:
    """A smoothed series with its upper limit; `outside` says for each day whether it is above."""

    values: tuple[float, ...]
    limit: float

    @property
    def outside(self) -> tuple[bool, ...]:
        """Day by day, above the limit."""
        return tuple(value > self.limit for value in self.values)


def c_chart(centre: float) -> tuple[float, float]:
    """Lower and upper limit of daily counts around their mean: centre ± 3 sqrt(centre), at least 0 (Shewhart)."""
    reach = 3 * math.sqrt(centre)
    return max(0.0, centre - reach), centre + reach


def u_chart(centre: float, exposure: float) -> tuple[float, float]:
    """Limits of a rate per unit when the units (active people) vary: centre ± 3 sqrt(centre / exposure)."""
    reach = 3 * math.sqrt(centre / exposure)
    return max(0.0, centre - reach), centre + reach


def ewma(daily: Sequence[float], centre: float, *, weight: float = EWMA_WEIGHT) -> Ewma:
    """The exponentially weighted moving average that starts at the mean (Roberts 1959).

    Its upper limit is the asymptotic one for counts, centre + 3 sqrt(centre x weight / (2 - weight)). Starting
    at the mean hides a spike on day 1, so show the c-chart's limit beside it.
    """
    values: list[float] = []
    level = centre
    for count in daily:
        level = weight * count + (1 - weight) * level
        values.append(level)
    return Ewma(tuple(values), centre + 3 * math.sqrt(centre * weight / (2 - weight)))


# --- Forecast: advisory, never a gate


@dataclass(frozen=True, slots=True)
class CrowAmsaa:
    """A power law of arrivals: `scale` x t^`beta` by time t. beta below 1 is falling."""

    beta: float
    scale: float
    horizon: float

    @property
    def rate(self) -> float:
        """Issues a day at the horizon."""
        return self.beta * self.scale * math.pow(self.horizon, self.beta - 1)

    def expected(self, days: float) -> float:
        """Issues in the next `days`."""
        return self.scale * (math.pow(self.horizon + days, self.beta) - math.pow(self.horizon, self.beta))


@dataclass(frozen=True, slots=True)
class GoelOkumoto:
    """A finite stock of `total` issues, each found at the rate `decay` a day."""

    total: float
    decay: float
    horizon: float
    found: int

    @property
    def remaining(self) -> float:
        """Issues not found yet."""
        return self.total - self.found

    def expected(self, days: float) -> float:
        """Issues in the next `days`."""
        now = math.exp(-self.decay * self.horizon)
        return self.total * now * -math.expm1(-self.decay * days)


@dataclass(frozen=True, slots=True)
class Forecast:
    """The range of two models for the next days, or the reason why there is none (`low` and `high` None)."""

    days: float
    low: float | None
    high: float | None
    trend: float | None
    note: str


def laplace_trend(times: Sequence[float], horizon: float) -> float | None:
    """The Laplace trend of arrival times within [0, horizon]; below -1.645 arrivals are falling.

    U = (mean time - horizon/2) / (horizon / sqrt(12 n)); see Gaudoin 1992. None without arrivals.
    """
    _check_times(times, horizon)
    average = mean(times)
    if average is None:
        return None
    return (average - horizon / 2) / (horizon / math.sqrt(12 * len(times)))


def crow_amsaa(times: Sequence[float], horizon: float) -> CrowAmsaa | None:
    """The maximum-likelihood power law (Crow 1974, time-terminated); None when it has no solution.

    An arrival in the very first minute counts as at its end, since the model has no rate at time 0.
    """
    _check_times(times, horizon)
    ages = math.fsum(math.log(horizon / max(time, min(_MINUTE, horizon))) for time in times)
    if ages <= 0:
        return None
    beta = len(times) / ages
    return CrowAmsaa(beta, len(times) / horizon**beta, horizon)


def goel_okumoto(times: Sequence[float], horizon: float) -> GoelOkumoto | None:
    """The maximum-likelihood exponential model (Goel and Okumoto 1979), its decay found by bisection.

    Solves n/b = sum(t) + n T exp(-bT) / (1 - exp(-bT)). There is a finite solution only while arrivals fall
    (Laplace trend below 0); None otherwise.
    """
    trend, count, total_time = laplace_trend(times, horizon), len(times), math.fsum(times)
    if trend is None or trend >= 0 or total_time <= 0:
        return None

    def excess(x: float) -> float:  # x = decay x horizon; positive while the decay is too small
        return count * horizon * (1 / x + math.exp(-x) / math.expm1(-x)) - total_time

    high = count * horizon / total_time + 1.0
    if excess(1e-6) <= 0:
        return None
    decay = bisect(excess, 1e-6, high) / horizon
    return GoelOkumoto(count / -math.expm1(-decay * horizon), decay, horizon, count)


def forecast(times: Sequence[float], horizon: float, days: float = 7.0) -> Forecast:
    """How many issues to expect in the next `days`, as the range of two models that often disagree widely.

    None with fewer than 10 arrivals, or when arrivals are not falling. Advisory: it must never gate an exit.
    """
    trend = laplace_trend(times, horizon)
    if len(times) < MIN_FORECAST:
        return Forecast(days, None, None, trend, f"No forecast: fewer than {MIN_FORECAST} issues so far.")
    models = (crow_amsaa(times, horizon), goel_okumoto(times, horizon))
    guesses = [model.expected(days) for model in models if model]
    if len(guesses) < len(models):
        return Forecast(days, None, None, trend, "No forecast: arrivals are not falling.")
    falling = trend is not None and trend < -Z
    note = "Arrivals are falling." if falling else "Arrivals may be falling; the evidence is weak."
    return Forecast(days, min(guesses), max(guesses), trend, note)


def burn_down_days(still_open: int, *, resolved_per_day: float, arrived_per_day: float) -> float | None:
    """Days until nothing is open at this pace; None when it is not converging."""
    if not still_open:
        return 0.0
    net = resolved_per_day - arrived_per_day
    return still_open / net if net > 0 else None


def _check_window(name: str, count: int, days: float) -> None:
    if count < 0:
        raise ValueError(f"{name}: a count can't be negative.")
    if days <= 0:
        raise ValueError(f"{name}_days: a window needs a length above 0.")


def _check_times(times: Sequence[float], horizon: float) -> None:
    if horizon <= 0:
        raise ValueError("horizon: it needs a length above 0.")
    if any(not 0 <= time <= horizon for time in times):
        raise ValueError("times: every arrival lies between 0 and the horizon.")
