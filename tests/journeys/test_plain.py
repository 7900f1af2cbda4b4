"""The main ways through the product in a browser that runs no script: plain links, plain forms, and what they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import DESK, PHONE, Product, Visitor, until
from tests.journeys.test_outside import link_in, mail_to
from tests.journeys.test_period import invitation, plan

pytestmark = pytest.mark.journey

Visit = Callable[..., Visitor]
PLAIN: dict[str, Any] = {**DESK, "java_script_enabled": False}
PLAIN_PHONE: dict[str, Any] = {**PHONE, "java_script_enabled": False}
READER = "ida.holm@kystfrakt.example"


def says(visitor: Visitor, words: str) -> None:
    """The page answers what was done."""
    expect(visitor.page.locator("#toasts")).to_contain_text(words)


def test_a_period_is_planned_answered_checked_and_voted_on_by_plain_forms(visit: Visit, product: Product) -> None:
    maja = visit(**PLAIN).sign_in("maja")
    plan(maja, name="Archive move", key="ARC27", newcomer="Signe Lund")
    maja.page.locator("#invite").get_by_role("button").click()
    says(maja, "Readiness is open")

    link = until("the invitation", lambda: invitation(product, "signe@northlane.example"))
    signe = visit(**PLAIN_PHONE)
    signe.go(link)
    for box in signe.page.locator("[name=statements]").all():
        box.check()
    signe.page.get_by_role("button", name="I’m ready").click()
    expect(signe.page.locator("h1")).to_contain_text("You’re set")

    maja.go("/p/ARC27/readiness/")
    maja.page.get_by_role("button", name=re.compile("^Complete")).first.click()
    says(maja, "done")

    maja.go("/p/ARC27/go-no-go/")
    vote = maja.page.locator("#vote")
    vote.locator("label.choice", has_text=re.compile("^\\s*Go")).click()
    vote.get_by_role("button", name=re.compile("vote", re.IGNORECASE)).click()
    expect(maja.page.locator("#go-votes li", has_text="you").first).to_contain_text("Go")


def test_an_incident_is_logged_taken_and_solved_by_plain_forms(visit: Visit) -> None:
    maja = visit(**PLAIN).sign_in("maja")
    page = maja.page
    maja.go("/p/BILL26/incidents/new/")
    form = page.locator("main #log-form")
    form.locator("[name=title]").fill("Dunning letters carry last year’s date")
    form.locator("label.choice", has_text="P3").click()
    form.get_by_role("button", name="Log incident").click()
    expect(page.locator("h1")).to_contain_text("Dunning letters")

    page.locator("#incident-buttons").get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#incident-buttons").get_by_role("button", name="Acknowledge")).to_have_count(0)
    page.locator("summary", has_text=re.compile("You own it|No owner|Nobody")).first.click()
    page.locator("details[open] button", has_text="Tomasz").first.click()
    expect(page.locator("main")).to_contain_text("Tomasz")
    page.get_by_label(re.compile(r"^Status: .*Change it")).click()
    page.locator("details[open]").get_by_role("button", name="Investigating").click()
    expect(page.get_by_label("Status: Investigating. Change it")).to_be_visible()
    page.locator("#composer textarea").fill("The template of December is still in use.")
    page.locator("#composer").get_by_role("button", name="Post").click()
    expect(page.locator("main")).to_contain_text("The template of December is still in use.")

    page.locator("#incident-buttons").get_by_role("link", name="Resolve").click()
    page.get_by_label("Fixed", exact=True).check()
    page.get_by_label("What fixed it?").fill("The new template is live.")
    page.locator("main form").filter(has_text="What fixed it?").get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("heading", name="How it ended")).to_be_visible()


def test_cover_is_asked_for_and_taken_by_plain_forms(visit: Visit) -> None:
    tomasz = visit(**PLAIN).sign_in("tomasz")
    tomasz.go("/shifts/")
    tomasz.page.get_by_role("link", name=re.compile("^Swap")).last.click()
    question = tomasz.page.url
    person = tomasz.page.locator("main form label", has=tomasz.page.locator("[name=users]")).first
    name = person.inner_text().split()[0].lower()
    person.locator("input").check()
    tomasz.page.get_by_role("button", name="Ask", exact=True).click()
    says(tomasz, "Asked")

    taker = visit(**PLAIN_PHONE).sign_in(name)
    taker.go(re.sub(r"/coverage/.*", "/coverage/", question))
    taker.page.get_by_role("button", name=re.compile("^Take it")).first.click()
    says(taker, "You have it")


def test_people_outside_report_and_follow_by_plain_forms(visit: Visit, product: Product) -> None:
    ida = visit(**PLAIN_PHONE)
    ida.go("/status/billing/")
    ida.page.get_by_label("Email address").fill(READER)
    ida.page.get_by_role("button", name="Subscribe").click()
    ida.page.get_by_role("heading", name="Look into your mail").wait_for()
    ida.go(link_in(mail_to(product.inbox, READER, "Do you want updates"), "/updates/"))
    ida.page.get_by_role("button", name="Yes, send them").click()
    ida.page.get_by_role("heading", name="You get updates").wait_for()
    ida.page.get_by_role("button", name="Stop these mails").click()
    ida.page.get_by_role("heading", name="You get no more mail").wait_for()

    ida.go("/status/billing/")
    ida.page.get_by_role("link", name="Report a problem").click()
    ida.page.get_by_role("button", name="Send report").click()
    ida.page.get_by_role("heading", name="There is a problem").wait_for()
    ida.page.get_by_label("What went wrong?").fill("The address label prints twice")
    ida.page.get_by_label("I found a way around it").check()
    ida.page.get_by_role("button", name="Send report").click()
    ida.page.get_by_role("heading", name="Received").wait_for()
