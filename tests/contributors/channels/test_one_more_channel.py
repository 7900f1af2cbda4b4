"""One more channel is a folder and a line of the switchboard: a made-up one goes all the way."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contributors import contact_points
from contributors.messaging import delivery
from contributors.models import Delivery
from hypercare import registry
from hypercare.models import User
from tests.contributors.channels.pigeon.transport import LOFT, Loft
from tests.factories import make_period, make_user
from tests.hypercare.scene import signed_in, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
URL, API = "/settings/contact/", "/api/v1/me/contact-points/"
PIGEON = {"kind": "pigeon", "label": "My pigeon", "target": "DK-4711"}


@pytest.fixture(autouse=True)
def loft(monkeypatch: pytest.MonkeyPatch) -> Loft:
    LOFT.__init__()  # type: ignore[misc]
    monkeypatch.setitem(registry.CHANNELS, "pigeon", "tests.contributors.channels.pigeon.CHANNEL")
    return LOFT


@pytest.fixture
def maja() -> User:
    return make_user("Maja Lindqvist")


def code_that_came(loft: Loft) -> str:
    """As the person reads it off the newest message."""
    delivery.send_due(at=timezone.now())
    found = re.search(r"\d{6}", loft.came[-1][1].subject)
    assert found is not None
    return found[0]


def posted(browser: Client, url: str, data: dict[str, Any]) -> Any:
    return browser.post(url, data, content_type="application/json")


def test_a_way_by_it_is_added_verified_tested_and_paged_in_the_browser(maja: User, loft: Loft) -> None:
    browser = signed_in(maja)
    page = words(browser.get(URL))
    assert '<option value="pigeon">Carrier pigeon</option>' in page
    assert "or the ring of a pigeon such as DK-4711. It is kept encrypted." in page

    page = words(browser.post(f"{URL}add/", PIGEON, follow=True))
    point = maja.contact_points.get()
    assert "A code is on its way there." in page
    assert ("DK-…" in page, "DK-4711<" in page) == (True, False)
    assert "sprite.svg#flag" in page
    assert "Code from its leg" in page

    page = words(browser.post(f"{URL}{point.pk}/verify/", {"code": code_that_came(loft)}, follow=True))
    assert "“My pigeon” works." in page
    assert "New signing key" not in page

    browser.post("/settings/test-page/")
    delivery.send_due(at=timezone.now())
    ring, message = loft.came[-1]
    assert (ring, message.subject) == ("DK-4711", "Test page from Hypercare: nothing is wrong")
    assert (message.html, message.calendar) == ("", ())
    assert loft.closed > 0
    assert [route.channel for route in contact_points.routes_in_force(maja, "page")] == ["email", "pigeon"]


def test_and_over_the_api(maja: User, loft: Loft) -> None:
    script = signed_in(maja)

    made = posted(script, API, PIGEON)
    assert (made.status_code, made.json()["kind"], made.json()["shown"]) == (201, "pigeon", "DK-…")
    counts = posted(script, f"{API}{made.json()['id']}/verify/", {"code": code_that_came(loft)})

    assert counts.json()["works"]
    sent = posted(script, "/api/v1/me/test-page/", {}).json()
    assert [row["channel"] for row in sent] == ["email", "pigeon"]
    assert posted(script, f"{API}{made.json()['id']}/rotate-key/", {}).status_code == 409


@pytest.mark.parametrize(
    ("target", "says"),
    [("a pigeon", "Give the ring of a pigeon such as DK-4711."), ("DK-1", "This pigeon flies for you already.")],
)
def test_its_own_rules_hold_at_both_edges(maja: User, target: str, says: str) -> None:
    contact_points.add(maja, kind="pigeon", label="First", target="DK-1", at=timezone.now())
    wrong = {**PIGEON, "target": target}

    page, answer = signed_in(maja).post(f"{URL}add/", wrong), posted(signed_in(maja), API, wrong)

    assert (page.status_code, answer.status_code) == (422, 422)
    assert says in words(page)
    assert says in answer.content.decode()


def test_its_messages_have_a_name_and_a_filter_and_one_that_flew_away_is_not_used_again(maja: User, loft: Loft) -> None:
    period = make_period(lead=maja)
    point = contact_points.add(maja, kind="pigeon", label="Mine", target="DK-4711", at=timezone.now())
    contact_points.verify(point.pk, code=code_that_came(loft), by=maja, at=timezone.now())
    browser = signed_in(maja)
    loft.flown_away.add("DK-4711")

    browser.post(f"/p/{period.key}/deliveries/test/")
    delivery.send_due(at=timezone.now())

    listed = browser.get(f"/api/v1/periods/{period.key}/deliveries/?channel=pigeon").json()
    rows = listed["results"] if isinstance(listed, dict) else listed
    assert [(row["channel"], row["state"]) for row in rows] == [("pigeon", "dead")]
    assert "Pigeon, DK-…" in words(browser.get(f"/p/{period.key}/deliveries/", {"channel": "pigeon"}))
    assert browser.get(f"/api/v1/periods/{period.key}/deliveries/?channel=owl").status_code == 422
    page = words(browser.get(URL))
    assert "The pigeon flew away." in page
    assert Delivery.objects.filter(point=point, state=Delivery.State.SENT).count() == 1  # the code
