"""A session ends while pages are open: it is said at once, and nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PASSWORD, Visitor

pytestmark = pytest.mark.journey

Visit = Callable[..., Visitor]
WORDS = "The second run also stops at row 40"


def opened_incident(maja: Visitor) -> Page:
    """The page of an incident, with something typed into its war room."""
    maja.go("/i/BILL26-36/")
    maja.page.locator("#composer textarea").fill(WORDS)
    return maja.page


def end_session(maja: Visitor) -> None:
    """As if it had been idle for too long: the browser's cookie names nothing any more."""
    maja.context.clear_cookies(name="sessionid")


def sign_in_on(page: Page) -> None:
    page.get_by_label("Email").fill("maja@northlane.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_what_was_typed_is_there_again_after_signing_in(visit: Visit) -> None:
    maja = visit().sign_in("maja")
    page = opened_incident(maja)
    address = page.url

    end_session(maja)
    page.locator("#composer button.btn--primary").click()

    expect(page.locator("#signed-out")).to_contain_text("You are signed out")
    expect(page.locator("#live-status")).to_contain_text("Not live")
    expect(page.get_by_label("Password")).to_have_count(0)
    expect(page.locator("#composer textarea")).to_have_value(WORDS)

    page.locator("#signed-out a").click()
    sign_in_on(page)

    page.wait_for_url(address)
    expect(page.locator("#composer textarea")).to_have_value(WORDS)
    expect(page.locator("#toasts")).to_contain_text("What you had typed is back")


def test_signing_in_in_another_tab_is_enough(visit: Visit) -> None:
    maja = visit().sign_in("maja")
    page = opened_incident(maja)
    end_session(maja)
    other = maja.context.new_page()

    other.goto(f"{maja.address}/shifts/")
    expect(page.locator("#signed-out")).to_be_attached()
    sign_in_on(other)
    other.wait_for_url(re.compile("/shifts/"))

    expect(page.locator("#signed-out")).to_have_count(0)
    page.locator("#composer button.btn--primary").click()
    expect(page.locator("main")).to_contain_text(WORDS)
    expect(page.locator("#composer textarea")).to_have_value("")


def test_a_plain_form_is_filled_again(visit: Visit) -> None:
    maja = visit().sign_in("maja")
    maja.go("/p/BILL26/settings/")
    summary = maja.page.locator("main form textarea").first
    summary.fill(WORDS)

    end_session(maja)
    summary.press("Control+Enter")
    maja.page.wait_for_url(re.compile("/accounts/login/"))
    sign_in_on(maja.page)

    maja.page.wait_for_url(re.compile("/p/BILL26/settings/"))
    expect(maja.page.locator("main form textarea").first).to_have_value(WORDS)
