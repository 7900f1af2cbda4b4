"""Other programs and a browser are told: a signed webhook, and a notification that only that browser can read."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import CDPSession, expect

from contributors.channels.webhook import signatures
from tests.contributors.channels.push.test_push import Browser as Device
from tests.journeys.conftest import PHONE, Visitor, until

pytestmark = pytest.mark.journey

Visit = Callable[..., Visitor]


class Receiver(BaseHTTPRequestHandler):
    """Another program's address, and a push service: takes everything, and remembers it."""

    def do_POST(self) -> None:
        """Accept."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server: Any = self.server
        server.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def receiver() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.got = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_another_program_hears_of_it_signed_and_what_became_of_it_is_seen(visit: Visit, receiver: Any) -> None:
    maja = visit().sign_in("maja")
    maja.go("/p/BILL26/webhooks/")
    maja.page.get_by_label("Name").fill("Status board")
    maja.page.get_by_label("Address").fill(f"http://127.0.0.1:{receiver.server_port}/board?key=s3cret")
    maja.page.get_by_role("checkbox", name="Incidents").check()
    maja.page.get_by_role("button", name="Add webhook").click()
    key = maja.page.locator(".banner code").inner_text()

    maja.page.get_by_role("button", name="Send a test").click()
    path, headers, body = until("the test event", lambda: receiver.got[0] if receiver.got else None)
    expect(maja.page.locator("#sent")).to_contain_text("webhook.test")
    expect(maja.page.locator("#sent")).to_contain_text("Accepted", timeout=20_000)
    maja.picture("webhook")

    stamp = int(headers["webhook-timestamp"])
    signed = signatures.sign(key, message_id=headers["webhook-id"], timestamp=stamp, body=body)
    assert (path, headers["webhook-signature"]) == ("/board?key=s3cret", signed)
    assert json.loads(body)["type"] == "webhook.test"
    assert maja.complaints == []


def test_a_phones_browser_is_added_verified_and_shows_a_page_that_leads_where_it_should(
    visit: Visit, receiver: Any
) -> None:
    phone, device = visit(**PHONE), Device(f"http://127.0.0.1:{receiver.server_port}/push")
    phone.context.grant_permissions(["notifications"], origin=phone.address)
    # A browser under test has no push service: its subscription is ours, all the rest is real.
    phone.context.add_init_script(
        f"PushManager.prototype.subscribe = async () => ({{ toJSON: () => ({device.subscription}) }})"
    )
    phone.sign_in("tomasz").go("/settings/contact/")
    phone.page.get_by_role("button", name="Use this browser").click()
    expect(phone.page.get_by_text("Not verified")).to_be_visible()

    code = until("the code", lambda: notifications(receiver, device)[0] if receiver.got else None)
    phone.page.get_by_label("Code from the notification").fill(code["title"][:6])
    phone.page.get_by_role("button", name="Verify").click()
    expect(phone.page.get_by_text("It is one of the ways above.")).to_be_visible()
    expect(phone.page.get_by_text("Not verified")).to_have_count(0)
    phone.picture("phone contact points")

    phone.page.get_by_role("button", name="Send me a test page").click()
    page = until("the test page", lambda: (notifications(receiver, device)[1:] or [None])[0])
    assert page["urgent"] is True
    shown = show(phone, page)
    assert [(one["title"], one["url"]) for one in shown] == [(page["title"], page["url"])]
    assert page["url"].startswith(f"{phone.address}/")
    assert phone.complaints == []


def notifications(receiver: Any, device: Device) -> list[Any]:
    """What the browser reads of all it was sent, the oldest first."""
    return [device.read(body) for _, headers, body in receiver.got if "ttl" in headers]


def show(visitor: Visitor, message: Any) -> list[dict[str, str]]:
    """Hand a message to the service worker as the browser would; the notifications that are then shown."""
    session: CDPSession = visitor.context.new_cdp_session(visitor.page)
    found: list[Any] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda said: found.extend(said["registrations"]))
    session.send("ServiceWorker.enable")
    registration = until("the service worker", lambda: visitor.page.wait_for_timeout(50) or (found or [None])[-1])
    push = {"origin": visitor.address, "registrationId": registration["registrationId"], "data": json.dumps(message)}
    session.send("ServiceWorker.deliverPushMessage", push)
    script = """async () => (await (await navigator.serviceWorker.getRegistration("/")).getNotifications())
        .map(one => ({ title: one.title, url: one.data.url }))"""
    shown: list[dict[str, str]] = until("the notification", lambda: visitor.page.evaluate(script))
    return shown
