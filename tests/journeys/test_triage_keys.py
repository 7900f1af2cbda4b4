"""Triage without a mouse: rows are walked, graded, taken and given, and what was done is taken back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import Visitor

pytestmark = pytest.mark.journey

Visit = Callable[..., Visitor]
LIST = "/p/BILL26/incidents/"


def row(page: Page, title: str) -> Locator:
    return page.locator("#incidents [data-row]", has_text=title)


def test_the_keys_of_triage_work_from_the_first_row_to_the_undo(visit: Visit) -> None:
    maja = visit().sign_in("maja")
    maja.go(LIST)
    page = maja.page
    rows, chosen = page.locator("#incidents [data-row]"), page.locator('#incidents [aria-selected="true"]')
    preview = page.locator("#preview:not([inert]) h2")
    expect(preview).to_be_visible()

    page.keyboard.press("j")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("k")
    expect(rows.nth(0)).to_have_attribute("aria-selected", "true")

    page.keyboard.press("j")
    title = chosen.locator("a.cover").inner_text()
    expect(preview).to_have_text(title)
    page.keyboard.press("4")
    expect(row(page, title).locator(".badge-p")).to_have_text("P4")
    page.keyboard.press("z")
    expect(row(page, title).locator(".badge-p")).to_have_text("P3")

    expect(preview).to_have_text(title)
    page.keyboard.press("a")
    expect(row(page, title)).to_contain_text("You")
    page.keyboard.press("z")
    expect(row(page, title)).to_contain_text("No owner")

    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_contain_text("Shortcuts")
    page.keyboard.press("Escape")
    maja.picture("triage by keyboard")
    assert maja.complaints == []


def test_keys_open_the_menus_and_choose_several(visit: Visit) -> None:
    maja = visit().sign_in("maja")
    maja.go(LIST)
    page = maja.page
    expect(page.locator("#preview:not([inert]) h2")).to_be_visible()

    for key in ("s", "o"):
        page.keyboard.press(key)
        menu = page.locator("#preview details.menu[open]")
        expect(menu).to_have_count(1)
        page.keyboard.press("Escape")
        expect(menu).to_have_count(0)

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".pick:checked")).to_have_count(2)
    bar = page.locator("#bulk")
    bar.get_by_text("Assign to").click()
    expect(bar.get_by_role("button", name="Tomasz Wójcik")).to_be_visible()
    maja.picture("several chosen")
    page.keyboard.press("Escape")

    page.keyboard.press("e")
    page.wait_for_url(re.compile(r"/escalate/$"))
    assert maja.complaints == []
