"""Impact and urgency decide the severity."""

from __future__ import annotations

import pytest

from incidents.shared.severity import LEVELS, MATRIX, MEANINGS, SEVERITIES, severity_for

TABLE = [
    ("high", "high", "P1"),
    ("high", "medium", "P2"),
    ("medium", "high", "P2"),
    ("medium", "medium", "P3"),
    ("high", "low", "P3"),
    ("low", "high", "P3"),
    ("medium", "low", "P4"),
    ("low", "medium", "P4"),
    ("low", "low", "P4"),
]


@pytest.mark.parametrize(("impact", "urgency", "expected"), TABLE)
def test_each_pair_of_levels_has_its_severity(impact, urgency, expected):
    assert severity_for(impact, urgency) == expected


def test_the_table_leaves_no_pair_out():
    assert set(MATRIX) == {(impact, urgency) for impact in LEVELS for urgency in LEVELS}
    assert set(MATRIX.values()) == set(SEVERITIES) == set(MEANINGS)


@pytest.mark.parametrize("doubt", [None, "", "unknown"])
@pytest.mark.parametrize("known", LEVELS)
def test_in_doubt_the_higher_level_counts(doubt, known):
    assert severity_for(doubt, known) == severity_for("high", known)
    assert severity_for(known, doubt) == severity_for(known, "high")


def test_knowing_nothing_at_all_is_a_p1():
    assert severity_for(None, None) == "P1"


@pytest.mark.parametrize("impact", LEVELS)
def test_a_lower_urgency_never_raises_the_severity(impact):
    by_urgency = [severity_for(impact, urgency) for urgency in LEVELS]

    assert by_urgency == sorted(by_urgency)


@pytest.mark.parametrize(
    ("impact", "urgency", "named"),
    [
        ("huge", "low", "impact: 'huge'"),
        ("low", "urgent", "urgency: 'urgent'"),
        ("HIGH", "low", "impact: 'HIGH'"),
        ("P1", None, "impact: 'P1'"),
    ],
)
def test_a_level_nobody_knows_is_refused_by_name(impact, urgency, named):
    with pytest.raises(ValueError, match=named):
        severity_for(impact, urgency)
