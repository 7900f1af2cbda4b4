"""Exact binomial and Poisson sums and a bisection, with the standard library alone.

Pure. Each sum starts at its largest term and stops when the next no longer matters, so it stays exact and quick
for any count a period can have.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

_NEGLIGIBLE: Final = 1e-17


def binomial_at_most(count: int, trials: int, chance: float) -> float:
    """P[X <= count] of a binomial: the exact sum, from the largest term outwards."""
    if count < 0:
        return 0.0
    if count >= trials:
        return 1.0
    if count > trials * chance:
        # The upper tail is the short one; read the other way round it is a lower tail.
        return 1 - binomial_at_most(trials - count - 1, trials, 1 - chance)
    log_term = (
        math.lgamma(trials + 1)
        - math.lgamma(count + 1)
        - math.lgamma(trials - count + 1)
        + count * math.log(chance)
        + (trials - count) * math.log1p(-chance)
    )
    odds = (1 - chance) / chance
    return _tail(math.exp(log_term), count, lambda k: k / (trials - k + 1) * odds)


def poisson_at_most(count: int, mu: float) -> float:
    """P[X <= count] of a Poisson with mean `mu`: the exact sum, from the last term down."""
    if count < 0:
        return 0.0
    if mu <= 0:
        return 1.0
    if count <= mu:
        return _tail(math.exp(count * math.log(mu) - mu - math.lgamma(count + 1)), count, lambda k: k / mu)
    upper, k = 0.0, count + 1
    term = math.exp(k * math.log(mu) - mu - math.lgamma(k + 1))
    while term > upper * _NEGLIGIBLE:
        upper, k = upper + term, k + 1
        term *= mu / k
    return 1 - upper


def _tail(term: float, count: int, ratio: Callable[[int], float]) -> float:
    """Terms from `count` down to 0, each the one before times ratio(k); stops when they no longer matter."""
    total = 0.0
    for k in range(count, -1, -1):
        total += term
        if term <= total * _NEGLIGIBLE:
            break
        term *= ratio(k)
    return min(1.0, total)


def bisect(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses 0 between low and high, to the last bit that floats can tell."""
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if falling(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
