"""From a template to a go on record: planned, checked, acknowledged on the phone, rehearsed, voted, decided."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import PHONE, ROOT, Product, Visitor, until
from tests.journeys.test_period import faults_of, onward

pytestmark = pytest.mark.journey

Visit = Callable[..., Visitor]
ON_DUTY = {"tomasz": "Engineering on call", "priya": "Support desk", "arjun": "Hypercare lead"}
NAMED = {"lead": "Maja", "sponsor": "Rachel", "bau_owner": "Kavya", "rollback_authority": "Ingrid"}


def test_a_release_goes_from_a_template_to_a_go_with_conditions(visit: Visit, product: Product) -> None:
    maja = visit().sign_in("maja")
    plan_from_a_template(maja)
    give_out_the_checks(maja)
    phone = visit(**PHONE)
    for name in ON_DUTY:
        acknowledge(phone, product, name)
    maja.go("/p/PAY27/readiness/")
    expect(maja.page.get_by_role("heading", name="Acknowledgements")).to_contain_text("3 of 3")
    rehearse_the_rollback(maja)
    fold_a_group(maja)
    maja.picture("ready readiness")

    vote(maja, "PAY27", "Go")
    for name in ("kavya", "priya", "arjun"):
        vote(visit().sign_in(name), "PAY27", "Go")
    tomasz = visit().sign_in("tomasz")
    vote(tomasz, "PAY27", "Hold", reason="The duplicate alert has not fired yet")
    maja.go("/p/PAY27/go-no-go/")
    expect(maja.page.locator("#votes")).to_contain_text("Quorum")
    expect(maja.page.locator("#blockers")).to_contain_text("holds: The duplicate alert has not fired yet")

    rachel = visit().sign_in("rachel")
    decide_with_conditions(rachel, "PAY27", reason="The way back is rehearsed.")
    maja.go("/p/PAY27/go-no-go/")
    condition = maja.page.locator("li[id^=condition-]", has_text="holds: The duplicate alert")
    condition.get_by_role("link", name="Say it is met").click()
    maja.page.get_by_label("Evidence").fill("https://grafana.example/alert/7")
    maja.page.get_by_role("button", name="It is met").click()
    expect(condition).to_contain_text("Met")

    maja.page.get_by_role("link", name="The record", exact=True).click()
    expect(maja.page.locator("h1")).to_have_text("Go with conditions")
    record = maja.page.locator("main")
    for words in ("The way back is rehearsed.", "https://grafana.example/alert/7", "The checklist then", "Hold"):
        expect(record).to_contain_text(words)
    assert faults_of(maja.page) == []
    maja.picture("ready record")
    people = (maja, phone, tomasz, rachel)
    assert [said for person in people for said in person.complaints] == []


def fold_a_group(maja: Visitor) -> None:
    """A group that is folded stays so while the tab is open."""
    maja.go("/p/PAY27/readiness/?show=all")
    head = maja.page.locator("[data-fold]").first
    row = maja.page.locator("#checks tbody").first.locator("[data-row]").first
    expect(row).to_be_visible()
    head.click()
    expect(row).to_be_hidden()
    maja.page.reload()
    expect(row).to_be_hidden()
    head.click()
    expect(row).to_be_visible()


def test_a_condition_that_is_not_met_in_time_ends_the_go_and_everybody_hears(visit: Visit, product: Product) -> None:
    tomasz = visit().sign_in("tomasz")
    vote(tomasz, "MOB70", "Go")
    rachel = visit().sign_in("rachel")
    deadline = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=6)
    decide_with_conditions(rachel, "MOB70", reason="Training is tomorrow.", due_at=deadline)
    rachel.go("/p/MOB70/go-no-go/")
    expect(rachel.page.locator("h1 + *")).to_have_text("Ready")

    move_the_clock(product, to=deadline)

    rachel.go("/p/MOB70/go-no-go/")
    expect(rachel.page.locator("main")).to_contain_text("The go ended by itself")
    expect(rachel.page.locator("#blockers")).to_be_visible()
    rachel.picture("ready go ended")
    rachel.page.get_by_role("link", name="The record", exact=True).click()
    expect(rachel.page.locator("h1")).to_contain_text("No-go")
    assert faults_of(rachel.page) == []
    for name in ("maja", "kavya"):
        until(f"the news for {name}", lambda name=name: told(product, name, "no-go"))
    assert tomasz.complaints + rachel.complaints == []


# --- Planning -------------------------------------------------------------------------------------


def plan_from_a_template(maja: Visitor) -> None:
    """A minor release with three of its checks and somebody on each of its duties; everybody invited."""
    page = maja.page
    maja.go("/periods/new/")
    go_live = (datetime.now(UTC) + timedelta(days=10)).date()
    page.locator("[name=start]").select_option("template:minor-release")
    for name, value in {
        "name": "Payment limits",
        "key": "PAY27",
        "systems": "payments",
        "go_live_on": go_live.isoformat(),
        "go_live_time": "07:00",
    }.items():
        page.locator(f"main [name={name}]").fill(value)
    onward(page, "risk")
    for question in page.locator("main fieldset:has(.choices)").all():
        question.locator("label.choice").first.click()
    onward(page, "window")
    page.locator("[name=baseline_issues]").fill("56")
    onward(page, "people")
    for name, duty in ON_DUTY.items():
        add_person(page, name, duty)
    for field, who in NAMED.items():
        option = page.locator(f"[name={field}] option", has_text=who)
        page.locator(f"[name={field}]").select_option(option.get_attribute("value"))
    page.locator("[name=point_of_no_return]").fill("After the first settlement run")
    onward(page, "checks")
    page.evaluate("document.querySelectorAll('[name=keep]').forEach((box, n) => { box.checked = n % 8 === 0 })")
    onward(page, "review")
    page.locator("main .form-foot .btn--primary").click()
    page.wait_for_url(re.compile("/p/PAY27/settings/"))
    page.locator("#invite").get_by_role("button").click()
    expect(page.get_by_text("Readiness is open")).to_be_visible()


def add_person(page: Page, name: str, duty: str) -> None:
    """Somebody who has an account already."""
    page.get_by_text("Add a person", exact=True).click()
    form = page.locator("form[action='/p/PAY27/plan/people/new/']")
    form.locator("[name=name]").fill(name.title())
    form.locator("[name=email]").fill(f"{name}@northlane.example")
    form.locator("[name=role]").select_option(label=duty)
    form.get_by_role("button", name="Add person").click()
    expect(page.get_by_text("Nobody is told before you invite.")).to_be_visible()


# --- Checks, answers, rehearsal -------------------------------------------------------------------


def give_out_the_checks(maja: Visitor) -> None:
    """All at once to Tomasz, one of them in its row to Priya, one done and taken back."""
    page = maja.page
    maja.go("/p/PAY27/readiness/")
    ticks = page.locator("[name=checks]")
    expect(ticks).to_have_count(3)
    for tick in ticks.all():
        tick.check()
    page.locator("#bulk-owner").select_option(label="Tomasz Wójcik, Engineering on call")
    page.locator("#bulk-due").fill("2 days before go-live")
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_text("3 checks changed")).to_be_visible()
    expect(page.locator("tr[data-row]", has_text="Tomasz W.")).to_have_count(3)

    row = row_of(page, 0)
    row.get_by_title("Change the owner").click()
    row.locator("select").select_option(label="Priya Raman, Support desk")
    row.locator("select").press("Enter")
    expect(row).to_contain_text("Priya R.")
    row.get_by_role("link", name=re.compile("^Complete")).click()
    page.locator("main [name=evidence]").fill("Seen by both")
    page.get_by_role("button", name="Complete", exact=True).click()
    page.get_by_role("button", name=re.compile("Undo")).last.click()
    expect(page.get_by_text("is as it was")).to_be_visible()


def row_of(page: Page, place: int) -> Locator:
    """A row of the list that stays the same one when it is swapped."""
    name = page.locator("tr[data-row]").nth(place).get_attribute("id")
    return page.locator(f"#{name}")


def acknowledge(phone: Visitor, product: Product, name: str) -> None:
    """By the link of the mail, with thumbs; opening it answers nothing."""
    address = f"{name}@northlane.example"
    phone.go(until(f"the invitation of {name}", lambda: newest_invitation(product, address)))
    expect(phone.page.locator("h1")).to_contain_text("are you ready for Payment limits")
    assert faults_of(phone.page) == []
    for box in phone.page.locator("[name=statements]").all():
        box.check()
    phone.page.get_by_role("button", name="I’m ready").click()
    expect(phone.page.locator("h1")).to_contain_text("You’re set")


def newest_invitation(product: Product, address: str) -> str | None:
    """The link in the mail about this period; the demo's people have others."""
    mine = [text for text in product.inbox.to(address) if "Payment limits" in text]
    found = re.findall(rf"{product.address}/a/\S+", "\n".join(mine))
    return found[-1] if found else None


def rehearse_the_rollback(maja: Visitor) -> None:
    """Timed by the watch, within its box."""
    page = maja.page
    maja.go("/p/PAY27/readiness/rehearsals/start/")
    page.get_by_label("It may take").fill("1 h")
    page.get_by_role("button", name="Start the watch").click()
    page.locator("#rehearsals").get_by_role("link", name="Stop").click()
    page.locator("label.choice", has_text="worked").first.click()
    page.get_by_role("button", name="Stop the watch").click()
    expect(page.locator("#rehearsals")).to_contain_text("worked")
    expect(page.locator("#rehearsals")).to_contain_text("of 1 h")


# --- The meeting ----------------------------------------------------------------------------------


def vote(person: Visitor, key: str, choice: str, *, reason: str = "") -> None:
    """In the meeting, with a reason where there is one."""
    person.go(f"/p/{key}/go-no-go/")
    form = person.page.locator("#vote")
    form.locator("label.choice", has_text=re.compile(f"^\\s*{choice}")).click()
    if reason:
        form.locator("[name=reason]").fill(reason)
    form.get_by_role("button", name=re.compile("vote", re.IGNORECASE)).click()
    expect(person.page.locator("#go-votes li", has_text="you").first).to_contain_text(choice)


def decide_with_conditions(sponsor: Visitor, key: str, *, reason: str, due_at: datetime | None = None) -> None:
    """Each thing that is open gets a condition; all are due then, or when the form suggests."""
    page = sponsor.page
    sponsor.go(f"/p/{key}/go-no-go/")
    form = page.locator("#decide form")
    form.locator("label.choice", has_text="Go with conditions").click()
    form.locator("[name=reason]").fill(reason)
    for row in form.get_by_role("group", name=re.compile(r"^Condition \d")).all():
        said = row.locator("[name$=-objection]").input_value()
        if not said:
            continue
        text = row.locator("[name$=-text]")
        text.fill(text.input_value() or "It is done, and somebody saw it")
        if due_at is not None:
            zone = ZoneInfo(str(page.locator("html").get_attribute("data-zone")))
            row.locator("[name$=-due_at]").fill(f"{due_at.astimezone(zone):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Record the decision").click()
    page.wait_for_url(re.compile(rf"/p/{key}/go-no-go/decisions/\d+/"))
    expect(page.locator("h1")).to_have_text("Go with conditions")


def move_the_clock(product: Product, *, to: datetime) -> None:
    """Let the engine's timers see another time: what is due by then happens, in a process beside the worker."""
    var = product.log.parent
    environment = {**os.environ, "HYPERCARE_ENV": "embedded", "HYPERCARE_VAR": str(var), "BASE_URL": product.address}
    for name in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"):
        environment.pop(name, None)
    said = (
        "from datetime import datetime; from hypercare.engine import timers; "
        f"print(timers.fire_due(at=datetime.fromisoformat('{to.isoformat()}')))"
    )
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", said]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def told(product: Product, name: str, words: str) -> bool:
    """Whether a mail with these words came for somebody."""
    return any(words in text.lower() for text in product.inbox.to(f"{name}@northlane.example"))
