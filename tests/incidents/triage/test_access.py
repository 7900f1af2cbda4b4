"""Who may open and do what: every route, for each right, a stranger and somebody who is not signed in."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from hypercare.models import User
from incidents.models import Incident
from incidents.triage import triage
from periods.models import JournalEntry, Period
from tests.factories import days_later, make_member, make_period, make_user

pytestmark = pytest.mark.django_db
WHO = ("owner", "support", "contributor", "viewer", "stranger")
API, ONE, PAGE = "/api/v1/periods/BILL/", "/api/v1/incidents/BILL-1/", "/i/BILL-1/"
REPORT = {"title": "Cards declined", "severity": "P3"}
RESOLVED = {"ending": "fixed", "resolution": "Done"}

# Reading: every member may. Method, address, body, then the answer for WHO in order.
READ = [
    ("GET", address, None, (200, 200, 200, 200, 404))
    for address in (
        "/p/BILL/incidents/",
        "/p/BILL/incidents/?view=board",
        "/p/BILL/_incidents/",
        PAGE,
        f"{PAGE}_live/",
        f"{PAGE}_preview/",
        f"{API}incidents/",
        ONE,
        f"{ONE}comment/",
    )
]
# The incident belongs to somebody else: working rights alone are not enough to change it.
PAGES = [
    ("GET", "/p/BILL/incidents/new/", None, (200, 200, 200, 403, 404)),
    ("POST", "/p/BILL/incidents/new/", REPORT, (302, 302, 302, 403, 404)),
    ("POST", f"{PAGE}acknowledge/", {}, (302, 302, 302, 403, 404)),
    ("POST", f"{PAGE}comment/", {"kind": "note", "body": "x"}, (302, 302, 302, 403, 404)),
    ("GET", f"{PAGE}comment/", None, (200, 200, 200, 403, 404)),
    ("POST", f"{PAGE}assign/", {"owner": "nobody"}, (302, 302, 403, 403, 404)),
    ("POST", f"{PAGE}regrade/", {"severity": "P2"}, (302, 302, 403, 403, 404)),
    ("POST", f"{PAGE}status/", {"status": "investigating"}, (302, 302, 403, 403, 404)),
    ("POST", f"{PAGE}resolve/", RESOLVED, (302, 302, 403, 403, 404)),
    ("POST", f"{PAGE}reopen/", {"reason": "x"}, (409, 409, 403, 403, 404)),
    ("POST", f"{PAGE}hand-over/", {"team": "BAU"}, (302, 302, 403, 403, 404)),
    ("POST", f"{PAGE}edit/", {"title": "New"}, (302, 302, 403, 403, 404)),
    ("GET", f"{PAGE}resolve/", None, (200, 200, 200, 403, 404)),
]
REST = [
    ("POST", f"{API}incidents/", REPORT, (201, 201, 201, 403, 404)),
    ("PATCH", ONE, {"title": "New"}, (200, 200, 403, 403, 404)),
    ("POST", f"{ONE}acknowledge/", {}, (200, 200, 200, 403, 404)),
    ("POST", f"{ONE}assign/", {"owner": None}, (200, 200, 403, 403, 404)),
    ("POST", f"{ONE}assign/", {"owner": "me"}, (200, 200, 403, 422, 404)),
    ("POST", f"{ONE}regrade/", {"severity": "P2"}, (200, 200, 403, 403, 404)),
    ("POST", f"{ONE}set-status/", {"status": "investigating"}, (200, 200, 403, 403, 404)),
    ("POST", f"{ONE}resolve/", RESOLVED, (200, 200, 403, 403, 404)),
    ("POST", f"{ONE}reopen/", {"reason": "x"}, (409, 409, 403, 403, 404)),
    ("POST", f"{ONE}comment/", {"kind": "note", "body": "x"}, (201, 201, 201, 403, 404)),
    ("GET", f"{API}alert-sources/", None, (200, 403, 403, 403, 404)),
    ("POST", f"{API}alert-sources/", {"name": "x"}, (201, 403, 403, 403, 404)),
    ("PATCH", f"{API}alert-sources/1/", {"levels": {}}, (404, 403, 403, 403, 404)),
    ("DELETE", f"{API}alert-sources/1/", {}, (404, 403, 403, 403, 404)),
]
# Paging the next person needs somebody left to page; the lead and sponsor of the period are.
ESCALATE = [
    ("POST", f"{PAGE}escalate/", {"reason": "Stuck"}, (302, 302, 302, 403, 404)),
    ("POST", f"{ONE}escalate/", {"reason": "Stuck"}, (200, 200, 200, 403, 404)),
]
EVERYTHING = [*READ, *PAGES, *REST, *ESCALATE]


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL", go_live_at=days_later(timezone.now(), -4))


@pytest.fixture
def incident(period: Period) -> Incident:
    """Reported, and given to somebody who is not in the cast; not acknowledged."""
    at = timezone.now() - timedelta(minutes=5)
    made = triage.report(period.pk, title="Gateway down", impact="medium", urgency="medium", by=period.lead, at=at)
    other = make_member(period, make_user("Other"), right="support").user
    return triage.assign(made.pk, owner=other, by=period.lead, at=at)


def cast(period: Period, who: str) -> User:
    return make_user("Stranger") if who == "stranger" else make_member(period, make_user(who), right=who).user


def call(client: Client, method: str, address: str, body: Any) -> Any:
    if address.startswith("/api/"):
        return client.generic(
            method, address, "" if body is None else json.dumps(body), content_type="application/json"
        )
    return client.get(address) if method == "GET" else client.post(address, body)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(("method", "address", "body", "answers"), EVERYTHING)
def test_each_route_answers_by_right(
    period: Period, incident: Incident, who: str, method: str, address: str, body: Any, answers: tuple[int, ...]
) -> None:
    client = Client()
    client.force_login(cast(period, who))
    before = JournalEntry.objects.count()

    answer = call(client, method, address, body)

    assert answer.status_code == answers[WHO.index(who)]
    if answer.status_code >= 400:
        assert JournalEntry.objects.count() == before


@pytest.mark.parametrize(("method", "address", "body", "answers"), EVERYTHING)
def test_nobody_gets_in_without_signing_in(
    period: Period, incident: Incident, method: str, address: str, body: Any, answers: tuple[int, ...]
) -> None:
    before = JournalEntry.objects.count()

    answer = call(Client(), method, address, body)

    if address.startswith("/api/"):
        assert answer.status_code == 401
    else:
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/accounts/login/")
    assert JournalEntry.objects.count() == before


@pytest.mark.parametrize(
    "name", ["assign", "regrade", "status", "resolve", "escalate", "hand-over", "edit", "acknowledge"]
)
def test_a_get_never_changes_anything(period: Period, incident: Incident, name: str) -> None:
    client = Client()
    client.force_login(period.lead)
    before = JournalEntry.objects.count()

    client.get(f"{PAGE}{name}/?undo=1&owner=&status=mitigated&severity=P1&reason=x&team=x&ending=fixed&resolution=x")

    assert JournalEntry.objects.count() == before


def test_forms_without_a_csrf_token_are_refused(period: Period, incident: Incident) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(period.lead)

    by_form = client.post(f"{PAGE}regrade/", {"severity": "P1"})
    by_undo = client.post("/p/BILL/incidents/undo/?of=1.1")
    by_api = client.post(f"{ONE}acknowledge/", "{}", content_type="application/json")

    assert [by_form.status_code, by_undo.status_code, by_api.status_code] == [403, 403, 403]


def test_a_contributor_works_on_what_is_theirs_or_nobodys(period: Period, incident: Incident) -> None:
    priya = cast(period, "contributor")
    client = Client()
    client.force_login(priya)
    triage.assign(incident.pk, owner=None, by=period.lead, at=timezone.now())

    took = client.post(f"{PAGE}assign/", {"owner": str(priya.pk)})
    moved = client.post(f"{PAGE}status/", {"status": "investigating"})
    gave_away = client.post(f"{PAGE}assign/", {"owner": str(period.lead_id)})
    ended = client.post(f"{PAGE}resolve/", RESOLVED)

    assert [took.status_code, moved.status_code, gave_away.status_code, ended.status_code] == [302, 302, 403, 302]


def test_a_viewer_sees_updates_and_decisions_but_neither_notes_nor_buttons(period: Period, incident: Incident) -> None:
    for kind in ("note", "update", "decision"):
        triage.comment(incident.pk, body=f"secret-{kind}", kind=kind, by=period.lead, at=timezone.now())
    client = Client()
    client.force_login(cast(period, "viewer"))

    page = client.get(PAGE).content.decode()
    story = client.get(f"{PAGE}_live/?part=story", HTTP_HX_REQUEST="true").content.decode()

    for shown in (page, story):
        assert "secret-update" in shown
        assert "secret-decision" in shown
        assert "secret-note" not in shown
    for button in ("/resolve/", "/acknowledge/", "/escalate/", "/status/", 'id="composer"'):
        assert button not in page, button


def test_somebody_who_left_the_period_is_a_stranger(period: Period, incident: Incident) -> None:
    member = make_member(period, right="support")
    member.left_at = timezone.now()
    member.save(update_fields=["left_at"])
    client = Client()
    client.force_login(member.user)

    assert client.get(PAGE).status_code == 404
    assert client.get(ONE).status_code == 404
    assert "Gateway down" not in client.get("/incidents/").content.decode()
