"""Versions of the scoring model: what may be made, who may make it, and that none ever changes."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from periods.debriefs import debriefs
from periods.models import Period, ScoringModel
from periods.planning import complexity, planning, scoring, scoring_model
from periods.planning.scoring_model import BAND_KEYS, STANDARD
from tests.factories import GO_LIVE, make_period, make_user

AT = GO_LIVE - timedelta(days=20)
TWOS = {factor.key: 2 for factor in STANDARD.factors}
calm = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


def figures(**changes: Any) -> dict[str, Any]:
    """Version 1 with changes: `weight_x`, `floor_x`, `cycle_days`, or `<band>_<figure>`."""
    data = deepcopy(scoring_model.to_data(STANDARD))
    for name, value in changes.items():
        kind, _, rest = name.partition("__")
        if kind in ("weights", "floors"):
            data[kind][rest] = value
        elif kind == "cycle_days":
            data[kind] = value
        else:
            next(row for row in data["bands"] if row["key"] == kind)[rest] = value
    return data


def admin(**fields: Any) -> User:
    return make_user("Ada Admin", is_staff=True, may_plan=True, **fields)


def make(by: User, **changes: Any) -> ScoringModel:
    return scoring.make_version(
        figures(**changes), reason="Last year says so.", based_on=scoring.version_in_use(), by=by, at=AT
    )


# --- What is a model


def test_a_version_survives_being_data():
    assert scoring_model.from_data(1, scoring_model.to_data(STANDARD)) == STANDARD
    assert scoring_model.find_problems(scoring_model.to_data(STANDARD)) == {}


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"weights__reach": 5}, "weights", "The weights total 26. They must total 25"),
        ({"weights__reach": 3}, "weights", "The weights total 24"),
        ({"weights__reach": -1}, "weight_reach", "Reach: give a whole number from 0 to 25."),
        ({"weights__reach": 4.0}, "weight_reach", "whole number"),
        ({"weights__reach": None}, "weight_reach", "whole number"),
        ({"weights__reach": True}, "weight_reach", "whole number"),
        ({"minimal__lowest": 1}, "minimal_lowest", "begins at 0"),
        ({"low__lowest": 0}, "low_lowest", "must begin above 0"),
        ({"moderate__lowest": 15}, "moderate_lowest", "must begin above 15"),
        ({"very_high__lowest": 101}, "very_high_lowest", "from 0 to 100"),
        ({"high__days": 0}, "high_days", "days from 1 to 366"),
        ({"high__longest": 367}, "high_days", "days from 1 to 366"),
        ({"high__shortest": 29}, "high_days", "within the range"),
        ({"high__longest": 27}, "high_days", "within the range"),
        ({"high__days": 13, "high__shortest": 1}, "high_days", "shorter than the band below it, which takes 14"),
        ({"high__cadence": "hourly"}, "high_cadence", "rhythm of debriefs"),
        ({"high__cover": ""}, "high_cover", "cover from the list"),
        ({"floors__emergency": "highest"}, "floor_emergency", "no floor"),
        ({"cycle_days": 16}, "cycle_days", "from 0 to 15"),
        ({"cycle_days": None}, "cycle_days", "from 0 to 15"),
    ],
)
def test_figures_that_make_no_model_are_named(changes, field, sentence):
    found = scoring_model.find_problems(figures(**changes))
    assert list(found) == [field]
    assert sentence in found[field]


def test_bands_are_all_there_and_in_order():
    data = figures()
    data["bands"].pop()
    assert "bands" in scoring_model.find_problems(data)
    assert "bands" in scoring_model.find_problems({**data, "bands": figures()["bands"][::-1]})


@st.composite
def any_figures(draw):
    """Figures somebody may make: weights that total 25, rising bands, any floors."""
    cuts = sorted(draw(st.lists(st.integers(0, 25), min_size=8, max_size=8)))
    weights = [high - low for low, high in zip([0, *cuts], [*cuts, 25], strict=True)]
    starts = [0, *sorted(draw(st.sets(st.integers(1, 100), min_size=4, max_size=4)))]
    lengths = sorted(draw(st.lists(st.integers(1, 366), min_size=5, max_size=5)))
    data = figures(cycle_days=draw(st.integers(0, 15)))
    data["weights"] = dict(zip(data["weights"], weights, strict=True))
    for row, lowest, days in zip(data["bands"], starts, lengths, strict=True):
        row |= {"lowest": lowest, "days": days, "shortest": 1, "longest": 366}
    data["floors"] = {key: draw(st.sampled_from(["", *BAND_KEYS])) for key in data["floors"]}
    return data


ANSWERS = st.fixed_dictionaries({factor.key: st.integers(0, 4) for factor in STANDARD.factors})


@calm
@given(any_figures())
def test_whatever_may_be_made_leaves_no_score_without_a_band(data):
    assert scoring_model.find_problems(data) == {}
    model = scoring_model.from_data(2, data)
    assert [model.bands[0].lowest, model.bands[-1].highest] == [0, 100]
    assert all(low.highest + 1 == high.lowest for low, high in zip(model.bands, model.bands[1:], strict=False))
    ranks = [BAND_KEYS.index(model.band_for(score).key) for score in range(101)]
    assert ranks == sorted(ranks)


@calm
@given(any_figures(), ANSWERS, st.booleans(), st.booleans())
def test_whatever_may_be_made_explains_itself(data, answers, first, emergency):
    model = scoring_model.from_data(7, data)
    found = complexity.assess(answers, first_release=first, emergency=emergency, model=model)
    assert 0 <= found.score <= 100
    assert isinstance(found.score, int)
    assert sum(part.points for part in found.contributions) == found.score
    assert model.band(found.score_band).days + sum(part.days for part in found.contributions) == found.days
    assert {part.key for part in found.contributions if part.kind == "floor"} == {floor.key for floor in found.floors}
    assert all(BAND_KEYS.index(found.band) >= BAND_KEYS.index(floor.band) for floor in found.floors)
    assert found.version == 7


def test_a_floor_says_how_many_days_it_adds_and_only_the_one_that_decides_does():
    found = complexity.assess({**dict.fromkeys(TWOS, 0), "criticality": 4}, emergency=True)
    floors = [(part.key, part.days, part.points) for part in found.contributions if part.kind == "floor"]
    assert floors == [("criticality", 21, 0), ("emergency", 0, 0)]
    assert (found.score_band, found.band, found.days) == ("low", "high", 28)


def test_the_recommendation_follows_the_model_it_is_given():
    model = scoring_model.from_data(
        2, figures(weights__reach=8, weights__criticality=0, high__cadence="very_high", floors__emergency="")
    )
    found = complexity.assess({**TWOS, "reach": 4}, emergency=True, model=model)
    assert (found.score, found.band, found.floors) == (66, "high", ())
    assert found.debrief_cadence == scoring_model.CADENCES["very_high"]


# --- Versions


@pytest.mark.django_db
def test_without_any_version_the_built_in_one_is_in_use(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert scoring.model_in_use() is STANDARD
    assert [(one.number, one.in_use, one.made) for one in scoring.versions()] == [(1, True, None)]


@pytest.mark.django_db
def test_an_administrator_makes_a_version_that_is_in_use_and_leaves_the_older_ones_alone():
    by = admin()
    two = make(by, high__days=30)
    before = ScoringModel.objects.values().get(version=2)
    three = make(by, high__days=35)
    assert (two.version, three.version, three.based_on, scoring.version_in_use()) == (2, 3, 1 + 1, 3)
    assert ScoringModel.objects.values().get(version=2) == before
    assert [scoring.model_of_version(n).band("high").days for n in (1, 2, 3)] == [28, 30, 35]
    assert (two.made_by, two.reason) == (by, "Last year says so.")


@pytest.mark.django_db
def test_an_older_version_comes_back_with_a_reason_and_the_history_says_so():
    by = admin()
    make(by, high__days=30)
    with pytest.raises(Invalid):
        scoring.use_version(1, reason=" ", by=by, at=AT)
    scoring.use_version(1, reason="Too long.", by=by, at=AT)
    assert scoring.model_in_use() is STANDARD
    assert [(row.version, row.reason) for row in scoring.uses()] == [(1, "Too long."), (2, "Last year says so.")]
    with pytest.raises(AlreadyDone):
        scoring.use_version(1, reason="Again.", by=by, at=AT)
    with pytest.raises(Invalid, match="no version 9"):
        scoring.use_version(9, reason="Why not.", by=by, at=AT)


@pytest.mark.django_db
def test_only_an_administrator_changes_the_model():
    planner = make_user(may_plan=True)
    with pytest.raises(NotAllowed):
        make(planner, high__days=30)
    with pytest.raises(NotAllowed):
        scoring.use_version(1, reason="Because.", by=planner, at=AT)
    assert not ScoringModel.objects.exists()


@pytest.mark.django_db
def test_a_version_needs_a_reason_a_difference_and_the_latest_to_start_from():
    by = admin()
    with pytest.raises(Invalid) as refusal:
        scoring.make_version(figures(weights__reach=9), reason="", based_on=1, by=by, at=AT)
    assert set(refusal.value.errors) == {"weights", "reason"}
    with pytest.raises(AlreadyDone):
        scoring.make_version(figures(), reason="The same.", based_on=1, by=by, at=AT)
    make(by, high__days=30)
    with pytest.raises(Refused, match="Version 2 came into use meanwhile"):
        scoring.make_version(figures(high__days=31), reason="Late.", based_on=1, by=by, at=AT)


def test_examples_show_what_would_change():
    new = scoring_model.from_data(2, figures(high__days=30))
    rows = scoring.compare(STANDARD, new, scoring.EXAMPLES)
    changed = [row for row in rows if row.changes]
    assert [(row.old.days, row.new.days, row.more) for row in changed] == [(28, 30, 2)]
    assert changed[0].old.score == 53


# --- What a period keeps


def drafted(**fields: Any) -> Period:
    return make_period(Period.Status.DRAFT, **fields)


@pytest.mark.django_db
def test_a_plan_keeps_the_version_it_was_scored_by_and_a_draft_follows():
    by, period = admin(), drafted()
    planning.answer_questions(period.pk, TWOS, by=period.lead, at=AT)
    make(by, high__days=30)
    period.refresh_from_db()
    assert (period.scoring_version, planning.recommendation_for(period).days) == (1, 28)

    planning.answer_questions(period.pk, TWOS, by=period.lead, at=AT)
    period.refresh_from_db()
    assert (period.scoring_version, period.recommended_days) == (2, 30)

    Period.objects.filter(pk=period.pk).update(status=Period.Status.PLANNED)
    make(by, high__days=40)
    planning.answer_questions(period.pk, {**TWOS, "reach": 1}, by=period.lead, at=AT)
    period.refresh_from_db()
    assert (period.scoring_version, period.score) == (2, 46)


@pytest.mark.django_db
def test_the_margin_after_a_critical_date_is_the_versions_own():
    make(admin(), cycle_days=5)
    period = drafted(critical_cycles=[{"name": "Quarter close", "on": "2026-12-18"}])
    planning.answer_questions(period.pk, TWOS, by=period.lead, at=AT)
    period.refresh_from_db()
    found = planning.explain_end(period, 7)
    assert (found.on, found.margin) == (date(2026, 12, 25), 5)


@pytest.mark.django_db
def test_flags_are_facts_of_the_period_and_stay_when_only_answers_change():
    period = drafted()
    zeros = dict.fromkeys(TWOS, 0)
    planning.answer_questions(period.pk, zeros, emergency=True, by=period.lead, at=AT)
    found = planning.answer_questions(period.pk, {**zeros, "novelty": 1}, by=period.lead, at=AT)
    period.refresh_from_db()
    assert (period.emergency, period.first_release, found.band) == (True, False, "moderate")
    planning.answer_questions(period.pk, emergency=False, by=period.lead, at=AT)
    period.refresh_from_db()
    assert (period.emergency, period.band) == (False, "minimal")


@pytest.mark.django_db
def test_rhythm_and_cover_follow_the_score_until_somebody_decides_otherwise():
    period = drafted()
    planning.answer_questions(period.pk, TWOS, by=period.lead, at=AT)
    period.refresh_from_db()
    assert (period.debrief_cadence, period.cover) == ("high", "high")

    with pytest.raises(Invalid) as refusal:
        planning.update(period.pk, debrief_cadence="moderate", by=period.lead, at=AT)
    assert "is suggested. Say why" in refusal.value.errors["cadence_override_reason"][0]

    planning.update(
        period.pk,
        debrief_cadence="moderate",
        cadence_override_reason="Three sites, one hour.",
        by=period.sponsor,
        at=AT,
    )
    planning.answer_questions(period.pk, {**TWOS, "reach": 1}, by=period.lead, at=AT)
    period.refresh_from_db()
    assert (period.debrief_cadence, period.cover) == ("moderate", "moderate")
    assert period.cadence_override_reason == ""  # 46 points suggest that rhythm, so nothing is decided otherwise

    planning.update(period.pk, cover="high", cover_override_reason="Shops are open at night.", by=period.sponsor, at=AT)
    planning.answer_questions(period.pk, {**TWOS, "reach": 0}, by=period.lead, at=AT)
    period.refresh_from_db()
    assert (period.cover, period.cover_override_by, period.cover_override_at) == ("high", period.sponsor, AT)
    planned = planning.chosen_recommendation(period)
    assert planned is not None
    assert planned.coverage == scoring_model.COVERS["high"]


@pytest.mark.django_db
def test_a_choice_that_is_none_is_refused():
    period = drafted()
    with pytest.raises(Invalid) as refusal:
        planning.update(period.pk, cover="always", debrief_cadence="hourly", by=period.lead, at=AT)
    assert set(refusal.value.errors) == {"cover", "debrief_cadence"}


@pytest.mark.django_db
def test_who_chose_another_length_is_kept_and_forgotten_when_it_is_taken_back():
    period = drafted()
    planning.answer_questions(period.pk, TWOS, by=period.lead, at=AT)
    planning.update(period.pk, days_override_reason="Season ends.", by=period.sponsor, at=AT)
    period.refresh_from_db()
    assert (period.days_override_by, period.days_override_at) == (period.sponsor, AT)
    planning.update(period.pk, days_override_reason="", by=period.lead, at=AT)
    period.refresh_from_db()
    assert (period.days_override_by, period.days_override_at) == (None, None)


@pytest.mark.django_db
def test_the_end_follows_the_suggestion_unless_somebody_decided_or_dates_are_agreed():
    period = drafted()
    who = {"by": period.lead, "at": AT}

    assert planning.update(period.pk, answers=TWOS, **who).ends_at == GO_LIVE + timedelta(days=28)
    decided = {"ends_at": GO_LIVE + timedelta(days=9), "days_override_reason": "Short."}
    assert planning.update(period.pk, **decided, **who).ends_at == GO_LIVE + timedelta(days=9)
    fewer = {**TWOS, "reach": 1}
    assert planning.update(period.pk, answers=fewer, **who).ends_at == GO_LIVE + timedelta(days=9)


@pytest.mark.django_db
def test_debriefs_are_laid_out_in_the_rhythm_that_was_chosen():
    period = drafted()
    planning.answer_questions(period.pk, TWOS, by=period.lead, at=AT)
    period.refresh_from_db()
    suggested = len(debriefs.lay_out(period, at=AT))
    period.debriefs.all().delete()

    planning.update(period.pk, debrief_cadence="low", cadence_override_reason="One small team.", by=period.lead, at=AT)
    period.refresh_from_db()

    assert 0 < len(debriefs.lay_out(period, at=AT)) < suggested
