"""A period's webhooks in the browser and through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contributors import webhooks
from contributors.models import Delivery, Membership, Webhook
from contributors.webhooks import events
from hypercare.models import User
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_user
from tests.hypercare.scene import signed_in, words

pytestmark = pytest.mark.django_db
URL = "/p/BILL26/webhooks/"
API = "/api/v1/periods/BILL26/webhooks/"
FORM = {
    "name": "Status board",
    "url": "https://example.com/hooks/s3cr3t",
    "areas": ["incidents"],
    "kinds": "go.decided",
}


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL26")


@pytest.fixture
def owner(period) -> User:
    return make_member(period, right=Membership.Right.OWNER).user


def add(period: Period, owner: User, **fields: Any) -> Webhook:
    values = {"name": "Board", "url": "https://example.com/hooks", "patterns": ["*"], **fields}
    return webhooks.add(period.pk, **values, by=owner, at=NOW)


def fail(hook: Webhook, count: int = 1) -> list[Delivery]:
    rows = [
        events.unsaved_delivery(
            hook,
            events.new_delivery_key("x"),
            {"type": "incident.reported"},
            meant_at=NOW,
            at=NOW + timedelta(minutes=n),
        )
        for n in range(count)
    ]
    for row in rows:
        row.state, row.last_error = "dead", "The receiver answered 404."
    return Delivery.objects.bulk_create(rows)


# --- Pages --------------------------------------------------------------------------------------


def test_a_webhook_is_added_and_its_key_is_shown_this_once(period, owner):
    browser = signed_in(owner)

    page = words(browser.post(URL, FORM))

    hook = webhooks.webhooks_of(period).get()
    assert hook.signing_key in page
    assert hook.events == ["go.decided", "incidents"]
    again = words(browser.get(f"{URL}{hook.pk}/"))
    assert hook.signing_key not in again
    assert "s3cr3t" not in again
    assert 'value="go.decided"' in again
    assert "Incidents, go.decided" in words(browser.get(URL))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"url": "http://me@localhost/"}, "user name and password"),
        ({"name": ""}, "Name it, so that people recognise it."),
        ({"areas": [], "kinds": ""}, "Choose at least one"),
        ({"kinds": "incident.exploded"}, "no event “incident.exploded”"),
    ],
)
def test_what_is_refused_comes_back_with_what_was_typed_and_what_to_change(period, owner, change, says):
    response = signed_in(owner).post(URL, {**FORM, **change})

    page = words(response)
    assert response.status_code == 422
    assert "<title>Error:" in page
    assert says in page
    if "url" not in change:
        assert FORM["url"] in page
    assert not Webhook.objects.exists()


def test_it_is_changed_without_typing_the_address_again(period, owner):
    hook = add(period, owner)

    signed_in(owner).post(f"{URL}{hook.pk}/", {"name": "Warehouse", "url": "", "areas": ["go"], "kinds": ""})

    hook.refresh_from_db()
    assert (hook.name, hook.target, hook.events) == ("Warehouse", "https://example.com/hooks", ["go"])


def test_a_new_key_is_shown_once_and_the_page_says_that_two_sign(period, owner):
    hook, browser = add(period, owner), signed_in(owner)

    page = words(browser.post(f"{URL}{hook.pk}/key/"))

    hook.refresh_from_db()
    assert hook.signing_key in page
    assert "Two keys sign until" in words(browser.get(f"{URL}{hook.pk}/"))


def test_buttons_test_turn_off_and_on_and_remove(period, owner):
    hook, browser = add(period, owner), signed_in(owner)

    for name in ("test", "off", "on", "remove"):
        assert browser.post(f"{URL}{hook.pk}/{name}/").status_code == 302

    kinds = JournalEntry.objects.filter(period=period, kind__startswith="webhook.").order_by("seq")
    assert [entry.kind for entry in kinds] == [
        "webhook.added",
        "webhook.tested",
        "webhook.turned_off",
        "webhook.turned_on",
        "webhook.removed",
    ]
    assert browser.get(f"{URL}{hook.pk}/").status_code == 404


def test_what_failed_is_listed_with_the_response_and_sent_again(period, owner):
    hook, browser = add(period, owner), signed_in(owner)
    (row,) = fail(hook)
    page = words(browser.get(f"{URL}{hook.pk}/"))
    assert "incident.reported" in page
    assert "The receiver answered 404." in page

    browser.post(f"{URL}{hook.pk}/replay/{row.pk}/")

    assert Delivery.objects.filter(dedupe_key=f"again:{row.pk}").exists()
    fail(hook, 2)
    page = words(browser.post(f"{URL}{hook.pk}/replay/", {"since": "2026-11-01 00:00"}, follow=True))
    assert "2 events on their way again" in page
    wrong = browser.post(f"{URL}{hook.pk}/replay/", {"since": "yesterday"})
    assert wrong.status_code == 422
    assert "Give a date and a time" in words(wrong)


def test_the_open_page_refreshes_only_when_something_changed(period, owner):
    hook, browser = add(period, owner), signed_in(owner)
    url = f"{URL}{hook.pk}/_deliveries/"
    current = webhooks.version_of(hook)

    assert browser.get(url, {"v": current}, headers={"HX-Request": "true"}).status_code == 204
    fail(hook)
    assert "incident.reported" in words(browser.get(url, {"v": current}, headers={"HX-Request": "true"}))


def test_only_owners_of_the_period_see_or_change_webhooks(period, owner):
    hook = add(period, owner)
    support = make_member(period, right=Membership.Right.SUPPORT).user

    for user, status in ((support, 403), (make_user(), 404)):
        for browser, addresses in ((signed_in(user), (URL, f"{URL}{hook.pk}/", API, f"{API}{hook.pk}/deliveries/")),):
            assert {browser.get(url).status_code for url in addresses} == {status}
            assert browser.post(f"{URL}{hook.pk}/remove/").status_code == status
            assert browser.post(f"{API}{hook.pk}/remove/").status_code == status


def test_another_periods_webhook_does_not_exist_here(period, owner):
    theirs = add(make_period(), owner)

    assert signed_in(owner).get(f"{URL}{theirs.pk}/").status_code == 404
    assert signed_in(owner).get(f"{API}{theirs.pk}/").status_code == 404


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("page", ["list", "one", "api"])
def test_lists_cost_the_same_for_one_row_and_for_five(period, owner, page):
    hook, browser = add(period, owner), signed_in(owner)
    url = {"list": URL, "one": f"{URL}{hook.pk}/", "api": f"{API}{hook.pk}/deliveries/"}[page]

    def cost(rows: int) -> int:
        for n in range(webhooks.webhooks_of(period).count(), rows):
            add(period, owner, name=f"Board {n}")
        fail(hook, rows)
        browser.get(url)
        with CaptureQueriesContext(connection) as queries:
            browser.get(url)
        return len(queries)

    assert cost(1) == cost(5)


# --- API ----------------------------------------------------------------------------------------


def ask(browser: Any, method: str, url: str, body: Any = None) -> Any:
    return getattr(browser, method)(url, body or {}, content_type="application/json")


def test_scripts_add_read_and_change_a_webhook(period, owner):
    browser = signed_in(owner)
    body = {"name": "Status board", "url": "https://example.com/hooks/s3cr3t", "events": ["incident.*"]}

    made = ask(browser, "post", API, body)

    hook = webhooks.webhooks_of(period).get()
    assert (made.status_code, made.json()["signing_key"]) == (201, hook.signing_key)
    listed = browser.get(API).json()
    assert "signing_key" not in listed[0]
    assert "s3cr3t" not in str(listed)
    changed = ask(browser, "patch", f"{API}{hook.pk}/", {"events": ["*"]}).json()
    assert (changed["name"], changed["events"]) == ("Status board", ["*"])
    fresh = ask(browser, "post", f"{API}{hook.pk}/rotate-key/").json()["signing_key"]
    hook.refresh_from_db()
    assert fresh == hook.signing_key
    assert JournalEntry.objects.filter(kind="webhook.added", via="api").count() == 1


def test_a_bad_address_is_a_problem_that_points_at_its_field(period, owner):
    answer = ask(signed_in(owner), "post", API, {"name": "A", "url": "nowhere", "events": ["*", "tea.*"]})

    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/url", "/events"}


def test_scripts_test_read_what_became_of_it_and_replay(period, owner):
    hook, browser = add(period, owner), signed_in(owner)
    tested = ask(browser, "post", f"{API}{hook.pk}/test/")
    assert (tested.status_code, tested.json()["event"]["type"]) == (202, "webhook.test")
    (row,) = fail(hook)

    listed = browser.get(f"{API}{hook.pk}/deliveries/", {"state": "dead"}).json()["results"]
    assert [one["id"] for one in listed] == [str(row.pk)]
    again = ask(browser, "post", f"{API}{hook.pk}/deliveries/{row.pk}/replay/")
    assert (again.status_code, again.json()["webhook_id"]) == (202, str(row.pk))
    assert ask(browser, "post", f"{API}{hook.pk}/deliveries/{row.pk}/replay/").status_code == 409

    fail(hook, 2)
    done = ask(browser, "post", f"{API}{hook.pk}/replay/", {"since": "2026-11-01T00:00:00Z"})
    assert done.json() == {"count": 2, "more": False}
    assert ask(browser, "post", f"{API}{hook.pk}/turn-off/").json()["works"] is False
    assert ask(browser, "post", f"{API}{hook.pk}/test/").status_code == 409
    assert ask(browser, "post", f"{API}{hook.pk}/turn-on/").json()["works"] is True


def test_the_deliveries_page_names_the_webhook_and_the_event(period, owner):
    fail(add(period, owner, name="Status board"))

    page = words(signed_in(owner).get("/p/BILL26/deliveries/"))

    assert "Status board" in page
    assert "incident.reported" in page
