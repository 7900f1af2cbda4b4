"""Notifications of a browser: encrypted so that only it can read them, signed so that nobody else can send them."""

from __future__ import annotations

import base64
import json
import struct
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection
from django.test import Client
from django.utils import timezone
from py_vapid import Vapid02

from contributors import contact_points
from contributors.channels import Gone, Message, Permanent, Temporary
from contributors.channels.push import transport, webpush
from contributors.messaging import delivery
from contributors.messaging.delivery import records, states
from contributors.messaging.rendering import render
from contributors.models import ContactPoint, Delivery, PushKey
from hypercare.exceptions import Invalid
from hypercare.models import User
from tests.factories import NOW, make_member, make_period, make_user
from tests.hypercare.scene import signed_in, words

pytestmark = pytest.mark.django_db
MESSAGE = Message(
    "[P1] BILL26-36 Invoices issued twice",
    "…",
    "<p>…</p>",
    brief="You are paged\nComponent: Billing",
    url="http://127.0.0.1:8000/page/x/",
    thread="bill26.incident.36",
)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """What a browser does: subscribes, and reads what was encrypted for it."""

    def __init__(self, endpoint: str = "https://push.example.com/send/abc") -> None:
        self.endpoint = endpoint
        self.key, self.auth = ec.generate_private_key(ec.SECP256R1()), bytes(range(16))
        self.point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def subscription(self) -> str:
        keys = {"p256dh": b64(self.point), "auth": b64(self.auth)}
        return json.dumps({"endpoint": self.endpoint, "expirationTime": None, "keys": keys})

    def read(self, body: bytes) -> Any:
        salt, (_size, length) = body[:16], struct.unpack("!LB", body[16:21])
        point, sealed = body[21 : 21 + length], body[21 + length :]
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        shared = self.key.exchange(ec.ECDH(), sender)
        secret = derived(shared, self.auth, b"WebPush: info\x00" + self.point + point, 32)
        key = derived(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = derived(secret, salt, b"Content-Encoding: nonce\x00", 12)
        return json.loads(AESGCM(key).decrypt(nonce, sealed, None).removesuffix(b"\x02"))


def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)


@pytest.fixture
def maja() -> User:
    return make_user("Maja Lindqvist")


def add(user: User, browser: Browser, **fields: Any) -> ContactPoint:
    point = contact_points.add(user, kind="push", label="This browser", target=browser.subscription, at=NOW)
    ContactPoint.objects.filter(pk=point.pk).update(verified_at=NOW)
    Delivery.objects.filter(point=point).delete()
    return ContactPoint.objects.get(pk=point.pk)


def row_for(point: ContactPoint, **fields: Any) -> Delivery:
    values = {"dedupe_key": "one", "kind": "page", "urgency": Delivery.Urgency.PAGE, **fields}
    return Delivery.objects.create(
        recipient=point.user,
        channel="push",
        address=contact_points.address_of(point),
        point=point,
        intended_at=NOW,
        next_at=NOW,
        created_at=NOW,
        **values,
    )


@pytest.fixture
def browser(receiver) -> Browser:
    return Browser(f"http://127.0.0.1:{receiver.server_port}/send/abc")


# --- What is sent -------------------------------------------------------------------------------


def test_the_specifications_own_example_is_encrypted_alike():
    """RFC 8291, section 5."""
    ours = ec.derive_private_key(
        int.from_bytes(unb64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1()
    )
    subscription = webpush.Subscription(
        "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        unb64("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        unb64("BTBZMqHH6r4Tts7J_aSIgg"),
    )

    sealed = webpush.encrypt(
        subscription, b"When I grow up, I want to be a watermelon", salt=unb64("DGv6ra1nlYgDCS1FRnbzlw"), ours=ours
    )

    assert b64(sealed) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK"
        "6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_a_page_wakes_the_browser_and_only_it_can_read_it(maja, browser, receiver):
    transport.send(row_for(add(maja, browser)), MESSAGE)

    path, headers, body = receiver.got[0]
    sent = {name.lower(): value for name, value in headers.items()}
    assert path == "/send/abc"
    assert (sent["urgency"], sent["ttl"], sent["content-encoding"]) == ("high", "3600", "aes128gcm")
    assert len(sent["topic"]) == 32
    assert b"Invoices" not in body
    assert browser.read(body) == {
        "title": MESSAGE.subject,
        "body": MESSAGE.brief,
        "url": MESSAGE.url,
        "tag": "bill26.incident.36",
        "urgent": True,
    }


def test_the_signature_names_the_push_service_and_whom_to_write_to(maja, browser, receiver):
    transport.send(row_for(add(maja, browser)), MESSAGE)

    header = receiver.got[0][1]["Authorization"]
    assert Vapid02.verify(header)
    token, key = (part.split("=", 1)[1] for part in header.removeprefix("vapid ").split(","))
    claims = json.loads(unb64(token.split(".")[1]))
    assert claims["aud"] == f"http://127.0.0.1:{receiver.server_port}"
    assert claims["sub"].startswith("mailto:")
    assert key == webpush.public_key()


def test_what_is_no_page_neither_wakes_a_phone_nor_is_kept_longer_than_it_matters(maja, browser, receiver):
    point = add(maja, browser)
    transport.send(row_for(point, urgency=Delivery.Urgency.NORMAL), MESSAGE)
    soon = timezone.now() + timedelta(seconds=90)
    transport.send(row_for(point, urgency=Delivery.Urgency.NORMAL, not_after=soon, dedupe_key="two"), MESSAGE)

    first, second = ({name.lower(): value for name, value in got[1].items()} for got in receiver.got)
    assert (first["urgency"], first["ttl"]) == ("normal", "86400")
    assert 80 <= int(second["ttl"]) <= 90


def test_even_the_longest_message_fits(maja, browser, receiver):
    long = Message("📣" * 180, "", "", brief="📣" * 5000, url="https://example.com/" + "x" * 200)

    transport.send(row_for(add(maja, browser)), long)

    assert len(browser.read(receiver.got[0][2])["body"]) == transport.LONGEST_TEXT


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_unsubscribed_is_not_used_again(maja, browser, receiver, status):
    receiver.status, point = status, add(maja, browser)
    with pytest.raises(Gone):
        transport.send(row_for(point), MESSAGE)

    row = delivery.claim(1, at=NOW)[0]
    records.record_result(row, states.AttemptResult(states.State.DEAD, f"answered {status}", gone=True), at=NOW)

    point.refresh_from_db()
    assert not point.works
    assert [route.channel for route in contact_points.routes_in_force(maja, "page")] == ["email"]


@pytest.mark.parametrize(("status", "raised"), [(429, Temporary), (503, Temporary), (400, Permanent), (403, Permanent)])
def test_other_answers_are_tried_again_or_given_up(maja, browser, receiver, status, raised):
    receiver.status, receiver.reply = status, {"Retry-After": "30"}

    with pytest.raises(raised) as refusal:
        transport.send(row_for(add(maja, browser)), MESSAGE)

    assert type(refusal.value) is raised
    if raised is Temporary:
        assert refusal.value.wait == timedelta(seconds=30)


def test_a_real_letter_says_what_it_is_about_and_leads_to_the_one_tap_page(maja, browser):
    period = make_period(key="BILL26")
    make_member(period, maja)
    row = row_for(
        add(maja, browser),
        period=period,
        subject="incident:36",
        context={
            "key": "BILL26-36",
            "title": "Invoices issued twice",
            "severity": "P1",
            "number": 36,
            "link": {"id": "5f0c2f0e-5a0b-4b43-9f0e-4c8a6d1f0b11", "purpose": "page"},
        },
    )

    sent = json.loads(transport.build_payload(row, render(row)))

    assert sent["title"].startswith("[P1] BILL26-36")
    assert "/page/" in sent["url"]


# --- Subscribing --------------------------------------------------------------------------------


def test_a_browser_subscribes_with_our_key_and_counts_once_its_code_came_back(maja):
    client = signed_in(maja)
    assert not PushKey.objects.exists()
    first = client.post("/settings/contact/push/key/").json()["key"]
    assert client.post("/settings/contact/push/key/").json()["key"] == first
    assert len(unb64(first)) == 65

    made = client.post(
        "/settings/contact/push/",
        {"subscription": Browser().subscription},
        headers={"User-Agent": "Mozilla/5.0 (Android 16; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"},
    )

    point = maja.contact_points.get()
    assert (made.status_code, made.json()["url"]) == (201, f"/settings/contact/#way-{point.pk}")
    assert (point.label, point.shown, point.works) == ("Firefox on Android", "push.example.com", False)
    code = Delivery.objects.get(point=point)
    assert (code.channel, code.kind) == ("push", "contact_code")
    contact_points.verify(point.pk, code=code.context["code"], by=maja, at=NOW)
    assert [route.channel for route in contact_points.routes_in_force(maja, "page")] == ["email", "push"]


def test_the_key_and_the_subscription_are_encrypted_in_the_database(maja):
    browser = Browser()
    point = add(maja, browser)

    with connection.cursor() as cursor:
        cursor.execute("SELECT target FROM contributors_contactpoint")
        target = str(cursor.fetchall())
        cursor.execute("SELECT private_key FROM contributors_pushkey")
        key = str(cursor.fetchall())
    assert "push.example.com" not in target
    assert PushKey.objects.get().private_key not in key
    assert "push.example.com/send" not in contact_points.address_of(point)


@pytest.mark.parametrize(
    "target",
    [
        "nonsense",
        "[]",
        "{}",
        '{"endpoint": "https://push.example.com/", "keys": {"p256dh": "AAAA", "auth": "AAAA"}}',
        Browser("ftp://push.example.com/").subscription,
        Browser("https://me:pw@push.example.com/").subscription,
        Browser("https://push.example.com/" + "x" * 3000).subscription,
    ],
)
def test_what_is_no_subscription_is_refused(maja, target):
    with pytest.raises(Invalid) as refusal:
        contact_points.add(maja, kind="push", label="Mine", target=target, at=NOW)

    assert list(refusal.value.errors) == ["target"]
    answer = signed_in(maja).post("/settings/contact/push/", {"subscription": target})
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_the_same_browser_is_one_way_and_another_gets_a_number(maja):
    first, client = Browser(), signed_in(maja)
    client.post("/settings/contact/push/", {"subscription": first.subscription})

    again = client.post("/settings/contact/push/", {"subscription": first.subscription})
    client.post("/settings/contact/push/", {"subscription": Browser("https://push.example.com/2").subscription})

    assert "one of your ways already" in again.json()["detail"]
    assert [point.label for point in contact_points.points_of(maja)] == ["Browser", "Browser 2"]


def test_the_page_says_what_is_needed_where_nothing_runs(maja):
    page = words(signed_in(maja).get("/settings/contact/"))

    assert "Notifications of this browser need JavaScript." in page
    assert 'value="push"' not in page


@pytest.mark.parametrize(("device", "opened"), [("iPhone; CPU iPhone OS 18_0", True), ("X11; Linux x86_64", False)])
def test_who_has_an_iphone_reads_the_steps_that_come_first(maja, device, opened):
    client = signed_in(maja)

    page = client.get("/settings/contact/", headers={"user-agent": f"Mozilla/5.0 ({device})"}).content.decode()

    assert "“Add to Home Screen”" in page
    assert ("data-home-screen open" in page) is opened


def test_the_worker_is_a_script_of_ours_that_is_asked_for_anew():
    answer = Client().get("/push-worker.js")

    assert (answer.status_code, answer["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert answer["Cache-Control"] == "no-cache"
    assert b"notificationclick" in answer.content


def test_strangers_neither_get_a_key_nor_subscribe():
    for url in ("/settings/contact/push/key/", "/settings/contact/push/"):
        assert Client().post(url).status_code == 302
    assert not PushKey.objects.exists()
