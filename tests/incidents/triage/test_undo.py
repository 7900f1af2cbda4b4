"""Taking back what one just did: all of it, once, and only while nothing changed since."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hypercare.exceptions import AlreadyDone, NotAllowed, Refused
from hypercare.models import Timer, User
from incidents.models import Incident, StatusChange
from incidents.triage import bulk, editing, queues, triage, undo
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_user

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
LATER = NOW + MINUTE
FIELDS = (
    "status",
    "owner_id",
    "severity",
    "impact",
    "urgency",
    "acknowledged_at",
    "acknowledged_by_id",
    "mitigated_at",
    "kind",
    "verdict",
    "component",
    "queue",
    "queue_note",
    "queued_at",
    "snoozed_until",
    "pauses",
    "handed_to",
)


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL")


@pytest.fixture
def kavya(period: Period) -> User:
    person = make_user("Kavya Nair")
    make_member(period, person, right="support")
    return person


def report(period: Period, **fields) -> Incident:
    levels = {"impact": "medium", "urgency": "medium", **fields}
    return triage.report(period.pk, title="Invoices issued twice", by=period.lead, at=NOW, **levels)


def state(pk: int) -> dict[str, object]:
    return Incident.objects.values(*FIELDS).get(pk=pk)


def last() -> int:
    return JournalEntry.objects.latest("seq").seq


ACTIONS = {
    "acknowledge": lambda pk, me: triage.acknowledge(pk, by=me, at=LATER),
    "take": lambda pk, me: triage.assign(pk, owner=me, by=me, at=LATER),
    "regrade": lambda pk, me: triage.regrade(pk, impact="high", urgency="high", by=me, at=LATER),
    "start work": lambda pk, me: triage.set_status(pk, status="investigating", by=me, at=LATER),
    "mitigate": lambda pk, me: triage.set_status(pk, status="mitigated", by=me, at=LATER),
    "classify": lambda pk, me: editing.update_fields(pk, kind="data", verdict="known", by=me, at=LATER),
    "wish": lambda pk, me: editing.update_fields(pk, kind="enhancement", by=me, at=LATER),
    "return": lambda pk, me: queues.enter_queue(pk, queue="returned", note="Which?", by=me, at=LATER),
    "snooze": lambda pk, me: queues.snooze_until(pk, until=LATER + MINUTE, by=me, at=LATER),
    "hand over": lambda pk, me: triage.transfer_to_bau(pk, team="Finance IT", by=me, at=LATER),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_every_triage_action_can_be_taken_back_whole_and_once(period, kavya, name):
    incident = report(period)
    before = state(incident.pk)
    ACTIONS[name](incident.pk, kavya)
    assert state(incident.pk) != before
    seq = last()

    undo.undo_entry(incident.pk, seq=seq, by=kavya, at=LATER)

    assert state(incident.pk) == before
    with pytest.raises(AlreadyDone, match="changed since"):
        undo.undo_entry(incident.pk, seq=seq, by=kavya, at=LATER)


def test_an_acknowledgement_taken_back_pages_again(period, kavya):
    incident = report(period, impact="high", urgency="high")
    triage.acknowledge(incident.pk, by=kavya, at=LATER)

    undo.undo_entry(incident.pk, seq=last(), by=kavya, at=LATER)

    assert Timer.objects.filter(kind="incident.escalation", fired_at=None, cleared_at=None).count() == 1
    assert Incident.objects.get().is_wanted
    assert list(StatusChange.objects.order_by("id").values_list("to_status", flat=True)) == [
        "new",
        "acknowledged",
        "new",
    ]


def test_it_is_refused_when_somebody_changed_the_incident_since(period, kavya):
    incident = report(period)
    triage.acknowledge(incident.pk, by=kavya, at=LATER)
    seq = last()
    editing.update_fields(incident.pk, title="Invoices issued thrice", by=period.lead, at=LATER)

    with pytest.raises(AlreadyDone):
        undo.undo_entry(incident.pk, seq=seq, by=kavya, at=LATER)


def test_it_is_one_s_own_and_recent(period, kavya):
    incident = report(period)
    triage.acknowledge(incident.pk, by=kavya, at=LATER)

    with pytest.raises(NotAllowed):
        undo.undo_entry(incident.pk, seq=last(), by=period.lead, at=LATER)
    with pytest.raises(Refused, match="more than an hour"):
        undo.undo_entry(incident.pk, seq=last(), by=kavya, at=LATER + timedelta(hours=2))
    with pytest.raises(Refused, match="nothing to undo"):
        undo.undo_entry(incident.pk, seq=1, by=period.lead, at=LATER)


# --- Many at once ---------------------------------------------------------------------------------


def test_many_are_changed_together_and_those_that_refuse_say_why(period, kavya):
    first, second, third = (report(period) for _ in range(3))
    triage.resolve(second.pk, ending="fixed", resolution="Gone", by=kavya, at=LATER)
    triage.regrade(third.pk, impact="low", urgency="low", by=kavya, at=LATER)

    outcome = bulk.apply(period.pk, numbers=[1, 2, 3, 99], action="severity", value="P2", by=kavya, at=LATER)

    assert [incident.key for incident, _ in outcome.done] == ["BILL-1", "BILL-3"]
    assert [key for key, _ in outcome.refused] == ["BILL-2"]
    assert "resolved it" in outcome.refused[0][1]
    assert set(Incident.objects.exclude(pk=second.pk).values_list("severity", flat=True)) == {"P2"}
    assert first.severity == "P3"


@pytest.mark.parametrize(
    ("action", "value", "field", "expected"),
    [
        ("status", "investigating", "status", "investigating"),
        ("queue", "returned", "queue", "returned"),
        ("snooze", NOW + timedelta(days=1), "snoozed_until", NOW + timedelta(days=1)),
        ("kind", "how_to", "kind", "how_to"),
        ("component", "Payments", "component", "Payments"),
        ("verdict", "unrelated", "verdict", "unrelated"),
    ],
)
def test_each_action_works_on_many_and_is_taken_back_for_all(period, kavya, action, value, field, expected):
    for _ in range(2):
        report(period)

    outcome = bulk.apply(period.pk, numbers=[1, 2], action=action, value=value, by=kavya, at=LATER)
    assert [getattr(incident, field) for incident, _ in outcome.done] == [expected] * 2
    entries = [tuple(map(int, pair.split("."))) for pair in outcome.undo.split(",")]
    back = bulk.undo_all(period.pk, entries=entries, by=kavya, at=LATER)

    assert len(back.done) == 2
    assert not set(Incident.objects.values_list(field, flat=True)) & {expected}


def test_a_contributor_may_not_change_what_others_own(period, kavya):
    worker = make_user("Tomasz Wójcik")
    make_member(period, worker)
    report(period)
    triage.assign(report(period).pk, owner=kavya, by=kavya, at=NOW)

    outcome = bulk.apply(period.pk, numbers=[1, 2], action="status", value="investigating", by=worker, at=LATER)

    assert [incident.number for incident, _ in outcome.done] == [1]
    assert "Kavya Nair owns BILL-2" in outcome.refused[0][1]


def test_what_is_so_already_is_named_not_counted(period, kavya):
    report(period)
    outcome = bulk.apply(period.pk, numbers=[1], action="kind", value="", by=kavya, at=LATER)
    assert outcome.refused == [("BILL-1", "It is so already.")]
