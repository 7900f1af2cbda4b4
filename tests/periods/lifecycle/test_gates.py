"""What stands in the way is named, with the page where it is put right."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contributors.models import Acknowledgement
from periods.checklist import rehearsals
from periods.lifecycle import gates
from periods.lifecycle.gates import Blocker
from periods.models import Period
from tests.factories import GO_LIVE, make_check, make_incident, make_member, make_period, make_role, make_user
from tests.periods.story import DURING_READINESS

pytestmark = pytest.mark.django_db

STATUS = Period.Status
END = GO_LIVE + timedelta(days=14)


def said(period: Period, transition: gates.Transition, days: float = 0) -> list[str]:
    at = DURING_READINESS + timedelta(days=days)
    return [blocker.text for blocker in gates.find_blockers(period, transition, at=at)]


def rehearse(period: Period) -> None:
    """The rollback worked in time."""
    rehearsals.record(
        period.pk,
        kind="rollback",
        box_minutes=60,
        took_minutes=48,
        outcome="passed",
        by=period.lead,
        at=DURING_READINESS,
    )


def test_a_go_hears_every_gate_of_the_switchboard() -> None:
    period = make_period(STATUS.READINESS)
    role = make_role(period, "Platform")
    make_member(period, make_user("Arjun Mehta"), role=role, invited_at=DURING_READINESS)
    make_check(period, title="Alerts reach on-call")
    make_incident(period, severity="P2", title="Leftover from the rehearsal")

    found = said(period, "go")

    assert "“Alerts reach on-call” is not done." in found
    assert "No blocking check covers the rollback. Add its rehearsal under Rollback." in found
    assert "The point of no return is not named." in found
    assert any("rollback is not rehearsed" in text for text in found)
    assert any("Arjun Mehta" in text for text in found)
    assert any("Platform" in text for text in found)
    assert any("Leftover from the rehearsal" in text for text in found)


def test_nothing_objects_once_everything_is_put_right() -> None:
    period = make_period(STATUS.READINESS, point_of_no_return="After the ledger is switched")
    role = make_role(period, "Platform", cover="none")
    member = make_member(period, role=role, invited_at=DURING_READINESS)
    Acknowledgement.objects.create(membership=member, state="ready", at=DURING_READINESS)
    make_check(period, category="Rollback", status="done", done_at=DURING_READINESS)
    rehearse(period)

    assert said(period, "go") == []


def test_the_point_of_no_return_may_be_named_by_its_check() -> None:
    period = make_period(STATUS.READINESS)
    make_check(
        period,
        category="Rollback",
        title="Point of no return and authority named",
        status="done",
        done_at=DURING_READINESS,
    )
    rehearse(period)

    assert said(period, "go") == []


def test_a_go_after_the_planned_moment_is_refused() -> None:
    period = make_period(STATUS.READINESS)

    assert "Go-live is in the past. Postpone it to a later time." in said(period, "go", days=2)


def test_an_objection_links_to_the_check_it_is_about() -> None:
    period = make_period(STATUS.READINESS)
    check = make_check(period)

    found = gates.find_blockers(period, "go", at=DURING_READINESS)

    assert found[0].url == f"/p/{period.key}/readiness/#check-{check.pk}"


def test_readiness_needs_a_checklist_and_invited_people() -> None:
    period = make_period(STATUS.PLANNED)

    assert said(period, "invite") == [
        "There is no checklist. Make one from the template.",
        "Nobody holds a duty role yet. Add the people who will be on duty.",
    ]


def test_another_length_than_suggested_needs_a_reason() -> None:
    period = make_period(STATUS.DRAFT, recommended_days=28)
    unexplained = "The window is not the suggested one. Say why, or take the suggestion."

    assert unexplained in said(period, "plan")
    period.days_override_reason = "The vendor leaves after two weeks."
    assert unexplained not in said(period, "plan")
    period.days_override_reason, period.recommended_days = "", 14
    assert unexplained not in said(period, "plan")


def test_sponsor_and_bau_owner_must_be_two_people() -> None:
    one = make_user("Kavya Nair")
    period = make_period(STATUS.DRAFT, sponsor=one, bau_owner=one)

    assert "Sponsor and BAU owner are the same person. Closing takes two; name another." in said(period, "plan")


def test_at_the_end_date_nothing_stands_in_the_way_of_a_review() -> None:
    period = make_period(STATUS.ACTIVE)
    make_incident(period, severity="P1")

    assert gates.find_blockers(period, "review", at=END) == []
    assert gates.find_blockers(period, "review", at=END - timedelta(seconds=1)) != []


def test_a_condition_answers_the_objection_it_names() -> None:
    a, b, c = (
        Blocker(f"{letter} is open.", code="go.check_open", about=f"check:{number}")
        for number, letter in enumerate("ABC")
    )

    left = gates.uncovered_blockers(
        [a, b, c],
        [
            {"text": "Watch", "objection": "A is open."},
            {"text": "Done", "objection": "go.check_open:check:1"},
            {"text": "Because C is open. Later"},
        ],
    )

    assert left == [c]
