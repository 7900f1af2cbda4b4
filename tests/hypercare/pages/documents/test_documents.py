"""Pages of a period in the browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hypercare.models import User
from periods.documents import documents
from periods.documents.documents import PageText
from periods.models import Document, Period
from tests.factories import NOW, make_debrief, make_member, make_period, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_day_5():
    with time_machine.travel(NOW, tick=False):
        yield


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def scene(**fields: Any) -> tuple[Period, Client, Document]:
    period = make_period(key="BILL", war_room_url="https://meet.example/war", **fields)
    text = PageText("Runbook", "## Restart\n\nRun `make restart`.\n\n## Stop\n\nCall Priya.")
    page = documents.create(period.pk, kind="runbook", text=text, by=period.lead, at=NOW - timedelta(days=2))
    return period, signed_in(period.lead), page


def test_how_we_work_shows_channels_people_ladder_severities_and_pages():
    period, client, _ = scene(band="high")
    make_debrief(period, starts_at=NOW + timedelta(hours=2))
    channels = {"chat": "#billing", "mailbox": "b@example.com", "bridge": "+45 70 10 11 12", "bridge_code": "4417#"}
    text = PageText("How we work", "## Be kind", channels=channels)
    documents.create(period.pk, kind="how_we_work", text=text, by=period.lead, at=NOW)

    page = text_of(client.get("/p/BILL/pages/"))

    for words in (
        'href="https://meet.example/war"',
        'data-copy="#billing"',
        'href="mailto:b@example.com"',
        'href="tel:+4570101112"',
        "4417#",
        "Ordering a rollback",
        "Deputy, after 5 min",
        "A critical process stopped",
        "15 min",
        "Days 1 to 5",
        "twice a day",
        "Debrief",
        "Be kind",
        "/p/BILL/pages/runbook/",
        "Rollback plan",
    ):
        assert words in page, words


def test_the_list_costs_the_same_for_one_page_and_for_many():
    period, client, _ = scene()

    def cost() -> int:
        client.get("/p/BILL/pages/")
        with CaptureQueriesContext(connection) as found:
            client.get("/p/BILL/pages/")
        return len(found)

    before = cost()
    for n in range(12):
        documents.create(period.pk, kind="page", text=PageText(f"Page {n}", "x"), by=period.lead, at=NOW)

    assert cost() == before


def test_a_page_is_read_with_contents_and_history():
    _, client, _ = scene()

    page = text_of(client.get("/p/BILL/pages/runbook/"))

    assert '<h2 id="s-restart">Restart</h2>' in page
    assert 'href="#s-stop"' in page
    assert "1 min read" in page
    assert "First version" in page


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("", "get"),
        ("runbook/", "get"),
        ("runbook/history/", "get"),
        ("runbook/changes/", "get"),
        ("new/", "get"),
        ("runbook/edit/", "get"),
        ("runbook/edit/", "post"),
        ("runbook/restore/", "post"),
        ("runbook/remove/", "post"),
        ("preview/", "post"),
    ],
)
def test_for_a_stranger_there_are_no_pages(path, method):
    scene()
    client = signed_in(make_user())

    assert getattr(client, method)(f"/p/BILL/pages/{path}").status_code == 404


@pytest.mark.parametrize("path", ["new/", "runbook/edit/"])
def test_who_only_watches_reads_but_does_not_write(path):
    period, _, _ = scene()
    client = signed_in(make_member(period, right="viewer").user)

    assert client.get("/p/BILL/pages/runbook/").status_code == 200
    assert client.get(f"/p/BILL/pages/{path}").status_code == 403


@pytest.mark.parametrize(
    "path", ["nothing/", "runbook/?version=9", "runbook/changes/?from=1&to=99999999999", "new/?kind=poster"]
)
def test_what_there_is_not_is_not_found(path):
    _, client, _ = scene()

    assert client.get(f"/p/BILL/pages/{path}").status_code == 404


@pytest.mark.parametrize("kind", ["runbook", "rollback", "how_we_work"])
def test_a_new_page_begins_with_good_questions(kind):
    Document.objects.all().delete()
    period = make_period(key="BILL")

    page = text_of(signed_in(period.lead).get(f"/p/BILL/pages/new/?kind={kind}"))

    assert {"runbook": "What never to do", "rollback": "Point of no return", "how_we_work": "When you are on shift"}[
        kind
    ] in page


def test_writing_a_page_leads_to_it():
    _, client, _ = scene()

    answer = client.post("/p/BILL/pages/new/?kind=page", {"title": "Month end", "body": "Close the books."})

    assert answer["Location"] == "/p/BILL/pages/month-end/"


def test_a_form_that_cannot_be_saved_comes_back_with_everything_typed():
    _, client, _ = scene()

    answer = client.post("/p/BILL/pages/runbook/edit/", {"title": "Runbook", "body": "My words", "based_on": 1})

    page = text_of(answer)
    assert answer.status_code == 422
    assert "My words" in page
    assert "Say in a few words what changed, or mark it as a minor edit." in page


def test_a_preview_shows_the_page_and_saves_nothing():
    _, client, page = scene()
    typed = {"title": "Runbook", "body": "## New <script>", "based_on": 1, "reason": "", "preview": "1"}

    whole, part = (client.post("/p/BILL/pages/runbook/edit/", typed), client.post("/p/BILL/pages/preview/", typed))

    for answer in (whole, part):
        assert answer.status_code == 200
        assert '<h2 id="s-new-script">New &lt;script&gt;</h2>' in text_of(answer)
    page.refresh_from_db()
    assert page.version == 1


def test_who_was_second_sees_both_changes_and_sets_theirs():
    period, client, page = scene()
    second = make_member(period, make_user("Priya Raman")).user
    documents.save_version(
        page.pk, based_on=1, text=PageText("Runbook", "## Restart\n\nAsk first.", "Safer"), by=second, at=NOW
    )

    typed = {"title": "Runbook", "body": "## Restart\n\nMine.", "based_on": 1, "reason": "Faster"}

    answer = client.post("/p/BILL/pages/runbook/edit/", typed)

    shown = text_of(answer)
    assert answer.status_code == 409
    for words in ("Priya Raman was first", "Safer", "Ask first.", "Mine.", 'name="based_on" value="2"'):
        assert words in shown, words
    client.post("/p/BILL/pages/runbook/edit/", {**typed, "based_on": 2})
    page.refresh_from_db()
    assert (page.version, documents.get_version(page, 3).body) == (3, "## Restart\n\nMine.")


def test_changes_are_shown_word_by_word_with_who_and_why():
    period, client, page = scene()
    text = PageText("Runbook", "## Restart\n\nRun `make start`.\n\n## Stop\n\nCall Priya.", "The command was renamed")
    documents.save_version(page.pk, based_on=1, text=text, by=period.lead, at=NOW)

    shown = text_of(client.get("/p/BILL/pages/runbook/changes/"))

    assert "The command was renamed" in shown
    assert "<del>restart</del>" in shown
    assert "<ins>start</ins>" in shown


def test_an_older_version_says_so_and_comes_back():
    period, client, page = scene()
    documents.save_version(page.pk, based_on=1, text=PageText("Runbook", "Worse", "Shorter"), by=period.lead, at=NOW)

    old = text_of(client.get("/p/BILL/pages/runbook/?version=1"))
    client.post("/p/BILL/pages/runbook/restore/", {"number": "1", "based_on": "2"})

    page.refresh_from_db()
    assert "This is version 1 of 2." in old
    assert (page.version, documents.get_version(page, 3).reason) == (3, "Restored version 1")


def test_restoring_after_somebody_else_saved_is_refused():
    period, client, page = scene()
    documents.save_version(page.pk, based_on=1, text=PageText("Runbook", "Two", "x"), by=period.lead, at=NOW)

    answer = client.post("/p/BILL/pages/runbook/restore/", {"number": "1", "based_on": "1"})

    assert answer.status_code == 409
    assert "saved version 2 while you were writing" in text_of(answer)


def test_opening_pages_changes_nothing():
    period, client, _ = scene()
    before = Period.objects.get(pk=period.pk).journal_seq

    for path in ("", "runbook/", "runbook/history/", "runbook/changes/", "runbook/edit/", "new/"):
        assert client.get(f"/p/BILL/pages/{path}").status_code == 200

    assert Period.objects.get(pk=period.pk).journal_seq == before
