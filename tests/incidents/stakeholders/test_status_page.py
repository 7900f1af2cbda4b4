"""The status page for people outside: who sees it, what it shows, and what it never shows."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from hypercare.exceptions import Invalid, Refused
from incidents.models import StatusPage
from incidents.stakeholders import status_page_content, status_pages
from periods.models import Period
from tests.factories import GO_LIVE, NOW, make_incident, make_member, make_period, make_user
from tests.incidents.browsing import text
from tests.incidents.outdoors import posted, with_page

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture
def outside() -> Client:
    return Client()


def shown(period: Period, at: Any = NOW) -> status_page_content.StatusPageContent:
    page = StatusPage.objects.select_related("period").get(period=period)
    return status_page_content.content_of(page, at=at)


# --- Who sees it ----------------------------------------------------------------------------------


def test_there_is_no_page_until_the_lead_makes_one(outside, period):
    assert outside.get("/status/billing/").status_code == 404

    with_page(period, "off")

    assert outside.get("/status/billing/").status_code == 404


def test_a_public_page_is_for_everybody_and_may_be_kept_by_caches(outside, period):
    with_page(period)

    answer = outside.get("/status/billing/")

    assert answer.status_code == 200
    assert answer["Cache-Control"].startswith("public, max-age=")
    assert "Cookie" not in answer.get("Vary", "")
    assert not answer.cookies
    assert '<meta name="robots" content="index">' in answer.content.decode()
    assert outside.get("/status/billing/", HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304


def test_a_secret_page_answers_to_its_link_alone(outside, period):
    page = with_page(period, "link")
    url = status_pages.url_of(page).removeprefix("http://127.0.0.1:8000")

    answer = outside.get(url)

    assert answer.status_code == 200
    assert (answer["X-Robots-Tag"], answer["Referrer-Policy"]) == ("noindex, nofollow", "no-referrer")
    assert answer["Cache-Control"].startswith("private")
    for path in (
        "/status/billing/",
        "/status/billing.json",
        "/status/billing/feed.atom",
        f"/status/{page.token_hash}/",
    ):
        assert outside.get(path).status_code == 404, path


def test_a_new_link_ends_the_old_one(browser, outside, period):
    old = status_pages.url_of(with_page(period, "link")).removeprefix("http://127.0.0.1:8000")

    browser.post("/p/BILL/comms/status-page/renew/")

    assert outside.get(old).status_code == 404
    new = status_pages.url_of(StatusPage.objects.get()).removeprefix("http://127.0.0.1:8000")
    assert outside.get(new).status_code == 200
    with_page(period, "public")
    with pytest.raises(Refused):
        status_pages.renew_link(period.pk, by=period.lead, at=NOW)


def test_a_page_for_members_is_for_nobody_else(browser, outside, period):
    with_page(period, "members")
    stranger = Client()
    stranger.force_login(make_user())

    assert browser.get("/status/billing/").status_code == 200
    assert browser.get("/status/billing/")["Cache-Control"] == "no-store"
    assert outside.get("/status/billing/").status_code == 404
    assert stranger.get("/status/billing.json").status_code == 404


def test_an_address_belongs_to_one_period(period, lead):
    with_page(period)

    with pytest.raises(Invalid) as refusal:
        with_page(make_period(lead=lead))

    assert list(refusal.value.errors) == ["slug"]


@pytest.mark.parametrize("slug", ["x", "-ab", "a b", "Ä-oh", "a" * 41, "../etc"])
def test_an_address_that_is_none_is_refused(period, slug):
    with pytest.raises(Invalid) as refusal:
        with_page(period, slug=slug)

    assert list(refusal.value.errors) == ["slug"]


def test_only_an_owner_sets_the_page_up(browser, period):
    kavya = make_user("Kavya Nair")
    make_member(period, kavya, right="support")
    support = Client()
    support.force_login(kavya)
    said = {"visibility": "public", "slug": "billing", "title": "Northlane billing", "about": ""}

    assert support.post("/p/BILL/comms/status-page/", said).status_code == 403
    assert Client().post("/p/BILL/comms/status-page/", said).status_code == 302
    assert not StatusPage.objects.exists()
    assert browser.post("/p/BILL/comms/status-page/", {**said, "slug": "!"}).status_code == 422
    assert browser.post("/p/BILL/comms/status-page/", said).status_code == 302
    assert StatusPage.objects.get().visibility == "public"


# --- What it shows --------------------------------------------------------------------------------


def test_services_are_as_their_notices_say(lead):
    period = make_period(lead=lead, systems=["Invoices", "Payments", "Portal"])
    with_page(period)
    posted(period, NOW, components=("Invoices",))
    posted(period, NOW, components=("Payments",), state="monitoring")

    seen = shown(period)

    assert [(one.name, one.words) for one in seen.services] == [
        ("Invoices", "Problems"),
        ("Payments", "Fixed, watching"),
        ("Portal", "Working"),
    ]
    assert (seen.headline, seen.tone) == ("One service has problems", "warn")


@pytest.mark.parametrize(
    ("notices", "headline"),
    [
        ([], "Everything works"),
        ([{"components": ("Billing engine", "Payments")}], "Two services have problems"),
        ([{"components": ()}], "We are looking into a problem"),
        ([{"state": "monitoring"}], "Everything works, we are watching a fix"),
        ([{"state": "resolved"}], "Everything works"),
    ],
)
def test_the_headline_is_one_sentence(lead, notices, headline):
    period = make_period(lead=lead)
    with_page(period)
    for fields in notices:
        posted(period, NOW, **fields)

    assert shown(period).headline == headline


def test_the_days_a_service_hurt_are_striped(lead):
    period = make_period(lead=lead)
    with_page(period)
    first = posted(period, NOW - 3 * DAY)
    posted(period, NOW - 2 * DAY, notice_id=first.notice_id, state="monitoring")
    posted(period, NOW - DAY, notice_id=first.notice_id, state="resolved")
    posted(period, NOW)

    engine, payments = shown(period).services

    assert [n for n, bad in enumerate(engine.days) if bad] == [10, 11, 13]
    assert engine.history == "problems on 3 of the last 14 days"
    assert not any(payments.days)


def test_what_was_solved_before_the_days_shown_is_not_told(lead):
    period = make_period(lead=lead)
    with_page(period)
    old = posted(period, NOW - 20 * DAY)
    posted(period, NOW - 16 * DAY, notice_id=old.notice_id, state="resolved")

    seen = shown(period)

    assert (seen.open, seen.solved) == ((), ())


def test_nothing_is_shown_that_nobody_published(outside, period, browser):
    with_page(period)
    incident = make_incident(period, title="Secret vendor name in the log", component="Billing engine")
    posted(period, incident_id=incident.pk)

    for path in ("/status/billing/", "/status/billing.json", "/status/billing/feed.atom", "/status/billing/badge.svg"):
        body = outside.get(path).content.decode()
        for hidden in ("Secret vendor", "BILL", "Maja", "Lindqvist", period.name):
            assert hidden not in body, (path, hidden)


def test_the_page_the_feed_and_the_document_say_the_same(outside, period):
    with_page(period)
    first = posted(period, text="No cards have been charged twice.")

    page = text(outside.get("/status/billing/"))
    document = json.loads(outside.get("/status/billing.json").content)
    feed = outside.get("/status/billing/feed.atom")

    assert "No cards have been charged twice." in page
    assert document["status"] == "One service has problems"
    assert document["notices"][0]["updates"][0]["text"] == first.text
    assert document["services"][0]["state"] == "problems"
    assert feed["Content-Type"].startswith("application/atom+xml")
    assert "No cards have been charged twice." in feed.content.decode()
    badge = outside.get("/status/billing/badge.svg")
    assert badge["Content-Type"] == "image/svg+xml"
    assert "problems" in badge.content.decode()


@pytest.mark.usefixtures("frozen")
def test_the_parts_refresh_and_say_nothing_while_nothing_changed(outside, period):
    with_page(period)
    version = re.search(r'data-version="([^"]+)"', outside.get("/status/billing/").content.decode())
    assert version is not None

    assert outside.get(f"/status/billing/_now/?part=head&v={version[1]}").status_code == 204
    posted(period)
    answer = outside.get(f"/status/billing/_now/?part=stories&v={version[1]}")

    assert answer.status_code == 200
    assert "Some invoices were sent twice" in text(answer)
    assert "<form" not in answer.content.decode()


def test_what_people_write_is_text_everywhere(outside, period):
    with_page(period, title=XSS[:80], about=XSS)
    posted(period, title=XSS, text=XSS)

    for path in (
        "/status/billing/",
        "/status/billing/_now/?part=stories",
        "/status/billing/feed.atom",
        "/status/billing/badge.svg",
    ):
        body = outside.get(path).content.decode()
        assert "<script>alert" not in body, path
        assert "<img src=x" not in body, path


def test_the_page_is_light(outside, period):
    with_page(period)
    for _ in range(3):
        posted(period, text="word " * 100)

    assert len(outside.get("/status/billing/").content) < 30_000


@pytest.mark.parametrize("count", [1, 5])
def test_the_page_costs_the_same_with_one_notice_and_with_five(outside, lead, count, django_assert_num_queries):
    period = make_period(lead=lead)
    with_page(period)
    for _ in range(count):
        posted(period)

    with django_assert_num_queries(5):  # page, version, notices, updates, form
        outside.get("/status/billing/")


def test_about_says_the_dates_where_the_lead_said_nothing(lead):
    period = make_period(lead=lead, go_live_at=GO_LIVE)
    with_page(period)

    assert shown(period).about == "We made a change on 14 November. Extra people look after it until 28 November."


# --- The tab --------------------------------------------------------------------------------------


def test_the_lead_publishes_and_the_form_keeps_what_was_typed(browser, outside, period):
    with_page(period)
    said = {
        "notice": "new",
        "title": "Some invoices were sent twice",
        "state": "identified",
        "components": ["Billing engine"],
        "text": "We are cancelling the extra ones.",
        "promise": "30",
        "audience": "everyone",
    }

    wrong = browser.post("/p/BILL/comms/", {**said, "text": ""})
    right = browser.post("/p/BILL/comms/", said)

    assert wrong.status_code == 422
    assert "Some invoices were sent twice" in text(wrong)
    assert "Write what people outside should know." in text(wrong)
    assert right.status_code == 302
    assert "We are cancelling the extra ones." in text(outside.get("/status/billing/"))
    assert "Next update by" in text(outside.get("/status/billing/"))


def test_the_tab_begins_an_update_about_an_incident(browser, period):
    incident = make_incident(period, title="Annual-plan invoices issued twice", component="Billing engine")

    page = text(browser.get(f"/p/BILL/comms/?incident={incident.number}"))

    assert "it is its stakeholder update too" in page
    assert "Annual-plan invoices issued twice" in page


def test_a_contributor_reads_the_tab_and_publishes_nothing(period):
    person = make_user()
    make_member(period, person)
    contributor, stranger = Client(), Client()
    contributor.force_login(person)
    stranger.force_login(make_user())

    assert contributor.get("/p/BILL/comms/").status_code == 200
    assert contributor.post("/p/BILL/comms/", {"text": "x"}).status_code == 403
    assert stranger.get("/p/BILL/comms/").status_code == 404
