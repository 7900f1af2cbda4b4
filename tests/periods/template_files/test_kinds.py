"""The built-in templates: each complete, each fitting its kind, each valid by the rules of an imported one."""

from __future__ import annotations

import re

import pytest

from periods.template_files.content import TemplateContent, content_as_data
from periods.template_files.kinds import BUILT_IN, PICKS
from periods.template_files.reading import read_content

EVERY = pytest.mark.parametrize("key", list(BUILT_IN))


@EVERY
def test_a_built_in_template_passes_the_checks_of_an_imported_one(key: str) -> None:
    content, problems = read_content(content_as_data(BUILT_IN[key]))

    assert not problems
    assert content == BUILT_IN[key]


@EVERY
def test_every_built_in_has_people_rollback_and_support_checks_that_block(key: str) -> None:
    blocking = {item.category for item in BUILT_IN[key].checklist if item.blocking}

    assert {"People", "Monitoring", "Rollback", "Support"} <= blocking


@EVERY
def test_a_number_in_the_title_of_a_criterion_is_the_one_it_is_judged_by(key: str) -> None:
    for rule in BUILT_IN[key].exit_criteria:
        named = re.findall(r"(?<!P)\b\d+(?:\.\d+)?\b", rule.title)
        assert [float(number) for number in named] in ([], [rule.threshold]), rule.title


def test_a_title_left_out_of_an_imported_template_names_the_number_that_is_given() -> None:
    data = content_as_data(BUILT_IN["standard"])
    data["exit_criteria"] = [
        {"code": "no_p1_for_days", "threshold": 1},
        {"code": "rate_back_to_baseline", "threshold": 4},
        {"code": "pulse"},
    ]

    content, problems = read_content(data)

    assert not problems
    assert [rule.title for rule in content.exit_criteria] == [
        "No P1 reported for 1 day",
        "Arrivals normal 4 days running",
        "Team pulse at least 3.5 (five or more people)",
    ]


@pytest.mark.parametrize("key", list(PICKS))
def test_every_kind_has_duties_one_of_which_answers_pages(key: str) -> None:
    roles = BUILT_IN[key].roles

    assert [role.answers_pages for role in roles].count(True) == 1
    assert {"EN", "SU", "HL"} <= {role.code for role in roles}


def titles(content: TemplateContent) -> set[str]:
    return {item.title for item in content.checklist}


def test_a_minor_release_asks_for_a_third_of_the_checks_and_closer_to_go_live() -> None:
    minor, standard = BUILT_IN["minor-release"], BUILT_IN["standard"]

    assert len(minor.checklist) <= len(standard.checklist) // 3
    assert min(item.due_days for item in minor.checklist) == -5
    assert titles(minor) <= titles(standard)


def test_only_what_moves_data_asks_that_data_add_up() -> None:
    asked = {key for key, one in BUILT_IN.items() if "data_reconciled" in {rule.code for rule in one.exit_criteria}}

    assert asked == {"standard", "data-migration", "erp-cut-over"}
    assert "Migration reconciled to tolerance" in titles(BUILT_IN["data-migration"])
    assert "Migration reconciled to tolerance" not in titles(BUILT_IN["infrastructure-move"])


def test_an_erp_cut_over_keeps_all_54_checks_and_adds_those_of_the_ledger() -> None:
    erp = BUILT_IN["erp-cut-over"]

    assert titles(BUILT_IN["standard"]) < titles(erp)
    assert "Opening balances agree with the old ledger" in titles(erp)
    assert {ladder.severity for ladder in erp.escalation} == {"P1", "P2"}
