"""Whatever happens in whatever order, a delivery keeps its invariants (docs/delivery.md's I1, I2, I3, I6, I7, I9, I10).

A model run: senders claim, answer, die and report late; people take messages back; time passes. After every
step the rows are compared with what the invariants allow.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from contributors.messaging import delivery, outbox
from contributors.messaging.delivery import AttemptResult, State, queue
from contributors.models import Breaker, Delivery, DeliveryAttempt
from tests.factories import NOW, make_member, make_period

FINAL = {State.SENT, State.DEAD, State.CANCELLED, State.EXPIRED}
ANSWERS = {
    "accepted": delivery.SENT,
    "refused": AttemptResult(State.DEAD, "550"),
    "busy": AttemptResult(State.DUE, "451"),
    "busy, wait": AttemptResult(State.DUE, "451", wait=timedelta(seconds=30)),
    "no answer": delivery.NO_ANSWER,
}


class Sending(RuleBasedStateMachine):
    """Messages, the senders that hold them, and what the outside has received."""

    held = Bundle("held")

    @initialize()
    def begin(self) -> None:
        Delivery.objects.all().delete()  # what the example before left
        self.now = NOW
        self.period = make_period()
        self.user = make_member(self.period).user
        self.received: Counter[Any] = Counter()
        self.unknown: Counter[Any] = Counter()
        self.settled: dict[Any, str] = {}
        self.taken_back: dict[Any, int] = {}
        self.count = 0

    @rule(urgency=st.sampled_from([0, 1, 2]), lives=st.sampled_from([None, 30, 600]))
    def queue(self, urgency: int, lives: int | None) -> None:
        self.count += 1
        self.now += timedelta(milliseconds=1)  # one order only: ids are random
        outbox.notify(
            user=self.user,
            kind="period_started",
            period=self.period,
            subject=f"thing:{self.count}",
            context={},
            urgency=urgency,
            at=self.now,
            key=f"{self.count}",
            not_after=self.now + timedelta(seconds=lives) if lives else None,
        )

    @rule(target=held, free=st.integers(1, 3), seconds=st.sampled_from([0, 5, 60, 900]))
    def claim(self, free: int, seconds: int) -> Any:
        """A sender comes by, some time later."""
        self.now += timedelta(seconds=seconds)
        delivery.settle_unneeded(at=self.now)
        before = {row.pk: row.fence for row in Delivery.objects.all()}
        rows = delivery.claim(free, at=self.now)
        assert len(rows) <= free
        for row in rows:
            assert row.fence == before[row.pk] + 1
            assert row.pk not in self.taken_back
        return rows

    @rule()
    def i1_a_sender_that_lives_on_leaves_nothing_due_but_behind_a_breaker(self) -> None:
        delivery.settle_unneeded(at=self.now)
        while rows := delivery.claim(3, at=self.now):
            for row in rows:
                self.received[row.pk] += 1
                assert delivery.record_result(row, delivery.SENT, at=self.now)
        silent = Breaker.objects.filter(open_until__gt=self.now).exists()
        assert silent or not queue.ready_deliveries(self.now).exists()

    @rule(rows=consumes(held), answer=st.sampled_from(sorted(ANSWERS)))
    def report(self, rows: list[Delivery], answer: str) -> None:
        """A sender reports, perhaps long after its lease went to another."""
        for row in rows:
            result = ANSWERS[answer]
            self.received[row.pk] += answer in ("accepted", "no answer")
            current = Delivery.objects.get(pk=row.pk)
            is_mine = current.fence == row.fence and current.state == State.SENDING
            assert delivery.record_result(row, result, at=self.now) is is_mine
            self.unknown[row.pk] += result.unknown or not is_mine

    @rule(rows=consumes(held), got_through=st.booleans())
    def die(self, rows: list[Delivery], got_through: bool) -> None:
        """A sender is gone, before or after its message arrived; its leases lapse."""
        for row in rows:
            self.received[row.pk] += got_through
            self.unknown[row.pk] += 1
        self._lapse(rows)

    def _lapse(self, rows: list[Delivery]) -> None:
        for row in rows:
            mine = Delivery.objects.filter(pk=row.pk, fence=row.fence, state=State.SENDING)
            mine.update(lease_until=timezone.now() - timedelta(seconds=1))

    @rule(rows=held)
    def freeze(self, rows: list[Delivery]) -> None:
        """A sender stands still for longer than its lease; it reports later."""
        self._lapse(rows)

    @rule(number=st.integers(1, 3))
    def take_back(self, number: int) -> None:
        subject = f"thing:{number}"
        open_ = Delivery.objects.filter(subject=subject, state__in=Delivery.OPEN)
        self.taken_back |= dict(open_.values_list("pk", "attempts"))
        outbox.cancel_unsent(self.period, subject, kinds=("period_started",), at=self.now)

    @invariant()
    def i2_no_more_arrivals_than_one_and_one_for_each_unknown_outcome(self) -> None:
        for pk, times in self.received.items():
            assert times <= 1 + self.unknown[pk]

    @invariant()
    def i3_nothing_is_attempted_after_it_was_taken_back(self) -> None:
        for pk, attempts in getattr(self, "taken_back", {}).items():
            assert Delivery.objects.get(pk=pk).attempts == attempts

    @invariant()
    def i7_what_is_settled_stays_as_it_is(self) -> None:
        for row in Delivery.objects.all():
            if row.pk in self.settled:
                assert row.state == self.settled[row.pk]
            if row.state in FINAL:
                self.settled[row.pk] = row.state
                assert row.settled_at is not None
                assert row.lease_until is None

    @invariant()
    def i9_attempts_and_waits_are_bounded(self) -> None:
        for row in Delivery.objects.all():
            if delivery.is_page(row):
                assert row.senders_lost <= delivery.MOST_SENDERS_LOST
            else:
                assert row.attempts <= delivery.MOST_ATTEMPTS
            if row.state == State.DUE:
                assert row.next_at <= self.now + delivery.LONGEST_WAIT

    @invariant()
    def i10_every_ended_attempt_has_one_line(self) -> None:
        for row in Delivery.objects.all():
            lines = list(DeliveryAttempt.objects.filter(delivery=row).values_list("fence", flat=True))
            ended = row.fence - (row.state == State.SENDING)
            assert sorted(set(lines) - {0}) == list(range(1, ended + 1))
            assert len([fence for fence in lines if fence]) - ended <= (row.state in (State.CANCELLED, State.EXPIRED))


@pytest.mark.django_db
def test_invariants_hold_in_every_order_of_events() -> None:
    run_state_machine_as_test(
        Sending,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
