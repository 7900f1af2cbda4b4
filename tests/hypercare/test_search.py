"""Search and jump."""

from __future__ import annotations

import pytest

from hypercare.models import User
from periods import documents
from periods.documents import Text
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

    assert "Billing cut-over" in page
    assert "Billing is slow" in page
    assert "Bill Billingham" in page


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

    assert len(signed_in(person).get("/search/", {"q": "rachel"}).context["people"]) == 1


def test_markup_in_a_query_stays_text(person: User) -> None:
    page = words(signed_in(person).get("/search/", {"q": "<script>alert(1)</script>"}))

    assert "<script>alert(1)" not in page


def test_words_find_pages_by_title_before_those_by_their_newest_text(person: User) -> None:
    period = live_period(person)
    other = make_user("Somebody Secret")
    for where, by in ((period, person), (live_period(other, key="OTHER"), other)):
        for title, body in (("Night work", "Who calls the bank?"), ("Calling the bank", "By phone.")):
            documents.create(where.pk, kind="page", text=Text(title, body), by=by, at=NOW)
    gone = documents.create(period.pk, kind="page", text=Text("Old bank", "x"), by=person, at=NOW)
    documents.remove(gone.pk, by=person, at=NOW)

    found = signed_in(person).get("/search/", {"q": "the bank"}).context["pages"]

    assert [(page.title, page.period_id) for page in found] == [
        ("Calling the bank", period.pk),
        ("Night work", period.pk),
    ]


def test_what_an_older_version_said_is_not_found(person: User) -> None:
    period = live_period(person)
    page = documents.create(period.pk, kind="runbook", text=Text("Runbook", "floppy"), by=person, at=NOW)
    documents.write(page.pk, based_on=1, text=Text("Runbook", "disk", "Newer"), by=person, at=NOW)
    browser = signed_in(person)

    assert "Nothing matches" in words(browser.get("/search/", {"q": "floppy"}))
    assert "Runbook" in words(browser.get("/search/", {"q": "DISK"}))
    assert browser.get("/search/", {"q": "a\x00b"}).status_code == 200
