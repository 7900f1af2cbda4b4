"""Alerts in: when they open, join, end and bring back incidents."""

from datetime import timedelta

import pytest

from incidents.intake import alert_sources, ingest
from incidents.intake.sources import ReportedAlert
from incidents.models import Alert, AlertSource, Incident, RejectedPayload
from incidents.triage import triage
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_period

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL")


@pytest.fixture
def source(period) -> AlertSource:
    made, _token = alert_sources.create(period.pk, kind="alertmanager", name="Prometheus", by=period.lead, at=NOW)
    return made


def told(fingerprint: str = "aa11", **fields) -> ReportedAlert:
    plain = {
        "name": "InvoiceIssueRateHigh",
        "firing": True,
        "started_at": NOW,
        "summary": "Invoices issued twice",
        "level": "critical",
        "component": "billing ENGINE",
        "description": "4.2 a second",
    }
    return ReportedAlert(fingerprint=fingerprint, **{**plain, **fields})


def ended(fingerprint: str = "aa11", at=NOW + HOUR) -> ReportedAlert:
    return told(fingerprint, firing=False, ended_at=at)


def receive(source, *alerts, at=NOW):
    return [(outcome.fingerprint, outcome.incident) for outcome in ingest.receive_alerts(source, alerts, at=at)]


def kinds(period) -> list[str]:
    return list(JournalEntry.objects.filter(period=period).order_by("seq").values_list("kind", flat=True))


def test_a_new_firing_alert_opens_an_incident_that_says_what_the_alert_says(source):
    assert receive(source, told()) == [("aa11", "BILL-1")]

    incident = Incident.objects.get()
    assert (incident.title, incident.description, incident.component) == (
        "Invoices issued twice",
        "4.2 a second",
        "Billing engine",
    )
    assert (incident.severity, incident.source, incident.reported_by, incident.reported_at) == (
        "P1",
        "alert",
        None,
        NOW,
    )
    entry = JournalEntry.objects.get(kind="incident.reported")
    assert (entry.via, entry.data["alert"]) == ("alert", "InvoiceIssueRateHigh")


@pytest.mark.parametrize(("level", "severity"), [("critical", "P1"), ("warning", "P3"), ("info", "P4"), ("", "P2")])
def test_the_severity_label_decides_impact_and_urgency(source, level, severity):
    receive(source, told(level=level))

    assert Incident.objects.get().severity == severity


def test_without_a_summary_the_alert_name_is_the_title_and_an_unknown_component_is_left_out(source):
    receive(source, told(summary=" ", component="Warehouse"))

    incident = Incident.objects.get()
    assert (incident.title, incident.component) == ("InvoiceIssueRateHigh", "")


def test_a_summary_too_long_for_a_title_is_cut(source):
    receive(source, told(summary="x" * 500))

    assert len(Incident.objects.get().title) == 200


def test_each_fingerprint_of_a_group_gets_its_own_incident(source):
    assert receive(source, told("aa"), told("bb")) == [("aa", "BILL-1"), ("bb", "BILL-2")]


def test_a_repeat_touches_only_when_it_was_seen_and_how_often(source, django_assert_num_queries):
    receive(source, told())
    before = Incident.objects.values().get()

    with django_assert_num_queries(4):  # savepoint twice, select, update
        assert receive(source, told(summary="Changed"), at=NOW + 30 * timedelta(seconds=1)) == [("aa11", "BILL-1")]

    alert = Alert.objects.get()
    assert (alert.count, alert.last_seen_at, alert.summary) == (2, NOW + timedelta(seconds=30), "Invoices issued twice")
    assert Incident.objects.values().get() == before
    assert kinds(source.period)[1:] == ["incident.reported"]


def test_the_same_alert_twice_in_one_payload_is_one_incident(source):
    assert receive(source, told(), told()) == [("aa11", "BILL-1"), ("aa11", "BILL-1")]

    assert Alert.objects.get().count == 2


def test_the_end_of_an_alert_is_told_on_the_incident_and_does_not_resolve_it(source):
    receive(source, told())

    assert receive(source, ended(), at=NOW + HOUR) == [("aa11", "BILL-1")]

    assert Alert.objects.get().ended_at == NOW + HOUR
    assert Incident.objects.get().is_open
    entry = JournalEntry.objects.latest("seq")
    assert (entry.kind, entry.subject, entry.data["alert"]) == ("alert.cleared", "incident:1", "InvoiceIssueRateHigh")


def test_an_alert_that_fires_again_joins_its_incident_while_that_is_open(source):
    receive(source, told())
    receive(source, ended(), at=NOW + HOUR)

    assert receive(source, told(started_at=NOW + 2 * HOUR), at=NOW + 2 * HOUR) == [("aa11", "BILL-1")]

    assert Alert.objects.count() == 2
    assert kinds(source.period)[-1] == "alert.attached"


@pytest.mark.parametrize(("hours", "key", "reopened"), [(24, "BILL-1", 1), (24.01, "BILL-2", 0)])
def test_an_alert_that_fires_again_within_a_day_of_the_resolution_reopens_the_incident(source, hours, key, reopened):
    receive(source, told())
    receive(source, ended(at=NOW), at=NOW)
    triage.resolve(Incident.objects.get().pk, ending="fixed", resolution="Done", by=source.period.lead, at=NOW)
    again_at = NOW + timedelta(hours=hours)

    assert receive(source, told(started_at=again_at), at=again_at) == [("aa11", key)]

    assert Incident.objects.get(number=1).reopened == reopened


def test_outside_a_live_period_an_alert_is_kept_without_an_incident():
    period = make_period("ready")
    source, _token = alert_sources.create(period.pk, kind="alertmanager", name="P", by=period.lead, at=NOW)

    assert receive(source, told()) == [("aa11", None)]

    assert Alert.objects.get().incident is None
    assert not Incident.objects.exists()


def test_the_end_of_an_alert_nobody_told_of_is_kept_once(source):
    for _ in range(2):
        assert receive(source, ended(), at=NOW + HOUR) == [("aa11", None)]

    assert Alert.objects.get().ended_at == NOW + HOUR


def test_a_payload_is_taken_in_whole_or_not_at_all(source):
    broken = told("bb", labels={"n": object()})

    with pytest.raises(TypeError):
        receive(source, told("aa"), broken)

    assert not Alert.objects.exists()
    assert not Incident.objects.exists()
    assert Period.objects.get(pk=source.period_id).next_incident_number == 1


def test_two_sources_with_the_same_fingerprint_do_not_share_an_incident(source, period):
    other, _token = alert_sources.create(period.pk, kind="alertmanager", name="Other", by=period.lead, at=NOW)
    receive(source, told())

    assert receive(other, told()) == [("aa11", "BILL-2")]


def test_the_newest_hundred_rejected_bodies_are_kept(source):
    for n in range(103):
        ingest.keep_rejected(source, body=f"body {n}\x00", reason="No", at=NOW)

    kept = RejectedPayload.objects.order_by("id")
    assert (kept.count(), kept[0].body) == (100, "body 3")
