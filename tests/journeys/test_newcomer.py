"""From an empty installation to a period closed with two signatures, by people who have never been there before.

The product as `make run DEMO=no` starts it, a browser, and a clock that is moved by stopping and starting: what stands
between two of its days happens when it comes back, as after a weekend without power.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from periods.template_files.kinds import BUILT_IN
from scripts import another_day
from tests import ROOT
from tests.crawl.stage import BANDS, answers_of
from tests.journeys.conftest import DESK, LISTEN, PHONE, Inbox, Visitor, answers, free_port, running, until
from tests.journeys.test_period import faults_of, onward

pytestmark = pytest.mark.journey

PASSWORD = "a quiet harbour at noon"
PEOPLE = {"Ben Sand": "Support desk", "Cleo Marsh": "Engineering on call", "Dan Field": "Engineering on call"}
VIEWS = (
    "",
    "readiness/",
    "coverage/",
    "coverage/?zoom=all",
    "incidents/",
    "incidents/?view=board",
    "debriefs/",
    "exit/",
    "comms/",
    "pages/",
    "people/",
    "settings/",
    "activity/",
    "go-no-go/",
)
RUN = "minor-release"  # the template whose period goes all the way
# Who answers for what where only two are there: closing takes two people.
ALONE = {"sponsor": "Ben", "bau_owner": "Astrid", "rollback_authority": "Astrid"}
COUNT_CLICKS = """document.addEventListener('click', event => {
    if (event.isTrusted) localStorage.clicks = Number(localStorage.clicks || 0) + 1 }, true)"""


@dataclass
class Installation:
    """An empty one, whose clock can be moved."""

    var: Path
    address: str
    inbox: Inbox
    env: dict[str, str]
    go_live: datetime
    code: str = ""

    @contextmanager
    def on(self, at: datetime) -> Iterator[None]:
        """Run the product from that moment on."""
        ahead = (at - datetime.now(UTC)).total_seconds()
        env = {**self.env, **(another_day.environment(ahead) if ahead > 60 else {})}
        log = self.var / f"up-{at:%m%d}.log"
        command = [sys.executable, "manage.py", "up", "--port", self.address.rpartition(":")[2], "--no-demo"]
        with running(command, log=log, cwd=ROOT, env=env) as process:
            until(f"the product; see {log}", lambda: self._is_up(process), patience=300)
            found = re.search(r"with the code (\S+)\.", log.read_text())
            self.code = found.group(1) if found else ""
            yield

    def _is_up(self, process: subprocess.Popen[bytes]) -> bool:
        return process.poll() is None and answers(f"{self.address}/healthz/engine/")

    def link(self, address: str, pattern: str) -> str:
        """The newest link of that form that was mailed to somebody, once there is one."""

        def look() -> str | None:
            found = re.findall(rf"{self.address}{pattern}", "\n".join(self.inbox.to(address)))
            return str(found[-1]) if found else None

        return until(f"a mail to {address} with {pattern}", look)


@dataclass
class Cast:
    """Who takes part, each with a browser of their own, and what their browsers complained about."""

    browser: Browser
    house: Installation
    everybody: dict[str, Visitor]
    passwords: set[str]

    def person(self, name: str, **device: Any) -> Visitor:
        """Somebody with the device they had before, signed in where they have a password."""
        if name not in self.everybody:
            self.everybody[name] = self._arrives(**device)
        visitor = self.everybody[name]
        if name in self.passwords:
            visitor.page.goto(f"{self.house.address}/")
            if "/accounts/login/" in visitor.page.url:
                sign_in(visitor, name)
        return visitor

    def _arrives(self, **device: Any) -> Visitor:
        context = self.browser.new_context(**(device or DESK), locale="en-GB")
        context.set_default_timeout(20_000)
        context.add_init_script(LISTEN)
        context.add_init_script(COUNT_CLICKS)
        visitor = Visitor(context, context.new_page(), self.house.address)
        page, said = visitor.page, visitor.complaints
        page.on("console", lambda one: said.append(f"{page.url}: {one.text}") if one.type == "error" else None)
        page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
        return visitor

    @contextmanager
    def on(self, at: datetime) -> Iterator[None]:
        """While the product runs from that moment on; pages are left before it stops, or they would ask for news."""
        with self.house.on(at):
            yield
            for visitor in self.everybody.values():
                visitor.page.goto("about:blank")

    @property
    def complaints(self) -> list[str]:
        """Of all their browsers."""
        return [one for visitor in self.everybody.values() for one in visitor.complaints]


@pytest.fixture
def house(inbox: tuple[Inbox, int], tmp_path: Path) -> Installation:
    """Not running yet; go-live is three weeks ahead."""
    if another_day.found() is None and os.environ.get("CI") != "true":
        pytest.skip(another_day.MISSING)
    address = f"http://127.0.0.1:{free_port()}"
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    }
    env = {
        **kept,
        "HYPERCARE_ENV": "embedded",
        "HYPERCARE_VAR": str(tmp_path / "var"),
        "BASE_URL": address,
        "EMAIL_URL": f"smtp://127.0.0.1:{inbox[1]}",
        "OUTGOING_ALLOW": "127.0.0.0/8",
    }
    now = datetime.now(UTC).replace(hour=7, minute=0, second=0, microsecond=0)
    monday = now + timedelta(days=28 - now.weekday())
    return Installation(tmp_path, address, inbox[0], env, monday)


@pytest.fixture
def cast(browser: Browser, house: Installation) -> Iterator[Cast]:
    """Nobody yet."""
    made = Cast(browser, house, {}, set())
    yield made
    for visitor in made.everybody.values():
        visitor.context.close()


def test_a_newcomer_comes_from_nothing_to_a_period_closed_with_two_signatures(house: Installation, cast: Cast) -> None:
    begun = datetime.now(UTC)
    with cast.on(begun):
        make_first_administrator(cast, house.code)
        for n, template in enumerate(BUILT_IN):
            band = list(BANDS)[n % len(BANDS)]
            plan(cast, template, band, key=key_of(template), staffed=template == RUN)
        get_ready(cast, key_of(RUN))
        go(cast, key_of(RUN))
        faults = look_around(cast, "weeks before", among=0)
        clicks = cast.everybody["Astrid Holm"].page.evaluate("localStorage.clicks")
        taken = (datetime.now(UTC) - begun).total_seconds()
    print(f"{len(BUILT_IN)} periods planned, one ready: {clicks} clicks, {taken:.0f} s by machine")  # noqa: T201

    with cast.on(house.go_live + timedelta(hours=1)):
        record_go_live(cast, key_of(RUN))
        faults += look_around(cast, "day 1", among=1)
    for n, day in enumerate((28, 45, 84)):
        with cast.on(house.go_live + timedelta(days=day - 1, hours=2)):
            if day == 28:
                close(cast, key_of(RUN))
            faults += look_around(cast, f"day {day}", among=n)

    assert faults == []
    assert cast.complaints == []


def make_first_administrator(cast: Cast, code: str) -> None:
    """The first visit, with the code of the terminal."""
    astrid = cast.person("Astrid Holm")
    astrid.go("/")
    typed = {"code": code, "name": "Astrid Holm", "email": "astrid@example.com", "password": PASSWORD}
    for field, value in typed.items():
        astrid.page.locator(f"main [name={field}]").fill(value)
    astrid.page.locator("main button.btn--primary").click()
    astrid.page.wait_for_url("**/settings/setup/")
    astrid.picture("newcomer set-up")
    astrid.go("/")
    astrid.picture("newcomer home")
    cast.passwords.add("Astrid Holm")


def plan(cast: Cast, template: str, band: str, *, key: str, staffed: bool) -> None:
    """The six steps, from a built-in template, with answers that score into the band."""
    astrid = cast.person("Astrid Holm")
    page, go_live = astrid.page, cast.house.go_live
    astrid.go("/periods/new/")
    page.locator("#start").select_option(f"template:{template}")
    typed = {"name": f"Ledger, {template}", "key": key, "systems": "ledger", "go_live_on": f"{go_live:%Y-%m-%d}"}
    for field, value in {**typed, "go_live_time": "07:00"}.items():
        page.locator(f"main [name={field}]").fill(value)
    onward(page, "risk")
    for factor, answer in answers_of(band).items():
        page.locator(f"main label.choice:has([name={factor}][value='{answer}'])").click()
    onward(page, "window")
    page.locator("[name=baseline_issues]").fill("28")
    onward(page, "people")
    suggested = page.get_by_role("button", name="Use the suggested duties")
    if suggested.is_visible():
        suggested.click()
    for name in PEOPLE if staffed else ["Ben Sand"]:
        add_person(page, key, name, PEOPLE[name])
    named = {"sponsor": "Ben", "bau_owner": "Cleo", "rollback_authority": "Dan"} if staffed else ALONE
    for field, who in named.items():
        option = page.locator(f"[name={field}] option", has_text=who).first
        page.locator(f"[name={field}]").select_option(option.get_attribute("value"))
    page.locator("[name=point_of_no_return]").fill("After the first posting")
    onward(page, "checks")
    onward(page, "review")
    astrid.picture(f"newcomer review {template}")
    page.locator("main .form-foot .btn--primary").click()
    page.wait_for_url(re.compile(f"/p/{key}/settings/"))


def add_person(page: Page, key: str, name: str, duty: str) -> None:
    """In the step of the wizard that asks for people."""
    page.get_by_text("Add a person", exact=True).click()
    add = page.locator(f"form[action='/p/{key}/plan/people/new/']")
    add.locator("[name=name]").fill(name)
    add.locator("[name=email]").fill(address_of(name))
    add.locator("[name=role]").select_option(label=duty)
    add.get_by_role("button", name="Add person").click()
    expect(page.get_by_text(f"{name} added.")).to_be_visible()


def get_ready(cast: Cast, key: str) -> None:
    """A roster, invitations answered from phones, every check with its evidence, a rehearsal."""
    astrid = cast.person("Astrid Holm")
    page = astrid.page
    astrid.go(f"/p/{key}/people/")
    row = page.get_by_role("row").filter(has_text="astrid@example.com")
    astrid.go(row.locator(f"a[href^='/p/{key}/people/']").first.get_attribute("href") or "")
    page.locator("[name=role]").select_option(label="Hypercare lead")
    page.get_by_role("button", name="Save").click()
    astrid.go(f"/p/{key}/coverage/generate/")
    page.get_by_role("button", name="in the plan").click()
    page.wait_for_url(re.compile(f"/p/{key}/coverage/"))
    astrid.picture("newcomer coverage")
    astrid.go(f"/p/{key}/settings/")
    page.locator("#invite").get_by_role("button").click()
    expect(page.get_by_text("Readiness is open")).to_be_visible()
    for name in PEOPLE:
        phone = cast.person(name, **PHONE)
        phone.go(cast.house.link(address_of(name), r"/a/[\w-]+/"))
        say_ready(phone.page)
    astrid.go(f"/p/{key}/readiness/acknowledge/")
    say_ready(page)
    astrid.go(f"/p/{key}/readiness/?show=all")
    checks = page.locator("main a[href*='/readiness/checks/']").evaluate_all("all => all.map(one => one.pathname)")
    for path in dict.fromkeys(
        found.group() for one in checks if (found := re.match(r"/p/\w+/readiness/checks/\d+/", one))
    ):
        astrid.go(f"{path}complete/")
        page.locator("main [name=evidence]").fill("https://wiki.example.com/ledger")
        page.get_by_role("button", name="Complete", exact=True).click()
        page.wait_for_url(re.compile(f"/p/{key}/readiness/"))
    astrid.go(f"/p/{key}/readiness/rehearsals/record/")
    page.locator("[name=box_minutes]").fill("60")
    page.locator("[name=took_minutes]").fill("40")
    page.locator("label:has([name=outcome][value=passed])").click()
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_url(re.compile("#rehearsals"))
    astrid.picture("newcomer readiness")


def say_ready(page: Page) -> None:
    """Tick what is true and say so."""
    for box in page.locator("[name=statements]").all():
        box.check()
    page.get_by_role("button", name=re.compile("I’m (still )?ready")).click()
    expect(page.locator("h1")).to_contain_text("You’re set")


def go(cast: Cast, key: str) -> None:
    """Everybody with a seat votes, the sponsor decides."""
    make_passwords(cast)
    for name in ("Astrid Holm", *PEOPLE):
        visitor = cast.person(name)
        visitor.go(f"/p/{key}/go-no-go/")
        form = visitor.page.locator(f"form[action='/p/{key}/go-no-go/vote/#vote']")
        if form.count():
            form.locator("label:has([name=choice][value=go])").click()
            form.get_by_role("button").click()
            visitor.page.wait_for_load_state()
    ben = cast.person("Ben Sand")
    ben.go(f"/p/{key}/go-no-go/")
    expect(ben.page.get_by_text("Nothing stands in the way of a go")).to_be_visible()
    decide = ben.page.locator(f"form[action='/p/{key}/go-no-go/decide/#decide']")
    decide.locator("label:has([name=outcome][value=go])").click()
    decide.get_by_role("button", name="Record the decision").click()
    ben.page.wait_for_url(re.compile("/go-no-go/decisions/"))
    ben.picture("newcomer decision")


def make_passwords(cast: Cast) -> None:
    """Each asks for a link and chooses a password with it."""
    for name in PEOPLE:
        visitor = cast.person(name)
        visitor.go("/accounts/password/reset/")
        visitor.page.locator("main [name=email]").fill(address_of(name))
        visitor.page.locator("main button").first.click()
        visitor.page.wait_for_url(re.compile("/reset/done/"))
        visitor.go(cast.house.link(address_of(name), r"/accounts/password/reset/key/[\w-]+/"))
        for field in ("password1", "password2"):
            visitor.page.locator(f"[name={field}]").fill(PASSWORD)
        visitor.page.get_by_role("button", name="Save the password").click()
        visitor.page.wait_for_url(re.compile("/key/done/"))
        cast.passwords.add(name)


def record_go_live(cast: Cast, key: str) -> None:
    """The lead says that users are on."""
    astrid = cast.person("Astrid Holm")
    astrid.go(f"/p/{key}/settings/")
    astrid.page.locator("[name=start-smoke_test]").fill("One posting, read back.")
    astrid.page.get_by_role("button", name="Record go-live").click()
    expect(astrid.page.locator(".page-head .state, .page-head .pill").first).to_have_text("Live")
    astrid.go(f"/p/{key}/")
    astrid.picture("newcomer day 1")


def close(cast: Cast, key: str) -> None:
    """The exit review has opened by itself; sponsor and BAU owner sign, the sponsor closes."""
    for name in ("Ben Sand", "Cleo Marsh"):
        visitor = cast.person(name)
        visitor.go(f"/p/{key}/exit/")
        form = visitor.page.locator(f"form[action^='/p/{key}/exit/sign/']").first
        form.locator("[name$=comment]").fill("Nothing urgent came, and support knows the runbook.")
        form.get_by_role("button", name=re.compile("^Sign as")).click()
        expect(visitor.page.get_by_role("button", name=re.compile("^Sign as"))).to_have_count(0)
    astrid = cast.person("Astrid Holm")
    astrid.go(f"/p/{key}/exit/")
    astrid.picture("newcomer exit")
    astrid.page.locator(f"form[action='/p/{key}/exit/close/']").get_by_role("button").click()
    expect(astrid.page.locator(".page-head")).to_contain_text("Closed")
    astrid.picture("newcomer closed")


def look_around(cast: Cast, day: str, *, among: int) -> list[str]:
    """What is wrong, at first sight, with the views of every second period; the address and the day stand before it.

    `tests/crawl` opens all of them on each of these days, without a browser.
    """
    astrid = cast.person("Astrid Holm")
    faults = []
    for template in list(BUILT_IN)[among % 2 :: 2]:
        key = key_of(template)
        for view in VIEWS:
            path = f"/p/{key}/{view}"
            response = astrid.page.goto(f"{astrid.address}{path}")
            if response is None or response.status != 200:
                faults.append(f"{day}, {path}: answered {response.status if response else 'nothing'}")
            faults += [f"{day}, {path}: {fault}" for fault in faults_of(astrid.page)]
    return faults


def key_of(template: str) -> str:
    """What the period is called that was started from it."""
    return template.replace("-", "").upper()[:10]


def address_of(name: str) -> str:
    """Their mail address."""
    return f"{name.split()[0].lower()}@example.com"


def sign_in(visitor: Visitor, name: str) -> None:
    """With the password they chose."""
    visitor.page.get_by_label("Email").fill(address_of(name))
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.page.get_by_role("button", name="Sign in").click()
    visitor.page.wait_for_url(f"{visitor.address}/")
