"""The address from the shifts page is a calendar that programs can read."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from icalendar import Calendar

from tests.journeys.conftest import Visitor

pytestmark = pytest.mark.journey


def test_the_feed_of_my_shifts_has_every_shift_that_the_page_shows(visit: Callable[..., Visitor]) -> None:
    tomasz = visit().sign_in("tomasz")
    tomasz.go("/shifts/")
    make = tomasz.page.get_by_role("button", name="Make a calendar feed")
    if make.is_visible():
        make.click()
    address = tomasz.page.locator("#feed-url").input_value()
    rows = tomasz.page.locator("section:has(#all-t) li:not(.group) time:first-child")
    starts = {when(text) for text in rows.evaluate_all("all => all.map(one => one.dateTime)")}

    with urllib.request.urlopen(address, timeout=10) as response:  # noqa: S310  our own address
        assert response.headers.get_content_type() == "text/calendar"
        calendar = Calendar.from_ical(response.read())

    in_feed = {event.start.astimezone(UTC) for event in calendar.walk("VEVENT")}
    assert starts
    assert starts <= in_feed


def when(text: str) -> datetime:
    """A moment as the page tells programs."""
    return datetime.fromisoformat(text).astimezone(UTC)
