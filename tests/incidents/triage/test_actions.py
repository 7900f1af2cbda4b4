"""What is done to an incident in a browser: forms, undo, conflicts, and bad input."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from hypercare.models import User
from incidents.models import Incident
from incidents.triage import triage
from periods.models import JournalEntry, Period
from tests.factories import make_member, make_user
from tests.incidents.browsing import HTMX, reported, text

pytestmark = pytest.mark.django_db


def test_an_incident_is_worked_from_first_look_to_resolution_without_javascript(
    browser: Client, period: Period
) -> None:
    reported(period, "Cards declined", impact="high", urgency="high")

    browser.post("/i/BILL-1/acknowledge/")
    browser.post("/i/BILL-1/status/", {"status": "investigating"})
    browser.post("/i/BILL-1/comment/", {"kind": "update", "body": "We are looking into it."})
    browser.post("/i/BILL-1/comment/", {"kind": "decision", "body": "Switch the gateway."})
    browser.post("/i/BILL-1/regrade/", {"severity": "P2", "reason": "A workaround exists"})
    browser.post("/i/BILL-1/hand-over/", {"team": "Payments team"})
    browser.post("/i/BILL-1/resolve/", {"ending": "workaround", "resolution": "Gateway switched", "verdict": "caused"})
    page = text(browser.get("/i/BILL-1/"))

    incident = Incident.objects.get()
    assert (incident.status, incident.severity, incident.ending) == ("resolved", "P2", "workaround")
    assert (incident.owner, incident.caused_by_change, incident.handed_to) == (period.lead, True, "Payments team")
    told = [
        "acknowledged",
        "set status to Investigating",
        "posted an update",
        "We are looking into it.",
        "Switch the gateway.",
        "set it to P2",
        "A workaround exists",
        "Gateway switched",
        "Reopen",
    ]
    assert [words for words in told if words not in page] == []


def test_a_resolved_incident_can_be_reopened_with_a_reason(browser: Client, period: Period) -> None:
    incident = reported(period)
    triage.resolve(incident.pk, ending="fixed", resolution="Done", by=period.lead, at=timezone.now())

    without = browser.post("/i/BILL-1/reopen/", {"reason": ""})
    with_reason = browser.post("/i/BILL-1/reopen/", {"reason": "It came back"})

    assert without.status_code == 422
    assert with_reason.status_code == 302
    assert Incident.objects.get().status == "new"


def test_a_second_resolve_is_told_who_was_first(browser: Client, period: Period) -> None:
    incident = reported(period)
    triage.resolve(incident.pk, ending="fixed", resolution="Done", by=period.lead, at=timezone.now())

    answer = browser.post("/i/BILL-1/resolve/", {"ending": "fixed", "resolution": "Again"})

    assert answer.status_code == 409
    assert "Maja Lindqvist resolved it at" in text(answer)
    assert Incident.objects.get().resolution == "Done"


@pytest.mark.parametrize(
    ("name", "sent", "sentence"),
    [
        ("resolve", {"ending": "magic", "resolution": "Kept words"}, "Choose one of the four endings."),
        ("resolve", {"ending": "fixed", "resolution": ""}, "Say what fixed it"),
        ("regrade", {"severity": "P9", "reason": "Kept words"}, "Choose P1, P2, P3 or P4."),
        ("status", {"status": "gone", "note": "Kept words"}, "Choose one of the statuses in the list."),
        ("status", {"status": "resolved", "note": "Kept words"}, "To end it, resolve it."),
        ("assign", {"owner": "999999"}, "Choose somebody who is part of this period."),
        ("edit", {"title": "", "description": "Kept words"}, "Say in one line what is wrong."),
        ("hand-over", {"team": ""}, "Name the team"),
        ("comment", {"kind": "note", "body": " "}, "Write something first."),
        ("comment", {"kind": "poem", "body": "Kept words"}, "Select a valid choice"),
    ],
)
def test_bad_input_comes_back_as_422_with_what_was_typed(
    browser: Client, period: Period, name: str, sent: dict[str, str], sentence: str
) -> None:
    before = reported(period)

    answer = browser.post(f"/i/BILL-1/{name}/", sent)

    assert answer.status_code == 422
    assert sentence in text(answer)
    if "Kept words" in sent.values():
        assert "Kept words" in text(answer)
    after = Incident.objects.get()
    assert (after.version, after.status, after.severity) == (before.version, "new", "P3")


@pytest.mark.parametrize("name", ["assign", "regrade", "status", "resolve", "reopen", "escalate", "hand-over", "edit"])
def test_every_form_is_also_a_page(browser: Client, period: Period, name: str) -> None:
    reported(period)

    page = browser.get(f"/i/BILL-1/{name}/")

    assert page.status_code == 200
    assert f'action="/i/BILL-1/{name}/"' in text(page)
    assert not JournalEntry.objects.exclude(kind="incident.reported").exists()


@pytest.mark.parametrize(
    ("name", "sent", "said"),
    [
        ("assign", {"owner": "me"}, "BILL-1 given to Maja Lindqvist"),
        ("regrade", {"severity": "P1"}, "BILL-1 set to P1"),
        ("status", {"status": "mitigated"}, "BILL-1 set to Mitigated"),
    ],
)
def test_a_triage_action_answers_htmx_with_a_toast_and_can_be_undone(
    browser: Client, period: Period, lead: User, name: str, sent: dict[str, str], said: str
) -> None:
    incident = reported(period)
    triage.set_status(incident.pk, status="investigating", by=lead, at=timezone.now())
    triage.assign(incident.pk, owner=None, by=lead, at=timezone.now())
    before = Incident.objects.get()
    sent = {key: str(lead.pk) if value == "me" else value for key, value in sent.items()}

    answer = browser.post(f"/i/BILL-1/{name}/", sent, **HTMX, HTTP_HX_CURRENT_URL="http://testserver/p/BILL/incidents/")
    toast = json.loads(answer.headers["HX-Trigger"])["toast"]
    undone = browser.post(toast["undo"])

    after = Incident.objects.get()
    assert (answer.status_code, toast["text"]) == (204, said)
    assert undone.headers["Location"] == "/p/BILL/incidents/"
    assert (after.owner, after.severity, after.status) == (before.owner, before.severity, before.status)
    assert after.version == before.version + 2


def test_undo_refuses_when_somebody_else_changed_it_since(browser: Client, period: Period, lead: User) -> None:
    incident = reported(period)
    answer = browser.post("/i/BILL-1/regrade/", {"severity": "P2"}, **HTMX)
    undo = json.loads(answer.headers["HX-Trigger"])["toast"]["undo"]
    ingrid = make_member(period, make_user("Ingrid Solheim"), right="support").user
    triage.regrade(incident.pk, impact="high", urgency="high", by=ingrid, at=timezone.now())

    answer = browser.post(undo)

    assert answer.status_code == 409
    assert "Ingrid Solheim" in text(answer)
    assert Incident.objects.get().severity == "P1"


def test_a_stale_form_names_the_other_persons_change_and_can_still_win(
    browser: Client, period: Period, lead: User
) -> None:
    incident = reported(period)
    ingrid = make_member(period, make_user("Ingrid Solheim"), right="support").user
    stale = {"owner": str(lead.pk), "version": str(incident.version), "was": ""}
    triage.assign(incident.pk, owner=ingrid, by=ingrid, at=timezone.now())

    refused = browser.post("/i/BILL-1/assign/", stale, **HTMX)
    current = Incident.objects.get()
    insisted = browser.post("/i/BILL-1/assign/", {**stale, "version": str(current.version), "was": str(ingrid.pk)})

    assert refused.status_code == 409
    assert refused.headers["HX-Retarget"] == "#problem"
    assert "Ingrid Solheim</strong> took it" in text(refused) or "Ingrid Solheim took it" in text(refused)
    assert current.owner == ingrid
    assert insisted.status_code == 302
    assert Incident.objects.get().owner == lead


def test_an_unrelated_change_does_not_stand_in_the_way(browser: Client, period: Period, lead: User) -> None:
    incident = reported(period)
    triage.comment(incident.pk, body="Looking", kind="note", by=lead, at=timezone.now())

    sent = {"status": "investigating", "version": str(incident.version), "was": "new"}
    answer = browser.post("/i/BILL-1/status/", sent)

    assert answer.status_code == 302
    assert Incident.objects.get().status == "investigating"


def test_editing_the_facts_journals_what_changed_and_nothing_when_nothing_did(browser: Client, period: Period) -> None:
    reported(period)

    browser.post("/i/BILL-1/edit/", {"title": "Invoices thrice", "component": "Payments", "description": "312 of them"})
    browser.post("/i/BILL-1/edit/", {"title": "Invoices thrice", "component": "Payments", "description": "312 of them"})

    (entry,) = JournalEntry.objects.filter(kind="incident.corrected")
    assert entry.data["before"] == {"title": "Invoices issued twice", "component": "", "description": ""}
    assert entry.data["after"]["title"] == "Invoices thrice"


def test_a_comment_by_htmx_brings_an_empty_composer_and_refreshes_the_rest(browser: Client, period: Period) -> None:
    reported(period)

    answer = browser.post("/i/BILL-1/comment/", {"kind": "update", "body": "Fixing it"}, **HTMX)

    events = json.loads(answer.headers["HX-Trigger"])
    assert events == {"toast": {"text": "Update posted"}, "changed": {}}
    assert "Fixing it" not in text(answer)
    assert 'id="composer"' in text(answer)


def test_the_timeline_can_be_narrowed(browser: Client, period: Period) -> None:
    incident = reported(period)
    for kind in ("note", "update", "decision"):
        triage.comment(incident.pk, body=f"words of a {kind}", kind=kind, by=period.lead, at=timezone.now())

    shown = {
        only: [moment.group for moment in browser.get(f"/i/BILL-1/?show={only}").context["moments"]]
        for only in ("all", "updates", "decisions", "system")
    }

    assert shown["updates"] == ["updates"]
    assert shown["decisions"] == ["decisions"]
    assert set(shown["system"]) == {"system"}
    assert sorted(set(shown["all"])) == ["decisions", "notes", "system", "updates"]


def test_next_leads_only_to_places_of_ours(browser: Client, period: Period) -> None:
    reported(period)

    away = browser.post("/i/BILL-1/regrade/", {"severity": "P2", "next": "https://evil.test/"})
    slashes = browser.post("/i/BILL-1/regrade/", {"severity": "P3", "next": "//evil.test/"})

    assert away.headers["Location"] == "/i/BILL-1/"
    assert slashes.headers["Location"] == "/i/BILL-1/"


@pytest.mark.parametrize("address", ["/i/BILL-1/", "/i/BILL-1/_preview/"])
def test_an_incident_costs_the_same_queries_however_long_its_story(
    browser: Client, period: Period, address: str, django_assert_max_num_queries: Any
) -> None:
    incident = reported(period)
    browser.get(address)
    with django_assert_max_num_queries(34) as one:
        browser.get(address)
    before = len(one)
    for n in range(20):
        member = make_member(period, right="support").user
        triage.comment(incident.pk, body=f"Note {n}", kind="note", by=member, at=timezone.now())

    browser.get(address)  # What happened is counted once; then the frame knows again.
    with django_assert_max_num_queries(before + 1):  # the first comment adds the query for duties
        browser.get(address)


def test_an_unknown_number_is_not_found_even_an_absurd_one(browser: Client, period: Period) -> None:
    for number in ("2", "0", "99999999999999999999"):
        assert browser.get(f"/i/BILL-{number}/").status_code == 404


def test_an_owner_goes_by_the_explicit_choice_of_nobody_alone(browser: Client, period: Period) -> None:
    incident = reported(period)
    triage.assign(incident.pk, owner=period.lead, by=period.lead, at=timezone.now())

    refused = [
        browser.post("/i/BILL-1/assign/", {}),
        browser.post("/i/BILL-1/assign/", {"owner": ""}),
        browser.post("/i/BILL-1/assign/", {}, **HTMX),
    ]
    kept = Incident.objects.get().owner
    chosen = browser.post("/i/BILL-1/assign/", {"owner": "nobody"})

    assert [answer.status_code for answer in refused] == [422, 422, 422]
    assert all("Choose who owns it, or that nobody does." in text(answer) for answer in refused)
    assert 'value="nobody"' in refused[0].content.decode()
    assert kept == period.lead
    assert chosen.status_code == 302
    assert Incident.objects.get().owner is None
