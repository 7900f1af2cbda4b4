"""Webhooks as receivers see them (Standard Webhooks 1.0)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from contributors.channels import Message, Permanent, Temporary
from contributors.channels.webhook import signatures, transport
from contributors.messaging import delivery
from contributors.models import ContactPoint, Delivery
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db
# A secret, message and signature from the specification's own reference implementation.
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID, STAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def make_row(receiver: Any, **fields: Any) -> Delivery:
    user = make_user()
    usual = {"target": f"http://127.0.0.1:{receiver.server_port}/hook?a=1", "signing_key": KEY}
    point = ContactPoint.objects.create(
        user=user, kind="webhook", label="Mine", shown="…", created_at=NOW, verified_at=NOW, **usual | fields
    )
    return Delivery.objects.create(
        dedupe_key="one",
        recipient=user,
        kind="contact_code",
        channel="webhook",
        address="…",
        point=point,
        context={"code": "482913", "label": "Mine"},
        intended_at=NOW,
        next_at=NOW,
        created_at=NOW,
    )


MESSAGE = Message("[P1] Invoices issued twice", "Acknowledge: http://127.0.0.1:8000/page/x/", "<p>…</p>")


def test_the_specifications_own_example_is_signed_alike():
    assert signatures.sign(KEY, message_id=MESSAGE_ID, timestamp=STAMP, body=BODY) == SIGNATURE


def test_a_webhook_carries_identity_time_and_a_signature_over_its_bytes(receiver):
    row = make_row(receiver)

    transport.send(row, MESSAGE)

    path, headers, body = receiver.got[0]
    sent = {name.lower(): value for name, value in headers.items()}
    expected = signatures.sign(KEY, message_id=str(row.pk), timestamp=int(sent["webhook-timestamp"]), body=body)
    assert path == "/hook?a=1"
    assert (sent["webhook-id"], sent["webhook-signature"]) == (str(row.pk), expected)
    assert json.loads(body)["data"]["subject"] == "[P1] Invoices issued twice"


def test_both_keys_sign_while_one_is_being_replaced(receiver):
    other = signatures.new_signing_key()
    row = make_row(receiver, old_signing_key=other, old_key_until=NOW + timedelta(days=400))

    transport.send(row, MESSAGE)

    sent = {name.lower(): value for name, value in receiver.got[0][1].items()}
    facts = {"message_id": str(row.pk), "timestamp": int(sent["webhook-timestamp"]), "body": receiver.got[0][2]}
    assert sent["webhook-signature"].split() == [signatures.sign(key, **facts) for key in (KEY, other)]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_busy_receiver_is_tried_again_when_it_said(receiver, status):
    receiver.status, receiver.reply = status, {"Retry-After": "30"}

    with pytest.raises(Temporary) as refusal:
        transport.send(make_row(receiver), MESSAGE)

    assert refusal.value.wait == timedelta(seconds=30)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 422])
def test_another_refusal_is_for_good(receiver, status):
    receiver.status = status

    with pytest.raises(Permanent, match=str(status)):
        transport.send(make_row(receiver), MESSAGE)


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

    with pytest.raises(Permanent, match="public internet"):
        transport.send(row, MESSAGE)

    assert receiver.got == []
