"""The built-in exit criteria: fifteen measurable conditions for handing over.

Automatic ones are read from the data, manual ones are decided by a person with evidence. Thresholds are
defaults that a period freezes before go-live.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["auto", "manual"]
Comparison = Literal["eq", "le", "ge"]

_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    "eq": operator.eq,
    "le": operator.le,
    "ge": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition. `threshold` is None where a person decides yes or no and there is no number to compare.

    `window_days` is how far back a rate looks, None for a state of now.
    """

    number: int
    code: str
    title: str
    kind: Kind
    comparison: Comparison
    threshold: float | None
    unit: str
    mandatory: bool = False
    window_days: int | None = None

    @property
    def automatic(self) -> bool:
        """Whether the data answer it."""
        return self.kind == "auto"

    def met_by(self, value: float | None, *, threshold: float | None = None) -> bool | None:
        """Whether a measured value meets the (given or default) threshold; None when either is unknown."""
        limit = self.threshold if threshold is None else threshold
        if value is None or limit is None:
            return None
        return _COMPARE[self.comparison](value, limit)


_M: Final = True  # mandatory

# fmt: off
CRITERIA: Final[tuple[Criterion, ...]] = (
    Criterion(1, "no_open_p1", "No P1 is open", "auto", "eq", 0, "incidents", _M),
    Criterion(2, "open_p2_planned", "Every open P2 has an accepted plan", "auto", "eq", 0, "incidents", _M),
    Criterion(3, "no_p1_for_days", "No P1 reported for 5 days", "auto", "ge", 5, "days", _M),
    Criterion(4, "rate_back_to_baseline", "Arrivals normal 3 days running", "auto", "ge", 3, "days", _M, 7),
    Criterion(5, "sla_attainment", "P1 and P2 handled within target", "auto", "ge", 90, "%", _M, 7),
    Criterion(6, "bau_resolved", "Resolved without hypercare staff", "auto", "ge", 95, "%", _M, 7),
    Criterion(7, "open_low_within_cap", "Open P3 and P4 within agreed cap", "auto", "le", 10, "incidents"),
    Criterion(8, "nothing_overaged", "Nothing open for over twice its target", "auto", "eq", 0, "incidents"),
    Criterion(9, "reopen_rate", "Few incidents come back", "auto", "le", 5, "%", window_days=14),
    Criterion(10, "critical_cycles", "Critical cycles completed", "auto", "eq", 0, "days left", _M),
    Criterion(11, "data_reconciled", "Data reconciled", "manual", "eq", None, "", _M),
    Criterion(12, "slo_met", "Service level met, error budget not used up", "manual", "eq", None, ""),
    Criterion(13, "runbooks_accepted", "BAU accepts runbooks and known errors", "manual", "eq", None, "", _M),
    Criterion(14, "actions_owned", "Actions have owner, date and destination", "auto", "eq", 0, "actions"),
    Criterion(15, "pulse", "Team pulse at least 3.5 (five or more people)", "manual", "ge", 3.5, "of 5"),
)
# fmt: on

BY_CODE: Final[dict[str, Criterion]] = {criterion.code: criterion for criterion in CRITERIA}
