"""A shift at the list: what comes meanwhile is heard and waits, what is ticked and focused stays."""

from __future__ import annotations

import re
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


def test_keys_act_on_all_that_is_ticked_and_say_how_many(visit: Visit, product: Product, token: str) -> None:
    keys = [logged(product, token, f"Ticked together {n}") for n in (1, 2, 3)]
    maja = visit().sign_in("maja")
    page = maja.page
    maja.go(LIST)
    for key in keys[:2]:
        go_to(page, key)
        page.keyboard.press("x")
    expect(page.locator("[data-ticked]")).to_have_text("2 ticked")

    # What is meant for one does nothing, and says why.
    page.keyboard.press("d")
    expect(page.locator("#toasts")).to_contain_text("D is for one, and 2 are ticked")
    assert page.url.endswith(LIST)

    # The row that has the focus is not ticked: it stays as it is.
    go_to(page, keys[2])
    page.keyboard.press("4")
    expect(page.locator("#toasts")).to_contain_text("Changed: 2 incidents")
    for key, shown in zip(keys, ("P4", "P4", "P3"), strict=True):
        expect(row_of(page, key)).to_contain_text(shown)
    expect(page.locator("#incidents .pick:checked")).to_have_count(0)

    # Without a tick the same key means the row.
    go_to(page, keys[2])
    page.keyboard.press("4")
    expect(row_of(page, keys[2])).to_contain_text("P4")
    assert maja.complaints == []


def test_c_logs_from_anywhere(visit: Visit) -> None:
    maja = visit().sign_in("maja")
    page = maja.page
    title = page.get_by_label("What is wrong?")
    for path in ("/p/BILL26/", "/p/BILL26/readiness/", "/p/BILL26/exit/", "/i/BILL26-36/"):
        maja.go(path)
        page.keyboard.press("c")
        page.wait_for_url(re.compile(r"/p/BILL26/incidents/new/$"))
        expect(title).to_be_visible()

    # From outside a period: the form of the only one that is live, or a list to choose from.
    for path in ("/", "/periods/", "/settings/"):
        maja.go(path)
        page.keyboard.press("c")
        page.wait_for_url(re.compile(r"/incidents/new/$"))
    assert maja.complaints == []


def test_d_is_a_dialog_also_on_the_incident_and_gives_the_focus_back(
    visit: Visit, product: Product, token: str
) -> None:
    first, second = (logged(product, token, f"Ledger pages come out empty {n}") for n in (1, 2))
    maja = visit().sign_in("maja")
    page = maja.page
    maja.go(f"/i/{second}/")

    page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name=f"Link {second}")
    offered = dialog.get_by_role("radio", name="Ledger pages come out empty 1")
    expect(offered).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    # What can't be is said in the dialog.
    page.keyboard.press("d")
    dialog.get_by_label("Which incident?").fill("BILL26-99999")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_contain_text("Name another incident of this period")

    dialog.get_by_label("Which incident?").fill(first)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("main")).to_contain_text(f"Merged into {first}")
    assert [said for said in maja.complaints if "422" not in said] == []


def test_arrows_stay_in_the_menu_that_is_open(visit: Visit, product: Product, token: str) -> None:
    key = logged(product, token, "Chosen while a menu is open")
    maja = visit().sign_in("maja")
    page = maja.page
    maja.go(LIST)
    go_to(page, key)
    page.keyboard.press("s")
    menu = page.locator("#preview details.menu[open]")
    choices = menu.locator("button, a")
    expect(choices.first).to_be_visible()

    for step, place in (("ArrowDown", 0), ("ArrowDown", 1), ("j", 2), ("ArrowUp", 1), ("Home", 0), ("End", -1)):
        page.keyboard.press(step)
        expect(choices.nth(place)).to_be_focused()
    expect(row_of(page, key)).to_have_attribute("aria-selected", "true")

    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    assert maja.complaints == []
