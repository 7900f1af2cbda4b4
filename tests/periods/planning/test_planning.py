"""A plan is refused field by field, joined by its people, and moves with its dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contributors.people.permissions import right_of
from hypercare.exceptions import Invalid, NotAllowed, TransitionRefused
from hypercare.models import Timer
from periods.lifecycle import lifecycle
from periods.models import JournalEntry, Period
from periods.planning import planning
from tests.factories import GO_LIVE, make_period, make_user
from tests.periods.story import ANSWERS, DURING_READINESS, PLANNED_ON, make_plan, plan_data

pytestmark = pytest.mark.django_db

STATUS = Period.Status


def kinds(period: Period) -> list[str]:
    """Journal kinds of a period, oldest first."""
    return list(JournalEntry.objects.filter(period=period).order_by("seq").values_list("kind", flat=True))


def test_a_new_plan_is_a_draft_with_checks_criteria_and_its_people() -> None:
    data = plan_data()

    period = planning.create_period(**data)

    assert period.status == STATUS.DRAFT
    assert (period.checklist.count(), period.exit_criteria.count()) == (54, 15)
    assert right_of(data["by"], period) == "owner"
    assert right_of(data["sponsor"], period) == "contributor"
    assert right_of(data["bau_owner"], period) == "support"
    assert kinds(period) == ["period.created", *["contributor.added"] * 3, "checklist.created"]


def test_checks_belong_to_the_named_people_and_are_due_before_go_live() -> None:
    data = plan_data()

    period = planning.create_period(**data)

    rehearsal = period.checklist.get(title="Rollback rehearsed in time box")
    assert rehearsal.due_at == datetime(2026, 11, 9, 16, 0, tzinfo=UTC)  # 17:00 in Copenhagen, five days before
    assert period.checklist.get(title="Point of no return and authority named").owner == data["sponsor"]
    assert not period.checklist.filter(due_at__gt=GO_LIVE).exists()


def test_a_draft_can_do_without_people_and_checklist() -> None:
    period = planning.create_period(
        **plan_data(lead=None, sponsor=None, bau_owner=None, rollback_authority=None, with_checklist=False)
    )

    assert not period.checklist.exists()
    assert period.memberships.count() == 1


@pytest.mark.parametrize(
    ("field", "changes", "sentence"),
    [
        ("ends_at", {"ends_at": GO_LIVE - timedelta(days=1)}, "End must be after go-live."),
        ("ends_at", {"ends_at": GO_LIVE}, "End must be after go-live."),
        ("ends_at", {"ends_at": GO_LIVE + timedelta(days=367)}, "A period lasts at most 366 days."),
        ("go_live_at", {"at": GO_LIVE}, "Go-live is in the past. Choose a later time."),
        (
            "timezone",
            {"timezone": "Europe/Kopenhagen"},
            "“Europe/Kopenhagen” is not a time zone. Use a name such as Europe/Copenhagen or UTC.",
        ),
        ("key", {"key": "9BILL"}, "Use 2 to 12 capital letters or digits, starting with a letter."),
        ("key", {"key": "B"}, "Use 2 to 12 capital letters or digits, starting with a letter."),
        ("name", {"name": "   "}, "Give the period a name."),
        ("baseline_days", {"baseline_days": None}, "Give both: how many issues, and over how many days."),
        ("tolerable_per_day", {"tolerable_per_day": -1.0}, "Give a rate per day above 0."),
        ("runbook_url", {"runbook_url": "ftp://files.example/run"}, "Give an address that starts with https://."),
        (
            "critical_cycles",
            {"critical_cycles": [{"name": "Payroll"}]},
            "Give each cycle a name and a date like 2026-11-30; at most 20 of them.",
        ),
        ("systems", {"systems": ["x" * 81]}, "Give the systems as a list of names of up to 80 characters."),
        ("status", {"status": "active"}, "This can't be set in a plan."),
    ],
)
def test_a_bad_plan_says_what_is_wrong_and_changes_nothing(field: str, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Invalid) as refusal:
        planning.create_period(**plan_data(**changes))

    assert refusal.value.errors == {field: [sentence]}
    assert not Period.objects.exists()


def test_all_complaints_come_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        planning.create_period(**plan_data(name="", key="?", ends_at=GO_LIVE))

    assert set(refusal.value.errors) == {"name", "key", "ends_at"}


def test_a_time_without_zone_is_a_complaint_not_a_crash() -> None:
    with pytest.raises(Invalid) as refusal:
        planning.create_period(**plan_data(go_live_at=GO_LIVE.replace(tzinfo=None)))

    assert refusal.value.errors == {"go_live_at": ["The time needs a time zone."]}


def test_a_key_that_is_taken_says_by_which_period_when_one_may_see_it() -> None:
    data = plan_data()
    planning.create_period(**data)

    with pytest.raises(Invalid) as own:
        planning.create_period(**{**data, "key": "bill26", "name": "Other"})
    with pytest.raises(Invalid) as foreign:
        planning.create_period(**plan_data(by=make_user("Stranger", may_plan=True)))

    assert own.value.errors == {"key": ["BILL26 is taken by Billing cut-over. Choose another key."]}
    assert foreign.value.errors == {"key": ["BILL26 is taken by another period. Choose another key."]}


def test_only_people_who_may_plan_open_a_period() -> None:
    with pytest.raises(NotAllowed):
        planning.create_period(**plan_data(by=make_user("Contributor")))

    assert not Period.objects.exists()


# --- Changing -----------------------------------------------------------------------------------


def test_a_change_is_journalled_with_old_and_new() -> None:
    period = make_plan()

    planning.update(period.pk, by=period.lead, at=PLANNED_ON, name="Billing  move", timezone=period.timezone)

    entry = JournalEntry.objects.filter(period=period).latest("seq")
    assert entry.kind == "period.changed"
    assert entry.data["changes"] == {"name": {"old": "Billing cut-over", "new": "Billing move"}}


def test_saving_the_same_again_writes_nothing() -> None:
    period = make_plan()
    before = kinds(period)

    planning.update(period.pk, by=period.lead, at=PLANNED_ON, name=period.name)

    assert kinds(period) == before


def test_moving_go_live_moves_due_times_and_the_clock() -> None:
    period = make_plan()
    lifecycle.plan(period.pk, by=period.lead, at=PLANNED_ON)
    due = period.checklist.get(position=1).due_at
    later = timedelta(days=3)

    planning.update(
        period.pk, by=period.lead, at=PLANNED_ON, go_live_at=GO_LIVE + later, ends_at=GO_LIVE + timedelta(days=20)
    )

    period.refresh_from_db()
    assert period.planned_ends_at == period.ends_at == GO_LIVE + timedelta(days=20)
    assert period.checklist.get(position=1).due_at == due + later
    pending = Timer.objects.get(kind="period.readiness", cleared_at__isnull=True)
    assert pending.due_at == GO_LIVE + later - timedelta(days=14)


def test_a_go_live_moved_behind_an_end_that_is_kept_is_refused_on_the_end() -> None:
    period = make_plan()
    moved = {"go_live_at": period.ends_at + timedelta(days=1), "ends_at": period.ends_at}

    with pytest.raises(Invalid) as refusal:
        planning.update(period.pk, by=period.lead, at=PLANNED_ON, **moved)

    assert refusal.value.errors == {"ends_at": ["End must be after go-live."]}


def test_an_end_nobody_speaks_of_keeps_its_distance_to_a_moved_go_live_in_one_entry() -> None:
    period = make_plan()
    planning.update(period.pk, days_override_reason="Season ends.", by=period.lead, at=PLANNED_ON)
    entries = period.journal.count()
    length = period.ends_at - period.go_live_at

    moved = planning.update(period.pk, by=period.lead, at=PLANNED_ON, go_live_at=GO_LIVE + timedelta(days=15))

    assert moved.ends_at - moved.go_live_at == length
    assert set(period.journal.order_by("-seq")[0].data["changes"]) == {"go_live_at", "ends_at"}
    assert period.journal.count() == entries + 1


def test_dates_people_agreed_to_move_only_by_a_postponement() -> None:
    period = make_period(STATUS.READINESS)

    with pytest.raises(TransitionRefused) as refusal:
        planning.update(period.pk, by=period.lead, at=DURING_READINESS, go_live_at=GO_LIVE + timedelta(days=1))

    assert "postponing" in refusal.value.reasons[0]


def test_after_go_live_only_links_and_people_change() -> None:
    period = make_period(STATUS.ACTIVE)
    deputy = make_user("Deputy Lead")

    with pytest.raises(TransitionRefused) as refusal:
        planning.update(period.pk, by=period.lead, at=GO_LIVE, name="Other", ends_at=GO_LIVE + timedelta(days=99))
    planning.update(period.pk, by=period.lead, at=GO_LIVE, lead=deputy, war_room_url="https://meet.example/x")

    assert refusal.value.reasons == ("Billing cut-over is live, so its plan no longer changes: ends_at, name.",)
    period.refresh_from_db()
    assert period.lead == deputy
    assert right_of(deputy, period) == "owner"


def test_a_contributor_may_not_change_the_plan() -> None:
    period = make_plan()

    with pytest.raises(NotAllowed):
        planning.update(period.pk, by=period.sponsor, at=PLANNED_ON, name="Other")


# --- The score ----------------------------------------------------------------------------------


def test_answers_give_score_band_and_days() -> None:
    period = planning.create_period(**plan_data())

    found = planning.answer_questions(period.pk, ANSWERS, by=period.lead, at=PLANNED_ON)

    period.refresh_from_db()
    assert (found.score, period.score, period.band, period.recommended_days) == (53, 53, "high", 28)
    assert kinds(period)[-1] == "period.scored"


def test_a_missing_answer_is_named() -> None:
    period = planning.create_period(**plan_data())

    with pytest.raises(Invalid) as refusal:
        planning.answer_questions(period.pk, {**ANSWERS, "reach": 5}, by=period.lead, at=PLANNED_ON)

    assert list(refusal.value.errors) == ["answers/reach"]
    period.refresh_from_db()
    assert period.score is None


def test_the_suggested_end_waits_for_the_critical_cycle() -> None:
    go_live = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
    period = make_period(
        STATUS.DRAFT,
        go_live_at=go_live,
        ends_at=go_live + timedelta(days=42),
        recommended_days=42,
        critical_cycles=[{"name": "Quarter close", "on": "2026-04-10"}],
    )

    end = planning.recommended_end(period)

    assert end is not None
    assert end.astimezone(period.zone).isoformat() == "2026-04-15T07:00:00+02:00"
