"""One page of every view, with words and numbers that break layouts, in every size of window and text.

Only boxes are compared, so by day is enough: `test_access.py` judges the colours, by day and by night.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.journeys.conftest import DESK, LISTEN, ROOT, answers, free_port, running, until
from tests.journeys.test_access import LINKS, route_of

pytestmark = pytest.mark.journey
MOST = 8  # faults of one page in one size that are told in full
LOOK = (Path(__file__).parent / "look.js").read_text()
SIZES: tuple[tuple[str, int, int], ...] = (  # name, width of the window, size of the text
    ("1440", 1440, 16),
    ("1280", 1280, 16),
    ("390", 390, 16),
    ("320", 320, 16),
    ("1280 at 200 %", 1280, 32),
    ("390 at 200 %", 390, 32),
)
SEEDS = {
    "lead": (
        "/",
        "/p/LIVE45/",
        "/p/LONG84/",
        "/p/MANY/",
        "/p/EXIT/",
        "/p/OVER/",
        "/p/DRAFT/plan/change/",
        "/p/DRAFT/plan/risk/",
        "/p/DRAFT/plan/window/",
        "/p/DRAFT/plan/people/",
        "/p/DRAFT/plan/checks/",
        "/p/DRAFT/plan/review/",
        "/periods/new/",
        "/p/MANY/go-no-go/",
        "/p/LIVE45/incidents/?view=board",
        "/p/LIVE45/coverage/",
        "/p/LONG84/coverage/",
        "/p/LONG84/coverage/?zoom=all",
        "/p/MANY/people/",
        "/p/MANY/readiness/",
        "/p/EXIT/exit/",
    ),
    "admin": ("/", "/deliveries/", "/settings/mailbox/", "/settings/scoring/"),
    "contributor": ("/", "/shifts/", "/p/LIVE45/readiness/acknowledge/"),
    "sponsor": ("/p/MANY/go-no-go/", "/p/EXIT/exit/"),
    "viewer": ("/p/LIVE45/", "/p/LIVE45/incidents/"),
    "stranger": ("/", "/periods/", "/lessons/"),
    "nobody": ("/accounts/login/", "/status/live45/"),
}
# Whose links are followed as well, and not only what is listed above.
FOLLOWED = ("lead", "admin", "nobody")
# What stands on something else on purpose, or is cut off and says so otherwise: a piece of the fault → why.
ACCEPTED: dict[str, str] = {}


@dataclass
class House:
    """A furnished product: where it is, a session for each role, and links that were mailed."""

    address: str
    who: dict[str, str]
    links: list[str]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Only the web process: nothing is sent, and what is shown stands still."""
    var, port = tmp_path_factory.mktemp("house"), free_port()
    address = f"http://127.0.0.1:{port}"
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    }
    env = {**kept, "HYPERCARE_ENV": "embedded", "HYPERCARE_VAR": str(var), "BASE_URL": address}
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v", "0"], cwd=ROOT, env=env, check=True, timeout=900)
    tell = [*manage, "shell", "-v", "0", "-c", "from tests.crawl import furnish; furnish.everything()"]
    told = subprocess.run(tell, cwd=ROOT, env=env, check=True, timeout=900, capture_output=True, text=True)
    known = json.loads(told.stdout.splitlines()[-1])
    web = [
        sys.executable,
        "-m",
        "gunicorn",
        "hypercare.wsgi:application",
        "--bind",
        f"127.0.0.1:{port}",
        "--worker-class",
        "gthread",
        "--threads",
        "8",
        "--worker-tmp-dir",
        str(var),
        "--no-control-socket",
    ]
    with running(web, log=var / "web.log", cwd=ROOT, env=env):
        until(f"the product at {address}", lambda: answers(f"{address}/healthz/"), patience=120)
        yield House(address, known["who"], [one.removeprefix(address) for one in known["links"]])


@dataclass
class Walk:
    """Somebody going through the pages; every fault with its page and size."""

    context: BrowserContext
    page: Page
    house: House
    faults: list[str]

    def look(self, path: str) -> list[str]:
        """Open a page and look at it in every size; where it leads."""
        response = self.page.goto(f"{self.house.address}{path}")
        if response is None or response.status != 200:
            self.faults.append(f"{path} answered {response.status if response else 'nothing'}")
            return []
        for name, width, text in SIZES:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.text_size(text)
            found = faults_of(self.page)
            self.faults += [f"{path} at {name}: {fault}" for fault in found[:MOST]]
            self.faults += [f"{path} at {name}: and {len(found) - MOST} more"] * (len(found) > MOST)
        self.text_size(16)
        return list(self.page.eval_on_selector_all("a[href]", LINKS))

    def text_size(self, pixels: int) -> None:
        """As somebody sets it in the browser."""
        session = self.context.new_cdp_session(self.page)
        session.send("Page.setFontSizes", {"fontSizes": {"standard": pixels, "fixed": pixels}})
        session.detach()


def faults_of(page: Page) -> list[str]:
    """What is wrong with the open page as it is drawn now, without what is accepted."""
    found: list[str] = page.evaluate(LOOK)
    return [fault for fault in found if not any(known in fault for known in ACCEPTED)]


def walk(browser: Browser, house: House, role: str) -> tuple[list[str], list[str]]:
    """Every view a role comes to, once; the pages and the faults."""
    context = browser.new_context(**{**DESK, "reduced_motion": "reduce"}, locale="en-GB")
    context.add_init_script(LISTEN)
    if role in house.who:
        context.add_cookies([{"name": "sessionid", "value": house.who[role], "url": house.address}])
    one = Walk(context, context.new_page(), house, [])
    listen(one)
    waiting = [*SEEDS[role], *(house.links if role == "nobody" else [])]
    met, walked = {route_of(path) for path in waiting}, []
    while waiting:
        path = waiting.pop(0)
        walked.append(path)
        for link in one.look(path):
            route = route_of(link)
            if role in FOLLOWED and route and route not in met:
                met.add(route)
                waiting.append(link)
    context.close()
    return walked, one.faults


def listen(one: Walk) -> None:
    """Note what the browser complains about, and every request that fails."""
    page, faults = one.page, one.faults
    page.on(
        "console", lambda said: faults.append(f"{page.url}: console: {said.text}") if said.type == "error" else None
    )
    page.on("pageerror", lambda error: faults.append(f"{page.url}: error: {error}"))
    page.on(
        "requestfailed",
        lambda asked: (
            faults.append(f"{page.url}: {asked.url} failed: {asked.failure}")
            if asked.failure != "net::ERR_ABORTED"
            else None
        ),
    )


@pytest.mark.parametrize("role", SEEDS)
def test_no_page_is_too_wide_or_prints_text_over_text_or_cuts_it_off(browser: Browser, house: House, role: str) -> None:
    walked, faults = walk(browser, house, role)

    print(f"{role}: {len(walked)} pages in {len(SIZES)} sizes")  # noqa: T201  what was looked at is a result
    if faults:
        pytest.fail("\n".join([f"{len(faults)} faults", *faults]), pytrace=False)


BROKEN: dict[str, Any] = {
    "stand on each other": "<p>First</p><p style='margin-top:-2.2em'>Second</p>",
    "wider than the window": "<p style='width:3000px'>Wide</p>",
    "cut off at the side": "<div style='width:40px;overflow:hidden;white-space:nowrap'>A long sentence of words</div>",
    "cut off below": "<div style='width:90px;height:25px;overflow:hidden'>A long sentence of many words</div>",
    "sticks out of": "<div style='width:60px;border:1px solid'>Donaudampfschifffahrt</div>",
    "text of": "<p style='font-size:5px'>Small print</p>",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_page_that_is_broken_is_found_to_be(browser: Browser, fault: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_content(BROKEN[fault])

    found = faults_of(page)
    page.close()

    assert [one for one in found if fault in one]


SOUND = (
    "<p>First</p><p style='line-height:1'>Second<br>line</p>"
    "<div style='width:40px;overflow:hidden;white-space:nowrap;text-overflow:ellipsis'>A long sentence</div>"
    "<div style='width:40px;overflow:auto;white-space:nowrap'>A long sentence that scrolls</div>"
    "<p style='position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)'>Only read aloud</p>"
    "<nav style='position:fixed;top:0'>Floats above</nav><details><summary>More</summary><p>Hidden</p></details>"
)


def test_a_page_that_is_sound_is_left_alone(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_content(SOUND)

    found = faults_of(page)
    page.close()

    assert found == []
