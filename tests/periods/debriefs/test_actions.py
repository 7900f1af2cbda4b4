"""Actions have one owner and one date, and are done once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from periods.debriefs import actions
from periods.models import Action, JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_user

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=1)


def add(period: Period, owner: User, **changes: Any) -> Action:
    given: dict[str, Any] = {"title": "Check the paused jobs", "owner": owner, "due_at": LATER, "by": period.lead}
    return actions.add(period.pk, at=NOW, **{**given, **changes})


def test_an_action_is_journalled_with_whom_to_tell() -> None:
    period = make_period()
    owner = make_member(period).user

    action = add(period, owner, title="  Check  the paused jobs ")

    assert action.title == "Check the paused jobs"
    entry = JournalEntry.objects.get(period=period)
    assert (entry.kind, entry.subject, entry.data["user"]) == ("action.added", f"action:{action.pk}", owner.pk)


@pytest.mark.parametrize(("changes", "field"), [({"title": " "}, "title"), ({"due_at": NOW}, "due_at")])
def test_an_action_needs_a_title_and_a_time_ahead(changes: dict[str, str | datetime], field: str) -> None:
    period = make_period()

    with pytest.raises(Invalid) as refusal:
        add(period, period.lead, **changes)

    assert list(refusal.value.errors) == [field]


def test_only_people_of_the_period_own_and_add_actions() -> None:
    period = make_period()

    with pytest.raises(Invalid):
        add(period, make_user("Stranger"))
    with pytest.raises(NotAllowed):
        add(period, period.lead, by=make_member(period, right="viewer").user)

    assert not Action.objects.exists()


def test_the_second_to_finish_it_is_told_who_was_first() -> None:
    period = make_period()
    owner = make_member(period, make_user("Tomasz")).user
    action = add(period, owner)

    actions.complete(action.pk, by=owner, at=NOW)
    with pytest.raises(AlreadyDone) as refusal:
        actions.complete(action.pk, by=period.lead, at=NOW)

    assert refusal.value.reasons == ("“Check the paused jobs” was done by Tomasz at 13:12 UTC on 18 Nov 2026.",)


def test_somebody_elses_action_is_not_for_a_contributor_to_close() -> None:
    period = make_period()
    action = add(period, make_member(period).user)

    with pytest.raises(NotAllowed):
        actions.complete(action.pk, by=make_member(period).user, at=NOW)


def test_reopening_takes_the_finish_back() -> None:
    period = make_period()
    action = add(period, period.lead)
    actions.complete(action.pk, by=period.lead, at=NOW)

    actions.reopen(action.pk, by=period.lead, at=NOW)

    action.refresh_from_db()
    assert (action.done_at, action.done_by) == (None, None)
    with pytest.raises(AlreadyDone):
        actions.reopen(action.pk, by=period.lead, at=NOW)


def test_actions_of_an_ended_period_stay_as_they_were() -> None:
    period = make_period(Period.Status.CLOSED)

    with pytest.raises(Refused):
        add(period, period.lead)
