"""Without a mouse: the content is one key away, every stop is seen, nothing holds the focus, dialogs give it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.journeys.conftest import DESK, Visitor, until
from tests.journeys.test_access import LOOK

pytestmark = pytest.mark.journey

Visit = Callable[..., Visitor]
STILL: dict[str, Any] = {**DESK, "reduced_motion": "reduce"}
PAGES = (
    "/",
    "/p/BILL26/",
    "/p/BILL26/incidents/",
    "/p/BILL26/coverage/",
    "/p/MOB70/readiness/",
    "/i/BILL26-36/",
    "/settings/contact/",
)
STOPS = "a[href], button, input, select, textarea, summary"
MOST_STOPS = 600
# A mark is an outline of the stop itself, of the row that its link covers, or of what it stands in;
# a bar of the plan has a line around it.
STOP = """() => {
    const stop = document.activeElement;
    if (!stop || stop === document.body) return null;
    const bar = stop.querySelector('rect');
    const around = [[stop], [stop, '::after'], [stop.parentElement], [stop.closest('form') ?? stop]];
    const marked = (bar && parseFloat(getComputedStyle(bar).strokeWidth) >= 3) || around.some(one => {
        const {outlineStyle, outlineWidth} = getComputedStyle(...one);
        return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
    });
    const {left, top, width, height} = stop.getBoundingClientRect();
    const found = document.elementFromPoint(left + width / 2, top + height / 2);
    const own = found && (stop.contains(found) || found.contains(stop) || found.closest('label')?.control === stop);
    window.stops ??= new Map();
    if (!window.stops.has(stop)) window.stops.set(stop, window.stops.size);
    return {number: window.stops.get(stop), marked, inSight: Boolean(bar || own), html: stop.outerHTML.slice(0, 140)};
}"""
# What a live region says is what changes in it once it stands in the page.
HEARD = """addEventListener('load', () => {
    window.heard = [];
    const note = changes => window.heard.push(...changes.map(one => one.target.textContent));
    new MutationObserver(note).observe(document.querySelector('#toasts'), {childList: true, subtree: true});
})"""


def stops_of(page: Page) -> list[dict[str, Any]]:
    """Where Tab goes, until it leaves the page or comes back to where it was."""
    stops: list[dict[str, Any]] = []
    while len(stops) < MOST_STOPS:
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None or stop["number"] < len(stops):
            return stops
        stops.append(stop)
    return stops


def test_every_stop_of_the_tab_key_is_seen_and_none_holds_the_focus(visit: Visit) -> None:
    maja = visit(**STILL).sign_in("maja")
    for path in PAGES:
        maja.go(path)

        stops = stops_of(maja.page)

        assert [stop["html"] for stop in stops if not stop["marked"]] == []
        assert [stop["html"] for stop in stops if not stop["inSight"]] == []
        # What is in a closed menu counts as visible for the browser, but is no stop: a third is reached everywhere.
        offered = maja.page.locator(f"main :is({STOPS}):visible").count()
        assert len(stops) > offered / 3, f"{path} holds the focus at {stops[-1:]}"


def test_the_first_key_leads_past_the_sidebar(visit: Visit) -> None:
    maja = visit(**STILL).sign_in("maja")
    maja.go("/p/BILL26/")

    maja.page.keyboard.press("Tab")
    expect(maja.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    maja.page.keyboard.press("Enter")
    maja.page.keyboard.press("Tab")

    assert maja.page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_a_dialog_takes_the_focus_keeps_it_and_gives_it_back(visit: Visit) -> None:
    maja = visit(**STILL).sign_in("maja")
    known: list[str] = []
    for path in ("/p/BILL26/", "/p/BILL26/incidents/", "/i/BILL26-36/"):
        maja.go(path)
        maja.page.evaluate(AXE_SCRIPT)
        openers = maja.page.locator("[data-dialog-open]:visible")
        assert openers.count() > 1
        for n in range(openers.count()):
            opener = openers.nth(n)
            opener.focus()
            maja.page.keyboard.press("Enter")
            dialog = maja.page.locator("dialog[open]")
            expect(dialog).to_have_count(1)
            assert maja.page.evaluate("document.querySelector('dialog[open]').contains(document.activeElement)")
            assert maja.page.evaluate(LOOK, {"full": True, "known": known})["problems"] == []
            maja.page.keyboard.press("Escape")
            expect(dialog).to_have_count(0)
            expect(opener).to_be_focused()


def test_what_was_done_is_said_to_who_does_not_see_it(visit: Visit) -> None:
    maja = visit(**STILL).sign_in("maja")
    maja.context.add_init_script(HEARD)
    maja.go("/settings/")
    form = maja.page.locator("form").filter(has=maja.page.locator("[name=timezone]"))
    form.get_by_role("button").first.click()

    message = maja.page.get_by_role("status").locator("[data-toast] > span")
    expect(message).to_be_visible()

    heard = until("a change of the message", lambda: maja.page.evaluate("window.heard[0]"))
    assert heard.strip() == message.inner_text().strip()
