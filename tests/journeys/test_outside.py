"""Somebody outside cannot go on and says so; people inside take it, tell, solve it; everybody outside hears."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.journeys.conftest import PHONE, Inbox, Product, Visitor, text_of, until

pytestmark = pytest.mark.journey

REPORTER, READER = "anna.berg@nordhus.example", "jonas.lind@kystfrakt.example"
TITLE = "Refunds end in an error page"
# What a person might paste, and what no page may run.
WROTE = f"{TITLE}\n<script>alert(1)</script><img src=x onerror=alert(2)> \"'> {{{{7*7}}}} \u202e"
LIGHT = {**PHONE, "color_scheme": "light"}


def mail_to(inbox: Inbox, address: str, words: str) -> str:
    """The newest mail to an address that says something, once it is there."""

    def look() -> str | None:
        return next((text for text in reversed(inbox.to(address)) if words in text), None)

    return until(f"a mail to {address} that says “{words}”", look)


def page_sent(inbox: Inbox) -> str:
    """The one-tap address of the page about it, whoever is on shift."""

    def look() -> str | None:
        for mail in list(inbox.mails):
            text = text_of(mail)
            if "page for you" in text and TITLE in text:
                return re.search(r"http\S+/page/\S+", text)[0]  # type: ignore[index]  # a page has its link
        return None

    return until("a page to whoever is on shift", look)


def link_in(text: str, part: str) -> str:
    """The first address in a mail with this part."""
    return re.search(rf"http\S+{part}\S+", text)[0]  # type: ignore[index]  # the mail was asked for because of it


def test_a_report_from_outside_is_taken_told_about_and_solved(product: Product, visit: Callable[..., Visitor]) -> None:
    inbox = product.inbox
    anna, jonas = visit(**LIGHT), visit(**PHONE)

    # Jonas wants to know how it goes, and confirms it.
    jonas.go("/status/billing/")
    jonas.picture("10d status")
    jonas.page.get_by_label("Email address").fill(READER)
    jonas.page.get_by_role("button", name="Subscribe").click()
    jonas.page.get_by_role("heading", name="Look into your mail").wait_for()
    jonas.go(link_in(mail_to(inbox, READER, "Do you want updates"), "/updates/"))
    jonas.page.get_by_role("button", name="Yes, send them").click()
    jonas.page.get_by_role("heading", name="You get updates").wait_for()

    # Anna can't go on, and says so.
    anna.go("/status/billing/")
    anna.page.get_by_role("link", name="Report a problem").click()
    anna.page.get_by_text("We already know about").wait_for()
    anna.picture("10c report")
    anna.page.get_by_label("What went wrong?").fill(WROTE)
    anna.page.get_by_label("I can’t do what I need to").check()
    anna.page.get_by_label("Email").fill(REPORTER)
    anna.page.get_by_role("button", name="Send report").click()
    anna.page.get_by_role("heading", name="Received").wait_for()
    receipt = anna.page.url
    anna.picture("10c receipt")
    mail_to(inbox, REPORTER, "We have your report")

    # Whoever is on shift takes it on the phone.
    paged = visit(**PHONE)
    paged.go(page_sent(inbox))
    paged.page.get_by_role("button", name="Acknowledge").click()
    paged.page.get_by_role("link", name=re.compile("^Open BILL26-")).wait_for()
    key = re.search(r"BILL26-\d+", paged.page.locator("body").inner_text())[0]  # type: ignore[index]  # just seen
    mail_to(inbox, REPORTER, "Somebody works on it now.")

    # Support says outside what is going on, and solves it.
    kavya = visit().sign_in("kavya")
    kavya.go(f"/i/{key}/")
    assert "Reported from outside" in kavya.page.locator("main").inner_text()
    kavya.picture("incident reported from outside")
    kavya.go(f"/p/BILL26/comms/?incident={key.rpartition('-')[2]}")
    kavya.page.get_by_label("In a few plain words").fill("Refunds end in an error page")
    kavya.page.get_by_label("Being fixed").check()
    kavya.page.get_by_label("What people should know").fill("Refunds fail since noon. A fix is being tested.")
    kavya.picture("comms")
    kavya.page.get_by_role("button", name="Publish").click()
    kavya.page.get_by_text("Update 1 is out.").wait_for()
    update = mail_to(inbox, READER, "Refunds fail since noon.")
    assert key not in update
    assert "Kavya" not in update

    kavya.go(f"/i/{key}/resolve/")
    kavya.page.get_by_label("Fixed", exact=True).check()
    kavya.page.get_by_label("What fixed it?").fill("The refund job had the old certificate.")
    kavya.page.locator("main form").filter(has_text="What fixed it?").get_by_role("button", name="Resolve").click()
    told = mail_to(inbox, REPORTER, "It is fixed.")
    assert "certificate" not in told
    kavya.go("/p/BILL26/comms/")
    notice = kavya.page.locator("li", has_text="Refunds end in an error page").first
    notice.get_by_role("link", name=re.compile("^Update")).click()
    kavya.page.get_by_role("radio", name="Solved").check()
    kavya.page.get_by_label("What people should know").fill("Refunds work again.")
    kavya.page.get_by_role("button", name="Publish").click()
    kavya.page.get_by_text("Update 2 is out.").wait_for()
    last = mail_to(inbox, READER, "Refunds work again.")

    # Anna's own page says so, the status page says so, and Jonas has heard enough.
    anna.go(receipt)
    assert "It is fixed." in anna.page.locator("main").inner_text()
    assert "BILL26" not in anna.page.content()
    jonas.go("/status/billing/?again")  # an address of its own: his browser may keep the page for 15 seconds
    assert "Refunds work again." in jonas.page.locator("main").inner_text()
    jonas.go(link_in(last, "/updates/"))
    jonas.page.get_by_role("button", name="Stop these mails").click()
    jonas.page.get_by_role("heading", name="You get no more mail").wait_for()
    for visitor in (anna, jonas, paged, kavya):
        assert visitor.complaints == []


def test_the_form_comes_back_with_what_is_wrong_and_what_was_typed(visit: Callable[..., Visitor]) -> None:
    anna = visit(**LIGHT)
    anna.go("/status/billing/")
    anna.page.get_by_role("link", name="Report a problem").click()
    anna.page.get_by_label("I found a way around it").check()
    anna.page.get_by_label("Email").fill("anna.berg@")

    anna.page.get_by_role("button", name="Send report").click()

    anna.page.get_by_role("heading", name="There is a problem").wait_for()
    anna.picture("10e report errors")
    assert anna.page.title().startswith("Error: ")
    assert anna.page.get_by_label("Email").input_value() == "anna.berg@"
    assert anna.page.get_by_label("I found a way around it").is_checked()
    anna.page.get_by_role("link", name="Tell us what went wrong").click()
    assert anna.page.evaluate("document.activeElement.name") == "text"
