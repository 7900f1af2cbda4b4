"""A shift at the list: what comes meanwhile is heard and waits, what is ticked and focused stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Product, Visitor
from tests.journeys.test_triage import LIST, go_to, logged, row_of

pytestmark = pytest.mark.journey

Visit = Callable[..., Visitor]
A_POLL = 25_000  # milliseconds: the list asks every ten seconds


def test_a_new_p1_is_said_and_waits_whatever_has_the_focus_or_is_ticked(
    visit: Visit, product: Product, token: str
) -> None:
    ticked = logged(product, token, "Worked on when it comes")
    maja = visit().sign_in("maja")
    page = maja.page
    maja.go(LIST)
    go_to(page, ticked)
    page.keyboard.press("x")
    row = row_of(page, ticked)
    focused = page.evaluate("document.activeElement.textContent")

    new = logged(product, token, "Nothing can be paid", "P1")

    bar = page.locator("#incidents .new-rows")
    expect(bar).to_have_text("1 new, 1 P1", timeout=A_POLL)
    expect(page.locator("#alerts")).to_have_text("New P1: Nothing can be paid")
    expect(row_of(page, new)).to_have_count(0)
    expect(row.locator(".pick")).to_be_checked()
    assert page.evaluate("document.activeElement.textContent") == focused

    page.keyboard.press(".")
    expect(row_of(page, new)).to_have_count(1)
    expect(row.locator(".pick")).to_be_checked()
    expect(row).to_have_attribute("aria-selected", "true")
    expect(bar).to_have_count(0)

    later = logged(product, token, "Another page of invoices")
    expect(bar).to_have_text("1 new", timeout=A_POLL)
    page.keyboard.press(".")
    expect(row_of(page, later)).to_have_count(1)
    assert maja.complaints == []
