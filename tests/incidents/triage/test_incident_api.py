"""The incident API: reading, reporting, correcting, acting, and clear refusals."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contributors.links import links
from hypercare.models import User
from incidents.models import AlertSource, Comment, Incident
from incidents.triage import triage
from periods.models import JournalEntry, Period
from tests.factories import days_later, make_incident, make_member, make_period, make_user

pytestmark = pytest.mark.django_db
LIST, ONE = "/api/v1/periods/BILL/incidents/", "/api/v1/incidents/BILL-1/"
SOURCES = "/api/v1/periods/BILL/alert-sources/"


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL", lead=make_user("Maja Lindqvist"), go_live_at=days_later(timezone.now(), -4))


class Caller(Client):
    """A client that speaks JSON."""

    def send(self, method: str, address: str, body: Any = None, **headers: Any) -> Any:
        return self.generic(method, address, json.dumps(body or {}), content_type="application/json", **headers)


@pytest.fixture
def api(period: Period) -> Caller:
    caller = Caller()
    caller.force_login(period.lead)
    return caller


@pytest.fixture
def incident(period: Period) -> Incident:
    return triage.report(
        period.pk,
        title="Cards declined",
        impact="medium",
        urgency="medium",
        by=period.lead,
        at=timezone.now() - timedelta(minutes=5),
    )


def test_report_answers_201_with_the_incident_and_its_etag(api: Caller, period: Period) -> None:
    body = {"title": "Cards declined", "severity": "P1", "component": "Payments", "description": "3-D Secure"}

    answer = api.send("POST", LIST, body)

    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["key"], shown["severity"], shown["impact"], shown["source"]) == ("BILL-1", "P1", "high", "api")
    assert shown["next_deadline"]["kind"] == "acknowledge"
    assert shown["url"] == "/i/BILL-1/"
    assert answer.headers["ETag"] == api.get(ONE).headers["ETag"]
    assert JournalEntry.objects.get().via == "api"


def test_a_repeated_idempotency_key_answers_the_first_result(api: Caller, period: Period) -> None:
    body = {"title": "Cards declined", "severity": "P2"}

    first = api.send("POST", LIST, body, HTTP_IDEMPOTENCY_KEY="once")
    again = api.send("POST", LIST, body, HTTP_IDEMPOTENCY_KEY="once")

    assert first.json() == again.json()
    assert Incident.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"severity": "P1"}, ["/title"]),
        ({"title": "x"}, ["/severity"]),
        ({"title": "x", "severity": "P9"}, ["/severity"]),
        ({"title": "x", "impact": "huge", "urgency": "low"}, ["/impact"]),
        ({"title": "x", "severity": "P1", "component": "Moon"}, ["/component"]),
        ({"title": "x" * 201, "severity": "P1"}, ["/title"]),
        ({"title": {"a": 1}, "severity": ["P1"]}, ["/title", "/severity"]),
    ],
)
def test_a_bad_report_is_422_with_pointers_and_creates_nothing(
    api: Caller, period: Period, body: dict[str, Any], pointers: list[str]
) -> None:
    answer = api.send("POST", LIST, body)

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {error["pointer"] for error in answer.json()["errors"]} == set(pointers)
    assert not Incident.objects.exists()


def test_a_body_that_is_not_json_is_400(api: Caller, period: Period) -> None:
    answer = api.generic("POST", LIST, "{title: oops", content_type="application/json")

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_body_that_is_a_list_is_422_and_another_type_is_415(api: Caller, period: Period) -> None:
    as_list = api.generic("POST", LIST, "[1]", content_type="application/json")
    as_form = api.post(LIST, {"title": "x"})

    assert as_list.status_code == 422
    assert as_form.status_code == 415


def test_reporting_before_go_live_is_409_with_the_reason(api: Caller, period: Period) -> None:
    Period.objects.filter(pk=period.pk).update(status=Period.Status.READY)

    answer = api.send("POST", LIST, {"title": "Early", "severity": "P3"})

    assert answer.status_code == 409
    assert "is not live yet" in answer.json()["reasons"][0]


# --- Lists -----------------------------------------------------------------------------------------


def test_the_list_is_filtered_by_its_own_field_names(api: Caller, period: Period) -> None:
    now = timezone.now()
    tomasz = make_member(period, make_user("Tomasz"), right="support").user
    make_incident(period, title="a", severity="P1", owner=tomasz, updated_at=now - timedelta(hours=2), reported_at=now)
    make_incident(period, title="b", severity="P2", updated_at=now, reported_at=now)
    make_incident(period, title="c", severity="P2", status="resolved", resolved_at=now, reported_at=now, updated_at=now)

    def titles(query: str) -> str:
        return "".join(sorted(row["title"] for row in api.get(LIST + query).json()["results"]))

    assert titles("") == "abc"
    assert titles("?severity=P2") == "bc"
    assert titles("?severity=P1,P2&status=open") == "ab"
    assert titles("?status=resolved,new") == "abc"
    assert titles("?owner=none") == "bc"
    assert titles(f"?owner={tomasz.pk}") == titles(f"?owner={tomasz.email}") == "a"
    assert titles("?owner=me") == ""
    since = (now - timedelta(minutes=1)).isoformat()
    assert titles(f"?updated_since={since}") == titles("?updated_since=" + since.replace("+", "%2B")) == "bc"


def test_ordering_comes_from_a_list_and_pages_by_cursor_without_loss(api: Caller, period: Period) -> None:
    for _ in range(5):
        make_incident(period, reported_at=timezone.now())

    numbers, address = [], f"{LIST}?ordering=number&page_size=2"
    while address:
        page = api.get(address).json()
        numbers += [row["number"] for row in page["results"]]
        address = page["next"]

    assert numbers == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?severity=P9", "/severity"),
        ("?status=gone", "/status"),
        ("?ordering=password", "/ordering"),
        ("?updated_since=yesterday", "/updated_since"),
        ("?updated_since=2026-11-18T10:00:00", "/updated_since"),
        ("?updated_since=2026-99-99T10:00:00Z", "/updated_since"),
    ],
)
def test_a_filter_nobody_can_mean_is_422(api: Caller, period: Period, query: str, pointer: str) -> None:
    answer = api.get(LIST + query)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_the_list_costs_the_same_queries_with_1_row_and_with_50(
    api: Caller, period: Period, django_assert_max_num_queries: Any, django_assert_num_queries: Any
) -> None:
    make_incident(period, reported_at=timezone.now())
    with django_assert_max_num_queries(6) as one:
        api.get(LIST)
    for _ in range(49):
        make_incident(period, reported_at=timezone.now(), owner=make_user(), acknowledged_by=make_user())

    with django_assert_num_queries(len(one)):
        assert len(api.get(LIST).json()["results"]) == 50


# --- One incident ----------------------------------------------------------------------------------


def test_an_unchanged_incident_answers_304(api: Caller, incident: Incident) -> None:
    etag = api.get(ONE).headers["ETag"]

    same = api.get(ONE, HTTP_IF_NONE_MATCH=etag)
    triage.comment(incident.pk, body="Looking", kind="note", by=incident.period.lead, at=timezone.now())
    changed = api.get(ONE, HTTP_IF_NONE_MATCH=etag)

    assert (same.status_code, changed.status_code) == (304, 200)


def test_patch_corrects_facts_and_severity_follows(api: Caller, incident: Incident) -> None:
    answer = api.send("PATCH", ONE, {"title": "Cards declined at 3-D Secure", "impact": "high", "urgency": "high"})

    assert answer.status_code == 200
    assert (answer.json()["title"], answer.json()["severity"]) == ("Cards declined at 3-D Secure", "P1")


def test_patch_with_a_stale_etag_is_412_and_changes_nothing(api: Caller, incident: Incident) -> None:
    etag = api.get(ONE).headers["ETag"]
    first = api.send("PATCH", ONE, {"title": "First"}, HTTP_IF_MATCH=etag)

    second = api.send("PATCH", ONE, {"title": "Second"}, HTTP_IF_MATCH=etag)

    assert (first.status_code, second.status_code) == (200, 412)
    assert Incident.objects.get().title == "First"


@pytest.mark.parametrize("body", [{"status": "resolved"}, {"version": 9}, {"title": ""}, {"impact": "huge"}])
def test_patch_refuses_what_it_cannot_change(api: Caller, incident: Incident, body: dict[str, Any]) -> None:
    answer = api.send("PATCH", ONE, body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(body))}"
    assert Incident.objects.get().version == incident.version


def test_actions_walk_an_incident_through_its_life(api: Caller, incident: Incident, period: Period) -> None:
    tomasz = make_member(period, make_user("Tomasz Wójcik"), right="support").user

    api.send("POST", f"{ONE}acknowledge/")
    owned = api.send("POST", f"{ONE}assign/", {"owner": tomasz.email})
    api.send("POST", f"{ONE}regrade/", {"severity": "P1", "reason": "Money is involved"})
    api.send("POST", f"{ONE}set-status/", {"status": "mitigated", "note": "Gateway switched"})
    said = api.send("POST", f"{ONE}comment/", {"kind": "update", "body": "Payments work again."})
    ended = api.send(
        "POST", f"{ONE}resolve/", {"ending": "fixed", "resolution": "Certificate renewed", "caused_by_change": True}
    )
    back = api.send("POST", f"{ONE}reopen/", {"reason": "Again"})

    assert owned.json()["owner"] == {"id": tomasz.pk, "name": "Tomasz Wójcik"}
    assert (said.status_code, said.json()["by"]["name"]) == (201, "Maja Lindqvist")
    assert (ended.json()["status"], ended.json()["caused_by_change"]) == ("resolved", True)
    assert (back.json()["status"], back.json()["reopened"]) == ("new", 1)
    assert set(JournalEntry.objects.exclude(kind="incident.reported").values_list("via", flat=True)) == {"api"}


def test_owner_may_be_me_an_id_or_nobody(api: Caller, incident: Incident, period: Period) -> None:
    mine = api.send("POST", f"{ONE}assign/", {"owner": "me"}).json()
    nobody = api.send("POST", f"{ONE}assign/", {"owner": None}).json()
    by_id = api.send("POST", f"{ONE}assign/", {"owner": str(period.lead_id)}).json()

    assert (mine["owner"]["id"], nobody["owner"], by_id["owner"]["id"]) == (period.lead_id, None, period.lead_id)


def test_a_second_acknowledge_and_a_second_resolve_are_409(api: Caller, incident: Incident) -> None:
    ended = {"ending": "fixed", "resolution": "Done"}

    statuses = [
        api.send("POST", ONE + step, body).status_code
        for step, body in (("acknowledge/", {}), ("acknowledge/", {}), ("resolve/", ended), ("resolve/", ended))
    ]

    assert statuses == [200, 409, 200, 409]
    assert "Maja Lindqvist resolved it at" in api.send("POST", f"{ONE}resolve/", ended).json()["reasons"][0]


@pytest.mark.parametrize(
    ("action", "body", "pointer"),
    [
        ("assign", {"owner": "nobody@example.test"}, "/owner"),
        ("assign", {}, "/owner"),
        ("assign", {"owner": "99999999999999999999999"}, "/owner"),
        ("regrade", {"severity": "P9"}, "/severity"),
        ("set-status", {"status": "gone"}, "/status"),
        ("set-status", {"status": "resolved"}, "/status"),
        ("resolve", {"ending": "magic", "resolution": "x"}, "/ending"),
        ("resolve", {"ending": "fixed", "resolution": " "}, "/resolution"),
        ("escalate", {}, "/reason"),
        ("comment", {"kind": "poem", "body": "x"}, "/kind"),
        ("comment", {"body": ""}, "/body"),
    ],
)
def test_bad_action_input_is_422_and_changes_nothing(
    api: Caller, incident: Incident, action: str, body: dict[str, Any], pointer: str
) -> None:
    answer = api.send("POST", f"{ONE}{action}/", body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert Incident.objects.get().version == incident.version
    assert not Comment.objects.exists()


def test_viewers_read_updates_but_not_notes(api: Caller, incident: Incident, period: Period) -> None:
    for kind in ("note", "update"):
        triage.comment(incident.pk, body=kind, kind=kind, by=period.lead, at=timezone.now())
    viewer = Caller()
    viewer.force_login(make_member(period, right="viewer").user)

    seen = [row["body"] for row in viewer.get(f"{ONE}comment/").json()["results"]]

    assert seen == ["update"]
    assert [row["body"] for row in api.get(f"{ONE}comment/").json()["results"]] == ["note", "update"]


# --- Alert sources ---------------------------------------------------------------------------------


def test_a_source_token_is_shown_once_and_kept_only_as_a_hash(api: Caller, period: Period) -> None:
    made = api.send("POST", SOURCES, {"kind": "alertmanager", "name": "Production"})
    listed = api.get(SOURCES)

    source = AlertSource.objects.get()
    token = made.json()["token"]
    assert made.status_code == 201
    assert made.json()["hook_url"].endswith(f"/hooks/alertmanager/{token}/")
    assert source.token_hash == links.hash_of(token)
    assert token not in listed.content.decode()
    assert listed.json()["results"][0]["token_prefix"] == token[:8]


def test_a_source_is_revoked_once(api: Caller, period: Period) -> None:
    pk = api.send("POST", SOURCES, {"name": "Production"}).json()["id"]

    statuses = [api.send("DELETE", f"{SOURCES}{pk}/").status_code for _ in range(2)]

    assert statuses == [204, 409]
    assert AlertSource.objects.get().revoked_at is not None
    assert list(JournalEntry.objects.order_by("seq").values_list("kind", flat=True)) == [
        "source.added",
        "source.revoked",
    ]


def test_a_source_of_another_period_is_not_found(api: Caller, period: Period) -> None:
    other = make_period(key="OTHER")
    source = AlertSource.objects.create(
        period=other,
        kind="alertmanager",
        name="x",
        token_hash="0" * 64,
        token_prefix="x",
        created_by=other.lead,
        created_at=timezone.now(),
    )

    assert api.send("DELETE", f"{SOURCES}{source.pk}/").status_code == 404


@pytest.mark.parametrize(("body", "pointer"), [({}, "/name"), ({"name": "x", "kind": "smoke"}, "/kind")])
def test_a_bad_source_is_422(api: Caller, period: Period, body: dict[str, Any], pointer: str) -> None:
    answer = api.send("POST", SOURCES, body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_every_operation_is_in_the_openapi_document(api: Caller, period: Period) -> None:
    document = api.get("/api/v1/schema/?format=json").json()

    paths = {path: set(methods) for path, methods in document["paths"].items()}
    assert paths["/api/v1/periods/{key}/incidents/"] >= {"get", "post"}
    assert paths["/api/v1/incidents/{key}-{number}/"] >= {"get", "patch"}
    for action in ("acknowledge", "assign", "regrade", "set-status", "resolve", "reopen", "escalate", "comment"):
        assert "post" in paths[f"/api/v1/incidents/{{key}}-{{number}}/{action}/"], action


def test_a_token_works_like_its_person(period: Period, incident: Incident, lead_token: str) -> None:
    caller = Caller(headers={"authorization": f"Bearer {lead_token}"})

    assert caller.get(ONE).json()["key"] == "BILL-1"
    assert Caller().get(ONE).status_code == 401


@pytest.fixture
def lead_token(period: Period) -> str:
    lead: User = period.lead
    lead.api_tokens.create(
        name="script", prefix="x", token_hash=links.hash_of("secret-token"), created_at=timezone.now()
    )
    return "secret-token"
