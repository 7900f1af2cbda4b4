"""One more alert source is a folder and a line of the switchboard: a made-up one opens an incident."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from hypercare import registry
from incidents.models import Alert, AlertSource, Incident, RejectedPayload
from periods.models import Period
from tests.factories import make_period
from tests.hypercare.scene import signed_in, words

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).parent / "doorbell" / "samples"
API = "/api/v1/periods/BILL/alert-sources/"


@pytest.fixture(autouse=True)
def _doorbell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.ALERT_SOURCES, "doorbell", "tests.incidents.intake.sources.doorbell.TOOL")


@pytest.fixture
def period() -> Period:
    return make_period(Period.Status.ACTIVE, key="BILL")


def ring(address: str, body: str | bytes) -> Any:
    """As the bell does: it knows its address and nothing else."""
    return Client().post(address, body, content_type="application/json")


def address_on(page: str) -> str:
    found = re.search(r"/hooks/doorbell/[\w-]+/", page)
    assert found is not None
    return found[0]


def test_it_is_added_set_up_and_opens_an_incident_in_the_browser(period: Period) -> None:
    browser = signed_in(period.lead)
    assert '<option value="doorbell">Doorbell</option>' in words(browser.get("/p/BILL/settings/"))

    page = words(browser.post("/p/BILL/settings/sources/", {"source-name": "Front", "source-kind": "doorbell"}))
    address = address_on(page)
    assert f"say: post to http://127.0.0.1:8000{address}" in page
    answer = ring(address, (SAMPLES / "firing.json").read_bytes())

    assert (answer.status_code, answer.json()) == (202, {"alerts": [{"fingerprint": "front", "incident": "BILL-1"}]})
    incident = Incident.objects.get(period=period)
    assert (incident.title, incident.severity) == ("Somebody rings at the front door", "P1")
    assert "unknown severity" not in words(browser.get(incident.get_absolute_url()))
    assert "Doorbell" in words(browser.get("/p/BILL/settings/"))

    ring(address, (SAMPLES / "resolved.json").read_bytes())
    assert Alert.objects.get().ended_at is not None


def test_it_is_added_over_the_api_and_what_it_does_not_send_is_kept_with_the_reason(period: Period) -> None:
    script = signed_in(period.lead)
    made = script.post(API, {"kind": "doorbell", "name": "Front"}, content_type="application/json").json()
    address = address_on(made["hook_url"])

    answer = ring(address, '{"window": "front"}')

    assert (made["kind"], answer.status_code) == ("doorbell", 422)
    assert answer.json()["detail"] == RejectedPayload.objects.get().reason == "door: expected the name of a door."
    assert not Incident.objects.exists()


def test_a_word_that_it_has_no_place_for_is_unknown_until_somebody_says_so(period: Period) -> None:
    script = signed_in(period.lead)
    made = script.post(API, {"kind": "doorbell", "name": "Front"}, content_type="application/json").json()
    address = address_on(made["hook_url"])

    ring(address, '{"door": "back", "rung_at": "2026-11-18T12:21:00+00:00", "force": 3}')

    [listed] = script.get(API).json()["results"]
    assert listed["unknown_levels"] == ["3"]
    script.patch(f"{API}{listed['id']}/", {"levels": {"3": "P3"}}, content_type="application/json")
    assert AlertSource.objects.get().levels == {"3": "P3"}


def test_the_token_of_one_tool_opens_no_other_address(period: Period) -> None:
    script = signed_in(period.lead)
    made = script.post(API, {"kind": "doorbell", "name": "Front"}, content_type="application/json").json()

    answer = ring(address_on(made["hook_url"]).replace("doorbell", "alertmanager"), "{}")

    assert answer.status_code == 404
