"""Checks through the API: each resource by the right person, for a stranger, without the right, and with bad input."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from hypercare.models import User
from periods.models import ChecklistItem, Evidence, Period, Rehearsal
from tests.factories import GO_LIVE, make_check, make_member, make_period, make_user

pytestmark = pytest.mark.django_db
AT = GO_LIVE - timedelta(days=3)
BASE = "/api/v1/periods/BILL/"
REPORT = b"""<testsuites><testsuite name="pay" time="2.5"><testcase name="once"/>
<testcase classname="pay" name="twice"><failure>2 != 1</failure></testcase></testsuite></testsuites>"""


@pytest.fixture(autouse=True)
def _while_getting_ready():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def period() -> Period:
    return make_period(Period.Status.READINESS, key="BILL")


@pytest.fixture
def check(period: Period) -> ChecklistItem:
    return make_check(period, title="Payments reconcile")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def call(user: User, path: str, body: Any = None, *, method: str = "POST") -> Any:
    text = "" if method in ("GET", "DELETE") else json.dumps({} if body is None else body)
    return client_of(user).generic(method, BASE + path, text, content_type="application/json")


def send(user: User, path: str, **fields: Any) -> Any:
    return client_of(user).post(BASE + path, fields)


def report(data: bytes = REPORT, name: str = "run.xml") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="application/xml")


def pointers(answer: Any) -> list[str]:
    return [one["pointer"] for one in answer.json()["errors"]]


# --- Happy ----------------------------------------------------------------------------------------


def test_a_check_fails_with_what_was_seen_and_opens_again(period: Period, check: ChecklistItem) -> None:
    failed = call(period.lead, f"checklist/{check.pk}/fail/", {"note": "Totals differ by 12 EUR"}).json()
    opened = call(period.lead, f"checklist/{check.pk}/reopen/").json()

    assert (failed["status"], failed["failure"]) == ("failed", "Totals differ by 12 EUR")
    assert failed["failed_by"]["name"] == "Lead"
    assert (opened["status"], opened["failure"]) == ("open", "")


def test_several_are_assigned_at_once_and_undone_by_the_number_that_came_back(
    period: Period, check: ChecklistItem
) -> None:
    other, owner = make_check(period), make_member(period, make_user("Priya Raman")).user
    body = {"checks": [check.pk, other.pk], "action": "assign", "owner": owner.email, "due_days": -2}

    done = call(period.lead, "checklist/bulk/", body).json()
    assigned = list(period.checklist.values_list("owner", "due_days").order_by("pk"))
    undone = call(period.lead, "checklist/undo/", {"seq": done["seq"]})
    again = call(period.lead, "checklist/undo/", {"seq": done["seq"]})

    assert done["changed"] == 2
    assert assigned == [(owner.pk, -2), (owner.pk, -2)]
    assert sorted(undone.json()["checks"]) == sorted([check.title, other.title])
    assert not period.checklist.filter(owner=owner).exists()
    assert (again.status_code, "was undone" in again.json()["detail"]) == (409, True)


def test_a_report_is_counted_and_decides_nothing(period: Period, check: ChecklistItem) -> None:
    answer = send(period.lead, f"checklist/{check.pk}/junit/", file=report(), evidence="Second run")

    made = answer.json()["evidence"][0]
    assert (answer.status_code, answer.json()["status"]) == (201, "open")
    assert (made["kind"], made["text"], made["file_name"]) == ("file", "Second run", "run.xml")
    tests = made["tests"]
    assert (tests["total"], tests["passed"], tests["bad"], len(tests["failing"])) == (2, 1, 1, 1)
    assert "twice" in tests["failing"][0]


def test_a_file_is_sent_listed_fetched_and_removed_with_its_record_kept(period: Period, check: ChecklistItem) -> None:
    base = f"checklist/{check.pk}/evidence/"

    sent = send(period.lead, base, file=SimpleUploadedFile("restore.log", b"48 tables\n"), evidence="Log")
    noted = call(period.lead, base, {"evidence": "Both teams saw it"})
    pk = sent.json()["evidence"][0]["id"]
    file = call(period.lead, f"{base}{pk}/file/", method="GET")
    removed = call(period.lead, f"{base}{pk}/", method="DELETE")
    rows = call(period.lead, base, method="GET").json()["results"]

    assert (sent.status_code, noted.status_code, removed.status_code) == (201, 201, 200)
    assert b"".join(file.streaming_content) == b"48 tables\n"
    assert file.headers["Content-Disposition"] == 'attachment; filename="restore.log"'
    assert [one["text"] for one in removed.json()["evidence"]] == ["Both teams saw it"]
    assert [(row["kind"], bool(row["removed_at"])) for row in rows] == [("file", True), ("note", False)]
    assert call(period.lead, f"{base}{pk}/file/", method="GET").status_code == 404


def test_a_check_tells_its_history_newest_first(period: Period, check: ChecklistItem) -> None:
    make = f"checklist/{check.pk}/"
    call(period.lead, f"{make}complete/", {"evidence": "https://wiki.example/1"})
    call(period.lead, f"{make}reopen/")
    call(period.lead, f"checklist/{make_check(period).pk}/complete/")

    found = call(period.lead, f"{make}history/", method="GET").json()["results"]

    assert [row["kind"] for row in found] == ["checklist.reopened", "checklist.completed"]


def test_a_rehearsal_is_timed_live_or_told_afterwards(period: Period) -> None:
    started = call(period.lead, "rehearsals/", {"kind": "rollback", "box_minutes": 30}).json()
    with time_machine.travel(AT + timedelta(minutes=41), tick=False):
        ended = call(period.lead, f"rehearsals/{started['id']}/stop/", {"outcome": "passed"}).json()
        told = {"kind": "cutover", "box_minutes": 90, "took_minutes": 80, "outcome": "passed"}
        recorded = call(period.lead, "rehearsals/", told)
        rows = call(period.lead, "rehearsals/?kind=rollback", method="GET").json()["results"]

    assert (started["took_s"], started["over"]) == (None, False)
    assert (ended["took_s"], ended["over"]) == (41 * 60, True)
    assert (recorded.status_code, recorded.json()["over"]) == (201, False)
    assert [row["id"] for row in rows] == [started["id"]]


def test_a_watch_started_by_mistake_is_forgotten_one_that_ended_is_not(period: Period) -> None:
    started = call(period.lead, "rehearsals/", {"kind": "rollback", "box_minutes": 30}).json()
    gone = call(period.lead, f"rehearsals/{started['id']}/cancel/")
    told = {"kind": "rollback", "box_minutes": 90, "took_minutes": 80, "outcome": "failed"}
    kept = call(period.lead, "rehearsals/", told).json()

    assert gone.status_code == 204
    assert call(period.lead, f"rehearsals/{kept['id']}/cancel/").status_code == 409
    assert Rehearsal.objects.count() == 1


# --- Who may not ----------------------------------------------------------------------------------

WRITES: list[tuple[str, dict[str, Any]]] = [
    ("checklist/", {"title": "One more"}),
    ("checklist/{check}/complete/", {}),
    ("checklist/{check}/fail/", {"note": "No"}),
    ("checklist/{check}/waive/", {"reason": "Later", "expires_at": "2026-11-14T05:00:00Z"}),
    ("checklist/{check}/set-aside/", {"reason": "Not ours"}),
    ("checklist/{check}/reopen/", {}),
    ("checklist/{check}/assign/", {"due_days": -1}),
    ("checklist/{check}/evidence/", {"evidence": "Seen"}),
    ("checklist/bulk/", {"checks": ["{check}"], "action": "reopen"}),
    ("rehearsals/", {"kind": "rollback", "box_minutes": 30}),
    ("rehearsals/{rehearsal}/stop/", {"outcome": "passed"}),
    ("rehearsals/{rehearsal}/cancel/", {}),
]
READS = [
    "checklist/",
    "checklist/{check}/",
    "checklist/{check}/history/",
    "checklist/{check}/evidence/",
    "checklist/{check}/evidence/{evidence}/",
    "checklist/{check}/evidence/{evidence}/file/",
    "rehearsals/",
]


@pytest.fixture
def names(period: Period, check: ChecklistItem) -> dict[str, int]:
    send(period.lead, f"checklist/{check.pk}/evidence/", file=SimpleUploadedFile("a.log", b"fine"))
    running = Rehearsal.objects.create(period=period, kind="rollback", box_minutes=30, started_at=AT, by=period.lead)
    return {"check": check.pk, "evidence": Evidence.objects.get().pk, "rehearsal": running.pk}


def filled(body: dict[str, Any], names: dict[str, int]) -> dict[str, Any]:
    return {**body, **({"checks": [names["check"]]} if "checks" in body else {})}


@pytest.mark.parametrize(("path", "body"), WRITES, ids=[path for path, _ in WRITES])
def test_who_only_watches_changes_nothing_and_a_stranger_finds_nothing(
    period: Period, names: dict[str, int], path: str, body: dict[str, Any]
) -> None:
    viewer, before = make_member(period, right="viewer").user, period.journal.count()
    where, what = path.format(**names), filled(body, names)

    assert call(viewer, where, what).status_code == 403
    assert call(make_user(), where, what).status_code == 404
    assert period.journal.count() == before


@pytest.mark.parametrize("path", READS)
def test_members_read_and_a_stranger_finds_nothing(period: Period, names: dict[str, int], path: str) -> None:
    where = path.format(**names)

    answer = call(make_member(period, right="viewer").user, where, method="GET")
    if answer.streaming:
        b"".join(answer.streaming_content)  # read to its end, which closes the file

    assert answer.status_code == 200
    assert call(make_user(), where, method="GET").status_code == 404


def test_a_viewer_sends_no_report_and_a_stranger_no_file(period: Period, check: ChecklistItem) -> None:
    viewer = make_member(period, right="viewer").user

    assert send(viewer, f"checklist/{check.pk}/junit/", file=report()).status_code == 403
    assert send(make_user(), f"checklist/{check.pk}/junit/", file=report()).status_code == 404
    assert not Evidence.objects.exists()


def test_a_contributor_takes_back_only_what_is_theirs(period: Period) -> None:
    helper = make_member(period).user
    mine, other = make_check(period, owner=helper), make_check(period)
    call(helper, f"checklist/{mine.pk}/complete/")
    call(period.lead, f"checklist/{other.pk}/complete/")
    period.refresh_from_db()

    assert call(helper, "checklist/undo/", {"seq": period.journal_seq}).status_code == 403
    assert call(helper, "checklist/undo/", {"seq": period.journal_seq - 1}).status_code == 200
    assert call(make_user(), "checklist/undo/", {"seq": 1}).status_code == 404


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("checklist/", {}, "/title"),
        ("checklist/", {"title": "x", "due_days": -3, "due_at": "2026-11-13T10:00:00Z"}, "/due_days"),
        ("checklist/{check}/fail/", {}, "/note"),
        ("checklist/{check}/fail/", {"note": "x" * 20_001}, "/note"),
        ("checklist/{check}/waive/", {"reason": "Later", "expires_at": "soon"}, "/expires_at"),
        ("checklist/{check}/assign/", {"owner": "nobody@example.test"}, "/owner"),
        ("checklist/{check}/evidence/", {"evidence": "x" * 5000}, "/evidence"),
        ("checklist/{check}/evidence/", {"link": "https://x.example"}, "/link"),
        ("checklist/bulk/", {"checks": [], "action": "reopen"}, "/checks"),
        ("checklist/bulk/", {"checks": [10**30], "action": "reopen"}, "/checks"),
        ("checklist/bulk/", {"checks": ["{check}"], "action": "explode"}, "/action"),
        ("checklist/bulk/", {"checks": ["{check}"], "action": "set-aside"}, "/action"),
        ("checklist/undo/", {"seq": 0}, "/seq"),
        ("checklist/undo/", {"seq": 10**30}, "/seq"),
        ("rehearsals/", {"kind": "rollback"}, "/box_minutes"),
        ("rehearsals/", {"kind": "dance", "box_minutes": 3}, "/kind"),
        ("rehearsals/", {"kind": "rollback", "box_minutes": 3, "took_minutes": 2}, "/outcome"),
        ("rehearsals/{rehearsal}/stop/", {"outcome": "perhaps"}, "/outcome"),
    ],
)
def test_bad_input_is_pointed_at_and_changes_nothing(
    period: Period, names: dict[str, int], path: str, body: dict[str, Any], pointer: str
) -> None:
    before = period.journal.count()
    what = filled(body, names) if body.get("checks") == ["{check}"] else body

    answer = call(period.lead, path.format(**names), what)

    assert answer.status_code == 422, answer.content
    assert any(found.startswith(pointer) for found in pointers(answer))
    assert period.journal.count() == before


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<html><body>no report</body></html>", "a report starts with <testsuites>"),
        (b"<testsuite><testcase", "XML"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><testsuite><testcase name="&x;"/></testsuite>', "entities"),
    ],
)
def test_what_is_no_report_is_refused_with_the_reason(
    period: Period, check: ChecklistItem, data: bytes, words: str
) -> None:
    answer = send(period.lead, f"checklist/{check.pk}/junit/", file=report(data))

    assert answer.status_code == 422
    assert any(pointer.startswith("/file") for pointer in pointers(answer))
    assert words in answer.content.decode()
    assert not Evidence.objects.exists()


def test_a_report_without_a_file_is_asked_for_one(period: Period, check: ChecklistItem) -> None:
    assert pointers(send(period.lead, f"checklist/{check.pk}/junit/")) == ["/file"]


def test_a_file_past_the_quota_of_the_period_is_refused(period: Period, check: ChecklistItem, settings: Any) -> None:
    settings.EVIDENCE_QUOTA = 10

    answer = send(period.lead, f"checklist/{check.pk}/evidence/", file=SimpleUploadedFile("a.log", b"eleven bytes"))

    assert (answer.status_code, pointers(answer)) == (422, ["/file"])
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("pk", [10**6, 10**30])
@pytest.mark.parametrize("path", ["checklist/{}/complete/", "rehearsals/{}/cancel/"])
def test_a_number_of_nothing_is_not_found(period: Period, path: str, pk: int) -> None:
    assert call(period.lead, path.format(pk)).status_code == 404


def test_the_checklist_is_made_once_by_whoever_plans(period: Period) -> None:
    someone = make_member(period, make_user("Ana")).user

    wrong = call(period.lead, "checklist/make/", {"keep": ["first"]})
    made = call(period.lead, "checklist/make/", {"keep": [0, 2]})

    assert call(make_user("Stranger"), "checklist/make/").status_code == 404
    assert call(someone, "checklist/make/").status_code == 403
    assert (wrong.status_code, made.status_code, len(made.json())) == (422, 201, 2)
    assert call(period.lead, "checklist/make/").status_code == 409
    assert period.checklist.count() == 2
