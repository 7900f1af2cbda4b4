"""Updates by mail: asked for, confirmed, sent, stopped; and nobody learns who else gets them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from hypercare.engine import timers
from hypercare.exceptions import TooMany
from incidents.models import Notice, StatusPage, Subscriber
from incidents.stakeholders import subscriber_notices, subscribers
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_member, make_user
from tests.incidents.browsing import text
from tests.incidents.outdoors import ANNA, path_in, posted, told, with_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(period: Period) -> StatusPage:
    return with_page(period)


@pytest.fixture
def outside() -> Client:
    return Client()


def ask(outside: Client, email: str = ANNA) -> int:
    return outside.post("/status/billing/updates/", {"email": email}).status_code


def subscribed(page: StatusPage, email: str = ANNA, **fields) -> Subscriber:
    return subscribers.add(page.period, fields.get("notice"), email, at=timezone.now(), confirmed=True)


def test_somebody_asks_confirms_hears_and_stops(outside, page, period):
    assert ask(outside, " Anna.Berg@Nordhus.example ") == 302
    ((address, asked),) = told()
    link = path_in(asked, "/updates/")
    posted(period)
    assert told() == []  # not confirmed

    assert "Yes, send them" in text(outside.get(link))
    assert Subscriber.objects.get().confirmed_at is None  # a GET changes nothing
    outside.post(link, {"answer": "yes"})
    posted(period, text="New duplicates have stopped.", state="identified")
    ((to, update),) = told()

    assert address == to == ANNA
    assert update.subject == "Northlane billing: Some invoices were sent twice (being fixed)"
    assert "New duplicates have stopped." in update.text
    assert path_in(update, "/status/") == "/status/billing/"
    leave = update.off_url.removeprefix("http://127.0.0.1:8000")
    assert outside.get(leave).status_code == 200
    outside.post(leave, {"List-Unsubscribe": "One-Click"})
    posted(period)
    assert told() == []
    row = Subscriber.objects.get()
    assert (row.email, row.left_at is not None) == ("", True)
    assert "You get no more mail" in text(outside.get(leave))


def test_no_mail_to_people_outside_names_a_person_or_a_key(outside, page, period, lead):
    subscribed(page)
    posted(period)

    ((_, update),) = told()

    for hidden in (lead.name, "Maja", "BILL", period.name):
        assert hidden not in update.text + update.html + update.subject
    assert update.thread == ""


def test_the_journal_says_that_somebody_came_and_never_who(outside, page, period):
    ask(outside)
    link = path_in(told()[0][1], "/updates/")
    outside.post(link, {"answer": "yes"})
    outside.post(link, {"answer": "stop"})

    entries = JournalEntry.objects.filter(kind__startswith="subscriber")
    assert list(entries.order_by("seq").values_list("kind", flat=True)) == ["subscriber.joined", "subscriber.left"]
    assert all("anna" not in str(entry.data) for entry in JournalEntry.objects.all())


@time_machine.travel(NOW, tick=False)
def test_nobody_learns_whether_an_address_is_known(outside, page):
    subscribed(page, "known@example.com")

    first = outside.post("/status/billing/updates/", {"email": "known@example.com"}, follow=True)
    second = outside.post("/status/billing/updates/", {"email": "new@example.com"}, follow=True)

    assert first.content == second.content
    assert [address for address, _ in told()] == ["new@example.com"]


@pytest.mark.parametrize("email", ["", "anna.berg@", "a@b", "a\r\nBcc: b@c.de", "x" * 300 + "@example.com"])
def test_what_is_no_address_is_answered_with_the_form(outside, page, email):
    answer = outside.post("/status/billing/updates/", {"email": email})

    assert answer.status_code == 422
    assert "Enter an email address like name@example.com" in text(answer)
    assert not Subscriber.objects.exists()


def test_a_program_that_fills_in_everything_is_thanked_and_forgotten(outside, page):
    answer = outside.post("/status/billing/updates/", {"email": ANNA, "website": "https://spam.example"})

    assert answer.status_code == 302
    assert not Subscriber.objects.exists()


def test_asking_again_sends_three_mails_at_most_and_none_at_once(outside, page):
    now = timezone.now()
    for minutes in (0, 1, 6, 12, 18):
        subscribers.request_subscription(page, ANNA, came_from="here", at=now + timedelta(minutes=minutes))

    assert Subscriber.objects.get().mails == 3


def test_one_place_may_ask_thirty_times_an_hour(page):
    now = timezone.now()
    for n in range(subscribers.MOST_FROM_ONE_PLACE):
        subscribers.request_subscription(page, f"p{n}@example.com", came_from="here", at=now)

    with pytest.raises(TooMany):
        subscribers.request_subscription(page, "more@example.com", came_from="here", at=now)
    subscribers.request_subscription(page, "more@example.com", came_from="elsewhere", at=now)
    subscribers.request_subscription(page, "later@example.com", came_from="here", at=now + timedelta(minutes=61))


def test_an_address_nobody_confirmed_is_deleted_after_three_days(page):
    subscribers.request_subscription(page, ANNA, came_from="", at=NOW)
    subscribed(page, "stays@example.com")

    timers.fire_due(at=NOW + timedelta(days=3))

    assert list(Subscriber.objects.values_list("email", flat=True)) == ["stays@example.com"]


def test_a_follower_of_one_notice_hears_of_that_alone(page, period):
    first, second = posted(period).notice, posted(period, title="Cards declined").notice
    subscribed(page, notice=first)
    told()

    posted(period, notice_id=second.pk)
    assert told() == []
    posted(period, notice_id=first.pk)
    ((address, update),) = told()

    assert address == ANNA
    assert "“Some invoices were sent twice”" in update.text


def test_who_gets_everything_and_follows_one_thing_hears_once(page, period):
    notice = posted(period).notice
    subscribed(page)
    subscribed(page, notice=notice)
    told()

    posted(period, notice_id=notice.pk)

    assert len(told()) == 1


def test_many_readers_are_told_in_slices_each_once(page, period, monkeypatch):
    monkeypatch.setattr(subscriber_notices, "A_TURN", 2)
    notice = posted(period).notice
    told()
    for n in range(5):
        subscribed(page, f"p{n}@example.com")
    subscribed(page, "p1@example.com", notice=notice)

    posted(period, notice_id=notice.pk)
    heard = [address for address, _ in told()]
    for _ in range(4):
        timers.fire_due(at=timezone.now())
    heard += [address for address, _ in told()]

    assert sorted(heard) == [f"p{n}@example.com" for n in range(5)]


def test_an_update_for_the_page_alone_is_not_mailed(page, period):
    subscribed(page)

    posted(period, audience="page")

    assert told() == []
    assert Notice.objects.count() == 1


def test_the_lead_sees_exports_and_removes_subscribers(browser, page, period):
    row = subscribed(page)
    subscribed(page, "=cmd@example.com")

    assert ANNA in text(browser.get("/p/BILL/comms/subscribers/"))
    exported = browser.get("/p/BILL/comms/subscribers.csv").content.decode()
    assert "'=cmd@example.com" in exported
    browser.post(f"/p/BILL/comms/subscribers/{row.pk}/remove/")

    row.refresh_from_db()
    assert row.email == ""
    assert ANNA not in text(browser.get("/p/BILL/comms/subscribers/"))


def test_addresses_are_for_owners(page, period):
    person = make_user()
    make_member(period, person, right="support")
    support, stranger = Client(), Client()
    support.force_login(person)
    stranger.force_login(make_user())
    row = subscribed(page)

    for path in ("subscribers/", "subscribers.csv"):
        assert support.get(f"/p/BILL/comms/{path}").status_code == 403
        assert stranger.get(f"/p/BILL/comms/{path}").status_code == 404
    assert support.post(f"/p/BILL/comms/subscribers/{row.pk}/remove/").status_code == 403


def test_a_link_that_never_was_has_ended(outside):
    assert outside.get("/updates/never/").status_code == 410
    assert outside.post("/updates/never/", {"answer": "yes"}).status_code == 410
