"""What an Alertmanager sends, as alerts; and what is said of everything else."""

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from incidents.intake import alert_sources
from incidents.intake.sources import UnexpectedPayload
from incidents.intake.sources.alertmanager.payload import parse
from incidents.models import AlertSource


def alert(**changes: Any) -> dict[str, Any]:
    """One alert as Alertmanager 0.27 posts it."""
    return {
        "status": "firing",
        "labels": {"alertname": "InvoiceIssueRateHigh", "severity": "critical", "component": "Billing engine"},
        "annotations": {"summary": "Invoices issued twice", "description": "4.2 a second, expected below 2"},
        "startsAt": "2026-11-18T12:21:04.739266876Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
        "fingerprint": "c6eadffa33fcdf37",
        **changes,
    }


def payload(*alerts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A webhook body of version 4."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="InvoiceIssueRateHigh"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "hypercare",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": list(alerts),
        **changes,
    }


def test_a_firing_alert_keeps_its_name_level_component_and_link():
    [found] = parse(payload(alert()))

    assert (found.fingerprint, found.name, found.firing) == ("c6eadffa33fcdf37", "InvoiceIssueRateHigh", True)
    assert (found.level, found.component, found.summary) == ("critical", "Billing engine", "Invoices issued twice")
    assert found.description == "4.2 a second, expected below 2"
    assert found.link == "http://prometheus:9090/graph?g0.expr=up"
    assert (found.started_at, found.ended_at) == (datetime(2026, 11, 18, 12, 21, 4, 739266, tzinfo=UTC), None)


def test_a_resolved_alert_has_an_end():
    [found] = parse(payload(alert(status="resolved", endsAt="2026-11-18T13:47:00+01:00")))

    assert (found.firing, found.ended_at) == (False, datetime(2026, 11, 18, 12, 47, tzinfo=UTC))


def test_a_group_is_one_alert_per_fingerprint_in_its_order():
    found = parse(
        payload(alert(fingerprint="aa"), alert(fingerprint="bb", status="resolved", endsAt="2026-11-18T13:47:00Z"))
    )

    assert [(one.fingerprint, one.firing) for one in found] == [("aa", True), ("bb", False)]


def test_the_service_label_stands_in_for_the_component_and_missing_labels_are_empty():
    [found] = parse(payload(alert(labels={"service": "Payments"}, annotations={})))

    assert (found.name, found.level, found.component, found.summary) == ("Alert", "", "Payments", "")


def test_a_link_a_browser_must_not_follow_is_dropped():
    [found] = parse(payload(alert(generatorURL="javascript:alert(1)")))

    assert found.link == ""


def test_texts_lose_what_a_database_refuses():
    [found] = parse(payload(alert(annotations={"summary": "a\x00b\ud800"})))

    assert found.summary == "ab?"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], "Expected a JSON object"),
        ({"title": "Grafana says hello"}, "version: expected '4'"),
        (payload(version="3"), "version: expected '4'"),
        (payload(), "alerts: expected a list with at least one alert"),
        (payload(alerts={}), "alerts: expected a list"),
        (payload("alert"), r"alerts\[0\]: expected an object"),
        (payload(alert(), alert(status="ok")), r"alerts\[1\]\.status: expected firing or resolved"),
        (payload(alert(fingerprint="")), r"alerts\[0\]\.fingerprint: expected"),
        (payload(alert(fingerprint="x" * 65)), r"fingerprint: expected at most 64"),
        (payload(alert(labels={"alertname": 3})), r"alerts\[0\]\.labels: expected an object of texts"),
        (payload(alert(startsAt="yesterday")), r"alerts\[0\]\.startsAt: expected a time"),
        (payload(alert(startsAt=7)), r"startsAt: expected a time"),
        (payload(alert(status="resolved", endsAt=None)), r"endsAt: expected a time"),
    ],
)
def test_anything_else_is_refused_with_what_was_expected_and_where(body, expected):
    with pytest.raises(UnexpectedPayload, match=expected):
        parse(body)


def test_what_is_to_be_pasted_is_yaml_with_the_address_as_it_is():
    source = AlertSource(kind="alertmanager")

    found = yaml.safe_load(alert_sources.set_up(source, "t-0_ken"))

    assert found["receivers"][0]["webhook_configs"] == [{"url": "http://127.0.0.1:8000/hooks/alertmanager/t-0_ken/"}]
    assert found["route"]["receiver"] == found["receivers"][0]["name"]
