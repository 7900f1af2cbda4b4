"""Closed periods to compare a plan with, and drafts of its pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.models import Period, PlanDraft
from periods.planning import drafts, similar_periods
from periods.planning.scoring_model import STANDARD
from tests.factories import GO_LIVE, NOW, make_member, make_period, make_user

TWOS = {factor.key: 2 for factor in STANDARD.factors}
ANY = st.fixed_dictionaries({factor.key: st.integers(0, 4) for factor in STANDARD.factors})


def closed(member: User, *, took: int = 12, **fields: Any) -> Period:
    fields.setdefault("answers", TWOS)
    period = make_period(
        Period.Status.CLOSED, went_live_at=GO_LIVE, ended_at=GO_LIVE + timedelta(days=took), score=50, **fields
    )
    make_member(period, member)
    return period


@given(ANY, ANY)
def test_how_alike_is_symmetric_and_full_only_for_the_same_weighted_answers(one, other):
    alike = similar_periods.likeness_of(one, other, STANDARD)
    assert alike == similar_periods.likeness_of(other, one, STANDARD)
    assert 0 <= alike <= 100
    assert (alike == 100) == (one == other)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_closed_periods_say_nothing(count):
    me = make_user()
    for _ in range(count):
        closed(me)
    assert similar_periods.find_similar(TWOS, by=me, model=STANDARD) is None


@pytest.mark.django_db
def test_it_says_how_long_they_took_and_why_they_are_alike():
    me = make_user()
    closed(me, took=12)
    closed(me, took=19, extensions=1, answers={**TWOS, "reach": 3})
    closed(me, took=9, answers={**TWOS, "reach": 4, "novelty": 1})
    found = similar_periods.find_similar(TWOS, by=me, model=STANDARD)
    assert found is not None
    assert (found.close, found.half, found.longest, found.extended) == (True, 12, 19, 1)
    assert [(past.alike, past.planned, past.took, past.over) for past in found.found] == [
        (100, 14, 12, -2),
        (96, 14, 19, 5),
        (89, 14, 9, -5),
    ]
    assert found.found[1].different == ("Reach",)
    assert found.found[2].different == ("Reach", "Novelty")
    assert found.found[0].same[0] in ("Reach", "Criticality")


@pytest.mark.django_db
def test_far_ones_are_shown_as_the_nearest_three_only():
    me, fours = make_user(), dict.fromkeys(TWOS, 4)
    for _ in range(4):
        closed(me, answers=fours)
    found = similar_periods.find_similar(dict.fromkeys(TWOS, 0), by=me, model=STANDARD)
    assert found is not None
    assert (found.close, len(found.found), found.found[0].alike) == (False, 3, 0)


@pytest.mark.django_db
def test_only_closed_scored_periods_one_was_part_of_count():
    me, stranger = make_user(), make_user()
    for _ in range(3):
        closed(stranger)
    for fields in ({"status": Period.Status.CANCELLED}, {"answers": {}}):
        Period.objects.filter(pk=closed(me).pk).update(**fields)
    closed(me)
    own = closed(me)
    assert similar_periods.find_similar(TWOS, by=me, model=STANDARD) is None
    closed(me)
    assert similar_periods.find_similar(TWOS, by=me, model=STANDARD, without=own.pk) is None


# --- Drafts


@pytest.mark.django_db
def test_the_last_word_of_a_draft_wins_and_it_is_ones_own():
    period, me, other = make_period(Period.Status.DRAFT), make_user(), make_user()
    for value in ("1", "2"):
        drafts.keep(period, "risk", {"reach": [value]}, by=me, at=NOW)
    drafts.keep(None, "change", {"name": ["Half"]}, by=me, at=NOW)
    assert PlanDraft.objects.count() == 2
    found = drafts.find(period, "risk", by=me)
    assert found is not None
    assert found.data == {"reach": ["2"]}
    assert drafts.find(period, "risk", by=other) is None
    assert drafts.drop(period, "risk", by=me)
    assert not drafts.drop(period, "risk", by=me)
    assert drafts.find(None, "change", by=me) is not None


@pytest.mark.django_db
@pytest.mark.parametrize("data", [{"summary": ["x" * 20_000]}, {"cycle_name": ["x"] * 201}])
def test_a_draft_is_bounded(data):
    with pytest.raises(Invalid):
        drafts.keep(None, "change", data, by=make_user(), at=NOW)
