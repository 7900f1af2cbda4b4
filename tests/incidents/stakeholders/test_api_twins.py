"""Incidents by script as in the browser: handed over, changed together, kept as known errors, told outside."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from hypercare.models import User
from incidents.models import Incident, KnownError
from incidents.stakeholders import report_forms, status_pages, updates
from incidents.stakeholders.updates import UpdateText
from incidents.triage import triage
from periods.models import Period
from tests.factories import make_member, make_period, make_user

pytestmark = pytest.mark.django_db
PERIOD, ONE = "/api/v1/periods/BILL/", "/api/v1/incidents/BILL-1/"
# Path, body, and what is answered to an owner, support, a contributor, a viewer, a stranger. BILL-1 is not theirs.
TWINS = [
    (f"{ONE}hand-over/", {"team": "Payments team"}, (200, 200, 403, 403, 404)),
    (f"{ONE}known-error/", {}, (201, 201, 403, 403, 404)),
    (f"{ONE}post-update/", {"text": "We are on it."}, (201, 201, 403, 403, 404)),
    (f"{PERIOD}incidents/bulk/", {"numbers": [1], "action": "severity", "value": "P1"}, (200, 200, 200, 403, 404)),
    (f"{PERIOD}incidents/undo/", {"entries": [{"number": 1, "seq": 1}]}, (200, 200, 200, 403, 404)),
    (f"{PERIOD}report-form/renew/", {}, (200, 403, 403, 403, 404)),
    (f"{PERIOD}status-page/renew/", {}, (200, 403, 403, 403, 404)),
]


@pytest.fixture
def period() -> Period:
    now = timezone.now()
    return make_period(
        key="BILL",
        lead=make_user("Maja Lindqvist"),
        go_live_at=now - timedelta(days=4),
        ends_at=now + timedelta(days=10),
        planned_ends_at=now + timedelta(days=10),
    )


@pytest.fixture
def incident(period: Period) -> Incident:
    """Somebody else's, and people outside know of it."""
    at = timezone.now() - timedelta(minutes=5)
    made = triage.report(period.pk, title="Cards declined", impact="medium", urgency="medium", by=period.lead, at=at)
    other = make_member(period, make_user("Other"), right="support").user
    triage.assign(made.pk, owner=other, by=period.lead, at=at)
    words = UpdateText("We are looking into it.", "investigating", title="Payments", next_by=None)
    updates.post(period.pk, words, by=period.lead, at=at, incident_id=made.pk)
    return made


def post(user: User, path: str, body: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(path, body, content_type="application/json")


@pytest.mark.parametrize(
    ("who", "place"), [("owner", 0), ("support", 1), ("contributor", 2), ("viewer", 3), ("stranger", 4)]
)
@pytest.mark.parametrize(("path", "body", "answers"), TWINS)
def test_each_answers_by_right(
    period: Period, incident: Incident, path: str, body: Any, answers: tuple[int, ...], who: str, place: int
) -> None:
    user = make_user("Stranger") if who == "stranger" else make_member(period, right=who).user
    opened(period)

    assert post(user, path, body).status_code == answers[place]


def opened(period: Period) -> None:
    """A form and a status page with a secret address."""
    who: dict[str, Any] = {"by": period.lead, "at": timezone.now()}
    report_forms.configure(period.pk, is_open=True, title="Help", answer_within="", data_note="", **who)
    status_pages.configure(period.pk, visibility="link", slug="billing", title="Payments", about="", **who)


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        (f"{ONE}hand-over/", {"team": ""}, "/team"),
        (f"{ONE}hand-over/", {}, "/team"),
        (f"{ONE}known-error/", {"title": "x" * 121}, "/title"),
        (f"{ONE}post-update/", {"text": ""}, "/text"),
        (f"{ONE}post-update/", {"text": "x", "next_in_s": -1}, "/next_in_s"),
        (f"{PERIOD}incidents/bulk/", {"numbers": [], "action": "severity", "value": "P1"}, "/numbers"),
        (f"{PERIOD}incidents/bulk/", {"numbers": [1], "action": "severity", "value": "P9"}, "/value"),
        (f"{PERIOD}incidents/bulk/", {"numbers": [1], "action": "snooze", "value": "soon"}, "/value"),
        (f"{PERIOD}incidents/bulk/", {"numbers": [1], "action": "assign", "value": "nobody@example.test"}, "/value"),
        (f"{PERIOD}incidents/undo/", {"entries": []}, "/entries"),
    ],
)
def test_bad_input_names_its_field(period: Period, incident: Incident, path: str, body: Any, pointer: str) -> None:
    answer = post(period.lead, path, body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_an_incident_is_handed_to_a_team_and_that_is_taken_back(period: Period, incident: Incident) -> None:
    handed = post(period.lead, f"{ONE}hand-over/", {"team": "Payments team"})
    seq = period.journal.latest("seq").seq
    back = post(period.lead, f"{ONE}undo/", {"seq": seq})

    assert (handed.json()["handed_to"], back.json()["handed_to"]) == ("Payments team", "")
    assert period.journal.get(seq=seq).kind == "incident.handed_over"


def test_resolving_may_leave_a_known_error_in_either_edge(period: Period, incident: Incident) -> None:
    said = {"ending": "workaround", "resolution": "Gateway switched", "workaround": "Pay by invoice"}

    answer = post(period.lead, f"{ONE}resolve/", {**said, "known_error": True})

    assert answer.status_code == 200
    assert KnownError.objects.get().workaround == "Pay by invoice"


def test_several_change_together_and_are_taken_back_together(period: Period, incident: Incident) -> None:
    numbers = {"numbers": [1, 77], "action": "severity", "value": "P2"}

    done = post(period.lead, f"{PERIOD}incidents/bulk/", numbers).json()["done"]
    entries = [{"number": one["number"], "seq": one["seq"]} for one in done]
    back = post(period.lead, f"{PERIOD}incidents/undo/", {"entries": entries}).json()

    assert [one["key"] for one in done] == ["BILL-1"]
    assert (back["refused"], Incident.objects.get().severity) == ([], "P3")


def test_one_that_refuses_is_named_and_the_others_stand(period: Period, incident: Incident) -> None:
    same = {"numbers": [1], "action": "severity", "value": "P3"}

    answer = post(make_member(period).user, f"{PERIOD}incidents/bulk/", same)

    assert answer.json()["done"] == []
    assert answer.json()["refused"][0]["key"] == "BILL-1"


def test_an_update_outside_needs_a_notice(period: Period) -> None:
    triage.report(period.pk, title="Quiet", impact="low", urgency="low", by=period.lead, at=timezone.now())

    assert post(period.lead, f"{ONE}post-update/", {"text": "Hello"}).status_code == 409
