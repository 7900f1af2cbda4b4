"""A gap is filled from the coverage page and a telephone, and the calendars of both people follow."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from icalendar import Calendar
from playwright.sync_api import expect

from tests.journeys.conftest import PHONE, Product, Visitor, until

pytestmark = pytest.mark.journey

Visit = Callable[..., Visitor]
AWAY = "daniel"  # whose shift was cancelled, which left the gap of the demo's story


def test_a_gap_is_asked_about_taken_on_a_phone_and_both_calendars_change(visit: Visit, product: Product) -> None:
    maja = visit().sign_in("maja")
    maja.go("/p/BILL26/coverage/")
    gap = maja.page.locator("#gap")
    expect(gap.get_by_role("heading", name="Nobody on Platform")).to_be_visible()
    starts = when(gap.locator("time").first.get_attribute("datetime") or "")
    ends = when(gap.locator("p time").last.get_attribute("datetime") or "")
    boxes = gap.get_by_role("checkbox")
    first, second = (said[4:-4] for said in boxes.evaluate_all("all => all.map(one => one.ariaLabel)")[:2])
    feed_of_taker = feed(visit().sign_in(name_of(second)))
    before = events(feed_of_taker)
    feed_of_away = feed(visit().sign_in(AWAY))

    boxes.nth(1).check()
    gap.get_by_role("button", name=f"Ask {first}", exact=True).click()
    expect(maja.page.get_by_text("Asked 2 people")).to_be_visible()

    link = until(f"the question to {second}", lambda: cover_link(product, second))
    phone = visit(**PHONE)
    phone.go(link)
    expect(phone.page.locator("h1")).to_contain_text("can you take Platform?")
    phone.picture("phone cover question")
    phone.page.get_by_role("button", name="Take it").click()
    expect(phone.page.locator("h1")).to_contain_text("You have it")

    maja.go("/p/BILL26/coverage/")
    expect(maja.page.get_by_text("Nobody on Platform")).to_have_count(0)
    after = events(feed_of_taker)
    assert ("Platform", starts, ends, "CONFIRMED") not in before
    assert ("Platform", starts, ends, "CONFIRMED") in after
    assert any(
        role == "Platform" and start <= starts and end >= ends and status == "CANCELLED"
        for role, start, end, status in events(feed_of_away)
    )
    assert maja.complaints + phone.complaints == []


def name_of(person: str) -> str:
    """How somebody of the demo signs in."""
    return person.split()[0].lower()


def feed(visitor: Visitor) -> str:
    """The address of a person's own calendar."""
    visitor.go("/shifts/")
    make = visitor.page.get_by_role("button", name="Make a calendar feed")
    if make.is_visible():
        make.click()
    return visitor.page.locator("#feed-url").input_value()


def events(address: str) -> set[tuple[str, datetime, datetime, str]]:
    """Role, start, end and status of everything in a calendar."""
    with urllib.request.urlopen(address, timeout=10) as response:  # noqa: S310  our own address
        calendar = Calendar.from_ical(response.read())
    return {
        (
            str(event["summary"]).partition(":")[0],
            event.start.astimezone(UTC),
            event.end.astimezone(UTC),
            str(event["status"]),
        )
        for event in calendar.walk("VEVENT")
    }


def cover_link(product: Product, person: str) -> str:
    """The one-tap link that was mailed to somebody."""
    mails = product.inbox.to(f"{name_of(person)}@northlane.example")
    links = [found[0] for text in mails if (found := re.search(r"http://\S+/cover/[^/\s]+/", text))]
    return links[-1] if links else ""


def when(text: str) -> datetime:
    """A moment as the page tells programs."""
    return datetime.fromisoformat(text).astimezone(UTC)
