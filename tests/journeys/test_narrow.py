"""Every page fits a window of 320 pixels (WCAG 1.4.10), a desk, and a desk and a phone whose browser has a font of
twice the size (1.4.4), so that nobody scrolls sideways to read; whatever the words."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.journeys.conftest import Visitor
from tests.journeys.test_period import faults_of

pytestmark = pytest.mark.journey
PAGES = (
    "/",
    "/periods/",
    "/periods/new/",
    "/settings/",
    "/shifts/",
    "/lessons/",
    "/lessons/new/",
    "/templates/",
    "/templates/import/",
    "/incidents/",
    "/p/BILL26/",
    "/p/BILL26/activity/",
    "/p/BILL26/readiness/",
    "/p/BILL26/coverage/",
    "/p/BILL26/people/",
    "/p/BILL26/incidents/",
    "/p/BILL26/incidents/new/",
    "/i/BILL26-36/",
    "/i/BILL26-36/resolve/",
    "/p/BILL26/debriefs/",
    "/p/BILL26/exit/",
    "/p/BILL26/settings/",
    "/p/BILL26/pages/runbook/",
    "/p/BILL26/pages/runbook/edit/",
    "/p/BILL26/comms/",
    "/p/MOB70/go-no-go/",
    "/p/MOB70/plan/risk/",
    "/p/MOB70/plan/window/",
    "/p/MOB70/plan/people/",
    "/p/MOB70/plan/review/",
)


@pytest.mark.parametrize(("width", "font"), [(320, 16), (1440, 16), (1280, 32), (390, 32)])
def test_no_page_is_wider_than_its_window(visit: Callable[..., Visitor], width: int, font: int) -> None:
    maja = visit(viewport={"width": width, "height": 900})
    browser = maja.context.new_cdp_session(maja.page)
    browser.send("Page.setFontSizes", {"fontSizes": {"standard": font, "fixed": font}})
    maja.sign_in("maja")
    assert maja.page.evaluate("getComputedStyle(document.documentElement).fontSize") == f"{font}px"
    faults = {}

    for path in PAGES:
        maja.go(path)
        if found := faults_of(maja.page):
            faults[path] = found

    assert faults == {}


WORDS = ("Zahlungsverkehrsabstimmungsausnahme" * 5, f"https://watch.example/d/latency?{'var-service=invoice&' * 8}")


@pytest.mark.parametrize("width", [390, 1280])
def test_one_long_word_stays_in_its_card_row_and_page(visit: Callable[..., Visitor], width: int) -> None:
    maja = visit(viewport={"width": width, "height": 900}).sign_in("maja")
    for word in WORDS:
        maja.go("/p/BILL26/incidents/new/")
        form = maja.page.locator("main #log-form")
        form.locator("[name=title]").fill(word)
        form.locator("label.choice", has_text="P4").click()
        form.get_by_role("button", name="Log incident").click()
        maja.page.wait_for_url(re.compile(r"/i/BILL26-\d+/"))
    assert faults_of(maja.page) == []

    faults = {}
    for path in ("/p/BILL26/incidents/?view=board", "/p/BILL26/incidents/", "/p/BILL26/", "/incidents/", "/"):
        maja.go(path)
        wider = maja.page.locator(".card, .panel .main, .attention > li").evaluate_all(
            "found => found.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent.trim())"
        )
        if found := [*faults_of(maja.page), *wider]:
            faults[path] = found

    assert faults == {}
