# ruff: noqa: F811  the fixture is shared by its name
"""What was sent to whom: the page of a period, the page of the installation, sending again, test pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from contributors.channels import Permanent, every_channel
from contributors.messaging import delivery, trial_page
from contributors.messaging.delivery import history
from contributors.messaging.message_templates import KINDS, names
from contributors.messaging.web.pages import delivery_row
from contributors.models import Delivery, Membership
from hypercare.exceptions import AlreadyDone, Refused
from periods.models import JournalEntry, Period
from tests.contributors.messaging.test_delivery import Receiver, queue, receiver, take  # noqa: F401
from tests.factories import NOW, make_member, make_period, make_user

pytestmark = pytest.mark.django_db


def client(user: Any) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def period() -> Period:
    return make_period()


def dead_letter(period: Period, receiver: Receiver) -> Delivery:
    row = queue(period=period)
    receiver.failures = [Permanent("550 no such person")]
    delivery.send_due(at=NOW)
    row.refresh_from_db()
    return row


def owner_of(period: Period) -> Any:
    return make_member(period, right=Membership.Right.OWNER).user


def test_the_page_says_who_was_told_what_and_what_became_of_it(period: Period, receiver: Receiver) -> None:
    row = dead_letter(period, receiver)

    page = client(owner_of(period)).get(f"/p/{period.key}/deliveries/").content.decode()

    assert row.recipient is not None
    for words in (row.recipient.name, row.address, "Could not be sent", "550 no such person", "Send again"):
        assert words in page


def test_a_filter_that_finds_nothing_says_how_many_there_are_and_how_to_see_them(period: Period) -> None:
    queue(period=period)
    browser = client(owner_of(period))

    page = " ".join(browser.get(f"/p/{period.key}/deliveries/", {"q": "nobody"}).content.decode().split())

    assert "1 message without the filters." in page
    assert f'href="/p/{period.key}/deliveries/">Clear filters' in page
    Delivery.objects.all().delete()
    assert "No messages yet" in browser.get(f"/p/{period.key}/deliveries/").content.decode()


def test_every_kind_of_message_and_every_channel_has_a_name_for_people() -> None:
    for kind in KINDS:
        assert names.name_of(Delivery(kind=kind))[0].isupper()
    assert all(channel.title[0].isupper() for channel in every_channel().values())


def test_what_was_accepted_at_once_is_late_by_nothing_rather_than_by_no_figure(period: Period) -> None:
    row = queue(period=period, state="sent", sent_at=NOW)

    assert delivery_row(row)["late_s"] == 0
    assert delivery_row(queue(period=period))["late_s"] is None


def test_strangers_find_nothing_and_viewers_may_not_see_addresses(period: Period) -> None:
    viewer = make_member(period, right=Membership.Right.VIEWER).user

    assert client(make_user()).get(f"/p/{period.key}/deliveries/").status_code == 404
    assert client(viewer).get(f"/p/{period.key}/deliveries/").status_code == 403


@pytest.mark.parametrize("rows", [1, 5])
def test_the_page_asks_a_constant_number_of_questions(
    period: Period, rows: int, django_assert_max_num_queries: Any
) -> None:
    for _ in range(rows):
        queue(period=period)
    browser = client(owner_of(period))
    browser.get(f"/p/{period.key}/deliveries/")

    with django_assert_max_num_queries(32):
        browser.get(f"/p/{period.key}/deliveries/")


def test_a_poll_with_nothing_new_is_answered_with_nothing(period: Period) -> None:
    queue(period=period)
    browser, version = client(owner_of(period)), history.version_of(period)
    url = f"/p/{period.key}/deliveries/"

    same = browser.get(url, {"v": version}, headers={"HX-Request": "true"})
    other = browser.get(url, {"v": "old"}, headers={"HX-Request": "true"})

    assert (same.status_code, other.status_code) == (204, 200)
    assert "<html" not in other.content.decode()


def test_filters_and_pages_keep_their_order(period: Period, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PER_PAGE", 2)
    rows = [queue(period=period, at=NOW + timedelta(minutes=n)) for n in range(5)]

    first = history.list_deliveries(period)
    second = history.list_deliveries(period, after=first.next)
    last = history.list_deliveries(period, after=second.next)

    seen = [row.pk for page in (first, second, last) for row in page.rows]
    assert seen == [row.pk for row in reversed(rows)]
    assert last.next == ""
    assert history.list_deliveries(period, group="failed").rows == []
    assert [row.pk for row in history.list_deliveries(period, q=rows[3].address).rows] == [rows[3].pk]
    assert len(history.list_deliveries(period, after="nonsense").rows) == 2


def test_only_admins_see_every_period(period: Period) -> None:
    row = queue(period=period)

    assert client(make_user()).get("/deliveries/").status_code == 404
    admin = make_user(is_superuser=True)
    assert row.address in client(admin).get("/deliveries/").content.decode()


# --- Sending again ------------------------------------------------------------------------------


def test_sending_again_makes_a_new_message_and_leaves_the_dead_one(period: Period, receiver: Receiver) -> None:
    dead, owner = dead_letter(period, receiver), owner_of(period)

    answer = client(owner).post(f"/p/{period.key}/deliveries/{dead.pk}/retry/")

    assert answer.status_code == 302
    again = Delivery.objects.get(dedupe_key=f"again:{dead.pk}")
    dead.refresh_from_db()
    assert (again.state, again.address, again.kind, dead.state) == ("due", dead.address, dead.kind, "dead")
    assert JournalEntry.objects.get(kind="message.retried").actor == owner
    with pytest.raises(AlreadyDone):
        history.retry(period, dead.pk, by=owner, at=NOW)
    assert delivery.dead_letters(period).count() == 0  # somebody has seen to it
    assert "sent again" in client(owner).get(f"/p/{period.key}/deliveries/").content.decode()


def test_whoever_runs_the_installation_sends_any_dead_letter_again(period: Period, receiver: Receiver) -> None:
    dead, code = dead_letter(period, receiver), queue(period=period, state="dead")
    Delivery.objects.filter(pk=code.pk).update(period=None)
    admin = make_user(is_superuser=True)
    assert client(make_user()).post(f"/deliveries/{dead.pk}/retry/").status_code == 404
    assert "Send again" in client(admin).get("/deliveries/").content.decode()

    for row in (dead, code):
        assert client(admin).post(f"/deliveries/{row.pk}/retry/").status_code == 302

    assert Delivery.objects.filter(dedupe_key__in=[f"again:{dead.pk}", f"again:{code.pk}"]).count() == 2
    assert JournalEntry.objects.get(kind="message.retried").actor == admin
    assert client(admin).post(f"/deliveries/{dead.pk}/retry/").status_code == 409
    assert "Send again" not in client(admin).get("/deliveries/").content.decode()


def test_what_was_sent_is_not_sent_again(period: Period) -> None:
    row = queue(period=period)

    with pytest.raises(Refused):
        history.retry(period, row.pk, by=owner_of(period), at=NOW)


def test_a_message_of_another_period_and_a_member_without_the_right_are_refused(
    period: Period, receiver: Receiver
) -> None:
    dead, other = dead_letter(period, receiver), make_period()
    member = make_member(period).user

    assert client(owner_of(other)).post(f"/p/{other.key}/deliveries/{dead.pk}/retry/").status_code == 404
    assert client(member).post(f"/p/{period.key}/deliveries/{dead.pk}/retry/").status_code == 403


# --- Test pages ---------------------------------------------------------------------------------


def test_a_person_sends_themself_a_test_page_once_a_minute() -> None:
    user = make_user()
    browser = client(user)

    assert browser.post("/settings/test-page/").status_code == 302
    assert browser.post("/settings/test-page/").status_code == 409
    assert Delivery.objects.get().recipient == user


def test_everyone_is_tested_and_the_page_counts_who_was_reached(period: Period, receiver: Receiver) -> None:
    owner, members = owner_of(period), [make_member(period) for _ in range(2)]
    people = period.memberships.filter(left_at__isnull=True).count()

    answer = client(owner).post(f"/p/{period.key}/deliveries/test/")
    receiver.failures = [Permanent("550")]
    delivery.send_due(at=Delivery.objects.latest("created_at").created_at)

    assert answer.status_code == 302
    assert len(trial_page.latest_round(period)) == people >= len(members)
    page = client(owner).get(f"/p/{period.key}/deliveries/").content.decode()
    assert f"Last test: {people - 1} of {people} accepted" in page
    assert client(members[0].user).post(f"/p/{period.key}/deliveries/test/").status_code == 403


# --- Through the API ----------------------------------------------------------------------------


def test_scripts_read_what_was_sent_and_send_a_dead_letter_again(period: Period, receiver: Receiver) -> None:
    dead, browser = dead_letter(period, receiver), client(owner_of(period))
    url = f"/api/v1/periods/{period.key}/deliveries/"

    listed = browser.get(url, {"group": "failed"}).json()["results"]
    again = browser.post(f"{url}{dead.pk}/retry/")

    assert [(row["id"], row["what"], row["state"]) for row in listed] == [(str(dead.pk), "Page", "dead")]
    assert listed[0]["last_error"] == "550 no such person"
    assert (again.status_code, again.json()["state"]) == (202, "due")
    assert browser.post(f"{url}{dead.pk}/retry/").status_code == 409
    assert JournalEntry.objects.get(kind="message.retried").via == "api"


def test_scripts_test_everybody_and_themselves(period: Period) -> None:
    owner = owner_of(period)
    browser, url = client(owner), f"/api/v1/periods/{period.key}/deliveries/"

    tested = browser.post(f"{url}test/")
    mine = browser.post("/api/v1/me/test-page/")

    assert tested.json() == {"people": Membership.objects.filter(period=period).count()}
    assert {row["what"] for row in browser.get(url, {"q": "test"}).json()["results"]} == {"Test page"}
    assert [row["address"] for row in mine.json()] == [owner.email]
    assert browser.post(f"{url}test/").status_code == 409
    assert browser.post("/api/v1/me/test-page/").status_code == 409


def test_the_api_keeps_addresses_from_viewers_and_everything_from_strangers(period: Period) -> None:
    row, viewer = queue(period=period), make_member(period, right=Membership.Right.VIEWER).user
    url = f"/api/v1/periods/{period.key}/deliveries/"

    for user, status in ((viewer, 403), (make_user(), 404)):
        assert client(user).get(url).status_code == status
        assert client(user).post(f"{url}test/").status_code == status
        assert client(user).post(f"{url}{row.pk}/retry/").status_code == status


@pytest.mark.parametrize("count", [1, 5])
def test_the_api_list_costs_the_same_for_one_row_and_for_five(
    period: Period, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        queue(period=period)
    browser = client(owner_of(period))

    with django_assert_num_queries(5):
        assert len(browser.get(f"/api/v1/periods/{period.key}/deliveries/").json()["results"]) == count
