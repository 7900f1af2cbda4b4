"""Several senders at once: each message has one, and an acknowledgement stops it. Real threads, real locks."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from contributors.channels import Message, email
from contributors.messaging import delivery, outbox
from contributors.messaging.delivery import AttemptResult, State
from contributors.messaging.delivery.sending import Lanes
from contributors.models import Delivery, DeliveryAttempt
from hypercare import registry
from periods.journal import journal
from periods.models import JournalEntry, Period
from tests.contributors.messaging.test_delivery import CONTEXT
from tests.factories import NOW, make_member, make_page, make_period

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

THREADS = 4
RECEIVED: Counter[Any] = Counter()
ACKNOWLEDGED: set[Any] = set()
_lock = threading.Lock()


@pytest.fixture(autouse=True)
def postgres_only(transactional_db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: there is no second sender to race.")


def take(row: Delivery, message: Message) -> None:
    with _lock:
        RECEIVED[row.pk] += 1


TAKEN = replace(email.CHANNEL, send=take)


@pytest.fixture(autouse=True)
def receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    RECEIVED.clear()
    monkeypatch.setitem(registry.CHANNELS, "email", f"{__name__}.TAKEN")


def queue(count: int) -> Period:
    period = make_period()
    user = make_member(period).user
    for number in range(count):
        outbox.notify(
            user=user,
            kind="page",
            period=period,
            subject=f"incident:{number}",
            context=CONTEXT,
            urgency=Delivery.Urgency.PAGE,
            at=NOW,
            key=f"test:{period.pk}:{number}",
        )
    return period


def at_once(*works: Any) -> list[Any]:
    """Run each in a thread of its own, all released at the same moment."""
    gate = threading.Barrier(len(works))

    def run(work: Any) -> Any:
        gate.wait()
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def send_like_a_process_of_its_own() -> int:
    return delivery.send_due(at=NOW, lanes=Lanes())


def test_four_senders_send_each_message_once() -> None:
    queue(80)

    sent = at_once(*[send_like_a_process_of_its_own for _ in range(THREADS)])

    assert sum(sent) == 80
    assert (len(RECEIVED), set(RECEIVED.values())) == (80, {1})
    assert set(Delivery.objects.values_list("state", "attempts")) == {(State.SENT, 1)}
    assert DeliveryAttempt.objects.count() == 80


def test_claims_at_once_never_share_a_row() -> None:
    queue(40)

    claims = at_once(*[lambda: [row.pk for row in delivery.claim(10, at=NOW)] for _ in range(THREADS)])

    taken = [pk for claim in claims for pk in claim]
    assert len(taken) == len(set(taken))


def test_i6_of_two_reports_about_one_message_the_one_with_the_lease_stands() -> None:
    queue(1)
    first = delivery.claim(1, at=NOW)[0]
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    delivery.settle_unneeded(at=NOW)
    second = delivery.claim(1, at=NOW)[0]

    stale, valid = at_once(
        lambda: delivery.record_result(first, AttemptResult(State.DEAD, "stale"), at=NOW),
        lambda: delivery.record_result(second, delivery.SENT, at=NOW),
    )

    assert (stale, valid) == (False, True)
    assert Delivery.objects.get().state == State.SENT


def test_i3_nothing_is_attempted_after_the_acknowledgement_commits() -> None:
    period = queue(60)
    claimed_at_commit: dict[str, int] = {}

    def acknowledge() -> int:
        taken = 0
        for number in range(60):
            subject = f"incident:{number}"
            with transaction.atomic():
                Period.objects.locked().get(pk=period.pk)
                taken += outbox.cancel_unsent(period, subject, kinds=("page",), at=NOW)
            claimed_at_commit[subject] = Delivery.objects.get(subject=subject).attempts
        return taken

    cancelled, sent = at_once(acknowledge, lambda: delivery.send_due(at=NOW))
    delivery.send_due(at=NOW + timedelta(hours=1))

    assert cancelled + sent == 60
    for row in Delivery.objects.all():
        assert row.state == (State.SENT if RECEIVED[row.pk] else State.CANCELLED)
        assert row.attempts == claimed_at_commit[row.subject]


def test_a_message_taken_back_while_its_retry_is_written_is_never_due_again() -> None:
    for _ in range(20):
        period = queue(1)
        row = delivery.claim(1, at=NOW)[0]

        at_once(
            lambda row=row: delivery.record_result(row, AttemptResult(State.DUE, "451 busy"), at=NOW),
            lambda period=period: outbox.cancel_unsent(period, "incident:0", kinds=("page",), at=NOW),
        )

        row.refresh_from_db()
        assert row.state in (State.CANCELLED, State.EXPIRED)


def test_the_same_key_queued_at_once_makes_one_message() -> None:
    period = make_period()
    user = make_member(period).user

    def queue_one() -> Any:
        return make_page(user=user, period=period, subject="incident:1", context=CONTEXT, key="page:1:1:0", at=NOW)

    rows = at_once(*[queue_one] * THREADS)

    assert Delivery.objects.count() == 1
    assert len({row.pk for row in rows}) == 1


def test_two_dispatchers_hand_each_entry_on_once() -> None:
    period = make_period()
    for _ in range(15):
        journal.record(period, "readiness.problem", by=period.sponsor, at=NOW, person="Priya Raman", note="No access")

    handed = at_once(*[lambda: journal.dispatch_entries(at=NOW) for _ in range(THREADS)])

    assert sum(handed) == 15
    assert not JournalEntry.objects.filter(dispatched_at__isnull=True).exists()
    assert Delivery.objects.filter(recipient=period.lead).count() == 15


def test_the_chain_holds_when_four_record_at_once() -> None:
    period = make_period()

    def record() -> None:
        for _ in range(10):
            journal.record(Period.objects.get(pk=period.pk), "test.happened", by=None, at=NOW)

    at_once(*[record] * THREADS)

    period.refresh_from_db()
    assert period.journal_seq == 40
    assert list(journal.verify_chain(period)) == []
