"""Duplicates, related incidents and parents: what moves, what is told, and taking it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contributors.models import Delivery
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import Timer, User
from incidents.intake import alert_sources, ingest
from incidents.intake.sources import ReportedAlert
from incidents.models import Alert, Comment, Follower, Incident, Relation, StatusChange
from incidents.reporting import exit_measures
from incidents.triage import merge, relations, triage, undo, watchers
from periods.journal import journal
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_user

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)
HIGH = {"impact": "high", "urgency": "high"}
LOW = {"impact": "medium", "urgency": "medium"}


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL")


@pytest.fixture
def kavya(period: Period) -> User:
    person = make_user("Kavya Nair")
    make_member(period, person, right="support")
    return person


def report(period: Period, title: str = "Invoices issued twice", **fields) -> Incident:
    said = {**LOW, "by": period.lead, "at": NOW, **fields}
    return triage.report(period.pk, title=title, **said)


def last() -> int:
    return JournalEntry.objects.latest("seq").seq


def test_a_duplicate_is_closed_and_points_to_the_one_that_stays(period, kavya):
    stays, twin = report(period), report(period, "Twice invoiced")

    merge.merge_into(twin.pk, into=stays.pk, by=kavya, at=LATER)

    twin.refresh_from_db()
    assert (twin.status, twin.ending, twin.duplicate_of, twin.resolved_by) == ("closed", "duplicate", stays, kavya)
    assert twin.resolution == "The same as BILL-1 Invoices issued twice"
    assert exit_measures.count_incidents(period, at=LATER)["open_total"] == 1
    assert JournalEntry.objects.filter(at=LATER).values_list("kind", "subject").get() == (
        "incident.merged",
        "incident:2",
    )


def test_comments_alerts_and_followers_move(period, kavya):
    source, _token = alert_sources.create(period.pk, kind="alertmanager", name="AM", by=period.lead, at=NOW)
    told = [ReportedAlert("aa11", "InvoiceIssueRateHigh", firing=True, started_at=NOW)]
    ingest.receive_alerts(source, told, at=NOW)
    stays, twin = report(period), Incident.objects.get(number=1)
    triage.comment(twin.pk, body="Seen in Oslo too", kind="note", by=kavya, at=NOW)
    anna = make_user("Anna")
    make_member(period, anna)
    watchers.follow(twin.pk, by=anna, at=NOW)
    triage.assign(twin.pk, owner=kavya, by=period.lead, at=NOW)

    merge.merge_into(twin.pk, into=stays.pk, by=period.lead, at=LATER)
    ingest.receive_alerts(
        source, [ReportedAlert("aa11", "InvoiceIssueRateHigh", firing=True, started_at=NOW)], at=LATER
    )

    assert Comment.objects.get().incident == stays
    assert (Alert.objects.get().incident, Alert.objects.get().count) == (stays, 2)
    assert {follower.user for follower in stays.followers.all()} == {anna, kavya}
    assert Incident.objects.get(pk=twin.pk).status == "closed"


def test_paging_about_the_duplicate_stops(period, kavya):
    stays, twin = report(period), report(period, **HIGH)

    merge.merge_into(twin.pk, into=stays.pk, by=kavya, at=LATER)

    assert not Timer.objects.filter(key__startswith=f"escalation:{twin.pk}:", fired_at=None, cleared_at=None).exists()
    assert not Timer.objects.filter(key__startswith=f"rung:{twin.pk}:", fired_at=None, cleared_at=None).exists()


def test_a_merge_is_taken_back_whole(period, kavya):
    stays, twin = report(period), report(period, "Twice invoiced", **HIGH)
    part = report(period, "Only in Oslo")
    relations.put_under(part.pk, parent=twin.pk, by=kavya, at=NOW)
    triage.comment(twin.pk, body="Seen in Oslo too", kind="note", by=kavya, at=NOW)
    before = Incident.objects.values().get(pk=twin.pk)
    merge.merge_into(twin.pk, into=stays.pk, by=kavya, at=LATER)

    undo.undo_entry(twin.pk, seq=last(), by=kavya, at=LATER)

    after = Incident.objects.values().get(pk=twin.pk)
    passing = {"version", "updated_at", "paging_since", "escalation_round"}
    assert {k: v for k, v in before.items() if k not in passing} == {k: v for k, v in after.items() if k not in passing}
    assert Comment.objects.get().incident == twin
    assert Incident.objects.get(pk=part.pk).parent == twin
    assert not Follower.objects.exists()
    assert sum(StatusChange.objects.values_list("opens", flat=True)) == 3
    assert not StatusChange.objects.filter(opens=1).exclude(from_status="").exists()
    assert Timer.objects.filter(key__startswith=f"escalation:{twin.pk}:", fired_at=None, cleared_at=None).exists()
    assert not list(journal.verify_chain(Period.objects.get(pk=period.pk)))


def test_a_merge_is_taken_back_once_and_only_by_whoever_did_it(period, kavya):
    stays, twin = report(period), report(period)
    merge.merge_into(twin.pk, into=stays.pk, by=kavya, at=LATER)
    seq = last()

    with pytest.raises(NotAllowed):
        undo.undo_entry(twin.pk, seq=seq, by=period.lead, at=LATER)
    undo.undo_entry(twin.pk, seq=seq, by=kavya, at=LATER)
    with pytest.raises(AlreadyDone):
        undo.undo_entry(twin.pk, seq=seq, by=kavya, at=LATER)


def test_whoever_comes_second_hears_who_was_first(period, kavya):
    stays, twin, third = report(period), report(period), report(period)
    merge.merge_into(twin.pk, into=stays.pk, by=kavya, at=LATER)

    with pytest.raises(AlreadyDone, match="Kavya Nair merged BILL-2 into BILL-1 at 14:17"):
        triage.resolve(twin.pk, ending="fixed", resolution="Gone", by=period.lead, at=LATER)
    with pytest.raises(AlreadyDone, match="Kavya Nair merged BILL-2 into BILL-1"):
        merge.merge_into(twin.pk, into=third.pk, by=period.lead, at=LATER)
    with pytest.raises(Refused, match="Merge into that one"):
        merge.merge_into(third.pk, into=twin.pk, by=period.lead, at=LATER)
    triage.resolve(stays.pk, ending="fixed", resolution="Gone", by=kavya, at=LATER)
    with pytest.raises(Refused, match=r"Kavya Nair resolved it at 14:17 .* reopen BILL-1 first"):
        merge.merge_into(third.pk, into=stays.pk, by=period.lead, at=LATER)


def test_only_another_incident_of_the_period_can_be_meant(period, kavya):
    incident, elsewhere = report(period), report(make_period())

    for other in (incident.pk, elsewhere.pk, 0):
        with pytest.raises(Invalid):
            merge.merge_into(incident.pk, into=other, by=kavya, at=LATER)
        with pytest.raises(Invalid):
            relations.relate(incident.pk, other=other, by=kavya, at=LATER)
        with pytest.raises(Invalid):
            relations.put_under(incident.pk, parent=other, by=kavya, at=LATER)


def test_one_that_comes_back_is_no_duplicate_any_more(period, kavya):
    stays, twin = report(period), report(period)
    merge.merge_into(twin.pk, into=stays.pk, by=kavya, at=LATER)

    triage.reopen(twin.pk, reason="It is another one", by=kavya, at=LATER)

    twin.refresh_from_db()
    assert (twin.status, twin.duplicate_of) == ("new", None)


# --- Related, and parts of a larger one -----------------------------------------------------------


def test_related_incidents_see_each_other_and_it_can_be_undone(period, kavya):
    first, second = report(period), report(period)

    relations.relate(second.pk, other=first.pk, by=kavya, at=LATER)
    seq = last()

    assert (relations.related_to(first), relations.related_to(second)) == ([second], [first])
    with pytest.raises(AlreadyDone):
        relations.relate(first.pk, other=second.pk, by=kavya, at=LATER)
    undo.undo_entry(second.pk, seq=seq, by=kavya, at=LATER)
    assert not Relation.objects.exists()
    relations.relate(second.pk, other=first.pk, by=kavya, at=LATER)
    relations.unrelate(first.pk, other=second.pk, by=kavya, at=LATER)
    assert relations.related_to(second) == []


def test_a_parent_lists_its_parts_and_has_no_parent_itself(period, kavya):
    parent, part, other = report(period), report(period), report(period)

    relations.put_under(part.pk, parent=parent.pk, by=kavya, at=LATER)

    assert relations.children_of(parent) == [part]
    with pytest.raises(Invalid, match="part of another incident itself"):
        relations.put_under(other.pk, parent=part.pk, by=kavya, at=LATER)
    with pytest.raises(Invalid, match="has parts of its own"):
        relations.put_under(parent.pk, parent=other.pk, by=kavya, at=LATER)
    with pytest.raises(AlreadyDone):
        relations.put_under(part.pk, parent=parent.pk, by=kavya, at=LATER)
    undo.undo_entry(part.pk, seq=last(), by=kavya, at=LATER)
    assert relations.children_of(parent) == []


# --- Followers ------------------------------------------------------------------------------------


def test_followers_hear_what_matters_and_nothing_else(period, kavya):
    incident = report(period)
    watchers.follow(incident.pk, by=kavya, at=NOW)
    watchers.follow(incident.pk, by=kavya, at=NOW)

    triage.comment(incident.pk, body="Hm", kind="note", by=period.lead, at=LATER)
    triage.set_status(incident.pk, status="investigating", by=period.lead, at=LATER)
    triage.comment(incident.pk, body="We know why", kind="update", by=period.lead, at=LATER)
    triage.set_status(incident.pk, status="mitigated", by=period.lead, at=LATER)
    triage.resolve(incident.pk, ending="fixed", resolution="Switched off", by=period.lead, at=LATER)
    journal.dispatch_entries(at=LATER)

    told = Delivery.objects.filter(recipient=kavya, kind="incident_followed")
    assert {row.context["news"] for row in told} == {"has an update", "is mitigated", "is resolved"}


def test_strangers_can_t_follow_and_nobody_hears_after_unfollowing(period, kavya):
    incident = report(period)
    with pytest.raises(NotAllowed):
        watchers.follow(incident.pk, by=make_user(), at=NOW)
    watchers.follow(incident.pk, by=kavya, at=NOW)
    watchers.unfollow(incident.pk, by=kavya)

    triage.resolve(incident.pk, ending="fixed", resolution="Off", by=period.lead, at=LATER)
    journal.dispatch_entries(at=LATER)

    assert not Delivery.objects.filter(kind="incident_followed").exists()
