"""What a form makes it makes once: which forms carry a key, and what becomes of one that is sent twice."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from hypercare.engine.first_answers import REPEATABLE
from hypercare.models import FirstAnswer
from hypercare.site.form_keys import SAID
from hypercare.ui.form_key import FIELD, new_form_key
from incidents.models import Comment, Incident
from periods.models import Period
from tests import ROOT
from tests.factories import make_member, make_user
from tests.hypercare.scene import live_period, signed_in

TEMPLATES = ROOT / "templates"
FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
TYPED = ("{% field", "<textarea", 'type="text"')
# Forms with something to type that carry no key, by template, and how many: they change what is there, and sent twice
# it is the same.
CHANGES = {
    "contributors/contact_points/contacts.html": 1,
    "contributors/people/change_member.html": 1,
    "contributors/readiness/acknowledge.html": 1,
    "contributors/shifts/edit_cover.html": 1,
    "contributors/webhooks/webhook.html": 1,
    "hypercare/account/settings.html": 1,
    "hypercare/documents/conflict.html": 1,
    "hypercare/go/met.html": 1,
    "hypercare/period/_alert_source.html": 1,
    "hypercare/period/settings.html": 2,
    "hypercare/planning/people.html": 1,
    "hypercare/planning/risk.html": 1,
    "hypercare/planning/scoring/overview.html": 1,
    "hypercare/planning/window.html": 1,
    "incidents/intake/form_settings.html": 1,
    "incidents/paging/policy.html": 3,
    "incidents/stakeholders/briefing.html": 1,
    "incidents/stakeholders/known_one.html": 1,
    "incidents/stakeholders/settings.html": 1,
    "periods/debriefs/debrief.html": 3,
}
# Those of signing in, which are not ours to key: a password that is sent twice signs in once.
OF_SIGNING_IN = ("account", "mfa", "allauth", "usersessions")


def test_every_form_that_makes_something_carries_a_key() -> None:
    without: dict[str, int] = {}
    for path in TEMPLATES.rglob("*.html"):
        name = path.relative_to(TEMPLATES)
        if name.parts[0] in OF_SIGNING_IN:
            continue
        for form in FORM.findall(path.read_text()):
            typed = any(sign in form for sign in TYPED)
            if 'method="post"' in form and typed and "{% form_key %}" not in form:
                without[str(name)] = without.get(str(name), 0) + 1

    assert without == CHANGES


# --- Sent twice ---------------------------------------------------------------------------------


@pytest.fixture
def client() -> Client:
    return signed_in(live_period(make_user("Maja Lindqvist")).lead)


def log(client: Client, key: str, title: str = "Credit notes are printed twice", **headers: Any) -> Any:
    fields = {"title": title, "severity": "P3", "kind": "incident", FIELD: key}
    return client.post("/p/BILL/incidents/new/", fields, headers=headers)


@pytest.mark.django_db
def test_a_form_sent_twice_makes_one_and_leads_to_it_both_times(client: Client) -> None:
    key = new_form_key()

    first, second = log(client, key), log(client, key)

    assert Incident.objects.count() == 1
    assert (first.status_code, second.status_code) == (302, 302)
    assert second["Location"] == first["Location"]
    assert SAID in client.get(second["Location"]).content.decode()


@pytest.mark.django_db
def test_the_page_shows_another_key_each_time(client: Client) -> None:
    shown = {
        re.search(rf'name="{FIELD}" value="([^"]+)"', client.get("/p/BILL/incidents/new/").content.decode()).group(1)  # type: ignore[union-attr]
        for _ in range(2)
    }

    assert len(shown) == 2


@pytest.mark.django_db
def test_what_is_changed_or_comes_from_another_page_is_another(client: Client) -> None:
    key = new_form_key()

    log(client, key)
    log(client, key, title="Something else")
    log(client, new_form_key())

    assert Incident.objects.count() == 3


@pytest.mark.django_db
def test_a_refused_form_may_be_sent_again_as_it_was(client: Client) -> None:
    key = new_form_key()

    refused = [log(client, key, title="") for _ in range(2)]

    assert [answer.status_code for answer in refused] == [422, 422]
    assert not FirstAnswer.objects.exists()


@pytest.mark.django_db
def test_a_panel_is_led_there_too(client: Client) -> None:
    key = new_form_key()

    log(client, key, **{"HX-Request": "true"})
    again = log(client, key, **{"HX-Request": "true"})

    assert Incident.objects.count() == 1
    assert again.status_code == 204
    assert again.headers.get("HX-Redirect") or again.headers.get("HX-Refresh") == "true"


@pytest.mark.django_db
def test_a_comment_that_answers_with_a_part_of_the_page_is_made_once(client: Client) -> None:
    log(client, new_form_key())
    path, key = f"{Incident.objects.get().get_absolute_url()}comment/", new_form_key()
    said = {"body": "On it", "kind": "note", FIELD: key}

    answers = [client.post(path, said, headers={"HX-Request": "true"}) for _ in range(2)]

    assert Comment.objects.filter(body="On it").count() == 1
    assert (answers[1].status_code, answers[1]["HX-Refresh"]) == (204, "true")


@pytest.mark.django_db
def test_two_people_with_the_same_key_are_two(client: Client) -> None:
    key = new_form_key()
    other = make_member(Period.objects.get(), make_user("Kavya"), right="support").user

    log(client, key)
    log(signed_in(other), key)

    assert Incident.objects.count() == 2


@pytest.mark.django_db
def test_after_a_day_the_note_is_gone(client: Client) -> None:
    log(client, new_form_key())
    FirstAnswer.objects.update(at=timezone.now() - REPEATABLE - timedelta(minutes=1))

    log(client, new_form_key(), title="Another")

    assert FirstAnswer.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_makes_it_and_both_are_led_there() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: there is nobody to race.")
    lead = live_period(make_user("Maja Lindqvist")).lead
    key, gate = new_form_key(), threading.Barrier(6)

    def send(_number: int) -> str:
        client = signed_in(lead)
        gate.wait()
        try:
            return str(log(client, key)["Location"])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        places = set(pool.map(send, range(6)))

    assert Incident.objects.count() == 1
    assert len(places) == 1
