"""The sender keeps its promises: docs/delivery.md's invariants, named where they are tested."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from contributors.channels import Message, Permanent, Temporary, email
from contributors.messaging import delivery, outbox, rendering
from contributors.messaging.delivery import AttemptResult, State, sending, states
from contributors.messaging.delivery.sending import Lanes
from contributors.models import Delivery, DeliveryAttempt, Membership
from hypercare import registry
from hypercare.engine import memory_guard, timers
from tests.factories import NOW, make_member, make_period, make_user

pytestmark = pytest.mark.django_db


class Receiver:
    """The outside: takes messages, or fails as told. Named in the switchboard like any other channel."""

    def __init__(self) -> None:
        self.got: list[tuple[Any, str]] = []
        self.failures: list[Exception] = []
        self.while_sending: Callable[[Delivery], None] | None = None

    def send(self, row: Delivery, message: Message) -> None:
        got = self.got  # One that hangs answers into the test it belongs to.
        if self.while_sending:
            self.while_sending(row)
        if self.failures:
            raise self.failures.pop(0)
        got.append((row.pk, message.subject))


RECEIVER = Receiver()


def take(row: Delivery, message: Message) -> None:
    RECEIVER.send(row, message)


TAKEN = replace(email.CHANNEL, send=take)


@pytest.fixture(autouse=True)
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    RECEIVER.__init__()  # type: ignore[misc]
    monkeypatch.setitem(registry.CHANNELS, "email", f"{__name__}.TAKEN")
    # A busy machine sends fewer in the time of one call, which is not what is asked here.
    monkeypatch.setattr(sending, "CLAIMING", timedelta(minutes=5))
    monkeypatch.setattr(sending, "LONGEST", timedelta(minutes=5))
    return RECEIVER


CONTEXT = {
    "key": "BILL26-1",
    "title": "Invoices issued twice",
    "severity": "P1",
    "number": 1,
    "link": {"id": "5f0c2f0e-5a0b-4b43-9f0e-4c8a6d1f0b11", "purpose": "page"},
}


def queue(**fields: Any) -> Delivery:
    """A message about an incident, due now, to a member of a period."""
    period = fields.pop("period", None) or make_period()
    user = fields.pop("user", None) or make_member(period).user
    count = Delivery.objects.count()
    row = outbox.notify(
        user=user,
        kind="page",
        period=period,
        subject="incident:1",
        at=fields.pop("at", NOW),
        context=CONTEXT,
        urgency=fields.pop("urgency", Delivery.Urgency.NORMAL),
        key=fields.pop("key", f"test:{count}"),
        not_after=fields.pop("not_after", None),
    )
    assert row is not None
    if fields:
        Delivery.objects.filter(pk=row.pk).update(**fields)
        row.refresh_from_db()
    return row


def claimed(at: datetime = NOW) -> Delivery:
    delivery.settle_unneeded(at=at)
    return delivery.claim(1, at=at)[0]


def let_the_lease_lapse(row: Delivery) -> None:
    Delivery.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def outcomes(row: Delivery) -> list[str]:
    return list(row.tries.order_by("id").values_list("outcome", flat=True))


# --- Sending ------------------------------------------------------------------------------------


def test_a_due_message_is_sent_once_and_its_record_says_so(receiver: Receiver) -> None:
    row = queue()

    assert delivery.send_due(at=NOW) == 1
    assert delivery.send_due(at=NOW + timedelta(hours=1)) == 0

    row.refresh_from_db()
    assert [pk for pk, _ in receiver.got] == [row.pk]
    assert (row.state, row.attempts, row.fence, row.lease_until) == (State.SENT, 1, 1, None)
    assert row.sent_at is not None
    assert row.sent_at >= NOW
    assert outcomes(row) == ["sent"]


def test_nothing_is_sent_before_its_time(receiver: Receiver) -> None:
    queue(at=NOW + timedelta(minutes=5))

    assert delivery.send_due(at=NOW) == 0
    assert receiver.got == []


def test_more_messages_than_threads_are_all_sent_in_one_call(receiver: Receiver, settings: Any) -> None:
    settings.SENDER_THREADS = 2
    period = make_period()
    user = make_member(period).user
    rows = [queue(period=period, user=user) for _ in range(7)]

    assert delivery.send_due(at=NOW) == 7
    assert {pk for pk, _ in receiver.got} == {row.pk for row in rows}


def test_pages_go_before_other_messages(receiver: Receiver, settings: Any) -> None:
    settings.SENDER_THREADS = 1
    quiet = queue(urgency=Delivery.Urgency.QUIET, at=NOW - timedelta(hours=2))
    normal = queue(at=NOW - timedelta(hours=1))
    page = queue(urgency=Delivery.Urgency.PAGE)

    delivery.send_due(at=NOW)

    assert [pk for pk, _ in receiver.got] == [page.pk, normal.pk, quiet.pk]


def test_no_more_rows_are_claimed_than_there_are_free_threads() -> None:
    for _ in range(5):
        queue()

    assert len(delivery.claim(3, at=NOW)) == 3
    assert delivery.claim(0, at=NOW) == []
    assert Delivery.objects.filter(state=State.DUE).count() == 2


def test_a_claimed_message_is_nobody_elses_until_its_lease_lapses() -> None:
    queue()
    claimed()

    assert delivery.claim(1, at=NOW + timedelta(hours=1)) == []


def test_the_message_is_sent_outside_any_transaction_of_the_sender(receiver: Receiver) -> None:
    queue()
    threads: list[str] = []
    receiver.while_sending = lambda _row: threads.append(threading.current_thread().name)

    delivery.send_due(at=NOW)

    assert threads[0].startswith("sender")


def test_the_ticks_of_one_process_take_turns_at_sending(receiver: Receiver) -> None:
    row = queue()
    lanes = Lanes()
    seconds: list[int] = []
    receiver.while_sending = lambda _row: seconds.append(lanes.turn.locked())

    with lanes.turn:
        assert delivery.send_due(at=NOW, lanes=lanes) == 0
    assert receiver.got == []
    assert delivery.send_due(at=NOW, lanes=lanes) == 1

    assert [pk for pk, _ in receiver.got] == [row.pk]
    assert seconds == [True]
    assert not lanes.turn.locked()


# --- Failing ------------------------------------------------------------------------------------


def test_a_temporary_failure_is_tried_again_under_the_same_identity(receiver: Receiver) -> None:
    row = queue()
    receiver.failures = [Temporary("451 busy")]

    delivery.send_due(at=NOW)

    row.refresh_from_db()
    assert (row.state, row.last_error) == (State.DUE, "451 busy")
    delivery.send_due(at=row.next_at)
    row.refresh_from_db()
    assert (row.state, row.last_error, row.attempts) == (State.SENT, "", 2)
    assert outcomes(row) == ["retry", "sent"]


def test_a_permanent_failure_is_dead_at_once_and_shown_to_the_period(receiver: Receiver) -> None:
    row = queue()
    receiver.failures = [Permanent("550 no such person")]

    delivery.send_due(at=NOW)

    assert [dead.last_error for dead in delivery.dead_letters(row.period)] == ["550 no such person"]
    assert outcomes(row) == ["dead"]


def test_a_process_out_of_memory_claims_nothing_and_records_what_is_under_way(
    receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SENDER_THREADS = 2
    rows = [queue(at=NOW - timedelta(minutes=minutes)) for minutes in (3, 2, 1)]
    ran_out, looks = threading.Event(), itertools.count()

    def check() -> None:
        if next(looks):
            ran_out.set()
            raise MemoryError

    def wait_with_the_first(row: Delivery) -> None:
        assert row.pk != rows[0].pk or ran_out.wait(5)

    monkeypatch.setattr(memory_guard, "check_room", check)
    receiver.while_sending = wait_with_the_first

    with pytest.raises(MemoryError):
        delivery.send_due(at=NOW)

    states_now = [Delivery.objects.get(pk=row.pk).state for row in rows]
    assert states_now == [State.SENT, State.SENT, State.DUE]


def test_a_message_for_whose_writing_the_memory_did_not_suffice_is_not_dead(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starve(*_: Any, **__: Any) -> Message:
        raise MemoryError

    row = queue()
    with monkeypatch.context() as starved:
        starved.setattr(rendering, "render", starve)
        delivery.send_due(at=NOW)
    row.refresh_from_db()
    assert row.state == State.DUE

    delivery.send_due(at=row.next_at)

    assert [pk for pk, _ in receiver.got] == [row.pk]


def test_a_message_that_cannot_be_written_is_dead_and_its_neighbour_is_sent(receiver: Receiver) -> None:
    poison = queue(context={})
    healthy = queue()

    delivery.send_due(at=NOW)

    poison.refresh_from_db()
    assert poison.state == State.DEAD
    assert [pk for pk, _ in receiver.got] == [healthy.pk]


def test_a_channel_that_breaks_in_an_unknown_way_is_tried_again_and_marked_uncertain(receiver: Receiver) -> None:
    row = queue()
    receiver.failures = [RuntimeError("surprise")]

    delivery.send_due(at=NOW)

    row.refresh_from_db()
    assert (row.state, row.uncertain, outcomes(row)) == (State.DUE, True, ["uncertain"])


def test_an_answer_that_stays_out_is_cut_off_and_its_late_success_changes_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "TIMEOUT", timedelta(milliseconds=300))
    row = queue()
    answer = threading.Event()
    receiver.while_sending = lambda _row: (answer.wait(20), None)[1]

    sent = delivery.send_due(at=NOW)

    row.refresh_from_db()
    answer.set()
    assert sent == 0
    assert (row.state, row.uncertain, outcomes(row)) == (State.DUE, True, ["uncertain"])


def test_a_hung_receiver_does_not_hold_up_the_others(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.SENDER_THREADS = 2
    monkeypatch.setattr(states, "TIMEOUT", timedelta(seconds=1))
    hung, *healthy = [queue() for _ in range(6)]
    answer = threading.Event()
    receiver.while_sending = lambda row: answer.wait(20) and None if row.pk == hung.pk else None

    sent = delivery.send_due(at=NOW)

    answer.set()
    assert sent == 5
    assert set(Delivery.objects.filter(state=State.SENT).values_list("pk", flat=True)) == {row.pk for row in healthy}


FIRED: list[datetime] = []


def on_time(args: dict[str, Any], due_at: datetime, at: datetime) -> None:
    FIRED.append(due_at)


def test_timers_fire_while_a_receiver_hangs(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.TIMER_HANDLERS, "test", f"{__name__}.on_time")
    monkeypatch.setattr(states, "TIMEOUT", timedelta(seconds=1))
    monkeypatch.setattr(sending, "KEEP_TIME", timedelta(milliseconds=100))
    FIRED.clear()
    queue()
    timers.arm("step", kind="test", due_at=NOW)
    answer = threading.Event()
    receiver.while_sending = lambda _row: (answer.wait(20), None)[1]

    delivery.send_due(at=NOW)

    answer.set()
    assert FIRED == [NOW]


def test_a_message_too_late_to_matter_expires_unsent(receiver: Receiver) -> None:
    row = queue(not_after=NOW)

    delivery.send_due(at=NOW)

    row.refresh_from_db()
    assert (row.state, outcomes(row), receiver.got) == (State.EXPIRED, ["expired"], [])


def test_somebody_who_left_the_period_meanwhile_is_not_told(receiver: Receiver) -> None:
    gone = queue()
    Membership.objects.filter(user=gone.recipient).update(left_at=NOW)
    locked_out = queue()
    assert locked_out.recipient is not None
    locked_out.recipient.is_active = False
    locked_out.recipient.save(update_fields=["is_active"])
    told = queue()

    delivery.send_due(at=NOW)

    states = dict(Delivery.objects.values_list("pk", "state"))
    assert [pk for pk, _ in receiver.got] == [told.pk]
    assert states == {gone.pk: State.CANCELLED, locked_out.pk: State.CANCELLED, told.pk: State.SENT}


# --- Leases and fences --------------------------------------------------------------------------


def test_a_message_whose_sender_died_is_sent_again_and_marked_uncertain(receiver: Receiver) -> None:
    row = queue()
    let_the_lease_lapse(claimed())

    delivery.send_due(at=NOW + timedelta(seconds=21))

    row.refresh_from_db()
    assert (row.state, row.uncertain, row.attempts, row.fence) == (State.SENT, True, 2, 2)
    assert outcomes(row) == ["uncertain", "sent"]


def test_i6_a_report_under_a_stale_fence_changes_nothing() -> None:
    queue()
    first = claimed()
    let_the_lease_lapse(first)
    second = claimed()

    assert delivery.record_result(first, delivery.SENT, at=NOW) is False
    assert delivery.record_result(first, AttemptResult(State.DEAD, "no"), at=NOW) is False

    second.refresh_from_db()
    assert (second.state, second.fence) == (State.SENDING, 2)
    assert delivery.record_result(second, delivery.SENT, at=NOW) is True


def test_a_message_that_takes_its_sender_down_every_time_ends_dead(receiver: Receiver) -> None:
    row = queue(urgency=Delivery.Urgency.PAGE)
    for _ in range(delivery.MOST_SENDERS_LOST):
        let_the_lease_lapse(claimed())

    delivery.send_due(at=NOW)

    row.refresh_from_db()
    assert (row.state, row.attempts, row.senders_lost, receiver.got) == (State.DEAD, 6, 6, [])


def test_a_lapsed_message_too_late_to_matter_expires_unsent(receiver: Receiver) -> None:
    row = queue(not_after=NOW + timedelta(seconds=5))
    let_the_lease_lapse(claimed())

    delivery.send_due(at=NOW + timedelta(seconds=30))

    row.refresh_from_db()
    assert (row.state, row.uncertain, receiver.got) == (State.EXPIRED, True, [])


# --- Taking back --------------------------------------------------------------------------------


def test_i3_a_cancelled_message_is_never_attempted(receiver: Receiver) -> None:
    row = queue()

    assert outbox.cancel_unsent(row.period, "incident:1", kinds=("page",), at=NOW) == 1

    assert delivery.send_due(at=NOW + timedelta(days=1)) == 0
    row.refresh_from_db()
    assert (row.state, outcomes(row), receiver.got) == (State.CANCELLED, ["cancelled"], [])


def test_cancelling_stands_or_falls_with_the_transaction_that_makes_the_message_needless(receiver: Receiver) -> None:
    row = queue()

    with transaction.atomic():
        outbox.cancel_unsent(row.period, "incident:1", kinds=("page",), at=NOW)
        transaction.set_rollback(True)

    assert delivery.send_due(at=NOW) == 1


def test_only_the_named_subject_and_kinds_are_taken_back() -> None:
    row = queue()

    assert outbox.cancel_unsent(row.period, "incident:2", kinds=("page",), at=NOW) == 0
    assert outbox.cancel_unsent(row.period, "incident:1", kinds=("invitation",), at=NOW) == 0
    assert outbox.cancel_unsent(make_period(), "incident:1", kinds=("page",), at=NOW) == 0


def test_i3_a_message_under_way_when_it_is_taken_back_is_not_tried_again() -> None:
    queue()
    row = claimed()

    assert outbox.cancel_unsent(row.period, "incident:1", kinds=("page",), at=NOW) == 0
    assert delivery.record_result(row, AttemptResult(State.DUE, "451 busy"), at=NOW) is True

    row.refresh_from_db()
    assert row.state == State.CANCELLED


def test_i3_a_message_under_way_whose_sender_dies_is_not_sent_again_once_taken_back(receiver: Receiver) -> None:
    queue()
    row = claimed()
    outbox.cancel_unsent(row.period, "incident:1", kinds=("page",), at=NOW)
    let_the_lease_lapse(row)

    delivery.send_due(at=NOW + timedelta(seconds=30))

    row.refresh_from_db()
    assert (row.state, receiver.got) == (State.CANCELLED, [])


# --- The table of steps -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempts", "cap"),
    [(1, 5), (2, 10), (3, 20), (4, 40), (5, 80), (6, 160), (7, 320), (8, 640), (9, 900), (10, 900), (500, 900)],
)
def test_i9_the_wait_is_full_jitter_below_a_doubling_cap(attempts: int, cap: int) -> None:
    assert delivery.random_backoff(attempts, 0.0) == timedelta()
    assert delivery.random_backoff(attempts, 0.5) == timedelta(seconds=cap / 2)
    assert delivery.random_backoff(attempts, 0.999) < timedelta(seconds=cap)


DUE, SENT, DEAD, EXPIRED = State.DUE, State.SENT, State.DEAD, State.EXPIRED


@pytest.mark.parametrize(
    ("urgency", "attempts", "not_after", "asked", "expected"),
    [
        (1, 1, None, DUE, DUE),
        (1, 9, None, DUE, DUE),
        (1, 10, None, DUE, DEAD),
        (0, 6, None, DUE, DUE),
        (0, 60, None, DUE, DUE),
        (1, 1, NOW + timedelta(hours=1), DUE, DUE),
        (1, 1, NOW, DUE, EXPIRED),
        (1, 10, NOW, DUE, EXPIRED),
        (1, 10, NOW, SENT, SENT),
        (1, 1, None, DEAD, DEAD),
    ],
)
def test_i9_what_an_attempt_leads_to(
    urgency: int, attempts: int, not_after: datetime | None, asked: State, expected: State
) -> None:
    row = Delivery(urgency=urgency, attempts=attempts, not_after=not_after)

    state, changes = delivery.next_state(row, AttemptResult(asked, "why"), at=NOW, chance=0.5)

    assert state == expected
    assert ("settled_at" in changes) == (state != DUE)
    assert ("next_at" in changes) == (state == DUE)


@pytest.mark.parametrize("attempts", range(1, 40))
def test_i9_the_wait_of_a_page_is_equal_jitter_below_a_minute(attempts: int) -> None:
    cap = timedelta(seconds=min(60, 5 * 2 ** (attempts - 1)))

    assert delivery.page_backoff(attempts, 0.0) == cap / 2
    assert cap / 2 < delivery.page_backoff(attempts, 0.999) < cap


@pytest.mark.parametrize(
    ("failing_for", "ladder_lasts", "expected"),
    [(14, 0, DUE), (15, 0, DEAD), (15, 40, DUE), (39, 40, DUE), (40, 40, DEAD)],
)
def test_a_page_is_given_up_by_time_and_not_while_its_ladder_lasts(
    failing_for: int, ladder_lasts: int, expected: State
) -> None:
    row = Delivery(
        urgency=0,
        attempts=50,
        failing_since=NOW - timedelta(minutes=failing_for),
        tried_until=NOW + timedelta(minutes=ladder_lasts - failing_for) if ladder_lasts else None,
    )

    state, _ = delivery.next_state(row, AttemptResult(DUE, "451"), at=NOW, chance=0.5)

    assert state == expected


def test_a_page_that_was_late_before_its_first_try_has_all_its_time() -> None:
    row = Delivery(urgency=0, attempts=1, intended_at=NOW - timedelta(hours=3), created_at=NOW - timedelta(hours=3))

    state, changes = delivery.next_state(row, AttemptResult(DUE, "451"), at=NOW, chance=0.5)

    assert (state, changes["failing_since"]) == (DUE, NOW)


def test_a_sender_that_dies_once_does_not_end_a_page_that_was_tried_often() -> None:
    row = Delivery(urgency=0, attempts=30, failing_since=NOW - timedelta(minutes=14))

    assert delivery.next_state(row, delivery.NOT_REPORTED, at=NOW, chance=0.5)[0] == DUE


@pytest.mark.parametrize("away", [175, 300, 540])
@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_a_page_outlives_a_mail_server_that_is_away_for_minutes(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, away: int, chance: float
) -> None:
    monkeypatch.setattr("contributors.messaging.delivery.records.random.random", lambda: chance)
    row = queue(urgency=Delivery.Urgency.PAGE)
    back_at = NOW + timedelta(seconds=away)

    while (at := max(row.next_at, NOW)) < back_at:
        receiver.failures = [Temporary("451 greylisted, come back later")]
        delivery.send_due(at=at)
        row.refresh_from_db()
        assert row.state == DUE
    delivery.send_due(at=at)

    row.refresh_from_db()
    assert (row.state, len(receiver.got)) == (SENT, 1)
    assert at - back_at <= timedelta(minutes=1)
    assert row.attempts < 40


def test_a_receiver_that_asks_to_wait_is_not_asked_earlier() -> None:
    _, changes = delivery.next_state(
        Delivery(attempts=1), AttemptResult(DUE, wait=timedelta(seconds=30)), at=NOW, chance=0.0
    )

    assert changes["next_at"] == NOW + timedelta(seconds=30)


def test_i10_every_attempt_leaves_one_line_in_the_record(receiver: Receiver) -> None:
    receiver.failures = [Temporary("busy"), Temporary("busy"), Permanent("gone")]
    row = queue()

    for minutes in range(0, 60, 20):
        delivery.send_due(at=NOW + timedelta(minutes=minutes))

    assert list(DeliveryAttempt.objects.order_by("fence").values_list("fence", "outcome")) == [
        (1, "retry"),
        (2, "retry"),
        (3, "dead"),
    ]
    row.refresh_from_db()
    assert row.attempts == 3


def test_a_quiet_tick_costs_four_questions_and_no_transaction(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4):
        delivery.send_due(at=NOW)


def test_the_longest_wait_is_told_for_the_health_check() -> None:
    queue(at=NOW - timedelta(minutes=1))
    queue(at=NOW - timedelta(minutes=3), urgency=Delivery.Urgency.QUIET)

    assert delivery.oldest_due_at(NOW) == NOW - timedelta(minutes=3)
    assert delivery.oldest_due_at(NOW - timedelta(hours=1)) is None


# --- Queueing -----------------------------------------------------------------------------------


def test_the_same_key_queues_one_message() -> None:
    period = make_period()
    user = make_member(period).user

    assert queue(period=period, user=user, key="one") == queue(period=period, user=user, key="one")
    assert Delivery.objects.count() == 1


def test_strangers_and_inactive_people_are_not_told() -> None:
    period = make_period()
    gone = make_member(period, make_user(is_active=False)).user
    left = make_member(period, left_at=NOW).user
    for user in (make_user(), gone, left, None):
        told = outbox.notify(
            user=user, kind="period_started", period=period, subject="", context={}, urgency=1, at=NOW, key=f"k{user}"
        )
        assert told is None
    assert not Delivery.objects.exists()


def test_a_kind_nobody_wrote_is_refused_at_once() -> None:
    period = make_period()

    with pytest.raises(KeyError):
        outbox.notify(user=period.lead, kind="poem", period=period, subject="", context={}, urgency=1, at=NOW, key="k")
