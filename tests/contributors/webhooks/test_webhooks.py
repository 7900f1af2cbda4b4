"""What a period tells other programs: each entry once, signed; what fails is seen and can be sent again."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from contributors import webhooks
from contributors.channels.webhook import signatures
from contributors.messaging import delivery
from contributors.messaging.delivery import states
from contributors.models import Delivery, DeliveryAttempt, Webhook
from contributors.webhooks import events
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.pages.period import activity
from periods.journal import journal
from periods.models import JournalEntry, Period
from tests import ROOT
from tests.factories import NOW, make_incident, make_period

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL26")


def add(period: Period, receiver: Any = None, **fields: Any) -> Webhook:
    url = f"http://127.0.0.1:{receiver.server_port}/hook?key=1" if receiver else "https://example.com/hooks/s3cr3t"
    values = {"name": "Status board", "url": url, "patterns": ["incident.*"], "by": period.lead, "at": NOW, **fields}
    return webhooks.add(period.pk, **values)


def happen(period: Period, kind: str = "incident.reported", **data: Any) -> JournalEntry:
    entry = journal.record(period, kind, by=period.lead, at=NOW, subject="incident:36", **data)
    journal.dispatch_entries(at=NOW)
    return entry


def sent_to(hook: Webhook) -> list[Delivery]:
    return list(Delivery.objects.filter(hook=hook).order_by("created_at", "intended_at", "dedupe_key"))


def journaled(period: Period) -> list[str]:
    rows = JournalEntry.objects.filter(period=period, kind__startswith="webhook.").order_by("seq")
    return [entry.kind.removeprefix("webhook.") for entry in rows]


# --- What is posted -----------------------------------------------------------------------------


def test_an_entry_is_posted_signed_and_as_documented(period, receiver):
    hook = add(period, receiver)

    entry = happen(period, title="Invoices issued twice", severity="P1")
    assert delivery.send_due(at=NOW) == 1

    path, headers, body = receiver.got[0]
    sent = {name.lower(): value for name, value in headers.items()}
    (row,) = sent_to(hook)
    assert path == "/hook?key=1"
    assert sent["webhook-id"] == str(row.pk)
    assert sent["webhook-signature"] == signatures.sign(
        hook.signing_key, message_id=str(row.pk), timestamp=int(sent["webhook-timestamp"]), body=body
    )
    assert json.loads(body) == {
        "type": "incident.reported",
        "timestamp": NOW.isoformat(),
        "data": {
            "period": "BILL26",
            "seq": entry.seq,
            "subject": "incident:36",
            "incident": "BILL26-36",
            "actor": {"id": period.lead.pk, "name": period.lead.name},
            "via": "",
            "truncated": False,
            "data": {"title": "Invoices issued twice", "severity": "P1"},
        },
    }


def test_the_check_that_the_documentation_gives_accepts_what_we_sign_and_nothing_else():
    text = (ROOT / "docs" / "webhooks.md").read_text()
    found: dict[str, Any] = {}
    exec(text.split("```python\n")[1].split("```")[0], found)  # noqa: S102  our own documentation
    key, body, stamp = signatures.new_signing_key(), b'{"type": "webhook.test"}', int(time.time())
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": "v1,bm90IG91cnM= " + signatures.sign(key, message_id="1", timestamp=stamp, body=body),
    }

    assert found["is_ours"](key, headers, body)
    assert not found["is_ours"](key, headers, body + b" ")
    assert not found["is_ours"](key, {**headers, "webhook-timestamp": str(stamp - 400)}, body)


def test_only_what_was_asked_for_is_posted_and_never_twice(period):
    hook = add(period, patterns=["incident.*", "period.started"])

    for kind in ("incident.reported", "period.started", "period.extended", "shift.added"):
        entry = happen(period, kind)
        webhooks.on_entry(entry, at=NOW)  # A replay of the journal.

    assert [row.context["event"]["type"] for row in sent_to(hook)] == ["incident.reported", "period.started"]


def test_other_periods_and_webhooks_that_are_off_or_removed_get_nothing(period):
    other = add(make_period(), name="Other")
    off, gone = add(period, name="Off"), add(period, name="Gone")
    webhooks.turn_off(off.pk, by=period.lead, at=NOW)
    webhooks.remove(gone.pk, by=period.lead, at=NOW)

    happen(period)

    assert not Delivery.objects.filter(hook__in=[other, off, gone]).exists()


def test_an_entry_that_is_too_long_says_so_instead(period):
    hook = add(period)

    happen(period, text="x" * 30_000)

    data = sent_to(hook)[0].context["event"]["data"]
    assert (data["truncated"], data["data"]) == (True, {})


@pytest.mark.parametrize("count", [1, 5])
def test_queueing_costs_the_same_for_one_webhook_and_for_five(period, count, django_assert_num_queries):
    for n in range(count):
        add(period, name=f"Board {n}")
    entry = journal.record(period, "incident.reported", by=period.lead, at=NOW)

    with django_assert_num_queries(2):
        webhooks.on_entry(entry, at=NOW)


def test_every_kind_of_entry_can_be_chosen_by_one_area_also_before_anybody_gave_it_one():
    names = [area.name for area in webhooks.AREAS]

    for kind in (*activity.WORDS, "kettle.boiled"):
        assert len([name for name in names if events.covers_kind([name], kind)]) == 1
    assert events.covers_kind(["rest"], "kettle.boiled")
    assert events.unknown_patterns([*names, "*", "incident.*", "incident.reported"]) == []


# --- Webhooks themselves ------------------------------------------------------------------------


def test_neither_address_nor_key_is_readable_in_the_database_or_the_journal(period):
    hook = add(period)
    happen(period)

    with connection.cursor() as cursor:
        cursor.execute("SELECT target, signing_key, shown FROM contributors_webhook")
        stored = str(cursor.fetchall())
    said = [str(entry.data) for entry in JournalEntry.objects.all()]
    kept = [row.address for row in sent_to(hook)]
    for text in (stored, *said, *kept):
        assert "s3cr3t" not in text
        assert hook.signing_key not in text


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"name": " "}, "name", "1 to 60 characters"),
        ({"name": "STATUS BOARD"}, "name", "called “STATUS BOARD” already"),
        ({"url": "ftp://example.com"}, "url", "starts with https://"),
        ({"url": "https://me:pw@example.com/"}, "url", "user name and password"),
        ({"patterns": []}, "events", "at least one"),
        ({"patterns": ["incident.exploded"]}, "events", "no event “incident.exploded”"),
        ({"patterns": [f"incident.{n}" for n in range(101)]}, "events", "100 kinds are the most"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_and_what_to_do(period, fields, field, says):
    add(period)

    with pytest.raises(Invalid) as refusal:
        add(period, **{"name": "Other", **fields})

    assert list(refusal.value.errors) == [field]
    assert says in refusal.value.errors[field][0]


def test_a_period_has_ten_at_most(period):
    for n in range(webhooks.MOST):
        add(period, name=f"Board {n}")

    with pytest.raises(Refused, match="10 webhooks"):
        add(period, name="One more")


def test_a_change_is_journaled_and_what_waits_goes_to_the_new_address(period, receiver):
    hook = add(period)
    happen(period)

    webhooks.change(hook.pk, url=f"http://127.0.0.1:{receiver.server_port}/new", by=period.lead, at=NOW)
    assert delivery.send_due(at=NOW) == 1

    assert [path for path, *_ in receiver.got] == ["/new"]
    assert journaled(period) == ["added", "changed"]
    webhooks.change(hook.pk, name=hook.name, by=period.lead, at=NOW)  # nothing new, nothing written
    assert journaled(period) == ["added", "changed"]


def test_for_a_day_both_keys_sign(period, receiver):
    hook = add(period, receiver)
    fresh = webhooks.rotate_key(hook.pk, by=period.lead, at=timezone.now())
    happen(period)

    delivery.send_due(at=NOW)

    headers = {name.lower(): value for name, value in receiver.got[0][1].items()}
    facts = {
        "message_id": headers["webhook-id"],
        "timestamp": int(headers["webhook-timestamp"]),
        "body": receiver.got[0][2],
    }
    assert headers["webhook-signature"].split() == [signatures.sign(key, **facts) for key in (fresh, hook.signing_key)]
    assert journaled(period) == ["added", "rekeyed"]


def test_a_test_is_posted_whatever_was_chosen_but_not_twice_at_once(period, receiver):
    hook = add(period, receiver, patterns=["go.*"])

    webhooks.send_test(hook.pk, by=period.lead, at=NOW)
    delivery.send_due(at=NOW)

    assert json.loads(receiver.got[0][2])["type"] == "webhook.test"
    with pytest.raises(Refused, match="a moment ago"):
        webhooks.send_test(hook.pk, by=period.lead, at=NOW + timedelta(seconds=9))
    webhooks.send_test(hook.pk, by=period.lead, at=NOW + timedelta(seconds=11))


# --- When it fails ------------------------------------------------------------------------------


def test_a_receiver_that_is_gone_turns_the_webhook_off_and_the_lead_is_told(period, receiver):
    hook, receiver.status = add(period, receiver), 410
    happen(period)
    happen(period)

    delivery.send_due(at=NOW)
    timers.fire_due(at=NOW + MINUTE)

    hook.refresh_from_db()
    assert hook.disabled_why == "The receiver answered 410."
    assert journaled(period) == ["added", "turned_off"]
    letter = Delivery.objects.get(kind="webhook_trouble")
    assert (letter.recipient, letter.context["gone"]) == (period.lead, True)
    assert {row.state for row in sent_to(hook)} <= {"dead", "cancelled"}


def test_other_failures_are_told_once_a_day_and_leave_it_on(period, receiver):
    hook, receiver.status = add(period, receiver), 404
    for _ in range(3):
        happen(period)

    for minute in range(3):
        delivery.send_due(at=NOW + minute * MINUTE)
        timers.fire_due(at=NOW + minute * MINUTE)

    hook.refresh_from_db()
    assert hook.works
    assert Delivery.objects.filter(kind="webhook_trouble").count() == 1
    assert [row.state for row in sent_to(hook) if row.context["event"]["type"] != "webhook.failing"] == ["dead"] * 3
    assert webhooks.tally_webhooks([hook])[hook.pk].failed >= 3
    assert delivery.dead_letters(period).count() == 0  # nobody of the period missed anything


def test_a_busy_receiver_is_tried_for_about_a_day(period):
    row = Delivery(hook=add(period), urgency=Delivery.Urgency.QUIET, attempts=0)
    at, waits = NOW, []
    while True:
        row.attempts += 1
        state, fields = states.next_state(row, states.AttemptResult(states.State.DUE, "500"), at=at, chance=0.5)
        if state != states.State.DUE:
            break
        waits.append(fields["next_at"] - at)
        at = fields["next_at"]

    assert state == states.State.DEAD
    assert timedelta(hours=12) < sum(waits, timedelta()) < timedelta(hours=24)
    assert max(waits) <= states.LONGEST_WAIT_OF_A_WEBHOOK


# --- Again --------------------------------------------------------------------------------------


def failed(hook: Webhook, *, at: Any = NOW, state: str = "dead") -> Delivery:
    row = events.unsaved_delivery(hook, events.new_delivery_key("x"), {"type": "incident.reported"}, meant_at=at, at=at)
    row.state = state
    row.save(force_insert=True)
    DeliveryAttempt.objects.create(delivery=row, fence=1, at=at, outcome=state)
    return row


def test_a_replay_carries_the_same_identity_and_happens_once(period, receiver):
    hook = add(period, receiver)
    old = failed(hook)

    row = webhooks.replay(hook.pk, old.pk, by=period.lead, at=NOW)
    delivery.send_due(at=NOW)

    assert {name.lower(): value for name, value in receiver.got[0][1].items()}["webhook-id"] == str(old.pk)
    assert row.pk != old.pk
    assert journaled(period) == ["added", "replayed"]
    with pytest.raises(AlreadyDone):
        webhooks.replay(hook.pk, old.pk, by=period.lead, at=NOW)


def test_everything_that_failed_since_is_sent_again_and_nothing_else(period):
    hook, other = add(period), add(period, name="Other")
    failed(hook, at=NOW - 2 * MINUTE)
    lost = [failed(hook, at=NOW), failed(hook, at=NOW + MINUTE, state="cancelled")]
    failed(hook, at=NOW, state="sent")
    failed(other, at=NOW)

    done = webhooks.replay_since(hook.pk, since=NOW, by=period.lead, at=NOW + 2 * MINUTE)

    again = {row.dedupe_key for row in sent_to(hook) if row.dedupe_key.startswith("again:")}
    assert again == {f"again:{row.pk}" for row in lost}
    assert (done.count, done.more) == (2, False)
    with pytest.raises(Refused, match="Nothing failed"):
        webhooks.replay_since(hook.pk, since=NOW, by=period.lead, at=NOW + 3 * MINUTE)


def test_more_than_one_batch_is_sent_again_call_by_call(period, monkeypatch):
    monkeypatch.setattr("contributors.webhooks.replays.MOST_AT_ONCE", 2)
    hook = add(period)
    for n in range(3):
        failed(hook, at=NOW + n * MINUTE)

    first = webhooks.replay_since(hook.pk, since=NOW, by=period.lead, at=NOW)
    rest = webhooks.replay_since(hook.pk, since=NOW, by=period.lead, at=NOW)

    assert [(done.count, done.more) for done in (first, rest)] == [(2, True), (1, False)]


def test_nothing_is_sent_again_or_tested_while_it_is_off(period):
    hook = add(period)
    old = failed(hook)
    webhooks.turn_off(hook.pk, by=period.lead, at=NOW)

    for call in (
        lambda: webhooks.replay(hook.pk, old.pk, by=period.lead, at=NOW),
        lambda: webhooks.replay_since(hook.pk, since=NOW, by=period.lead, at=NOW),
        lambda: webhooks.send_test(hook.pk, by=period.lead, at=NOW),
    ):
        with pytest.raises(Refused, match="Turn it on first"):
            call()
    webhooks.turn_on(hook.pk, by=period.lead, at=NOW)
    webhooks.replay(hook.pk, old.pk, by=period.lead, at=NOW)


def test_an_incident_that_is_really_reported_reaches_the_receiver(period, receiver):
    add(period, receiver)
    incident = make_incident(period)
    journal.record(period, "incident.commented", by=period.lead, at=NOW, subject=incident.subject, text="Found it")
    journal.dispatch_entries(at=NOW)

    delivery.send_due(at=NOW)

    assert json.loads(receiver.got[0][2])["data"]["incident"] == incident.key
