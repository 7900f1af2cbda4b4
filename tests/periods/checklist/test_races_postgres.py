"""Two people at the same moment: one winner, the other is told, nothing twice. Real threads, real locks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from hypercare.exceptions import AlreadyDone, Invalid, Refused, TransitionRefused
from periods import checklist
from periods.automation import timer_handlers
from periods.checklist import evidence
from periods.checklist.evidence import EvidenceUpload
from periods.go import conditions, gonogo
from periods.journal import journal
from periods.lifecycle import lifecycle
from periods.models import (
    Debrief,
    Evidence,
    ExitSignature,
    GoCondition,
    GoDecision,
    JournalEntry,
    Period,
    PeriodTemplate,
    TemplateVersion,
)
from periods.planning import planning, templates
from periods.template_files.kinds import BUILT_IN
from tests.factories import GO_LIVE, NOW, make_check, make_period, make_user
from tests.periods.story import DURING_READINESS, make_ready_to_decide, plan_data, sign_both

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

THREADS = 8
STATUS = Period.Status


@pytest.fixture(autouse=True)
def postgres_only(transactional_db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: there is nobody to race.")


def together(work: Callable[[int], Any], times: int = THREADS) -> list[Any]:
    """Run it in threads released at once; a refusal is a result like any other."""
    gate = threading.Barrier(times)

    def run(number: int) -> Any:
        gate.wait()
        try:
            return work(number)
        except Refused as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def kept(results: list[Any]) -> list[Any]:
    """Those that were not refused."""
    return [result for result in results if not isinstance(result, Refused)]


def test_a_key_is_taken_once_and_the_others_get_the_sentence() -> None:
    data = plan_data(with_checklist=False)

    results = together(lambda _: planning.create_period(**data))

    assert len(kept(results)) == Period.objects.count() == 1
    refused = [result for result in results if isinstance(result, Invalid)]
    assert {refusal.errors["key"][0] for refusal in refused} <= {
        "BILL26 is taken by Billing cut-over. Choose another key.",
        "BILL26 is taken by another period. Choose another key.",
    }
    assert len(refused) == THREADS - 1


def test_a_period_starts_once_with_one_set_of_debriefs() -> None:
    period = make_period(STATUS.READY, band="low")

    results = together(lambda _: lifecycle.start(period.pk, smoke_test="Green", by=period.lead, at=GO_LIVE))

    assert len(kept(results)) == JournalEntry.objects.filter(kind="period.started").count() == 1
    assert all(isinstance(result, TransitionRefused) for result in results if result not in kept(results))
    assert Debrief.objects.count() == 7
    assert not list(journal.verify_chain(Period.objects.get(pk=period.pk)))


def test_of_those_who_close_together_one_does() -> None:
    period = make_period(STATUS.EXIT_REVIEW)
    sign_both(period, at=NOW)

    results = together(lambda _: lifecycle.close(period.pk, by=period.lead, at=NOW))

    assert len(kept(results)) == JournalEntry.objects.filter(kind="period.closed").count() == 1


def test_one_signature_stands_however_often_it_is_pressed() -> None:
    period = make_period(STATUS.EXIT_REVIEW)

    results = together(lambda _: lifecycle.sign(period.pk, role="sponsor", by=period.sponsor, at=NOW))

    assert len(kept(results)) == ExitSignature.objects.count() == 1
    assert sum(isinstance(result, AlreadyDone) for result in results) == THREADS - 1


def test_one_decision_is_recorded() -> None:
    period = make_ready_to_decide()

    together(lambda _: gonogo.decide(period.pk, outcome="go", by=period.sponsor, at=DURING_READINESS))

    assert GoDecision.objects.count() == JournalEntry.objects.filter(kind="go.decided").count() == 1


def test_the_clock_and_the_lead_open_one_review() -> None:
    period = make_period(STATUS.ACTIVE)
    end = period.ends_at

    def open_review(number: int) -> Any:
        if number % 2:
            return lifecycle.review(period.pk, by=period.lead, at=end)
        return timer_handlers.on_end({"period": period.pk}, due_at=end, at=end)

    # A handler runs in the transaction of its timer; here it gets one of its own.
    together(lambda number: _atomic(lambda: open_review(number)))

    assert JournalEntry.objects.filter(kind="period.review_opened").count() == 1


def _atomic(work: Callable[[], Any]) -> Any:
    with transaction.atomic():
        return work()


def test_a_check_is_ticked_by_one_person() -> None:
    period = make_period(STATUS.READINESS)
    item, people = make_check(period), [period.lead, period.sponsor, period.bau_owner]

    results = together(lambda n: checklist.complete(item.pk, by=people[n], at=DURING_READINESS), times=3)

    assert len(kept(results)) == JournalEntry.objects.filter(kind="checklist.completed").count() == 1


def test_met_at_the_deadline_has_one_outcome() -> None:
    """Some say it is met while the clock ends the go: either all of it stands or none, and one entry tells which."""
    due = GO_LIVE - timedelta(hours=6)
    for _ in range(3):
        period = make_ready_to_decide()
        row = {"text": "Alert fires", "owner": period.lead_id, "due_at": due}
        gonogo.decide(period.pk, outcome="go_with_conditions", conditions=[row], by=period.sponsor, at=DURING_READINESS)
        condition = GoCondition.objects.get(period=period)

        def act(number: int, condition: GoCondition = condition, period: Period = period) -> Any:
            if number % 2:
                return conditions.expire_condition(condition.pk, at=due)
            return conditions.meet_condition(
                condition.pk, evidence="Seen", by=period.lead, at=due - timedelta(microseconds=1)
            )

        together(act)

        condition.refresh_from_db()
        period.refresh_from_db()
        told = JournalEntry.objects.filter(period=period, kind__in=("go.condition_met", "go.reverted"))
        outcome = (condition.state, period.status, [entry.kind for entry in told])
        assert outcome in (("met", STATUS.READY, ["go.condition_met"]), ("unmet", STATUS.READINESS, ["go.reverted"]))
        assert not list(journal.verify_chain(period))


def test_together_files_never_pass_the_quota_and_a_refused_one_leaves_no_bytes(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_DIR, settings.EVIDENCE_QUOTA = tmp_path, 25
    period = make_period(STATUS.READINESS)
    items = [make_check(period) for _ in range(THREADS)]

    def send(number: int) -> Any:
        upload = EvidenceUpload(f"{number}.log", b"ten bytes\n")
        return checklist.attach_evidence(items[number].pk, upload=upload, by=period.lead, at=DURING_READINESS)

    results = together(send)

    assert len(kept(results)) == Evidence.objects.count() == 2
    assert evidence.bytes_used(period) == 20
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


def test_one_change_is_taken_back_once() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period)
    done = checklist.complete(item.pk, by=period.lead, at=DURING_READINESS)

    results = together(
        lambda _: checklist.undo_change(period.pk, done.period.journal_seq, by=period.lead, at=DURING_READINESS)
    )

    assert len(kept(results)) == JournalEntry.objects.filter(kind="checklist.undone").count() == 1
    assert all("was undone" in str(result) for result in results if isinstance(result, Refused))
    item.refresh_from_db()
    assert item.status == "open"


def test_bulk_changes_take_turns_and_each_is_undone_whole() -> None:
    period = make_period(STATUS.READINESS)
    items = [make_check(period).pk for _ in range(5)]
    people = [period.lead, period.sponsor, period.bau_owner]

    def give(number: int) -> Any:
        order = items if number % 2 else items[::-1]
        return checklist.change_many(
            period.pk, order, "assign", owner=people[number], by=period.lead, at=DURING_READINESS
        )

    results = kept(together(give, times=3))

    assert len(results) == 3
    assert len(set(period.checklist.values_list("owner", flat=True))) == 1, "nobody's change is half there"
    changed, last = max(results, key=lambda result: result[1])
    assert len(checklist.undo_change(period.pk, last, by=period.lead, at=DURING_READINESS)) == changed == 5
    assert len(set(period.checklist.values_list("owner", flat=True))) == 1


def test_bulk_and_a_single_change_leave_a_chain_that_verifies() -> None:
    period = make_period(STATUS.READINESS)
    items = [make_check(period).pk for _ in range(4)]

    def act(number: int) -> Any:
        if number % 2:
            return checklist.complete(items[number % 4], by=period.lead, at=DURING_READINESS)
        return checklist.change_many(
            period.pk, items, "set-aside", reason="Not in this release", by=period.lead, at=DURING_READINESS
        )

    together(act)

    period.refresh_from_db()
    assert list(journal.verify_chain(period)) == []


def test_versions_of_a_template_saved_together_have_numbers_of_their_own() -> None:
    planner = make_user(may_plan=True)
    first = templates.save_version(replace(BUILT_IN["minor-release"], name="Ours"), by=planner, at=NOW)
    first_content = templates.content_of(first)

    def save(number: int) -> Any:
        content = replace(first_content, checklist=first_content.checklist[: number + 1])
        return templates.save_version(content, by=planner, at=NOW, into=first.template)

    results = together(save)

    numbers = list(TemplateVersion.objects.order_by("number").values_list("number", flat=True))
    assert len(kept(results)) == THREADS
    assert numbers == list(range(1, THREADS + 2))


def test_a_new_template_has_its_name_once() -> None:
    planner = make_user(may_plan=True)

    content = replace(BUILT_IN["minor-release"], name="Ours")

    results = together(lambda _: templates.save_version(content, by=planner, at=NOW))

    refused = [result for result in results if isinstance(result, Invalid)]
    assert len(kept(results)) == PeriodTemplate.objects.count() == TemplateVersion.objects.count() == 1
    assert {result.errors["name"][0] for result in refused} == {
        "There is a template called Ours already. Save a new version of it."
    }
