"""The story of a period through a browser: planned, announced, run, and looked at by those it concerns."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import DESK, PHONE, Product, Visitor, until
from tests.journeys.test_alertmanager import ask

pytestmark = pytest.mark.journey

Visit = Callable[..., Visitor]
PAGES = {
    "home": "/",
    "periods": "/periods/",
    "overview": "/p/BILL26/",
    "readiness": "/p/BILL26/readiness/",
    "coverage": "/p/BILL26/coverage/",
    "people": "/p/BILL26/people/",
    "incidents": "/p/BILL26/incidents/",
    "log": "/p/BILL26/incidents/new/",
    "my incidents": "/incidents/",
    "debriefs": "/p/BILL26/debriefs/",
    "exit": "/p/BILL26/exit/",
    "activity": "/p/BILL26/activity/",
    "period settings": "/p/BILL26/settings/",
    "settings": "/settings/",
    "shifts": "/shifts/",
    "search": "/search/?q=invoice",
    "plan": "/periods/new/",
}
FIRST_LINK = {
    "incident": ("/p/BILL26/incidents/", r"/i/BILL26-\d+/$"),
    "debrief": ("/p/BILL26/debriefs/", r"/p/BILL26/debriefs/\d+/$"),
}


@pytest.mark.parametrize(("name", "device"), [("desk", DESK), ("phone", PHONE)])
def test_every_page_has_a_heading_fits_its_window_and_leaves_the_console_empty(
    visit: Visit, name: str, device: dict[str, Any]
) -> None:
    maja = visit(**device).sign_in("maja")
    faults = []
    for page, path in {**PAGES, **{page: first_link(maja, *where) for page, where in FIRST_LINK.items()}}.items():
        maja.go(path)
        maja.page.wait_for_load_state("networkidle")
        faults += [f"{name} {page}: {fault}" for fault in faults_of(maja.page)]
        maja.picture(f"{name} {page}")
    assert faults + maja.complaints == []


def first_link(visitor: Visitor, path: str, pattern: str) -> str:
    """The first link of a page that fits."""
    visitor.go(path)
    links = visitor.page.locator("main a").evaluate_all("all => all.map(one => one.pathname)")
    return str(next(link for link in links if re.search(pattern, link)))


def faults_of(page: Page) -> list[str]:
    """What is wrong with a page at first sight."""
    wide = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
    headings = page.locator("h1").count()
    return [*([f"{wide} px wider than the window"] if wide > 0 else []), *([f"{headings} h1"] if headings != 1 else [])]


def test_an_incident_is_logged_in_two_fields_acknowledged_and_resolved(visit: Visit) -> None:
    maja = visit().sign_in("maja")
    page = maja.page
    expect(page.get_by_role("heading", name=re.compile("needs? you", re.IGNORECASE))).to_be_visible()
    page.goto(f"{maja.address}/p/BILL26/")
    expect(page.locator("h1")).to_be_visible()

    page.goto(f"{maja.address}/p/BILL26/incidents/new/")
    form = page.locator("main #log-form")
    form.locator("[name=title]").fill("Credit notes are printed twice")
    form.locator("label.choice", has_text="P2").click()
    form.get_by_role("button", name="Log incident").click()
    page.wait_for_url(re.compile(r"/i/BILL26-\d+/"))
    expect(page.locator("h1")).to_contain_text("Credit notes are printed twice")

    page.locator("#incident-buttons").get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#incident-buttons").get_by_role("button", name="Acknowledge")).to_have_count(0)
    page.locator("#incident-buttons").get_by_role("link", name="Resolve").click()
    resolve = page.locator("#resolve-form")
    resolve.locator(".seg label").first.click()
    resolve.locator("[name=resolution]").fill("Stopped the second print job.")
    resolve.get_by_role("button", name=re.compile("Resolve")).click()

    expect(page.get_by_role("heading", name="How it ended")).to_be_visible()
    expect(page.locator("#incident-rail")).to_contain_text("Stopped the second print job.")
    maja.picture("incident resolved")
    assert maja.complaints == []


@pytest.mark.parametrize("name", ["rachel", "kavya", "tomasz"])
def test_everybody_of_the_demo_finds_the_period_and_their_own_home(visit: Visit, name: str) -> None:
    person = visit().sign_in(name)
    assert faults_of(person.page) == []
    person.picture(f"home of {name}")
    for path in ("/p/BILL26/", "/p/BILL26/exit/", "/p/BILL26/incidents/"):
        person.go(path)
        assert faults_of(person.page) == []
    assert person.complaints == []


def test_a_token_made_in_the_settings_reads_the_status_of_a_period(product: Product, token: str) -> None:
    status = ask(product, token, "periods/BILL26/status/")
    assert (status["key"], status["status"], status["engine"]["ok"]) == ("BILL26", "active", True)


def test_a_period_is_planned_and_who_is_invited_answers_from_the_phone(visit: Visit, product: Product) -> None:
    maja = visit().sign_in("maja")
    plan(maja)
    maja.go("/p/TAX27/settings/")
    maja.picture("planned")
    maja.page.locator("#invite").get_by_role("button").click()
    expect(maja.page.get_by_text("Readiness is open")).to_be_visible()

    link = until("the invitation of Olga", lambda: invitation(product, "olga@northlane.example"))
    olga = visit(**PHONE)
    for _ in range(2):
        olga.go(link)
        expect(olga.page.locator("h1")).to_contain_text("are you ready for Tax engine")
    olga.picture("phone invitation")
    assert faults_of(olga.page) == []
    assert readiness_of(maja, "Olga Berg") == "Waiting", "opening the link answers nothing"

    for box in olga.page.locator("[name=statements]").all():
        box.check()
    olga.page.get_by_role("button", name="I’m ready").click()
    expect(olga.page.locator("h1")).to_contain_text("You’re set")
    olga.picture("phone answered")
    assert faults_of(olga.page) == []
    assert readiness_of(maja, "Olga Berg") == "Ready"
    assert maja.complaints + olga.complaints == []


def plan(maja: Visitor, *, name: str = "Tax engine", key: str = "TAX27", newcomer: str = "Olga Berg") -> None:
    """The six steps, with a newcomer added on the way."""
    page = maja.page
    maja.go("/periods/new/")
    go_live = (datetime.now(UTC) + timedelta(days=30)).date()
    typed = {
        "name": name,
        "key": key,
        "systems": "tax, ledger",
        "go_live_on": go_live.isoformat(),
        "go_live_time": "07:00",
    }
    for field, value in typed.items():
        page.locator(f"main [name={field}]").fill(value)
    onward(page, "risk")
    for question in page.locator("main fieldset:has(.choices)").all():
        question.locator("label.choice").nth(1).click()
    maja.picture("plan risk")
    onward(page, "window")
    page.locator("[name=baseline_issues]").fill("56")
    onward(page, "people")
    page.get_by_role("button", name="Use the suggested duties").click()
    page.get_by_text("Add a person", exact=True).click()
    add = page.locator(f"form[action='/p/{key}/plan/people/new/']")
    add.locator("[name=name]").fill(newcomer)
    add.locator("[name=email]").fill(f"{newcomer.split()[0].lower()}@northlane.example")
    add.locator("[name=role]").select_option(index=1)
    add.get_by_role("button", name="Add person").click()
    expect(page.get_by_text(f"{newcomer} added.")).to_be_visible()
    for field, who in {
        "lead": "Maja",
        "sponsor": "Rachel",
        "bau_owner": "Kavya",
        "rollback_authority": "Ingrid",
    }.items():
        option = page.locator(f"[name={field}] option", has_text=who)
        page.locator(f"[name={field}]").select_option(option.get_attribute("value"))
    page.locator("[name=point_of_no_return]").fill("After the first filing is sent")
    onward(page, "checks")
    onward(page, "review")
    maja.picture("plan review")
    page.locator("main .form-foot .btn--primary").click()
    page.wait_for_url(re.compile(f"/p/{key}/settings/"))


def onward(page: Page, step: str) -> None:
    """Press the step's main button and arrive at the next."""
    page.locator("main .form-foot .btn--primary").first.click()
    page.wait_for_url(re.compile(f"/plan/{step}/"))


def invitation(product: Product, address: str) -> str | None:
    """The link of the invitation, once it came."""
    found = re.search(rf"{product.address}/a/\S+", "\n".join(product.inbox.to(address)))
    return found.group() if found else None


def readiness_of(maja: Visitor, name: str) -> str:
    """What the list of people says about somebody."""
    maja.go("/p/TAX27/people/")
    row = maja.page.get_by_role("row").filter(has_text=name)
    return row.get_by_role("cell").nth(3).inner_text().strip()
