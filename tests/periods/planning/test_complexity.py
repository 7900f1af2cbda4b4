"""The complexity score, its bands and floors, and the end date that follows."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from periods.planning.complexity import BAND_KEYS, BANDS, BY_KEY, FACTORS, InvalidAnswers, assess, band_for, end_date
from periods.template_files.rhythm import RHYTHM

KEYS = [factor.key for factor in FACTORS]
ANY_ANSWERS = st.fixed_dictionaries({key: st.integers(0, 4) for key in KEYS})
GO_LIVE = date(2026, 3, 2)


def answers(*values, **changes):
    return dict(zip(KEYS, values or [0] * len(KEYS), strict=True)) | changes


def test_the_worked_example_scores_53_and_is_high_for_28_days():
    found = assess(answers(2, 2, 3, 2, 2, 2, 1, 3, 2))

    assert (found.score, found.band, found.days, found.day_range) == (53, "high", 28, (21, 42))
    assert [contribution.points for contribution in found.contributions] == [8, 8, 9, 6, 6, 6, 2, 6, 2]
    assert found.floors == ()
    assert not found.raised


def test_each_contribution_explains_itself():
    reach = assess(answers(2, 2, 3, 2, 2, 2, 1, 3, 2)).contributions[0]

    assert (reach.key, reach.label, reach.answer, reach.answer_label) == ("reach", "Reach", 2, "Under 5,000")
    assert (reach.weight, reach.points) == (4, 8)


def test_the_weights_total_25_so_scores_run_from_0_to_100():
    assert [(factor.key, factor.weight) for factor in FACTORS] == [
        ("reach", 4),
        ("criticality", 4),
        ("novelty", 3),
        ("integrations", 3),
        ("data_migration", 3),
        ("reversibility", 3),
        ("test_gap", 2),
        ("work_practice", 2),
        ("vendor_dependency", 1),
    ]
    assert assess(answers()).score == 0
    assert assess(answers(*[4] * 9)).score == 100
    assert all(len(set(factor.answers)) == 5 for factor in FACTORS)


@pytest.mark.parametrize(
    ("score", "band", "days", "day_range"),
    [
        (0, "minimal", 3, (1, 5)),
        (14, "minimal", 3, (1, 5)),
        (15, "low", 7, (5, 10)),
        (29, "low", 7, (5, 10)),
        (30, "moderate", 14, (10, 21)),
        (49, "moderate", 14, (10, 21)),
        (50, "high", 28, (21, 42)),
        (69, "high", 28, (21, 42)),
        (70, "very_high", 42, (28, 84)),
        (100, "very_high", 42, (28, 84)),
    ],
)
def test_each_band_begins_and_ends_at_its_score(score, band, days, day_range):
    found = band_for(score)

    assert (found.key, found.days, found.day_range) == (band, days, day_range)


@pytest.mark.parametrize(
    ("changes", "score", "band"),
    [
        ({"reach": 2, "novelty": 2}, 14, "minimal"),
        ({"novelty": 4, "data_migration": 1}, 15, "low"),
        ({"reach": 3, "criticality": 3, "test_gap": 2, "vendor_dependency": 1}, 29, "low"),
        ({"reach": 3, "criticality": 3, "novelty": 2}, 30, "moderate"),
        ({"reach": 4, "criticality": 3, "novelty": 4, "integrations": 3}, 49, "moderate"),
        ({"reach": 4, "criticality": 3, "novelty": 4, "integrations": 2, "test_gap": 2}, 50, "high"),
    ],
)
def test_answers_on_either_side_of_an_edge_land_in_their_band(changes, score, band):
    found = assess(answers(**changes))

    assert (found.score, found.band, found.floors) == (score, band, ())


def test_no_score_is_left_without_a_band():
    assert [band_for(score).key for score in range(101)] == sorted(
        (band_for(score).key for score in range(101)), key=BAND_KEYS.index
    )
    for score in (-1, 101):
        with pytest.raises(ValueError, match="score"):
            band_for(score)


@pytest.mark.parametrize(
    ("changes", "flags", "band", "floors"),
    [
        ({"criticality": 4}, {}, "high", ["high"]),
        ({"criticality": 3}, {}, "minimal", []),
        ({"reversibility": 4, "data_migration": 3}, {}, "high", ["high"]),
        ({"reversibility": 4, "data_migration": 4}, {}, "high", ["high"]),
        ({"reversibility": 4, "data_migration": 2}, {}, "low", []),
        ({"reversibility": 3, "data_migration": 4}, {}, "low", []),
        ({}, {"emergency": True}, "moderate", ["moderate"]),
        ({}, {"first_release": True}, "moderate", ["moderate"]),
        ({"criticality": 4}, {"emergency": True, "first_release": True}, "high", ["high", "moderate", "moderate"]),
    ],
)
def test_floors_raise_the_band_and_the_highest_wins(changes, flags, band, floors):
    found = assess(answers(**changes), **flags)

    assert found.band == band
    assert [floor.band for floor in found.floors] == floors
    assert found.raised == bool(floors)
    assert found.days == BY_KEY[band].days


def test_a_floor_below_the_score_changes_nothing_but_is_named():
    found = assess(answers(*[4] * 9), emergency=True)

    assert (found.band, found.raised) == ("very_high", False)
    assert "It is an emergency release." in [floor.reason for floor in found.floors]


@pytest.mark.parametrize(
    ("given_answers", "field"),
    [
        (answers(reach=5), "reach"),
        (answers(test_gap=-1), "test_gap"),
        (answers(novelty="2"), "novelty"),
        (answers(novelty=True), "novelty"),
        (answers(novelty=1.0), "novelty"),
        (answers(novelty=None), "novelty"),
        (answers(colour=1), "colour"),
        ({key: 0 for key in KEYS if key != "integrations"}, "integrations"),
    ],
)
def test_an_answer_that_cannot_be_scored_is_refused_by_field(given_answers, field):
    with pytest.raises(ValueError, match=field) as refusal:
        assess(given_answers)

    assert list(refusal.value.errors) == [field]


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(InvalidAnswers) as refusal:
        assess({"reach": 9, "colour": 1})

    assert set(refusal.value.errors) == {"colour", *KEYS}


@pytest.mark.parametrize(
    ("band", "phases"),
    [
        ("minimal", [(1, None, "business", False)]),
        ("low", [(1, None, "business", True)]),
        ("moderate", [(1, 7, "12x7", False), (8, None, "business", True)]),
        ("high", [(1, 7, "24x7", False), (8, 14, "12x7", False), (15, None, "business", True)]),
        ("very_high", [(1, 14, "24x7", False), (15, 28, "12x7", False), (29, None, "business", True)]),
    ],
)
def test_each_band_has_its_cover(band, phases):
    cover = BY_KEY[band].coverage

    assert [(phase.first_day, phase.last_day, phase.pattern, phase.p1_on_call) for phase in cover] == phases
    assert all(phase.words for phase in cover)


def test_every_band_has_a_rhythm_of_debriefs():
    assert set(RHYTHM) == set(BAND_KEYS)
    assert all(band.debrief_cadence for band in BANDS)


@given(ANY_ANSWERS, st.sampled_from(KEYS))
def test_a_higher_answer_never_lowers_score_or_band(given_answers, key):
    before = assess(given_answers)
    after = assess(given_answers | {key: min(4, given_answers[key] + 1)})

    assert after.score >= before.score
    assert BAND_KEYS.index(after.band) >= BAND_KEYS.index(before.band)


@given(ANY_ANSWERS)
def test_the_contributions_add_up_to_the_score(given_answers):
    found = assess(given_answers)

    assert sum(contribution.points for contribution in found.contributions) == found.score
    assert found.day_range[0] <= found.days <= found.day_range[1]


# --- The end date


def test_without_cycles_the_period_ends_the_planned_days_after_go_live():
    assert end_date(GO_LIVE, 42, []) == date(2026, 4, 13)


def test_a_quarter_close_near_the_end_moves_it_by_the_cycle_floor():
    assert end_date(GO_LIVE, 42, [date(2026, 4, 10)]) == date(2026, 4, 15)


@pytest.mark.parametrize(
    ("cycles", "holidays", "expected"),
    [
        ([date(2026, 3, 31)], [], date(2026, 4, 13)),
        ([date(2026, 3, 31), date(2026, 4, 30)], [], date(2026, 5, 5)),
        ([date(2026, 4, 10)], [date(2026, 4, 14)], date(2026, 4, 16)),
        ([date(2026, 4, 11)], [], date(2026, 4, 15)),
        ([date(2026, 2, 28)], [], date(2026, 4, 13)),
    ],
)
def test_the_latest_cycle_floor_wins_and_counts_working_days(cycles, holidays, expected):
    assert end_date(GO_LIVE, 42, cycles, holidays) == expected


def test_a_cycle_that_completed_before_go_live_proves_nothing():
    assert end_date(date(2026, 3, 2), 1, [date(2026, 3, 1)]) == date(2026, 3, 3)


@pytest.mark.parametrize("days", [0, -3])
def test_a_period_needs_at_least_a_day(days):
    with pytest.raises(ValueError, match="days"):
        end_date(GO_LIVE, days, [])
