"""Chats, SMS and calls through Apprise: what a service is told, and what its answers mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contributors.channels import Message, Permanent, Temporary
from contributors.channels.chat import addresses, transport
from contributors.messaging import delivery
from contributors.models import ContactPoint, Delivery
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db


def make_row(receiver: Any, **fields: Any) -> Delivery:
    user = make_user()
    usual = {"target": f"ntfy://127.0.0.1:{receiver.server_port}/on-call"}
    point = ContactPoint.objects.create(
        user=user, kind="chat", label="Mine", shown="…", created_at=NOW, verified_at=NOW, **usual | fields
    )
    return Delivery.objects.create(
        dedupe_key="one",
        recipient=user,
        kind="contact_code",
        channel="chat",
        address="…",
        point=point,
        context={"code": "482913", "label": "Mine"},
        intended_at=NOW,
        next_at=NOW,
        created_at=NOW,
    )


MESSAGE = Message("[P1] Invoices issued twice", "Acknowledge: http://127.0.0.1:8000/page/x/", "<p>…</p>")


def test_a_chat_service_receives_subject_text_and_link(receiver):
    transport.send(make_row(receiver), MESSAGE)

    told = receiver.got[0][2].decode()
    assert "Invoices issued twice" in told
    assert "/page/x/" in told


@pytest.mark.parametrize(("status", "raises"), [(500, Temporary), (403, Permanent), (404, Permanent)])
def test_a_chat_service_that_refuses_names_itself_and_the_status_only(receiver, status, raises):
    receiver.status = status

    with pytest.raises(raises, match=rf"^ntfy answered {status}\.$"):
        transport.send(make_row(receiver), MESSAGE)


def test_an_address_inside_is_refused_without_a_request(receiver, settings):
    row = make_row(receiver)
    settings.OUTGOING_ALLOW = ["10.0.0.0/8"]

    with pytest.raises(Permanent, match="public internet"):
        transport.send(row, MESSAGE)

    assert receiver.got == []


def test_a_long_text_is_cut_and_keeps_its_link():
    long = Message("Subject", "word " * 1000 + "https://hypercare.example/page/x/", "")

    text = transport.text_of(long)

    assert len(text) <= transport.LONGEST_TEXT
    assert text.endswith("https://hypercare.example/page/x/")


def test_the_engine_sends_by_the_channel_of_each_way(receiver):
    row = make_row(receiver)

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
        return type("Answer", (), {"status_code": 202, "content": text.encode(), "text": text, "headers": {}})()

    monkeypatch.setattr("requests.post", post)
    return sent


@pytest.mark.parametrize(
    ("target", "field"),
    [(f"pagerduty://{'b' * 32}@apikey", "dedup_key"), ("opsgenie://12345678-1111-2222-3333-123456789012", "alias")],
)
@pytest.mark.parametrize("urgency", Delivery.Urgency.values)
def test_what_wakes_people_is_given_an_alarm_with_the_deliverys_own_key(receiver, monkeypatch, target, field, urgency):
    row, sent = make_row(receiver, target=target), posted(monkeypatch)
    row.urgency = urgency

    transport.send(row, MESSAGE)
    transport.send(row, MESSAGE)

    assert [body[field] for body in sent] == [str(row.pk)] * 2


def test_a_page_is_critical_and_the_rest_is_not(receiver, monkeypatch):
    row, sent = make_row(receiver, target=f"pagerduty://{'b' * 32}@apikey"), posted(monkeypatch)
    for urgency in (Delivery.Urgency.PAGE, Delivery.Urgency.NORMAL):
        row.urgency = urgency
        transport.send(row, MESSAGE)

    assert [body["payload"]["severity"] for body in sent] == ["critical", "warning"]


def test_a_key_that_the_person_chose_stays(receiver):
    row = make_row(receiver, target=f"pagerduty://{'b' * 32}@apikey?dedup=mine")
    plugin = addresses.plugin_of(row.point.target)

    addresses.set_message_id(plugin, "other")

    assert plugin.dedup == "mine"
