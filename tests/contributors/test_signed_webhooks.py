"""Webhooks as receivers see them (Standard Webhooks 1.0), and chat services through Apprise."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from contributors import delivery, targets
from contributors.channels import Permanent, Temporary, chat, webhook
from contributors.messages import Message
from contributors.models import ContactPoint, Delivery
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db
# A secret, message and signature from the specification's own reference implementation.
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID, STAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server: Any = self.server
        server.got.append((self.path, dict(self.headers), body))
        self.send_response(server.status)
        for name, value in server.reply.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def receiver(settings) -> Iterator[Any]:
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.got, server.status, server.reply = [], 200, {}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def make_row(receiver: Any, kind: str = "webhook", **fields: Any) -> Delivery:
    user = make_user()
    port = receiver.server_port
    usual = {"webhook": f"http://127.0.0.1:{port}/hook?a=1", "chat": f"ntfy://127.0.0.1:{port}/on-call"}[kind]
    target = fields.pop("target", usual)
    point = ContactPoint.objects.create(
        user=user, kind=kind, label="Mine", target=target, shown="…", created_at=NOW, verified_at=NOW,
        **{"signing_key": KEY if kind == "webhook" else "", **fields},
    )  # fmt: skip
    return Delivery.objects.create(
        dedupe_key="one", recipient=user, kind="contact_code", channel=kind, address="…", point=point,
        context={"code": "482913", "label": "Mine"}, intended_at=NOW, next_at=NOW, created_at=NOW,
    )  # fmt: skip


MESSAGE = Message("[P1] Invoices issued twice", "Acknowledge: http://127.0.0.1:8000/page/x/", "<p>…</p>")


def test_the_specifications_own_example_is_signed_alike():
    assert targets.sign(KEY, message_id=MESSAGE_ID, timestamp=STAMP, body=BODY) == SIGNATURE


def test_a_webhook_carries_identity_time_and_a_signature_over_its_bytes(receiver):
    row = make_row(receiver)

    webhook.send(row, MESSAGE)

    path, headers, body = receiver.got[0]
    sent = {name.lower(): value for name, value in headers.items()}
    expected = targets.sign(KEY, message_id=str(row.pk), timestamp=int(sent["webhook-timestamp"]), body=body)
    assert path == "/hook?a=1"
    assert (sent["webhook-id"], sent["webhook-signature"]) == (str(row.pk), expected)
    assert json.loads(body)["data"]["subject"] == "[P1] Invoices issued twice"


def test_both_keys_sign_while_one_is_being_replaced(receiver):
    other = targets.new_signing_key()
    row = make_row(receiver, old_signing_key=other, old_key_until=NOW + timedelta(days=400))

    webhook.send(row, MESSAGE)

    sent = {name.lower(): value for name, value in receiver.got[0][1].items()}
    facts = {
        "message_id": str(row.pk),
        "timestamp": int(sent["webhook-timestamp"]),
        "body": receiver.got[0][2],
    }
    assert sent["webhook-signature"].split() == [targets.sign(key, **facts) for key in (KEY, other)]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_busy_receiver_is_tried_again_when_it_said(receiver, status):
    receiver.status, receiver.reply = status, {"Retry-After": "30"}

    with pytest.raises(Temporary) as refusal:
        webhook.send(make_row(receiver), MESSAGE)

    assert refusal.value.wait == timedelta(seconds=30)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 422])
def test_another_refusal_is_for_good(receiver, status):
    receiver.status = status

    with pytest.raises(Permanent, match=str(status)):
        webhook.send(make_row(receiver), MESSAGE)


def test_a_receiver_that_is_gone_is_never_asked_again(receiver):
    receiver.status = 410
    row = make_row(receiver)

    delivery.send_due(at=NOW)

    row.refresh_from_db()
    assert row.state == Delivery.State.DEAD
    assert row.point is not None
    assert not row.point.works
    assert "410" in row.point.disabled_why


def test_an_address_inside_is_refused_without_a_request(receiver, settings):
    row = make_row(receiver)
    settings.OUTGOING_ALLOW = ["10.0.0.0/8"]

    for kind in ("webhook", "chat"):
        with pytest.raises(Permanent, match="public internet"):
            {"webhook": webhook, "chat": chat}[kind].send(
                row if kind == "webhook" else _as_chat(row, receiver), MESSAGE
            )

    assert receiver.got == []


def _as_chat(row: Delivery, receiver: Any) -> Delivery:
    assert row.point is not None
    row.point.target = f"ntfy://127.0.0.1:{receiver.server_port}/on-call"
    return row


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30), ("99999", 3600), ("", None), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
def test_retry_after_is_read_as_seconds_or_a_date(text, seconds):
    wait = webhook.retry_after(text)

    assert wait == (None if seconds is None else timedelta(seconds=seconds))


def test_a_chat_service_receives_subject_text_and_link(receiver):
    chat.send(make_row(receiver, "chat"), MESSAGE)

    told = receiver.got[0][2].decode()
    assert "Invoices issued twice" in told
    assert "/page/x/" in told


@pytest.mark.parametrize(("status", "raises"), [(500, Temporary), (403, Permanent), (404, Permanent)])
def test_a_chat_service_that_refuses_names_itself_and_the_status_only(receiver, status, raises):
    receiver.status = status

    with pytest.raises(raises, match=rf"^ntfy answered {status}\.$"):
        chat.send(make_row(receiver, "chat"), MESSAGE)


def test_a_long_text_is_cut_and_keeps_its_link():
    long = Message("Subject", "word " * 1000 + "https://hypercare.example/page/x/", "")

    text = chat.text_of(long)

    assert len(text) <= chat.LONGEST_TEXT
    assert text.endswith("https://hypercare.example/page/x/")


def test_the_engine_sends_by_the_channel_of_each_way(receiver):
    row = make_row(receiver, "chat")

    assert delivery.send_due(at=NOW) == 1

    row.refresh_from_db()
    assert row.state == Delivery.State.SENT
    assert "482913" in receiver.got[0][2].decode()


def posted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Apprise's plug-ins post to the services' own clouds, which answer that they have it."""
    sent: list[dict[str, Any]] = []

    def post(*_args: Any, **said: Any) -> Any:
        sent.append(json.loads(said["data"]))
        text = '{"requestId": "1"}'
        return type(
            "Answer", (), {"status_code": 202, "content": text.encode(), "text": text, "headers": {}}
        )()

    monkeypatch.setattr("requests.post", post)
    return sent


@pytest.mark.parametrize(
    ("target", "field"),
    [
        (f"pagerduty://{'b' * 32}@apikey", "dedup_key"),
        ("opsgenie://12345678-1111-2222-3333-123456789012", "alias"),
    ],
)
@pytest.mark.parametrize("urgency", Delivery.Urgency.values)
def test_what_wakes_people_is_given_an_alarm_with_the_deliverys_own_key(
    receiver, monkeypatch, target, field, urgency
):
    row, sent = make_row(receiver, "chat", target=target), posted(monkeypatch)
    row.urgency = urgency

    chat.send(row, MESSAGE)
    chat.send(row, MESSAGE)

    assert [body[field] for body in sent] == [str(row.pk)] * 2


def test_a_page_is_critical_and_the_rest_is_not(receiver, monkeypatch):
    row, sent = make_row(receiver, "chat", target=f"pagerduty://{'b' * 32}@apikey"), posted(monkeypatch)
    for urgency in (Delivery.Urgency.PAGE, Delivery.Urgency.NORMAL):
        row.urgency = urgency
        chat.send(row, MESSAGE)

    assert [body["payload"]["severity"] for body in sent] == ["critical", "warning"]


def test_a_key_that_the_person_chose_stays(receiver):
    row = make_row(receiver, "chat", target=f"pagerduty://{'b' * 32}@apikey?dedup=mine")
    plugin = targets.plugin_of(row.point.target)

    targets.identify(plugin, "other")

    assert plugin.dedup == "mine"
