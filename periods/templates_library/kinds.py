"""The built-in templates by kind of change, picked from the 54 checks and 15 exit criteria, with what a kind adds.

To change one, change its `Pick` below; `python -m pytest tests/periods/test_kinds.py` says whether it still holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from periods.templates_library.checklist import CHECKLIST
from periods.templates_library.content import Content, ExitRule, Item, Ladder, RolePlan, Rung, item_of
from periods.templates_library.criteria import CRITERIA
from periods.templates_library.rhythm import Stretch

EVERY: Final = tuple(check.number for check in CHECKLIST)
STANDARD: Final = "standard"


@dataclass(frozen=True, slots=True)
class Pick:
    """A built-in template as a choice from the lists: numbers of checks, codes of criteria, and what is its own."""

    name: str
    kind: str
    summary: str
    checks: tuple[int, ...]
    criteria: Mapping[str, float | None]  # code → another threshold than the usual one, None is the usual
    roles: tuple[RolePlan, ...]
    due: Mapping[int, int] = field(default_factory=dict)  # number → other due days
    block: frozenset[int] = frozenset()  # blocks here, though it only advises elsewhere
    advise: frozenset[int] = frozenset()  # only advises here
    more: tuple[Item, ...] = ()
    mandatory: frozenset[str] = frozenset()  # criteria mandatory here besides the usual ones
    escalation: tuple[Ladder, ...] = ()
    debriefs: tuple[Stretch, ...] = ()


_USUAL: Final[dict[str, float | None]] = dict.fromkeys(one.code for one in CRITERIA)
_LEAD: Final = RolePlan("Hypercare lead", "HL", "business", deputy=True)
_SUPPORT: Final = RolePlan("Support desk", "SU", "12x7", 10)


def _on_call(cover: str, until_day: int | None = None) -> RolePlan:
    return RolePlan("Engineering on call", "EN", cover, until_day, deputy=cover == "24x7", answers_pages=True)


def _without(*numbers: int) -> tuple[int, ...]:
    return tuple(number for number in EVERY if number not in numbers)


def _rules(*codes: str, **changed: float) -> dict[str, float | None]:
    return {**dict.fromkeys(codes), **changed}


PICKS: Final[dict[str, Pick]] = {
    "minor-release": Pick(
        "Minor release", "minor_release",
        "A small change to something people know: few checks, cover in working hours, back to normal in days.",
        checks=(1, 2, 7, 8, 9, 14, 18, 19, 20, 22, 24, 25, 28, 36, 41, 42, 44, 49),
        due={1: -5, 2: -3, 7: -3, 8: -2, 9: -5, 14: -3, 18: -1, 19: -1, 20: -3, 22: -3, 24: -2, 25: -2, 28: -1, 36: -3,
             41: -2, 42: -1, 44: -2, 49: -5},
        advise=frozenset({9, 44}),
        criteria=_rules("no_open_p1", "open_p2_planned", "sla_attainment", "open_low_within_cap", "reopen_rate",
                        "runbooks_accepted", "actions_owned", no_p1_for_days=2, rate_back_to_baseline=2),
        roles=(_on_call("business"), RolePlan("Support desk", "SU", "business"), _LEAD),
        debriefs=(Stretch(1, 3, "daily"), Stretch(4, None, "alternate")),
    ),
    "major-release": Pick(
        "Major release", "major_release",
        "A new version that people notice: everything but the checks of a data migration.",
        checks=_without(30, 32, 34),
        criteria={code: limit for code, limit in _USUAL.items() if code != "data_reconciled"},
        roles=(_on_call("24x7", 5), _SUPPORT, _LEAD, RolePlan("Communications", "CO", "business", required=False)),
        debriefs=(Stretch(1, 3, "twice daily"), Stretch(4, 10, "daily"), Stretch(11, None, "alternate")),
    ),
    "data-migration": Pick(
        "Data migration", "data_migration",
        "Records move to another place: what counts is that they add up, and that the way back is rehearsed.",
        checks=(1, 2, 3, 4, 7, 8, 9, 11, 13, 14, 16, 18, 19, 20, 21, 22, 23, 25, 26, 28, 30, 31, 32, 33, 34, 35, 37,
                38, 39, 40, 41, 42, 44, 49, 50, 51, 53, 54),
        block=frozenset({11, 23, 33, 34}),
        more=(
            Item("Full trial load with production volume, timed", "Data", "EN", -10, "load log", "file", True),
            Item("Record counts and control totals agreed per object", "Data", "BO", -14, "totals", "file", True),
            Item("Load can restart from where it stopped", "Data", "EN", -7, "drill", "note", True),
            Item("Rejected records have an owner and a deadline", "Data", "BO", -5, "list", "link", True),
            Item("Personal data masked in every trial environment", "Security", "SE", -10, "sample", "note"),
        ),
        criteria=_rules("no_open_p1", "open_p2_planned", "no_p1_for_days", "rate_back_to_baseline", "sla_attainment",
                        "open_low_within_cap", "nothing_overaged", "critical_cycles", "data_reconciled",
                        "runbooks_accepted", "actions_owned"),
        roles=(_on_call("24x7", 3), RolePlan("Data reconciliation", "BO", "business", deputy=True),
               RolePlan("Support desk", "SU", "12x7", 5), _LEAD),
        debriefs=(Stretch(1, 3, "twice daily"), Stretch(4, 10, "daily"), Stretch(11, None, "alternate")),
    ),
    "erp-cut-over": Pick(
        "ERP cut-over", "erp_cutover",
        "The ledger, stock or payroll moves: all checks, cover around the clock, and the first period-end inside.",
        checks=EVERY,
        block=frozenset({33, 43, 51, 52}),
        more=(
            Item("Opening balances agree with the old ledger", "Data", "BO", -2, "signed totals", "file", True),
            Item("First period-end close rehearsed", "Business", "BO", -10, "close calendar", "file", True),
            Item("Interfaces opened in the agreed order", "Testing", "EN", -3, "runbook", "link", True),
            Item("Postings made during the freeze listed for catch-up", "Data", "BO", -1, "list", "file", True),
            Item("Number ranges and printed documents checked per company", "Testing", "BO", -5, "samples", "file"),
            Item("Bank files and payment limits tested with the bank", "Vendor", "BO", -7, "test case", "note", True),
        ),
        criteria=_USUAL,
        roles=(_on_call("24x7", 10), RolePlan("Incident commander", "IC", "24x7", 10, deputy=True), _SUPPORT, _LEAD,
               RolePlan("Process owner on call", "BO", "12x7", 10, deputy=True),
               RolePlan("Vendor contact", "VN", "none", required=False)),
        escalation=(
            Ladder("P1", (Rung("on_shift", 0), Rung("deputy", 5), Rung("lead", 10), Rung("sponsor", 15))),
            Ladder("P2", (Rung("on_shift", 0), Rung("deputy", 10), Rung("lead", 20))),
        ),
        debriefs=(Stretch(1, 5, "twice daily"), Stretch(6, 15, "daily"), Stretch(16, None, "3/wk")),
    ),
    "infrastructure-move": Pick(
        "Infrastructure move", "infrastructure_move",
        "The same service runs in another place: nothing new for users, so monitoring and the way back come first.",
        checks=(1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 19, 20, 21, 22, 24, 25, 26, 27, 28, 31, 36, 37, 38,
                41, 44, 46, 47, 48, 49, 50, 54),
        block=frozenset({10, 11, 12, 17}),
        more=(
            Item("Names and certificates ready for both places", "Rollback", "EN", -3, "record", "link", True),
            Item("Spare capacity measured in the new place", "Testing", "EN", -7, "measurement", "file", True),
            Item("Routes and firewalls tested from every site", "Testing", "EN", -5, "test log", "file", True),
            Item("Backups run and restore from the new place", "Data", "EN", -5, "restore log", "file", True),
            Item("Licences valid on the new hosts", "Vendor", "VN", -7, "letter", "file"),
            Item("Old place kept ready until the point of no return", "Rollback", "RM", -3, "plan", "link", True),
        ),
        criteria=_rules("no_open_p1", "open_p2_planned", "no_p1_for_days", "rate_back_to_baseline", "sla_attainment",
                        "nothing_overaged", "critical_cycles", "slo_met", "runbooks_accepted", "actions_owned"),
        mandatory=frozenset({"slo_met"}),
        roles=(_on_call("24x7", 7), RolePlan("Network and platform", "EN", "24x7", 3, deputy=True),
               RolePlan("Support desk", "SU", "business"), _LEAD),
        debriefs=(Stretch(1, 3, "twice daily"), Stretch(4, 7, "daily"), Stretch(8, None, "alternate")),
    ),
}  # fmt: skip


def _content(pick: Pick) -> Content:
    chosen = [check for check in CHECKLIST if check.number in pick.checks]
    items = [
        replace(
            item_of(check),
            due_days=pick.due.get(check.number, check.due_days),
            blocking=(check.blocking or check.number in pick.block) and check.number not in pick.advise,
        )
        for check in chosen
    ]
    order = list(dict.fromkeys(item.category for item in (*items, *pick.more)))
    merged = sorted((*items, *pick.more), key=lambda item: order.index(item.category))
    rules = [
        ExitRule(one.code, one.title, one.mandatory or one.code in pick.mandatory, _limit(pick, one.code), one.unit)
        for one in CRITERIA
        if one.code in pick.criteria
    ]  # fmt: skip
    return Content(
        pick.name,
        pick.kind,
        pick.summary,
        tuple(merged),
        tuple(rules),
        pick.roles,
        pick.escalation,
        pick.debriefs,
    )


def _limit(pick: Pick, code: str) -> float | None:
    usual = next(one.threshold for one in CRITERIA if one.code == code)
    changed = pick.criteria[code]
    return usual if changed is None else changed


BUILT_IN: Final[dict[str, Content]] = {
    STANDARD: Content(
        "Standard", "other", "All 54 checks and all exit criteria; duties and debriefs as the risk suggests.",
        tuple(map(item_of, CHECKLIST)),
        tuple(ExitRule(one.code, one.title, one.mandatory, one.threshold, one.unit) for one in CRITERIA),
    ),
    **{key: _content(pick) for key, pick in PICKS.items()},
}  # fmt: skip
