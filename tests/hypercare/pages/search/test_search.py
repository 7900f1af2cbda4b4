"""Search and jump."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from hypercare.database import fulltext
from hypercare.models import User
from incidents.models import Comment
from periods.documents import documents
from periods.documents.documents import PageText
from tests.factories import NOW, make_incident, make_member, make_user
from tests.hypercare.scene import live_period, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return make_user("Maja Lindqvist")


def test_an_incident_key_jumps_straight_to_it(person: User) -> None:
    make_incident(live_period(person))

    response = signed_in(person).get("/search/", {"q": " bill-1 "})

    assert response.status_code == 302
    assert response.url == "/i/BILL-1/"


def test_words_find_periods_incidents_and_people(person: User) -> None:
    period = live_period(person, name="Billing cut-over")
    make_incident(period, title="Billing is slow")
    make_member(period, make_user("Bill Billingham"))

    page = words(signed_in(person).get("/search/", {"q": "billing"}))

    assert "Billing</mark> cut-over" in page
    assert "Billing</mark> is slow" in page
    assert "Bill <mark>Billing</mark>ham" in page


def test_what_one_may_not_see_is_not_found(person: User) -> None:
    period = live_period(make_user("Somebody Secret"), name="Secret merger")
    make_incident(period, title="Secret failure")
    browser = signed_in(person)

    assert "Nothing matches" in words(browser.get("/search/", {"q": "secret"}))
    assert browser.get("/search/", {"q": "BILL-1"}).status_code == 200


def test_the_jump_dialog_gets_the_results_alone(person: User) -> None:
    live_period(person)

    response = signed_in(person).get("/search/", {"q": "billing"}, headers={"HX-Request": "true"})

    assert b"<html" not in response.content
    assert b'id="results"' in response.content


def test_someone_in_three_of_my_periods_is_listed_once(person: User) -> None:
    other = make_user("Rachel Kim")
    for key in ("ONE", "TWO", "THREE"):
        make_member(live_period(person, key=key), other)

    groups = signed_in(person).get("/search/", {"q": "rachel"}).context["groups"]

    assert [hit.title for group in groups if group.kind == "people" for hit in group.hits] == ["Rachel Kim"]


def test_markup_in_a_query_stays_text(person: User) -> None:
    page = words(signed_in(person).get("/search/", {"q": "<script>alert(1)</script>"}))

    assert "<script>alert(1)" not in page


def test_words_find_pages_by_title_before_those_by_their_newest_text(person: User) -> None:
    period = live_period(person)
    other = make_user("Somebody Secret")
    for where, by in ((period, person), (live_period(other, key="OTHER"), other)):
        for title, body in (("Night work", "Who calls the bank?"), ("Calling the bank", "By phone.")):
            documents.create(where.pk, kind="page", text=PageText(title, body), by=by, at=NOW)
    gone = documents.create(period.pk, kind="page", text=PageText("Old bank", "x"), by=person, at=NOW)
    documents.remove(gone.pk, by=person, at=NOW)

    groups = signed_in(person).get("/search/", {"q": "the bank", "type": "pages"}).context["groups"]

    assert [(hit.title, hit.note) for hit in groups[0].hits] == [
        ("Calling the bank", period.name),
        ("Night work", period.name),
    ]


def test_what_an_older_version_said_is_not_found(person: User) -> None:
    period = live_period(person)
    page = documents.create(period.pk, kind="runbook", text=PageText("Runbook", "floppy"), by=person, at=NOW)
    documents.save_version(page.pk, based_on=1, text=PageText("Runbook", "disk", "Newer"), by=person, at=NOW)
    browser = signed_in(person)

    assert "Nothing matches" in words(browser.get("/search/", {"q": "floppy"}))
    assert "Runbook" in words(browser.get("/search/", {"q": "DISK"}))
    assert browser.get("/search/", {"q": "a\x00b"}).status_code == 200


# --- Words, filters, pages, rights ----------------------------------------------------------------


def hits(answer: Any) -> list[tuple[str, str]]:
    return [(group.kind, hit.title) for group in answer.context["groups"] for hit in group.hits]


def test_every_word_must_stand_in_an_incident_and_is_marked(person: User) -> None:
    period = live_period(person)
    make_incident(period, title="Invoices issued twice", description="Seen in the Oslo office")
    make_incident(period, title="Invoices late", description="Everywhere")
    make_incident(period, title="Exports stop", status="resolved", resolved_at=NOW, resolution="Oslo invoices rerun")
    browser = signed_in(person)

    answer = browser.get("/search/", {"q": "oslo invoi"})

    assert hits(answer) == [("incidents", "Exports stop"), ("incidents", "Invoices issued twice")]
    assert "<mark>Invoi</mark>ces issued twice" in answer.content.decode()
    assert "<mark>Oslo</mark>" in answer.content.decode()
    assert hits(browser.get("/search/", {"q": "oslo", "status": "open"})) == [("incidents", "Invoices issued twice")]
    assert hits(browser.get("/search/", {"q": "oslo", "status": "resolved"})) == [("incidents", "Exports stop")]


def test_notes_are_found_by_those_who_may_read_them(person: User) -> None:
    period = live_period(person)
    incident = make_incident(period, title="Down")
    for kind, body in (("note", "Ask the wholesaler"), ("update", "The wholesaler is back")):
        Comment.objects.create(incident=incident, kind=kind, body=body, by=person, at=NOW)
    viewer = make_member(period, make_user("Viewer"), right="viewer").user
    left = make_member(period, make_user("Gone"), left_at=NOW).user

    found = {who: hits(signed_in(who).get("/search/", {"q": "wholesaler"})) for who in (person, viewer, left)}

    assert (len(found[person]), len(found[viewer]), len(found[left])) == (2, 1, 0)


def test_a_period_and_a_type_narrow_it_down(person: User) -> None:
    one, two = live_period(person, key="ONE", name="First"), live_period(person, key="TWO", name="Second")
    for period in (one, two):
        make_incident(period, title="Queue is stuck")
    other = live_period(make_user(), key="OTHER")
    make_incident(other, title="Queue is stuck")
    browser = signed_in(person)

    assert len(hits(browser.get("/search/", {"q": "queue", "type": "incidents"}))) == 2
    assert len(hits(browser.get("/search/", {"q": "queue", "period": "two"}))) == 1
    assert len(hits(browser.get("/search/", {"q": "queue", "period": "OTHER"}))) == 2
    assert hits(browser.get("/search/", {"q": "queue", "type": "lessons"})) == []


def test_results_of_a_type_come_in_pages(person: User) -> None:
    period = live_period(person)
    for n in range(23):
        make_incident(period, title=f"Queue {n} is stuck")
    browser = signed_in(person)

    first = browser.get("/search/", {"q": "queue", "type": "incidents"})
    second = browser.get(first.context["groups"][0].more)

    assert (len(hits(first)), len(hits(second))) == (20, 3)
    assert second.context["groups"][0].more == ""
    assert len(hits(browser.get("/search/", {"q": "queue"}))) == 5
    assert browser.get("/search/", {"q": "queue", "type": "incidents", "page": "999999"}).status_code == 200


@pytest.mark.parametrize(
    "text", ["'", "a' & b", ":*", "!!", "%", "\\", "((", "a|b", "\x00", "ø ß", "x" * 500, "a " * 99]
)
def test_odd_questions_are_words_or_nothing(person: User, text: str) -> None:
    make_incident(live_period(person), title="a b")

    assert signed_in(person).get("/search/", {"q": text}).status_code == 200


@pytest.mark.parametrize("count", [1, 50])
def test_searching_costs_the_same_queries_however_much_is_found(
    person: User, django_assert_max_num_queries: Any, count: int
) -> None:
    period = live_period(person)
    for n in range(count):
        incident = make_incident(period, title=f"Queue {n}")
        Comment.objects.create(incident=incident, kind="note", body="The queue", by=person, at=NOW)
    browser = signed_in(person)
    browser.get("/search/", {"q": "queue"})

    with django_assert_max_num_queries(38):
        browser.get("/search/", {"q": "queue"})


def test_of_a_word_that_stands_nearly_everywhere_the_newest_are_looked_through_and_the_page_says_so(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fulltext, "FEW", 2)
    monkeypatch.setattr(fulltext, "LOOKED_THROUGH", 3)
    period = live_period(person)
    for n in range(5):
        make_incident(period, title=f"Queue {n}", reported_at=NOW + timedelta(minutes=n))
    browser = signed_in(person)

    common = browser.get("/search/", {"q": "queue"}).content.decode()
    rare = browser.get("/search/", {"q": "queue 1"}).content.decode()

    assert [n for n in range(5) if f"/i/BILL-{n + 1}/" in common] == [2, 3, 4]
    assert "only the newest" in common
    assert "/i/BILL-2/" in rare
    assert "only the newest" not in rare


def test_scripts_find_the_same(person: User) -> None:
    period = live_period(person)
    make_incident(period, title="Queue is stuck")
    browser = signed_in(person)

    found = browser.get("/api/v1/search/", {"q": "queue"}).json()

    assert [(hit["type"], hit["title"], hit["url"]) for hit in found["results"]] == [
        ("incidents", "Queue is stuck", "/i/BILL-1/")
    ]
    assert found["next"] is None
    bad = browser.get("/api/v1/search/", {"q": "!", "type": "x", "status": "y", "period": "NOPE"})
    assert bad.status_code == 422
    assert {error["pointer"] for error in bad.json()["errors"]} == {"/q", "/type", "/status", "/period"}
    assert Client().get("/api/v1/search/", {"q": "queue"}).status_code in (401, 403)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Wojcik", "Tomasz Wójcik"),
        ("wójcik", "Tomasz Wojcik"),
        ("SORENSEN", "Søren Sørensen"),
        ("Lukasz", "Łukasz Żak"),
        ("zak", "Łukasz Żak"),
        ("Zoe", "Zoe\u0308 Braun"),
        ("Strauß", "Anna Strauß"),
        ("a.b", "Anna a.b"),
    ],
)
def test_names_and_titles_are_found_with_and_without_accents(person: User, typed: str, name: str) -> None:
    period = live_period(person)
    make_member(period, make_user(name, email="found@example.test"))
    make_member(period, make_user("Somebody Else"))
    incident = make_incident(period, title=f"Mail of {name} bounces")
    client = signed_in(person)

    groups = {group.kind: group.hits for group in client.get(f"/search/?q={quote(typed)}").context["groups"]}

    assert [hit.title for hit in groups["people"]] == [name]
    assert [hit.title for hit in groups["incidents"]] == [incident.title]
    people = client.get(f"/p/{period.key}/people/?q={quote(typed)}").content.decode()
    assert "Somebody Else" not in people.partition("<tbody")[2]
    assert name in people
    listed = client.get(f"/p/{period.key}/incidents/?q={quote(typed)}").context["rows"]
    assert [row.incident for row in listed] == [incident]
