"""The built-in exit criteria: fifteen measurable conditions for handing over.

Automatic ones are read from the data, manual ones are decided by a person with evidence. Thresholds are
defaults that a period freezes before go-live.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["auto", "manual"]
Comparison = Literal["eq", "le", "ge"]


@dataclass(frozen=True, slots=True)
class BuiltInCriterion:
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

    def title_for(self, threshold: float | None) -> str:
        """Its title with that number in it, where the title names its own: “5 days” asked for as 2 reads “2 days”."""
        if self.threshold is None or threshold is None or threshold == self.threshold:
            return self.title
        named = re.sub(rf"\b{re.escape(f'{self.threshold:g}')}\b", f"{threshold:g}", self.title)
        return named.replace(" 1 days", " 1 day")


_M: Final = True  # mandatory

CRITERIA: Final[tuple[BuiltInCriterion, ...]] = (
    BuiltInCriterion(1, "no_open_p1", "No P1 is open", "auto", "eq", 0, "incidents", _M),
    BuiltInCriterion(2, "open_p2_planned", "Every open P2 has an accepted plan", "auto", "eq", 0, "incidents", _M),
    BuiltInCriterion(3, "no_p1_for_days", "No P1 reported for 5 days", "auto", "ge", 5, "days", _M),
    BuiltInCriterion(4, "rate_back_to_baseline", "Arrivals normal 3 days running", "auto", "ge", 3, "days", _M, 7),
    BuiltInCriterion(5, "sla_attainment", "P1 and P2 handled within target", "auto", "ge", 90, "%", _M, 7),
    BuiltInCriterion(6, "bau_resolved", "Resolved without hypercare staff", "auto", "ge", 95, "%", _M, 7),
    BuiltInCriterion(7, "open_low_within_cap", "Open P3 and P4 within agreed cap", "auto", "le", 10, "incidents"),
    BuiltInCriterion(8, "nothing_overaged", "Nothing open for over twice its target", "auto", "eq", 0, "incidents"),
    BuiltInCriterion(9, "reopen_rate", "Few incidents come back", "auto", "le", 5, "%", window_days=14),
    BuiltInCriterion(10, "critical_cycles", "Critical cycles completed", "auto", "eq", 0, "days left", _M),
    BuiltInCriterion(11, "data_reconciled", "Data reconciled", "manual", "eq", None, "", _M),
    BuiltInCriterion(12, "slo_met", "Service level met, error budget not used up", "manual", "eq", None, ""),
    BuiltInCriterion(13, "runbooks_accepted", "BAU accepts runbooks and known errors", "manual", "eq", None, "", _M),
    BuiltInCriterion(14, "actions_owned", "Actions have owner, date and destination", "auto", "eq", 0, "actions"),
    BuiltInCriterion(15, "pulse", "Team pulse at least 3.5 (five or more people)", "manual", "ge", 3.5, "of 5"),
)

BY_CODE: Final[dict[str, BuiltInCriterion]] = {criterion.code: criterion for criterion in CRITERIA}
