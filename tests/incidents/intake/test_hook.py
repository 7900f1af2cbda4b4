"""The address monitoring tools post to."""

import json

import pytest
from django.urls import reverse

from incidents.intake import alert_sources
from incidents.intake.web.hook import LONGEST_BODY
from incidents.models import Alert, Incident, RejectedPayload
from tests.factories import NOW, make_period
from tests.incidents.intake.sources.alertmanager.test_alertmanager import alert, payload

pytestmark = pytest.mark.django_db


@pytest.fixture
def made():
    period = make_period(key="BILL")
    return alert_sources.create(period.pk, kind="alertmanager", name="Prometheus", by=period.lead, at=NOW)


@pytest.fixture
def post(made, client):
    """Post a body to the source's address, or to another."""

    def send(body, *, kind="alertmanager", token=made[1]):
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        address = reverse("hook", kwargs={"source": kind, "token": token})
        return client.post(address, text, content_type="application/json")

    return send


def test_alerts_are_stored_when_the_answer_comes_and_it_names_the_incidents(post):
    answer = post(payload(alert(fingerprint="aa"), alert(fingerprint="bb")))

    assert (answer.status_code, answer.json()) == (
        202,
        {"alerts": [{"fingerprint": "aa", "incident": "BILL-1"}, {"fingerprint": "bb", "incident": "BILL-2"}]},
    )
    assert (Alert.objects.count(), Incident.objects.count()) == (2, 2)


def test_the_sender_needs_no_cookie_and_no_form_token(made, client):
    strict = type(client)(enforce_csrf_checks=True)
    address = reverse("hook", kwargs={"source": "alertmanager", "token": made[1]})

    answer = strict.post(address, json.dumps(payload(alert())), content_type="application/json")

    assert answer.status_code == 202


def test_a_body_of_another_shape_gets_422_saying_what_was_expected_and_is_kept(post):
    answer = post({"title": "Hello from Grafana"})

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert "version: expected '4'" in answer.json()["detail"]
    kept = RejectedPayload.objects.get()
    assert (json.loads(kept.body), kept.reason) == ({"title": "Hello from Grafana"}, answer.json()["detail"])


@pytest.mark.parametrize(
    "body", ["", "not json", b"\xff\xfe\x00", "[" * 100_000, "1" * 5000]
)  # longer than ints may be
def test_what_is_not_json_gets_400_and_leaves_nothing(post, body):
    answer = post(body)

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert not Alert.objects.exists()


def test_a_body_over_a_megabyte_gets_413(post):
    answer = post("x" * (LONGEST_BODY + 1))

    assert (answer.status_code, answer.json()["status"]) == (413, 413)


def test_an_unknown_token_and_an_unknown_kind_do_not_exist(post):
    assert post(payload(alert()), token="x" * 43).status_code == 404
    assert post(payload(alert()), kind="grafana").status_code == 404
    assert not Alert.objects.exists()


def test_a_revoked_token_stops_working(post, made):
    alert_sources.revoke(made[0].pk, by=made[0].created_by, at=NOW)

    assert post(payload(alert())).status_code == 404


def test_opening_the_address_in_a_browser_changes_nothing(made, client):
    address = reverse("hook", kwargs={"source": "alertmanager", "token": made[1]})

    assert client.get(address).status_code == 405


def test_using_a_token_is_noted(post, made):
    post(payload(alert()))

    made[0].refresh_from_db()
    assert made[0].last_used_at is not None
