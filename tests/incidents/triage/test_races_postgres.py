"""People, alerts and clocks at the same moment. Real threads, real locks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from contributors.models import Delivery
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Refused
from incidents.intake import alert_sources, ingest
from incidents.intake.sources import ReportedAlert
from incidents.models import Alert, Incident, IncidentRole, RollbackDecision, StatusChange
from incidents.paging import rollback
from incidents.triage import merge, problems, triage, undo, war_room
from periods.journal import journal
from periods.lifecycle import lifecycle
from periods.models import ExitSignature, JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

THREADS = 20
ROUNDS = 8
HIGH = {"impact": "high", "urgency": "high"}


@pytest.fixture(autouse=True)
def postgres_only(transactional_db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: there is nobody to race.")


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own, all released together; a refusal is a result like any other."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return work()
        except Refused as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def on_shift(period: Period) -> None:
    """Somebody to page."""
    person = make_user("Tomasz Wójcik")
    make_member(period, person)
    make_shift(make_role(period), person)


def report(period: Period, **fields: Any) -> Incident:
    return triage.report(period.pk, **{"title": "Payments down", **HIGH, "by": period.lead, "at": NOW, **fields})


def test_of_twenty_who_acknowledge_together_one_wins_and_the_others_hear_who() -> None:
    period = make_period()
    people = [make_user(f"Person {n}") for n in range(THREADS)]
    incident = report(period)

    results = at_once(*[lambda who=who: triage.acknowledge(incident.pk, by=who, at=NOW) for who in people])

    winner = Incident.objects.select_related("acknowledged_by").get().acknowledged_by
    refusals = [result for result in results if isinstance(result, AlreadyDone)]
    assert (len(refusals), len(results)) == (THREADS - 1, THREADS)
    assert all(str(refusal).startswith(f"{winner} acknowledged it at 14:12") for refusal in refusals)
    assert JournalEntry.objects.filter(kind="incident.acknowledged").count() == 1
    assert StatusChange.objects.filter(to_status="acknowledged").count() == 1


def test_twenty_reports_together_get_twenty_numbers_without_a_gap() -> None:
    period = make_period()

    results = at_once(*[lambda n=n: report(period, title=f"Report {n}") for n in range(THREADS)])

    assert sorted(incident.number for incident in results) == list(range(1, THREADS + 1))
    assert not list(journal.verify_chain(Period.objects.get(pk=period.pk)))


def test_a_report_while_its_period_closes_never_leaves_an_open_incident_behind() -> None:
    outcomes = set()
    for _ in range(ROUNDS):
        period = make_period(Period.Status.EXIT_REVIEW)
        for role, person in (("bau_owner", period.bau_owner), ("sponsor", period.sponsor)):
            ExitSignature.objects.create(period=period, role=role, by=person, at=NOW, comment="Accepted")

        at_once(
            lambda period=period: lifecycle.close(period.pk, by=period.lead, at=NOW),
            lambda period=period: report(period),
        )

        period.refresh_from_db()
        still_open = Incident.objects.open().filter(period=period).exists()
        outcomes.add((period.status, still_open))
        assert (period.status == Period.Status.CLOSED) != still_open
    assert outcomes <= {("closed", False), ("exit_review", True)}


def test_no_page_is_made_after_an_acknowledgement_was_committed() -> None:
    for _ in range(ROUNDS):
        period = make_period()
        on_shift(period)
        incident = report(period)

        at_once(
            lambda incident=incident, period=period: triage.acknowledge(incident.pk, by=period.lead, at=NOW),
            lambda: timers.fire_due(at=NOW),
        )
        timers.fire_due(at=NOW + timedelta(minutes=20))  # before it counts as silent

        told = [
            entry.kind for entry in JournalEntry.objects.filter(period=period, subject="incident:1").order_by("seq")
        ]
        assert told in (
            ["incident.reported", "incident.acknowledged"],
            ["incident.reported", "incident.paged", "incident.acknowledged"],
        )
        assert not Delivery.objects.filter(period=period, kind="page", state__in=Delivery.OPEN).exists()


def test_two_clocks_page_each_person_once() -> None:
    period = make_period()
    on_shift(period)
    report(period)

    at_once(*[lambda: timers.fire_due(at=NOW)] * 4)

    assert Delivery.objects.filter(kind="page").count() == 1
    assert JournalEntry.objects.filter(kind="incident.paged").count() == 1


def test_one_alert_sent_by_ten_senders_together_is_one_alert_and_one_incident() -> None:
    period = make_period(key="BILL")
    source, _token = alert_sources.create(period.pk, kind="alertmanager", name="AM", by=period.lead, at=NOW)
    told = [ReportedAlert("aa11", "InvoiceIssueRateHigh", firing=True, started_at=NOW, level="critical")]

    results = at_once(*[lambda: ingest.receive_alerts(source, told, at=NOW)] * 10)

    assert {outcome.incident for outcomes in results for outcome in outcomes} == {"BILL-1"}
    assert (Alert.objects.get().count, Incident.objects.count()) == (10, 1)


def test_groups_sent_in_opposite_order_do_not_wait_for_each_other_for_ever() -> None:
    period = make_period(key="BILL")
    source, _token = alert_sources.create(period.pk, kind="alertmanager", name="AM", by=period.lead, at=NOW)
    told = [ReportedAlert(f"a{n}", f"Alert {n}", firing=True, started_at=NOW) for n in range(20)]

    for _ in range(3):
        at_once(*[lambda group=group: ingest.receive_alerts(source, group, at=NOW) for group in (told, told[::-1]) * 4])

    assert set(Alert.objects.values_list("count", flat=True)) == {24}
    assert Incident.objects.count() == 20


def test_resolving_and_escalating_together_end_with_no_page_waiting() -> None:
    for _ in range(ROUNDS):
        period = make_period()
        on_shift(period)
        incident = report(period)
        lead = period.lead

        at_once(
            lambda pk=incident.pk, lead=lead: triage.resolve(pk, ending="fixed", resolution="Done", by=lead, at=NOW),
            lambda pk=incident.pk, lead=lead: triage.escalate(pk, reason="Now", by=lead, at=NOW),
            lambda: timers.fire_due(at=NOW),
        )
        timers.fire_due(at=NOW + timedelta(hours=1))

        assert not Delivery.objects.filter(period=period, kind="page", state__in=Delivery.OPEN).exists()


def test_of_two_who_take_one_incident_one_owns_it_and_the_other_hears_who() -> None:
    for _ in range(ROUNDS):
        period = make_period()
        people = [make_member(period, right="support").user for _ in range(2)]
        incident = report(period)

        results = at_once(*[lambda who=who, pk=incident.pk: triage.acknowledge(pk, by=who, at=NOW) for who in people])

        incident.refresh_from_db()
        assert sum(isinstance(result, AlreadyDone) for result in results) == 1
        assert incident.owner_id == incident.acknowledged_by_id


def test_a_severity_change_while_a_deadline_passes_keeps_what_was_missed_once() -> None:
    late = NOW + timedelta(minutes=15)
    for _ in range(ROUNDS):
        period = make_period()
        incident = report(period)

        at_once(
            lambda pk=incident.pk, by=period.lead: triage.regrade(pk, impact="high", urgency="medium", by=by, at=late),
            lambda: timers.fire_due(at=late),
        )
        timers.fire_due(at=late)

        incident.refresh_from_db()
        missed = [mark for mark in incident.marks if mark["rung"] == "late"]
        assert [(mark["kind"], mark["severity"]) for mark in missed] == [("acknowledge", "P1")]


def test_an_undo_and_a_change_together_leave_one_of_them_standing() -> None:
    for _ in range(ROUNDS):
        period = make_period()
        incident = report(period, impact="medium", urgency="medium")
        lead = period.lead
        triage.regrade(incident.pk, impact="low", urgency="low", by=lead, at=NOW)
        seq = JournalEntry.objects.filter(period=period).latest("seq").seq

        results = at_once(
            lambda pk=incident.pk, by=lead, seq=seq: undo.undo_entry(pk, seq=seq, by=by, at=NOW),
            lambda pk=incident.pk, by=lead: triage.assign(pk, owner=by, by=by, at=NOW),
        )

        incident.refresh_from_db()
        refused = isinstance(results[0], Refused)
        assert incident.owner_id == lead.pk
        assert incident.severity == ("P4" if refused else "P3")


def test_a_silent_incident_pages_nobody_after_an_update_was_committed() -> None:
    silent = NOW + timedelta(minutes=46)
    for _ in range(ROUNDS):
        period = make_period()
        on_shift(period)
        incident = report(period)
        triage.acknowledge(incident.pk, by=period.lead, at=NOW)

        at_once(
            lambda pk=incident.pk, by=period.lead: triage.comment(
                pk, body="We roll forward", kind="update", by=by, at=silent
            ),
            lambda: timers.fire_due(at=silent),
        )
        timers.fire_due(at=silent + timedelta(minutes=1))

        incident.refresh_from_db()
        pages = Delivery.objects.filter(period=period, kind="page")
        assert not pages.filter(state__in=Delivery.OPEN).exists()
        assert incident.paging_since is None


def test_a_merge_while_one_resolves_has_one_outcome_and_the_other_hears_which() -> None:
    outcomes = set()
    for _ in range(ROUNDS):
        period = make_period()
        on_shift(period)
        stays, twin = report(period), report(period, title="Payments still down")
        kavya = make_member(period, make_user("Kavya Nair"), right="support").user

        results = at_once(
            lambda pk=twin.pk, into=stays.pk, by=kavya: merge.merge_into(pk, into=into, by=by, at=NOW),
            lambda pk=twin.pk, by=period.lead: triage.resolve(pk, ending="fixed", resolution="x", by=by, at=NOW),
        )
        timers.fire_due(at=NOW + timedelta(minutes=1))

        twin.refresh_from_db()
        merged = twin.duplicate_of_id == stays.pk
        outcomes.add(merged)
        loser = results[1] if merged else results[0]
        assert isinstance(loser, AlreadyDone)
        assert ("Kavya Nair merged" in str(loser)) == merged
        assert ("Lead resolved it" in str(loser)) != merged
        pages = Delivery.objects.filter(period=period, subject="incident:2", kind="page")
        assert not pages.filter(state__in=Delivery.OPEN).exists()
        assert sum(twin.changes.values_list("opens", flat=True)) == 0
    assert outcomes


def test_a_merge_while_the_one_that_stays_resolves_never_points_at_nothing_said() -> None:
    for _ in range(ROUNDS):
        period = make_period()
        stays, twin = report(period), report(period)

        results = at_once(
            lambda pk=twin.pk, into=stays.pk, by=period.lead: merge.merge_into(pk, into=into, by=by, at=NOW),
            lambda pk=stays.pk, by=period.lead: triage.resolve(pk, ending="fixed", resolution="x", by=by, at=NOW),
        )

        twin.refresh_from_db()
        assert isinstance(results[0], Refused) == (twin.duplicate_of_id is None)
        assert not isinstance(results[1], Refused)


def test_two_merges_into_each_other_leave_one_standing() -> None:
    for _ in range(ROUNDS):
        period = make_period()
        one, two = report(period), report(period)

        results = at_once(
            lambda pk=one.pk, into=two.pk, by=period.lead: merge.merge_into(pk, into=into, by=by, at=NOW),
            lambda pk=two.pk, into=one.pk, by=period.lead: merge.merge_into(pk, into=into, by=by, at=NOW),
        )

        assert sum(isinstance(result, Refused) for result in results) == 1
        assert Incident.objects.filter(period=period, resolved_at=None).count() == 1


def test_escalating_while_acknowledging_sends_no_page_after_the_acknowledgement() -> None:
    for _ in range(ROUNDS):
        period = make_period()
        on_shift(period)
        incident = report(period)
        kavya = make_member(period, make_user("Kavya Nair"), right="support").user

        results = at_once(
            lambda pk=incident.pk, by=kavya: triage.acknowledge(pk, by=by, at=NOW),
            lambda pk=incident.pk, by=period.lead: triage.escalate(pk, reason="Now", by=by, at=NOW),
        )

        kinds = list(
            JournalEntry.objects.filter(period=period, kind__in=("incident.acknowledged", "incident.escalated"))
            .order_by("seq")
            .values_list("kind", flat=True)
        )
        waiting = Delivery.objects.filter(period=period, kind="page", state__in=Delivery.OPEN)
        assert not any(isinstance(result, Refused) for result in results)
        # Asked for after somebody took it, a page is meant; asked for before, it is taken back.
        assert waiting.exists() == (kinds[-1] == "incident.escalated")
        assert (
            not timers.due_timers(NOW + timedelta(minutes=20))
            .filter(key__startswith=f"escalation:{incident.pk}:")
            .exists()
        )


def test_of_two_who_take_a_part_at_once_one_has_it_and_the_other_hears_who() -> None:
    for _ in range(ROUNDS):
        period = make_period()
        people = [make_member(period, right="support").user for _ in range(2)]
        incident = report(period)

        results = at_once(
            *[
                lambda who=who, pk=incident.pk: war_room.give_part(
                    pk, part="commander", user=who, instead_of=None, by=who, at=NOW
                )
                for who in people
            ]
        )

        holder = IncidentRole.objects.get(incident=incident, until=None).user
        refusals = [result for result in results if isinstance(result, AlreadyDone)]
        assert [str(refusal).startswith(f"{holder} is incident commander") for refusal in refusals] == [True]


def test_a_rollback_is_decided_once_while_its_time_runs_out() -> None:
    due = NOW + timedelta(hours=4, minutes=30)
    for _ in range(ROUNDS):
        period = make_period()
        incident = report(period)
        timers.fire_due(at=NOW + timedelta(hours=4))

        results = at_once(
            *[
                lambda pk=incident.pk, by=period.sponsor: rollback.answer_decision(
                    pk, answer="roll_back", reason="It costs money", by=by, at=due
                )
            ]
            * 2,
            lambda: timers.fire_due(at=due),
        )

        assert sum(isinstance(result, AlreadyDone) for result in results) == 1
        assert RollbackDecision.objects.get(incident=incident).answer == "roll_back"
        assert JournalEntry.objects.filter(period=period, kind="incident.rollback_decided").count() == 1


def test_of_two_who_make_a_problem_at_once_one_does() -> None:
    for _ in range(ROUNDS):
        period = make_period()
        for _n in range(3):
            report(period, component="Payments")

        results = at_once(
            *[lambda pk=period.pk, by=period.lead: problems.make_problem(pk, component="Payments", by=by, at=NOW)] * 2
        )

        assert sum(isinstance(result, Refused) for result in results) == 1
        assert Incident.objects.filter(period=period, kind="problem").count() == 1
