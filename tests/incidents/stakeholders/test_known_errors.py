"""Errors that are known, what looks alike while one logs, and publishing from an incident's own page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from hypercare.exceptions import AlreadyDone, Invalid, Refused
from incidents.models import Comment, KnownError, Notice, Update
from incidents.stakeholders import known_errors, updates
from incidents.triage import duplicates, title_similarity, triage
from tests.factories import make_incident, make_member, make_user
from tests.incidents.browsing import HTMX, reported, text
from tests.incidents.outdoors import posted, with_page

pytestmark = pytest.mark.django_db


def test_an_incident_becomes_a_known_error_in_one_click_once(browser, period, lead):
    incident = reported(period, "Invoices issued twice", component="Payments")
    triage.resolve(incident.pk, ending="workaround", resolution="Cancel the second one.", by=lead, at=timezone.now())

    answer = browser.post(f"{incident.get_absolute_url()}known-error/")

    row = KnownError.objects.get()
    assert answer["Location"] == f"/p/BILL/comms/known-errors/{row.pk}/"
    assert (row.title, row.workaround, row.component) == ("Invoices issued twice", "Cancel the second one.", "Payments")
    assert (row.incident, row.shown_outside) == (incident, False)
    with pytest.raises(AlreadyDone):
        known_errors.from_incident(incident.pk, by=lead, at=timezone.now())
    page = text(browser.get(incident.get_absolute_url()))
    assert "What stays" in page
    assert f'<a href="/p/BILL/comms/known-errors/">{row.title}</a>' in page


def test_a_known_error_is_changed_shown_outside_and_ended(browser, period):
    said = {"title": "Export lacks a column", "workaround": "Use the old one.", "component": "Payments"}

    assert browser.post("/p/BILL/comms/known-errors/", {**said, "title": ""}).status_code == 422
    browser.post("/p/BILL/comms/known-errors/", said)
    row = KnownError.objects.get()
    browser.post(f"/p/BILL/comms/known-errors/{row.pk}/", {**said, "shown_outside": "on"})
    assert [one.title for one in known_errors.public_issues(period)] == ["Export lacks a column"]
    browser.post(f"/p/BILL/comms/known-errors/{row.pk}/end/")

    assert known_errors.public_issues(period) == []
    assert browser.get(f"/p/BILL/comms/known-errors/{row.pk}/").status_code == 404


@pytest.mark.parametrize("said", [{"title": " "}, {"title": "x" * 121}, {"workaround": "x" * 2001}, {"component": "?"}])
def test_words_that_cannot_stand_are_refused(period, lead, said):
    fields = {"title": "Export", "workaround": "", "component": "", **said}

    with pytest.raises(Invalid) as refusal:
        known_errors.add(period.pk, **fields, by=lead, at=timezone.now())

    assert list(refusal.value.errors) == list(said)


def test_contributors_read_known_errors_and_change_none(period, lead):
    row = known_errors.add(period.pk, title="Export", workaround="", by=lead, at=timezone.now())
    person = make_user()
    make_member(period, person)
    contributor, stranger = Client(), Client()
    contributor.force_login(person)
    stranger.force_login(make_user())

    assert contributor.get("/p/BILL/comms/known-errors/").status_code == 200
    assert contributor.post("/p/BILL/comms/known-errors/", {"title": "x"}).status_code == 403
    assert contributor.post(f"/p/BILL/comms/known-errors/{row.pk}/end/").status_code == 403
    assert stranger.get("/p/BILL/comms/known-errors/").status_code == 404
    incident = make_incident(period)
    assert contributor.post(f"{incident.get_absolute_url()}known-error/").status_code == 403


# --- What looks alike -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("invoice issued two times", ["Invoices issued twice"]),
        ("Card payment declined", ["Card payments declined at 3-D Secure"]),
        ("the of and", []),
        ("", []),
        ("Coffee machine empty", []),
    ],
)
def test_titles_about_the_same_are_found(period, typed, found):
    for title in ("Invoices issued twice", "Card payments declined at 3-D Secure", "Usage meters lag"):
        make_incident(period, title=title, reported_at=timezone.now())

    assert [row.title for row in duplicates.find_duplicates(period, typed, at=timezone.now())] == found


def test_rare_words_count_more_than_common_ones():
    class Row:
        def __init__(self, title: str) -> None:
            self.title, self.component = title, ""

    rows = [Row(f"Invoice page {n} slow") for n in range(20)] + [Row("Dunning letters slow")]

    assert title_similarity.best_matches("Dunning slow", rows)[0].title == "Dunning letters slow"


@pytest.mark.parametrize("count", [1, 30])
def test_looking_costs_the_same_with_one_incident_and_with_thirty(browser, period, count, django_assert_num_queries):
    for n in range(count):
        make_incident(period, title=f"Invoices issued twice {n}", reported_at=timezone.now())
    browser.get("/p/BILL/incidents/_alike/?title=Invoices", **HTMX)

    with django_assert_num_queries(6):  # session, person, period, right, incidents, known errors
        answer = browser.get("/p/BILL/incidents/_alike/?title=Invoices issued", **HTMX)
    assert "Is it one of these?" in text(answer)


def test_the_log_form_offers_known_errors_too_and_strangers_get_nothing(browser, period, lead):
    known_errors.add(
        period.pk, title="Export lacks a column", workaround="Use the old one.", by=lead, at=timezone.now()
    )
    stranger = Client()
    stranger.force_login(make_user())

    assert "Use the old one." in text(browser.get("/p/BILL/incidents/_alike/?title=export column", **HTMX))
    assert "_alike/" in text(browser.get("/p/BILL/incidents/new/"))
    assert stranger.get("/p/BILL/incidents/_alike/?title=x").status_code == 404


# --- From the incident's own page -------------------------------------------------------------------


def test_an_update_on_the_incident_goes_outside_too_where_the_box_is_ticked(browser, period):
    with_page(period)
    incident = reported(period, impact="high", urgency="high")
    posted(period, incident_id=incident.pk, state="identified")

    page = text(browser.get(incident.get_absolute_url()))
    browser.post(f"{incident.get_absolute_url()}comment/", {"kind": "update", "body": "Still on it.", "outside": "on"})
    browser.post(f"{incident.get_absolute_url()}comment/", {"kind": "update", "body": "For us only."})

    assert "Also outside" in page
    assert "the status page" in page
    assert list(Update.objects.order_by("id").values_list("text", flat=True)) == [
        "We are looking into it.",
        "Still on it.",
    ]
    last = Notice.objects.get()
    assert last.state == "identified"
    assert last.next_by is not None  # promised for when the incident's own update is due
    assert Comment.objects.filter(body="Still on it.").count() == 1


@pytest.mark.parametrize(("promise", "ahead"), [("30", timedelta(minutes=30)), ("none", None)])
def test_the_composer_chooses_when_people_outside_hear_more(browser, period, promise, ahead):
    incident = reported(period, impact="high", urgency="high")
    posted(period, incident_id=incident.pk)
    address = f"{incident.get_absolute_url()}comment/"
    said = {"kind": "update", "body": "Still on it.", "outside": "on"}

    offered = text(browser.get(incident.get_absolute_url()))
    wrong = browser.post(address, {**said, "promise": "soon"})
    browser.post(address, {**said, "promise": promise})

    assert "Next update outside" in offered
    assert wrong.status_code == 422
    assert "Choose from the list when the next update comes." in text(wrong)
    last = Update.objects.latest("id")
    assert (last.text, last.next_by) == ("Still on it.", last.at + ahead if ahead else None)


def test_what_is_too_long_for_outside_comes_back_in_the_composer(browser, period):
    incident = reported(period)
    posted(period, incident_id=incident.pk)
    said = {"kind": "update", "body": "x" * 2001, "outside": "on"}

    answer = browser.post(f"{incident.get_absolute_url()}comment/", said)

    assert answer.status_code == 422
    assert "Shorten it to 2,000 characters." in text(answer)
    assert not Comment.objects.filter(body="x" * 2001).exists()


def test_without_a_notice_there_is_nothing_to_go_on_with(browser, period, lead):
    incident = reported(period)

    with pytest.raises(Refused, match="know nothing"):
        updates.publish(incident.pk, text="Still on it.", by=lead, at=timezone.now())
    assert "Tell people outside" in text(browser.get(incident.get_absolute_url()))


def test_a_contributor_writes_updates_inside_and_publishes_none(period):
    incident = reported(period)
    posted(period, incident_id=incident.pk)
    person = make_user()
    make_member(period, person)
    client = Client()
    client.force_login(person)

    answer = client.post(f"{incident.get_absolute_url()}comment/", {"kind": "update", "body": "Hello", "outside": "on"})

    assert answer.status_code == 403
    assert "Also outside" not in text(client.get(incident.get_absolute_url()))
