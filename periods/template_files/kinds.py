"""The built-in templates by kind of change, picked from the 54 checks and 15 exit criteria, with what a kind adds.

To change one, change its `BuiltInTemplate` below; `python -m pytest tests/periods/template_files/test_kinds.py` says
whether it still holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from periods.template_files.checklist import CHECKLIST
from periods.template_files.content import (
    ExitRule,
    RolePlan,
    TemplateCheck,
    TemplateContent,
    TemplateLadder,
    TemplateStep,
    template_check_of,
)
from periods.template_files.criteria import CRITERIA
from periods.template_files.rhythm import CadenceStretch

EVERY: Final = tuple(check.number for check in CHECKLIST)
STANDARD: Final = "standard"


@dataclass(frozen=True, slots=True)
class BuiltInTemplate:
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
    more: tuple[TemplateCheck, ...] = ()
    mandatory: frozenset[str] = frozenset()  # criteria mandatory here besides the usual ones
    escalation: tuple[TemplateLadder, ...] = ()
    debriefs: tuple[CadenceStretch, ...] = ()


_USUAL: Final[dict[str, float | None]] = dict.fromkeys(one.code for one in CRITERIA)
_LEAD: Final = RolePlan("Hypercare lead", "HL", "business", deputy=True)
_SUPPORT: Final = RolePlan("Support desk", "SU", "12x7", 10)


def _on_call(cover: str, until_day: int | None = None) -> RolePlan:
    return RolePlan("Engineering on call", "EN", cover, until_day, deputy=cover == "24x7", answers_pages=True)


def _without(*numbers: int) -> tuple[int, ...]:
    return tuple(number for number in EVERY if number not in numbers)


def _rules(*codes: str, **changed: float) -> dict[str, float | None]:
    return {**dict.fromkeys(codes), **changed}


PICKS: Final[dict[str, BuiltInTemplate]] = {
    "minor-release": BuiltInTemplate(
        "Minor release",
        "minor_release",
        "A small change to something people know: few checks, cover in working hours, back to normal in days.",
        checks=(1, 2, 7, 8, 9, 14, 18, 19, 20, 22, 24, 25, 28, 36, 41, 42, 44, 49),
        due={
            1: -5,
            2: -3,
            7: -3,
            8: -2,
            9: -5,
            14: -3,
            18: -1,
            19: -1,
            20: -3,
            22: -3,
            24: -2,
            25: -2,
            28: -1,
            36: -3,
            41: -2,
            42: -1,
            44: -2,
            49: -5,
        },
        advise=frozenset({9, 44}),
        criteria=_rules(
            "no_open_p1",
            "open_p2_planned",
            "sla_attainment",
            "open_low_within_cap",
            "reopen_rate",
            "runbooks_accepted",
            "actions_owned",
            no_p1_for_days=2,
            rate_back_to_baseline=2,
        ),
        roles=(_on_call("business"), RolePlan("Support desk", "SU", "business"), _LEAD),
        debriefs=(CadenceStretch(1, 3, "daily"), CadenceStretch(4, None, "alternate")),
    ),
    "major-release": BuiltInTemplate(
        "Major release",
        "major_release",
        "A new version that people notice: everything but the checks of a data migration.",
        checks=_without(30, 32, 34),
        criteria={code: limit for code, limit in _USUAL.items() if code != "data_reconciled"},
        roles=(_on_call("24x7", 5), _SUPPORT, _LEAD, RolePlan("Communications", "CO", "business", required=False)),
        debriefs=(
            CadenceStretch(1, 3, "twice daily"),
            CadenceStretch(4, 10, "daily"),
            CadenceStretch(11, None, "alternate"),
        ),
    ),
    "data-migration": BuiltInTemplate(
        "Data migration",
        "data_migration",
        "Records move to another place: what counts is that they add up, and that the way back is rehearsed.",
        checks=(
            1,
            2,
            3,
            4,
            7,
            8,
            9,
            11,
            13,
            14,
            16,
            18,
            19,
            20,
            21,
            22,
            23,
            25,
            26,
            28,
            30,
            31,
            32,
            33,
            34,
            35,
            37,
            38,
            39,
            40,
            41,
            42,
            44,
            49,
            50,
            51,
            53,
            54,
        ),
        block=frozenset({11, 23, 33, 34}),
        more=(
            TemplateCheck("Full trial load with production volume, timed", "Data", "EN", -10, "load log", "file", True),
            TemplateCheck(
                "Record counts and control totals agreed per object", "Data", "BO", -14, "totals", "file", True
            ),
            TemplateCheck("Load can restart from where it stopped", "Data", "EN", -7, "drill", "note", True),
            TemplateCheck("Rejected records have an owner and a deadline", "Data", "BO", -5, "list", "link", True),
            TemplateCheck("Personal data masked in every trial environment", "Security", "SE", -10, "sample", "note"),
        ),
        criteria=_rules(
            "no_open_p1",
            "open_p2_planned",
            "no_p1_for_days",
            "rate_back_to_baseline",
            "sla_attainment",
            "open_low_within_cap",
            "nothing_overaged",
            "critical_cycles",
            "data_reconciled",
            "runbooks_accepted",
            "actions_owned",
        ),
        roles=(
            _on_call("24x7", 3),
            RolePlan("Data reconciliation", "BO", "business", deputy=True),
            RolePlan("Support desk", "SU", "12x7", 5),
            _LEAD,
        ),
        debriefs=(
            CadenceStretch(1, 3, "twice daily"),
            CadenceStretch(4, 10, "daily"),
            CadenceStretch(11, None, "alternate"),
        ),
    ),
    "erp-cut-over": BuiltInTemplate(
        "ERP cut-over",
        "erp_cutover",
        "The ledger, stock or payroll moves: all checks, cover around the clock, and the first period-end inside.",
        checks=EVERY,
        block=frozenset({33, 43, 51, 52}),
        more=(
            TemplateCheck(
                "Opening balances agree with the old ledger", "Data", "BO", -2, "signed totals", "file", True
            ),
            TemplateCheck("First period-end close rehearsed", "Business", "BO", -10, "close calendar", "file", True),
            TemplateCheck("Interfaces opened in the agreed order", "Testing", "EN", -3, "runbook", "link", True),
            TemplateCheck(
                "Postings made during the freeze listed for catch-up", "Data", "BO", -1, "list", "file", True
            ),
            TemplateCheck(
                "Number ranges and printed documents checked per company", "Testing", "BO", -5, "samples", "file"
            ),
            TemplateCheck(
                "Bank files and payment limits tested with the bank", "Vendor", "BO", -7, "test case", "note", True
            ),
        ),
        criteria=_USUAL,
        roles=(
            _on_call("24x7", 10),
            RolePlan("Incident commander", "IC", "24x7", 10, deputy=True),
            _SUPPORT,
            _LEAD,
            RolePlan("Process owner on call", "BO", "12x7", 10, deputy=True),
            RolePlan("Vendor contact", "VN", "none", required=False),
        ),
        escalation=(
            TemplateLadder(
                "P1",
                (
                    TemplateStep("on_shift", 0),
                    TemplateStep("deputy", 5),
                    TemplateStep("lead", 10),
                    TemplateStep("sponsor", 15),
                ),
            ),
            TemplateLadder("P2", (TemplateStep("on_shift", 0), TemplateStep("deputy", 10), TemplateStep("lead", 20))),
        ),
        debriefs=(
            CadenceStretch(1, 5, "twice daily"),
            CadenceStretch(6, 15, "daily"),
            CadenceStretch(16, None, "3/wk"),
        ),
    ),
    "infrastructure-move": BuiltInTemplate(
        "Infrastructure move",
        "infrastructure_move",
        "The same service runs in another place: nothing new for users, so monitoring and the way back come first.",
        checks=(
            1,
            2,
            3,
            4,
            6,
            7,
            8,
            9,
            10,
            11,
            12,
            14,
            15,
            16,
            17,
            19,
            20,
            21,
            22,
            24,
            25,
            26,
            27,
            28,
            31,
            36,
            37,
            38,
            41,
            44,
            46,
            47,
            48,
            49,
            50,
            54,
        ),
        block=frozenset({10, 11, 12, 17}),
        more=(
            TemplateCheck("Names and certificates ready for both places", "Rollback", "EN", -3, "record", "link", True),
            TemplateCheck("Spare capacity measured in the new place", "Testing", "EN", -7, "measurement", "file", True),
            TemplateCheck("Routes and firewalls tested from every site", "Testing", "EN", -5, "test log", "file", True),
            TemplateCheck("Backups run and restore from the new place", "Data", "EN", -5, "restore log", "file", True),
            TemplateCheck("Licences valid on the new hosts", "Vendor", "VN", -7, "letter", "file"),
            TemplateCheck(
                "Old place kept ready until the point of no return", "Rollback", "RM", -3, "plan", "link", True
            ),
        ),
        criteria=_rules(
            "no_open_p1",
            "open_p2_planned",
            "no_p1_for_days",
            "rate_back_to_baseline",
            "sla_attainment",
            "nothing_overaged",
            "critical_cycles",
            "slo_met",
            "runbooks_accepted",
            "actions_owned",
        ),
        mandatory=frozenset({"slo_met"}),
        roles=(
            _on_call("24x7", 7),
            RolePlan("Network and platform", "EN", "24x7", 3, deputy=True),
            RolePlan("Support desk", "SU", "business"),
            _LEAD,
        ),
        debriefs=(
            CadenceStretch(1, 3, "twice daily"),
            CadenceStretch(4, 7, "daily"),
            CadenceStretch(8, None, "alternate"),
        ),
    ),
}


def _content(pick: BuiltInTemplate) -> TemplateContent:
    chosen = [check for check in CHECKLIST if check.number in pick.checks]
    items = [
        replace(
            template_check_of(check),
            due_days=pick.due.get(check.number, check.due_days),
            blocking=(check.blocking or check.number in pick.block) and check.number not in pick.advise,
        )
        for check in chosen
    ]
    order = list(dict.fromkeys(item.category for item in (*items, *pick.more)))
    merged = sorted((*items, *pick.more), key=lambda item: order.index(item.category))
    rules = [
        ExitRule(one.code, one.title_for(limit), one.mandatory or one.code in pick.mandatory, limit, one.unit)
        for one, limit in ((one, _limit(pick, one.code)) for one in CRITERIA if one.code in pick.criteria)
    ]
    return TemplateContent(
        pick.name, pick.kind, pick.summary, tuple(merged), tuple(rules), pick.roles, pick.escalation, pick.debriefs
    )


def _limit(pick: BuiltInTemplate, code: str) -> float | None:
    usual = next(one.threshold for one in CRITERIA if one.code == code)
    changed = pick.criteria[code]
    return usual if changed is None else changed


BUILT_IN: Final[dict[str, TemplateContent]] = {
    STANDARD: TemplateContent(
        "Standard",
        "other",
        "All 54 checks and all exit criteria; duties and debriefs as the risk suggests.",
        tuple(map(template_check_of, CHECKLIST)),
        tuple(ExitRule(one.code, one.title, one.mandatory, one.threshold, one.unit) for one in CRITERIA),
    ),
    **{key: _content(pick) for key, pick in PICKS.items()},
}
