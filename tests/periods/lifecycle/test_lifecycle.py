"""The state machine: one table, every step by the right people and through the gates, one journal entry each."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contributors.models import Acknowledgement
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused, TransitionRefused
from hypercare.models import Timer, User
from incidents.triage import triage
from periods.go import gonogo
from periods.journal import journal
from periods.lifecycle import lifecycle
from periods.lifecycle.transitions import TABLE
from periods.models import Debrief, ExitSignature, GoCondition, GoDecision, GoVote, JournalEntry, Period
from periods.timers import timers as period_timers
from tests.factories import GO_LIVE, NOW, make_incident, make_member, make_period, make_user
from tests.periods.story import (
    DURING_READINESS,
    PLANNED_ON,
    go,
    make_criterion,
    make_plan,
    make_ready_to_decide,
    sign_both,
)

pytestmark = pytest.mark.django_db

STATUS = Period.Status
END = GO_LIVE + timedelta(days=14)
DAY = timedelta(days=1)


def entries(period: Period) -> list[str]:
    """Journal kinds of a period, oldest first."""
    return list(JournalEntry.objects.filter(period=period).order_by("seq").values_list("kind", flat=True))


# --- The table ----------------------------------------------------------------------------------

ALLOWED = {
    ("draft", "planned"),
    ("planned", "readiness"),
    ("readiness", "ready"),
    ("readiness", "planned"),
    ("ready", "readiness"),
    ("ready", "planned"),
    ("ready", "active"),
    ("active", "stabilising"),
    ("stabilising", "active"),
    ("exit_review", "active"),
    ("stabilising", "exit_review"),
    ("active", "exit_review"),
    ("exit_review", "closed"),
    ("exit_review", "stabilising"),
    ("ready", "rolled_back"),
    ("active", "rolled_back"),
    ("stabilising", "rolled_back"),
    ("closed", "active"),
    ("draft", "cancelled"),
    ("planned", "cancelled"),
    ("readiness", "cancelled"),
    ("ready", "cancelled"),
}


def take(period: Period, name: str, *, by: User | None, at: datetime) -> Any:
    """Any step with input that is right."""
    later, end = at + timedelta(days=2), max(period.ends_at, at) + timedelta(days=7)
    person: Any = by
    advisor = period.lead if by != period.lead else period.sponsor
    record = GoDecision(period=period, outcome="no_go", at=at)
    condition = GoCondition(period=period, text="Alert fires", owner=period.lead, due_at=at)
    steps: dict[str, Callable[[], Any]] = {
        "plan": lambda: lifecycle.plan(period.pk, by=person, at=at),
        "invite": lambda: lifecycle.invite(period.pk, by=person, at=at),
        "go": lambda: gonogo.decide(period.pk, outcome="go", by=person, at=at),
        "revert": lambda: lifecycle.revert(period.pk, decision=record, condition=condition, at=at),
        "postpone": lambda: lifecycle.postpone(period.pk, go_live_at=later, reason="Late", by=person, at=at),
        "start": lambda: lifecycle.start(period.pk, smoke_test="All green", by=person, at=at),
        "stabilise": lambda: lifecycle.stabilise(period.pk, by=person, at=at),
        "relapse": lambda: lifecycle.relapse(period.pk, reason="A new P1", at=at),
        "review": lambda: lifecycle.review(period.pk, by=person, at=at),
        "extend": lambda: lifecycle.extend(period.pk, ends_at=end, reason="Month-end", by=person, at=at),
        "sign": lambda: lifecycle.sign(period.pk, role="sponsor", by=person, at=at, comment="Fine"),
        "close": lambda: lifecycle.close(period.pk, by=person, at=at),
        "roll_back": lambda: lifecycle.roll_back(
            period.pk, reason="Bad", advised_by=advisor, before_no_return=True, by=person, at=at
        ),
        "reopen": lambda: lifecycle.reopen(period.pk, reason="It came back", by=person, at=at),
        "cancel": lambda: lifecycle.cancel(period.pk, reason="Not this year", by=person, at=at),
    }
    return steps[name]()


def test_the_table_has_exactly_the_steps_of_the_domain() -> None:
    """docs/domain.md §2, a go that slips (ready → planned), and one whose condition is not met (ready → readiness)."""
    pairs = {
        (str(source), str(target))
        for step in TABLE.values()
        for source in step.sources
        for target in ([step.target] if step.target else [STATUS.ACTIVE, STATUS.STABILISING])
        if source != target
    }

    assert pairs == ALLOWED


@pytest.mark.parametrize(
    ("name", "status"),
    [(name, status) for name, step in TABLE.items() for status in STATUS.values if status not in step.sources],
)
def test_a_step_from_a_state_outside_the_table_is_refused_and_changes_nothing(name: str, status: str) -> None:
    period = make_period(status, rollback_authority=None)

    with pytest.raises(TransitionRefused) as refusal:
        take(period, name, by=period.sponsor, at=NOW)

    period.refresh_from_db()
    assert (period.status, entries(period)) == (status, [])
    assert period.name in refusal.value.reasons[0]


@pytest.mark.parametrize("name", sorted(set(TABLE) - {"relapse", "revert"}))
def test_a_member_without_a_part_in_a_step_is_told_who_can(name: str) -> None:
    period = make_period(TABLE[name].sources[0], rollback_authority=None)
    member = make_member(period, make_user("Viewer"), right="viewer").user

    with pytest.raises(NotAllowed) as refusal:
        take(period, name, by=member, at=NOW)

    period.refresh_from_db()
    assert (period.status, entries(period)) == (TABLE[name].sources[0], [])
    assert refusal.value.reasons[0].endswith(".")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_sequence_of_steps_reaches_a_state_the_table_does_not_allow(db: None, data: st.DataObject) -> None:
    """Invariants 1 and 3: each step that succeeds follows the table and writes one entry; a refusal writes nothing."""
    period = make_ready_to_decide()
    make_criterion(period, mandatory=False)
    people = [period.lead, period.sponsor, period.bau_owner, make_member(period).user]
    at = DURING_READINESS
    for _ in range(data.draw(st.integers(3, 12))):
        at += data.draw(st.sampled_from([timedelta(minutes=1), DAY, 8 * DAY]))
        name, by = data.draw(st.sampled_from(sorted(TABLE))), data.draw(st.sampled_from(people))
        period.refresh_from_db()
        before, written = period.status, period.journal_seq
        try:
            take(period, name, by=by, at=at)
        except Refused:
            after, expected = Period.objects.get(pk=period.pk), 0
            assert after.status == before
        else:
            after, expected = Period.objects.get(pk=period.pk), 1
            assert after.status == before or (before, after.status) in ALLOWED
            assert name == "sign" or after.status != before
        assert after.journal_seq - written == expected
    assert list(journal.verify_chain(after)) == []


def test_invariant_1_only_the_lifecycle_assigns_the_status_of_a_period() -> None:
    writers = set()
    apps = ("periods", "contributors", "incidents", "hypercare")
    for path in [path for app in apps for path in Path(app).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            targets = node.targets if isinstance(node, ast.Assign) else []
            for target in [part for t in targets for part in (t.elts if isinstance(t, ast.Tuple) else [t])]:
                if ast.unparse(target) in ("period.status", "self.period.status"):
                    writers.add(str(path))

    assert writers == {"periods/lifecycle/lifecycle.py"}


# --- Before go-live -----------------------------------------------------------------------------


def test_a_plan_is_finished_when_nothing_is_missing_and_readiness_is_timed() -> None:
    period = make_plan()

    lifecycle.plan(period.pk, by=period.lead, at=PLANNED_ON)

    period.refresh_from_db()
    assert (period.status, period.status_since) == (STATUS.PLANNED, PLANNED_ON)
    assert entries(period)[-1] == "period.planned"
    assert Timer.objects.get(kind="period.readiness").due_at == GO_LIVE - 14 * DAY


def test_everything_missing_from_a_plan_is_named_at_once() -> None:
    period = make_period(STATUS.DRAFT, sponsor=make_user("Rachel Kim"))
    Period.objects.filter(pk=period.pk).update(sponsor=None)

    with pytest.raises(TransitionRefused) as refusal:
        lifecycle.plan(period.pk, by=period.lead, at=PLANNED_ON)

    assert refusal.value.reasons == (
        "The risk questions are not answered, so there is no score.",
        "Nobody sponsors the period. Name a sponsor.",
        "Nobody may order a rollback. Name a rollback authority.",
        "Normal is not known. Give the issues counted before, or the rate BAU accepts.",
        "No mandatory exit criterion. Say what must be true to end the period.",
    )


def test_readiness_opens_by_the_clock_fourteen_days_before_go_live() -> None:
    period = make_plan()
    lifecycle.plan(period.pk, by=period.lead, at=PLANNED_ON)

    assert timers.fire_due(at=GO_LIVE - 14 * DAY - timedelta(seconds=1)) == 0
    assert timers.fire_due(at=GO_LIVE - 14 * DAY) == 1

    period.refresh_from_db()
    assert period.status == STATUS.READINESS
    entry = JournalEntry.objects.filter(period=period).latest("seq")
    assert (entry.kind, entry.actor, entry.via) == ("period.readiness_opened", None, "timer")


def test_the_clock_says_what_is_in_the_way_and_tries_again_tomorrow() -> None:
    period = make_plan()
    lifecycle.plan(period.pk, by=period.lead, at=PLANNED_ON)
    period.memberships.filter(role__isnull=False).update(invited_at=None)

    timers.fire_due(at=GO_LIVE - 14 * DAY)
    period.memberships.filter(role__isnull=False).update(invited_at=PLANNED_ON)
    timers.fire_due(at=GO_LIVE - 13 * DAY)

    period.refresh_from_db()
    assert period.status == STATUS.READINESS
    waiting = JournalEntry.objects.get(period=period, kind="period.readiness_waiting")
    assert waiting.data["reasons"] == ["Not invited yet: Daniel Osei."]


def test_opening_by_hand_takes_the_clock_away() -> None:
    period = make_plan()
    lifecycle.plan(period.pk, by=period.lead, at=PLANNED_ON)

    lifecycle.invite(period.pk, by=period.lead, at=PLANNED_ON)

    assert timers.fire_due(at=GO_LIVE) == 0
    period.refresh_from_db()
    assert period.status == STATUS.READINESS


def test_a_postponement_moves_every_date_by_the_same_time_and_asks_for_votes_again() -> None:
    period = make_ready_to_decide(point_of_no_return_at=GO_LIVE + timedelta(hours=4))
    due, later = period.checklist.get().due_at, timedelta(days=7, hours=1)

    lifecycle.postpone(
        period.pk, go_live_at=GO_LIVE + later, reason="Rehearsal failed", by=period.sponsor, at=DURING_READINESS
    )

    period.refresh_from_db()
    assert period.status == STATUS.PLANNED
    assert (period.go_live_at, period.ends_at, period.planned_ends_at) == (GO_LIVE + later, END + later, END + later)
    assert period.point_of_no_return_at == GO_LIVE + later + timedelta(hours=4)
    assert period.checklist.get().due_at == due + later
    assert not GoVote.objects.filter(period=period, replaced_at__isnull=True).exists()
    data = JournalEntry.objects.filter(period=period).latest("seq").data
    assert (data["delta_s"], data["reason"]) == (7 * 86400 + 3600, "Rehearsal failed")


def test_after_a_postponement_contributors_are_asked_again() -> None:
    period = make_ready_to_decide()
    versions = {"go_live_at": GO_LIVE.isoformat()}
    answer = Acknowledgement.objects.create(
        membership=make_member(period), state="ready", at=PLANNED_ON, versions=versions
    )

    lifecycle.postpone(period.pk, go_live_at=GO_LIVE + DAY, reason="Late", by=period.sponsor, at=DURING_READINESS)
    journal.dispatch_entries(at=DURING_READINESS)

    answer.refresh_from_db()
    assert answer.voided_at == DURING_READINESS
    assert answer.void_reason.startswith("Go-live moved from Sat 14 Nov 06:00 to Sun 15 Nov 06:00")


def test_a_postponement_needs_a_reason_and_a_time_ahead() -> None:
    period = make_ready_to_decide()

    for go_live_at, reason, field in (
        (GO_LIVE + DAY, " ", "reason"),
        (DURING_READINESS, "Late", "go_live_at"),
        (GO_LIVE, "Late", "go_live_at"),
    ):
        with pytest.raises(Invalid) as refusal:
            lifecycle.postpone(period.pk, go_live_at=go_live_at, reason=reason, by=period.sponsor, at=DURING_READINESS)
        assert list(refusal.value.errors) == [field]


def test_a_go_without_the_recorded_decision_of_now_is_refused() -> None:
    period = make_ready_to_decide()
    decision = go(period)
    Period.objects.filter(pk=period.pk).update(status=STATUS.READINESS)

    with pytest.raises(TransitionRefused) as refusal:
        lifecycle.go(period.pk, decision=decision, by=period.sponsor, at=DURING_READINESS + DAY)

    assert refusal.value.reasons == ("The sponsor's go is not recorded. Record the decision first.",)


def test_cancelling_needs_a_reason_and_leaves_nothing_due() -> None:
    period = make_plan()
    lifecycle.plan(period.pk, by=period.lead, at=PLANNED_ON)

    with pytest.raises(Invalid):
        lifecycle.cancel(period.pk, reason="", by=period.lead, at=PLANNED_ON)
    lifecycle.cancel(period.pk, reason="Budget", by=period.lead, at=PLANNED_ON)

    period.refresh_from_db()
    assert (period.status, period.ended_at) == (STATUS.CANCELLED, PLANNED_ON)
    assert timers.fire_due(at=END) == 0


# --- While it runs ------------------------------------------------------------------------------


def test_starting_records_the_real_go_live_lays_out_debriefs_and_watches_the_end() -> None:
    period = make_period(STATUS.READY, band="moderate")
    real = GO_LIVE + timedelta(minutes=20)

    lifecycle.start(
        period.pk, smoke_test="12 of 12 journeys", by=period.lead, at=GO_LIVE + timedelta(hours=1), went_live_at=real
    )

    period.refresh_from_db()
    assert (period.status, period.went_live_at, period.smoke_test) == (STATUS.ACTIVE, real, "12 of 12 journeys")
    assert Timer.objects.get(kind="period.end").due_at == END
    assert Debrief.objects.filter(period=period).count() == 3 * 2 + 7 + 2
    assert entries(period) == ["period.started"]


@pytest.mark.parametrize(
    ("at", "smoke_test", "error"),
    [(GO_LIVE - DAY, "Green", TransitionRefused), (GO_LIVE, "  ", Invalid), (END, "Green", TransitionRefused)],
)
def test_a_start_too_early_too_late_or_without_smoke_test_is_refused(
    at: datetime, smoke_test: str, error: type[Refused]
) -> None:
    period = make_period(STATUS.READY)

    with pytest.raises(error):
        lifecycle.start(period.pk, smoke_test=smoke_test, by=period.lead, at=at)

    period.refresh_from_db()
    assert (period.status, period.went_live_at) == (STATUS.READY, None)


def test_a_relapse_goes_back_to_live_and_voids_signatures() -> None:
    period = make_period(STATUS.EXIT_REVIEW, status_before_review="stabilising")
    lifecycle.sign(period.pk, role="sponsor", by=period.sponsor, at=NOW)

    lifecycle.relapse(period.pk, reason="A new P1: payments down", at=NOW)

    period.refresh_from_db()
    assert (period.status, period.stabilised_at) == (STATUS.ACTIVE, None)
    assert not ExitSignature.objects.filter(voided_at__isnull=True).exists()


@pytest.mark.parametrize("status", [STATUS.STABILISING, STATUS.EXIT_REVIEW])
def test_a_new_p1_takes_a_calm_period_back_to_live_by_itself(status: str) -> None:
    period = make_period(status)

    triage.report(period.pk, title="Payments down", impact="high", urgency="high", by=period.lead, at=NOW)
    journal.dispatch_entries(at=NOW)
    journal.dispatch_entries(at=NOW)

    period.refresh_from_db()
    assert period.status == STATUS.ACTIVE
    relapse = JournalEntry.objects.get(period=period, kind="period.relapsed")
    assert relapse.data["reason"] == f"{period.key}-1 is a P1: Payments down"


def test_a_lesser_incident_leaves_a_calm_period_calm() -> None:
    period = make_period(STATUS.STABILISING)

    triage.report(period.pk, title="Typo", impact="low", urgency="high", by=period.lead, at=NOW)
    journal.dispatch_entries(at=NOW)

    period.refresh_from_db()
    assert period.status == STATUS.STABILISING


def test_two_days_of_arrivals_above_the_limit_take_a_period_back_to_live() -> None:
    """docs/domain.md §3: normal is 4 a day, so 11, 9 and 12 give 5.4, 6.12 and 7.296 against a limit of 6.0."""
    period = make_period(STATUS.STABILISING, baseline_issues=112, baseline_days=28)
    period_timers.arm_rate(period, at=GO_LIVE)
    for day, count in enumerate((11, 9, 12)):
        for _ in range(count):
            make_incident(period, reported_at=GO_LIVE + day * DAY + timedelta(hours=1))
    midnight = GO_LIVE.replace(hour=23, minute=5)  # five past midnight in Copenhagen

    seen = []
    for day in range(3):
        timers.fire_due(at=midnight + day * DAY)
        period.refresh_from_db()
        seen.append(period.status)

    assert seen == [STATUS.STABILISING, STATUS.STABILISING, STATUS.ACTIVE]
    assert entries(period) == ["period.relapsed"]


def test_calm_is_claimed_only_without_a_recent_p1() -> None:
    period = make_period(STATUS.ACTIVE, baseline_issues=56, baseline_days=28)
    make_incident(period, severity="P1", status="resolved", reported_at=NOW, resolved_at=NOW, resolved_by=period.lead)

    with pytest.raises(TransitionRefused) as refusal:
        lifecycle.stabilise(period.pk, by=period.lead, at=NOW + 3 * DAY - timedelta(minutes=1))
    lifecycle.stabilise(period.pk, by=period.lead, at=NOW + 3 * DAY)

    assert "72 h" in refusal.value.reasons[0]
    period.refresh_from_db()
    assert (period.status, period.stabilised_at) == (STATUS.STABILISING, NOW + 3 * DAY)


def test_a_rollback_stops_at_the_point_of_no_return() -> None:
    period = make_period(STATUS.ACTIVE, point_of_no_return_at=NOW)

    with pytest.raises(TransitionRefused) as refusal:
        lifecycle.roll_back(period.pk, reason="Data loss", advised_by=period.lead, by=period.sponsor, at=NOW)
    early = NOW - timedelta(seconds=1)
    lifecycle.roll_back(period.pk, reason="Data loss", advised_by=period.lead, by=period.sponsor, at=early)

    assert refusal.value.reasons == ("The point of no return has passed. Fix forward instead.",)
    period.refresh_from_db()
    assert period.status == STATUS.ROLLED_BACK


def test_a_rollback_without_a_known_point_of_no_return_needs_a_word() -> None:
    period = make_period(STATUS.READY)

    with pytest.raises(Invalid) as refusal:
        lifecycle.roll_back(period.pk, reason="Data loss", advised_by=period.lead, by=period.sponsor, at=NOW)

    assert list(refusal.value.errors) == ["before_no_return"]


def test_a_rollback_takes_two_one_who_advises_and_one_who_orders() -> None:
    period = make_period(STATUS.ACTIVE, point_of_no_return_at=NOW + DAY)

    for advisor in (None, period.sponsor, make_user("Stranger")):
        with pytest.raises(Invalid) as refusal:
            lifecycle.roll_back(period.pk, reason="Data loss", advised_by=advisor, by=period.sponsor, at=NOW)
        assert list(refusal.value.errors) == ["advised_by"]
    lifecycle.roll_back(period.pk, reason="Data loss", advised_by=period.lead, by=period.sponsor, at=NOW)

    entry = JournalEntry.objects.get(period=period, kind="period.rolled_back")
    assert entry.data["advised_by"] == "Lead"


def test_after_a_relapse_past_the_end_the_review_opens_again_once_it_could_be_calm() -> None:
    period = make_period(STATUS.EXIT_REVIEW, ends_at=NOW - DAY, status_before_review="stabilising")
    lifecycle.relapse(period.pk, reason="A new P1", at=NOW)

    timers.fire_due(at=NOW + 3 * DAY - timedelta(seconds=1))
    period.refresh_from_db()
    before = period.status
    timers.fire_due(at=NOW + 3 * DAY)
    period.refresh_from_db()

    assert (before, period.status) == (STATUS.ACTIVE, STATUS.EXIT_REVIEW)


def test_the_rate_is_watched_in_a_review_that_opened_from_live() -> None:
    period = make_period(STATUS.ACTIVE, baseline_issues=112, baseline_days=28)

    lifecycle.review(period.pk, by=None, at=END)

    assert Timer.objects.filter(kind="period.rate", cleared_at__isnull=True).count() == 1


# --- The exit -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [STATUS.ACTIVE, STATUS.STABILISING])
def test_the_end_date_opens_the_review_and_never_closes(status: str) -> None:
    period = make_period(STATUS.READY)
    lifecycle.start(period.pk, smoke_test="Green", by=period.lead, at=GO_LIVE)
    Period.objects.filter(pk=period.pk).update(status=status)
    make_criterion(period)

    timers.fire_due(at=END)
    timers.fire_due(at=END + 30 * DAY)

    period.refresh_from_db()
    assert (period.status, period.status_before_review) == (STATUS.EXIT_REVIEW, status)
    moves = [kind for kind in entries(period) if kind != "criterion.read"]
    assert moves == ["period.started", "period.review_opened"]


def test_an_early_review_is_earned() -> None:
    period = make_period(STATUS.STABILISING, critical_cycles=[{"name": "Payroll", "on": "2026-11-20"}])
    criterion = make_criterion(period)

    with pytest.raises(TransitionRefused) as refusal:
        lifecycle.review(period.pk, by=period.lead, at=GO_LIVE + 6 * DAY)
    criterion.verdict = "pass"
    criterion.save(update_fields=["verdict"])
    lifecycle.review(period.pk, by=period.lead, at=GO_LIVE + 11 * DAY)

    assert refusal.value.reasons == (
        "Less than half of the planned window is served.",
        "The last critical cycle and the working days after it end on 25 Nov 2026.",
        "“Data reconciled” was not met on each of the last 3 days.",
    )
    period.refresh_from_db()
    assert period.status == STATUS.EXIT_REVIEW


def test_an_extension_goes_back_to_where_the_review_came_from_and_lists_what_failed() -> None:
    period = make_period(STATUS.EXIT_REVIEW, status_before_review="stabilising")
    make_criterion(period)
    lifecycle.sign(period.pk, role="sponsor", by=period.sponsor, at=END, comment="Fine")

    lifecycle.extend(period.pk, ends_at=END + 3 * DAY, reason="Month-end", by=period.sponsor, at=END)

    period.refresh_from_db()
    assert (period.status, period.ends_at, period.planned_ends_at) == (STATUS.STABILISING, END + 3 * DAY, END)
    assert period.extensions == 1
    assert Timer.objects.get(kind="period.end", cleared_at__isnull=True).due_at == END + 3 * DAY
    assert JournalEntry.objects.filter(period=period).latest("seq").data["unmet"] == ["Data reconciled"]
    assert not ExitSignature.objects.filter(voided_at__isnull=True).exists()


def test_the_old_end_does_not_reopen_the_review_after_an_extension() -> None:
    period = make_period(STATUS.READY)
    lifecycle.start(period.pk, smoke_test="Green", by=period.lead, at=GO_LIVE)
    timers.fire_due(at=END)
    lifecycle.extend(period.pk, ends_at=END + 3 * DAY, reason="Month-end", by=period.sponsor, at=END)

    timers.fire_due(at=END + 2 * DAY)
    period.refresh_from_db()
    in_between = period.status
    timers.fire_due(at=END + 3 * DAY)

    period.refresh_from_db()
    assert (in_between, period.status) == (STATUS.ACTIVE, STATUS.EXIT_REVIEW)


@pytest.mark.parametrize(
    ("ends_at", "reason", "field"),
    [(END, "Why", "ends_at"), (END + 14 * DAY + timedelta(seconds=1), "Why", "ends_at"), (END + DAY, "", "reason")],
)
def test_a_bad_extension_is_refused(ends_at: datetime, reason: str, field: str) -> None:
    period = make_period(STATUS.EXIT_REVIEW)

    with pytest.raises(Invalid) as refusal:
        lifecycle.extend(period.pk, ends_at=ends_at, reason=reason, by=period.sponsor, at=END)

    assert list(refusal.value.errors) == [field]


def test_a_third_extension_goes_to_the_steering_group() -> None:
    period = make_period(STATUS.EXIT_REVIEW, extensions=2)

    with pytest.raises(TransitionRefused) as refusal:
        lifecycle.extend(period.pk, ends_at=END + DAY, reason="Why", by=period.sponsor, at=END)

    assert "steering group" in refusal.value.reasons[0]


def test_two_signatures_do_not_close_but_let_it_be_closed() -> None:
    period = make_period(STATUS.EXIT_REVIEW)

    with pytest.raises(TransitionRefused) as refusal:
        lifecycle.close(period.pk, by=period.lead, at=END)
    sign_both(period, at=END)
    period.refresh_from_db()
    after_signing = period.status
    lifecycle.close(period.pk, by=period.lead, at=END, summary="Calm")

    assert refusal.value.reasons == ("The BAU owner has not signed.", "The Sponsor has not signed.")
    period.refresh_from_db()
    assert (after_signing, period.status, period.ended_at) == (STATUS.EXIT_REVIEW, STATUS.CLOSED, END)
    assert entries(period) == ["exit.signed", "exit.signed", "period.closed"]


def test_a_second_close_is_refused_and_says_since_when() -> None:
    period = make_period(STATUS.EXIT_REVIEW)
    sign_both(period, at=END)
    lifecycle.close(period.pk, by=period.lead, at=END)

    with pytest.raises(TransitionRefused) as refusal:
        lifecycle.close(period.pk, by=period.sponsor, at=END + DAY)

    assert refusal.value.reasons == ("Billing cut-over is already closed, since 28 Nov 2026 06:00 UTC.",)
    assert entries(period).count("period.closed") == 1


def test_only_the_named_person_signs_and_only_once() -> None:
    period = make_period(STATUS.EXIT_REVIEW)

    with pytest.raises(NotAllowed) as refusal:
        lifecycle.sign(period.pk, role="bau_owner", by=period.sponsor, at=END)
    lifecycle.sign(period.pk, role="sponsor", by=period.sponsor, at=END)
    with pytest.raises(AlreadyDone):
        lifecycle.sign(period.pk, role="sponsor", by=period.sponsor, at=END)
    with pytest.raises(Invalid):
        lifecycle.sign(period.pk, role="lead", by=period.lead, at=END)

    assert refusal.value.reasons == ("Only Bau Owner signs as BAU owner.",)
    assert entries(period) == ["exit.signed"]


def test_an_unknown_mandatory_criterion_blocks_until_both_say_why_it_is_accepted() -> None:
    period = make_period(STATUS.EXIT_REVIEW)
    make_criterion(period)

    with pytest.raises(Invalid) as refusal:
        lifecycle.sign(period.pk, role="sponsor", by=period.sponsor, at=END)
    sign_both(period, at=END, comment="Reconciled by hand, see the ledger")
    lifecycle.close(period.pk, by=period.lead, at=END)

    assert refusal.value.errors == {"comment": ["Not met or unknown: “Data reconciled”. Say why you accept that."]}
    period.refresh_from_db()
    assert period.status == STATUS.CLOSED


def test_a_criterion_that_fails_after_signing_blocks_the_close() -> None:
    period = make_period(STATUS.EXIT_REVIEW)
    sign_both(period, at=END)
    make_criterion(period, verdict="fail")

    with pytest.raises(TransitionRefused) as refusal:
        lifecycle.close(period.pk, by=period.lead, at=END)

    assert refusal.value.reasons == (
        "“Data reconciled” is not met. It must be met, or both signatures say why it is accepted.",
    )


def test_closing_skips_debriefs_to_come() -> None:
    period = make_period(STATUS.READY, band="low")
    lifecycle.start(period.pk, smoke_test="Green", by=period.lead, at=GO_LIVE)
    lifecycle.roll_back(
        period.pk, reason="Bad", advised_by=period.lead, before_no_return=True, by=period.sponsor, at=GO_LIVE + DAY
    )

    assert not Debrief.objects.filter(period=period, status="scheduled", starts_at__gt=GO_LIVE + DAY).exists()
    assert timers.fire_due(at=END) == 0


def test_a_relapse_after_the_close_reopens_within_fourteen_days() -> None:
    period = make_period(STATUS.CLOSED, ended_at=END, band="low")
    with pytest.raises(TransitionRefused):
        lifecycle.reopen(period.pk, reason="It came back", by=period.lead, at=END + 15 * DAY)
    with pytest.raises(TransitionRefused):
        lifecycle.reopen(period.pk, reason="More tickets", cause="rate", by=period.lead, at=END + DAY)
    lifecycle.reopen(period.pk, reason="It came back", by=period.lead, at=END + 14 * DAY)

    period.refresh_from_db()
    assert (period.status, period.ended_at, period.ends_at) == (STATUS.ACTIVE, None, END + 28 * DAY)
    assert Timer.objects.get(kind="period.end").due_at == END + 28 * DAY
