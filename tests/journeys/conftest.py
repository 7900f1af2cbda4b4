"""The product as people run it, a mail server that receives, and a browser; each started here and ended here."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests import ROOT

PICTURES = ROOT / "var" / "journeys"
PASSWORD = "hypercare-demo"
PATIENCE = 60.0  # seconds until something that is on its way counts as lost
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "color_scheme": "dark",
    "is_mobile": True,
    "has_touch": True,
}
LISTEN = """document.addEventListener('securitypolicyviolation', event =>
    console.error('CSP ' + event.violatedDirective + ' ' + event.blockedURI))"""

Found = TypeVar("Found")
# The longest walks begin first, so that neither process is left with one at the end.
FIRST = ("test_newcomer", "test_every_page")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole files in their order, but for the longest ones."""
    places = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(FIRST)))


def until(what: str, look: Callable[[], Found | None], *, patience: float = PATIENCE) -> Found:
    """Look again and again; what was found, or a failure that says what never came."""
    last_moment = time.monotonic() + patience
    while time.monotonic() < last_moment:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    return pytest.fail(f"Not within {patience:.0f} s: {what}")


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(*names: str) -> str:
    """Where a program is. The build server must have it; elsewhere the journey is skipped."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found:
        return found
    missing = f"{names[0]} is not installed (Debian: apt install {names[0]})"
    return pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)


@contextmanager
def running(command: list[str], *, log: Path, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs as long as the block; asked to stop first, ended when it does not."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **more)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def answers(url: str) -> bool:
    """Whether a server answers there with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  our own address
            return bool(response.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


class Inbox(Message):
    """Keeps every mail it is handed."""

    def __init__(self) -> None:
        """Empty."""
        super().__init__(EmailMessage)
        self.mails: list[EmailMessage] = []

    def handle_message(self, message: EmailMessage) -> None:  # type: ignore[override]  # made with that class
        """Keep one."""
        self.mails.append(message)

    def prepare_message(self, session: Any, envelope: Any) -> EmailMessage:
        """Parse with today's rules, so that bodies decode themselves."""
        message = super().prepare_message(session, envelope)
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        return message

    def to(self, address: str) -> list[str]:
        """The text bodies of what came for an address, oldest first."""
        mine = [mail for mail in self.mails if address in mail["X-Envelope-To"]]
        return [text_of(mail) for mail in mine]


def text_of(mail: EmailMessage) -> str:
    """The text part of a mail."""
    part = next(one for one in mail.walk() if one.get_content_type() == "text/plain")
    return str(part.get_payload(decode=True).decode())


@pytest.fixture(scope="session")
def inbox() -> Iterator[tuple[Inbox, int]]:
    """A mail server on this machine, and its port."""
    handler, port = Inbox(), free_port()
    server = Controller(handler, hostname="127.0.0.1", port=port)
    server.start()
    yield handler, port
    server.stop()


@dataclass
class Product:
    """What runs, and the mails it sent."""

    address: str
    inbox: Inbox
    log: Path


@pytest.fixture(scope="session")
def product(inbox: tuple[Inbox, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Web, worker and clock with the demo, with data of their own, under `manage.py up`."""
    var, port = tmp_path_factory.mktemp("product"), free_port()
    address, log = f"http://127.0.0.1:{port}", var / "up.log"
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    }
    env = {
        **kept,
        "HYPERCARE_ENV": "embedded",
        "HYPERCARE_VAR": str(var),
        "BASE_URL": address,
        "EMAIL_URL": f"smtp://127.0.0.1:{inbox[1]}",
        "OUTGOING_ALLOW": "127.0.0.0/8",
    }
    command = [sys.executable, "manage.py", "up", "--port", str(port)]
    with running(command, log=log, cwd=ROOT, env=env) as process:
        until(
            f"the product at {address}; see {log}",
            lambda: process.poll() is None and answers(f"{address}/healthz/engine/"),
            patience=300,
        )
        yield Product(address, inbox[0], log)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, telling nobody anything."""
    path = program("chromium", "chromium-browser")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
        yield chromium
        chromium.close()


@dataclass
class Visitor:
    """One person with one device; remembers what the browser complained about."""

    context: BrowserContext
    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def sign_in(self, name: str) -> Visitor:
        """With the demo's password."""
        self.go("/accounts/login/")
        self.page.get_by_label("Email").fill(f"{name}@northlane.example")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.address}/")
        return self

    def go(self, path: str) -> None:
        """Open a page that must be there."""
        response = self.page.goto(path if path.startswith("http") else f"{self.address}{path}")
        assert response is not None
        assert response.status == 200, f"{path} answered {response.status}"

    def picture(self, name: str) -> None:
        """Keep what the whole page looks like."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}.png", full_page=True)


@pytest.fixture
def visit(browser: Browser, product: Product) -> Iterator[Callable[..., Visitor]]:
    """Make visitors; each has cookies of their own."""
    made: list[BrowserContext] = []

    def make(**device: Any) -> Visitor:
        context = browser.new_context(**(device or DESK), locale="en-GB")
        context.set_default_timeout(15_000)
        context.add_init_script(LISTEN)
        made.append(context)
        visitor = Visitor(context, context.new_page(), product.address)
        visitor.page.on(
            "console",
            lambda said: (
                visitor.complaints.append(f"{visitor.page.url}: {said.text}") if said.type == "error" else None
            ),
        )
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(f"{visitor.page.url}: {error}"))
        return visitor

    yield make
    for context in made:
        context.close()


@pytest.fixture
def token(visit: Callable[..., Visitor]) -> str:
    """An API token of Maja's, made on her settings page."""
    maja = visit().sign_in("maja")
    maja.go("/settings/")
    maja.page.locator("form[action='/settings/tokens/']").locator("[name$=name]").fill("Journeys")
    maja.page.get_by_label("It may change things, not only read").check()
    maja.page.get_by_role("button", name="Make a token").click()
    return maja.page.locator("#new-token").inner_text()
