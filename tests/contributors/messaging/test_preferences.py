"""Classes of messages a person turns off: by the link in a mail, by a mail program's button, among their settings."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contributors.channels.email import transport
from contributors.messaging import categories, message_templates, outbox, preferences, unsubscribe
from contributors.messaging.message_templates.outside import OUTSIDE
from contributors.messaging.message_templates.samples import sample_delivery
from contributors.messaging.rendering import render
from contributors.models import Delivery, Membership, TurnedOff
from hypercare.exceptions import Invalid, LinkEnded
from tests.factories import NOW, make_member, make_period, make_user

pytestmark = pytest.mark.django_db

ALWAYS = {
    "page",
    "invitation",
    "contact_code",
    "test",
    "undelivered",
    "more_messages",
    "handoff_ready",
    "handoff_overdue",
    "rollback_asked",
    "incident_fires_again",
    "webhook_trouble",
    "event",
}


def tell(member: Membership, kind: str = "incident_resolved", **more: Any) -> Delivery | None:
    said = {
        "key": "A-1",
        "number": 1,
        "title": "Down",
        "severity": "P1",
        "at": NOW.isoformat(),
        "reported_at": NOW.isoformat(),
    }
    return outbox.notify(
        user=member.user,
        kind=kind,
        period=member.period,
        subject="incident:1",
        context=said,
        at=NOW,
        urgency=more.get("urgency", Delivery.Urgency.NORMAL),
        key=more.get("key", f"k:{kind}"),
    )


@pytest.fixture
def anna() -> Membership:
    return make_member(make_period(), make_user("Anna Berg", timezone="Europe/Copenhagen"))


def off_path(member: Membership, name: str = "resolved") -> str:
    return "/" + unsubscribe.unsubscribe_url(member.user, categories.BY_NAME[name]).split("/", 3)[3]


def test_every_kind_but_those_that_always_come_belongs_to_one_class() -> None:
    classed = [kind for category in categories.CATEGORIES for kind in category.kinds]

    assert len(classed) == len(set(classed))
    assert set(message_templates.KINDS) - set(classed) == ALWAYS | OUTSIDE
    assert set(classed) <= set(message_templates.KINDS)


@pytest.mark.parametrize("kind", sorted(set(message_templates.KINDS) - OUTSIDE))
def test_a_mail_says_how_to_turn_it_off_unless_it_always_comes(kind: str, settings: Any) -> None:
    settings.BASE_URL = "https://hypercare.example.test"
    row = sample_delivery(kind)

    message = render(row)
    headers = transport.compose_mail(row, message).extra_headers

    assert (kind in ALWAYS) == (message.off_url == "") == ("List-Unsubscribe" not in headers)
    if message.off_url:
        assert message.off_url in message.text
        assert message.off_url in message.html
        assert headers["List-Unsubscribe"] == f"<{message.off_url}>"
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_without_https_there_is_no_one_click(settings: Any, anna: Membership) -> None:
    settings.BASE_URL = "http://127.0.0.1:8000"
    row = tell(anna)
    assert row

    headers = transport.compose_mail(row, render(row)).extra_headers

    assert "List-Unsubscribe" in headers
    assert "List-Unsubscribe-Post" not in headers


def test_what_is_turned_off_is_not_queued_and_what_waits_is_cancelled(anna: Membership) -> None:
    waiting = tell(anna)
    assert waiting

    preferences.turn_off(anna.user, "resolved", at=NOW)
    preferences.turn_off(anna.user, "resolved", at=NOW)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.last_error) == ("cancelled", "The person turned these messages off.")
    assert waiting.tries.get().outcome == "cancelled"
    assert tell(anna, key="later") is None
    assert tell(anna, "incident_assigned") is not None
    preferences.turn_on(anna.user, "resolved")
    assert tell(anna, key="later") is not None


def test_nobody_turns_a_page_off(anna: Membership) -> None:
    for category in categories.CATEGORIES:
        preferences.turn_off(anna.user, category.name, at=NOW)

    assert tell(anna, "page") is not None
    assert tell(anna, "cover_asked", urgency=Delivery.Urgency.PAGE) is not None


def test_a_class_nobody_knows_is_refused_and_changes_nothing(anna: Membership) -> None:
    with pytest.raises(Invalid):
        preferences.choose_categories(anna.user, {"pages"}, at=NOW)

    assert preferences.turned_off_categories(anna.user) == set()


# --- By link ------------------------------------------------------------------------------------


def test_opening_the_link_changes_nothing_and_its_button_turns_off_and_on(anna: Membership) -> None:
    path, browser = off_path(anna), Client(enforce_csrf_checks=True)

    for method in (browser.get, browser.head):
        assert method(path).status_code == 200
    assert browser.post(path).status_code == 302  # Neither the button nor a mail program's: a scanner.
    assert not TurnedOff.objects.exists()
    answered = browser.post(path, {"answer": "off"}, follow=True)

    assert "Turned off" in answered.content.decode()
    assert preferences.turned_off_categories(anna.user) == {"resolved"}
    browser.post(path, {"answer": "on"})
    assert preferences.turned_off_categories(anna.user) == set()


def test_a_mail_programs_button_works_without_a_session_and_is_not_redirected(anna: Membership) -> None:
    browser = Client(enforce_csrf_checks=True)

    answered = browser.post(off_path(anna), {"List-Unsubscribe": "One-Click"})

    assert answered.status_code == 200
    assert not answered.cookies
    assert preferences.turned_off_categories(anna.user) == {"resolved"}


@pytest.mark.parametrize("token", ["1-resolved~forged", "nonsense", "1-resolved"])
def test_an_address_we_did_not_write_has_ended(client: Client, token: str) -> None:
    assert client.post(f"/messages/{token}/").status_code == 410
    with pytest.raises(LinkEnded):
        unsubscribe.read_token(token)


def test_the_link_of_somebody_inactive_has_ended(client: Client, anna: Membership) -> None:
    path = off_path(anna)
    anna.user.is_active = False
    anna.user.save(update_fields=["is_active"])

    assert client.post(path).status_code == 410


# --- Among one's settings -----------------------------------------------------------------------


def test_settings_show_and_change_what_is_on(client: Client, anna: Membership) -> None:
    client.force_login(anna.user)
    preferences.turn_off(anna.user, "minutes", at=NOW)
    page = client.get(reverse("contributors:contacts")).content.decode()

    assert re.search(r'value="minutes"\s*>', page)
    assert 'value="resolved" checked' in page
    client.post(reverse("contributors:choose_messages"), {"topic": ["minutes", "today"]})

    assert preferences.turned_off_categories(anna.user) == {category.name for category in categories.CATEGORIES} - {
        "minutes",
        "today",
    }


def test_settings_refuse_a_class_nobody_knows_and_strangers_sign_in(client: Client, anna: Membership) -> None:
    url = reverse("contributors:choose_messages")
    assert client.post(url, {"topic": ["minutes"]}).status_code == 302
    client.force_login(anna.user)

    assert client.post(url, {"topic": ["pages"]}).status_code == 422
    assert not TurnedOff.objects.exists()


def test_scripts_see_and_choose_the_classes_too(anna):
    client = Client()
    client.force_login(anna.user)
    url = "/api/v1/me/messages/"
    assert all(category["on"] for category in client.get(url).json())

    chosen = client.put(url, {"on": ["minutes", "weekly"]}, content_type="application/json").json()

    assert {category["name"] for category in chosen if category["on"]} == {"minutes", "weekly"}
    assert not preferences.wants_kind(anna.user, "incident_resolved")
    wrong = client.put(url, {"on": ["everything"]}, content_type="application/json")
    assert wrong.status_code == 422
    assert preferences.turned_off_categories(anna.user) == set(categories.BY_NAME) - {"minutes", "weekly"}
    assert Client().get(url).status_code in (401, 403)
