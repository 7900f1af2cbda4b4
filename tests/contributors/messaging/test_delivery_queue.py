"""Which row goes next: one a destination, none to one that does not answer, one late message about an incident."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contributors.channels import Permanent, Temporary
from contributors.messaging import delivery
from contributors.messaging.delivery import AttemptResult, State, records
from contributors.models import Breaker, ContactPoint, Delivery
from hypercare.engine import timers
from periods.models import JournalEntry
from tests.contributors.messaging.test_delivery import Receiver, outcomes, queue, receiver, take  # noqa: F401
from tests.factories import NOW, make_member, make_period

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)


def states() -> dict[Any, str]:
    return dict(Delivery.objects.values_list("pk", "state"))


# --- What a claim brings along ------------------------------------------------------------------


def test_a_claimed_row_is_what_the_orm_would_read_with_all_a_message_needs(django_assert_num_queries: Any) -> None:
    by_mail, by_hook = queue(), queue()
    point = ContactPoint.objects.create(
        user=by_hook.recipient,
        kind="webhook",
        label="Hook",
        target="https://hook.example/1",
        shown="https://hook.example",
        signing_key="whsec_c2VjcmV0",
        created_at=NOW,
        verified_at=NOW,
    )
    Delivery.objects.filter(pk=by_hook.pk).update(point=point)

    claimed = {row.pk: row for row in delivery.claim(5, at=NOW)}

    for row in Delivery.objects.select_related("recipient", "period", "point", "hook"):
        with django_assert_num_queries(0):
            found = claimed[row.pk]
            for one, other in (
                (found, row),
                (found.recipient, row.recipient),
                (found.period, row.period),
                (found.point, row.point),
                (found.hook, row.hook),
            ):
                assert _values(one) == _values(other)
    assert claimed[by_hook.pk].point.target == "https://hook.example/1"  # type: ignore[union-attr]
    assert claimed[by_mail.pk].point is None
    assert claimed[by_mail.pk].is_member is True  # type: ignore[attr-defined]


def _values(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields} if row else {}


# --- One at a time to each destination ----------------------------------------------------------


def test_a_destination_gets_one_message_at_a_time_the_most_urgent_first() -> None:
    period = make_period()
    user = make_member(period).user
    queue(period=period, user=user)
    page = queue(period=period, user=user, urgency=Delivery.Urgency.PAGE)
    other = queue(period=period)

    assert [row.pk for row in delivery.claim(5, at=NOW)] == [page.pk, other.pk]


def test_a_busy_destination_waits() -> None:
    row, other = queue(), queue()

    assert [found.pk for found in delivery.claim(5, at=NOW, busy=[row.address])] == [other.pk]


# --- Destinations that do not answer ------------------------------------------------------------


def test_after_three_time_outs_nobody_knocks_for_thirty_seconds(receiver: Receiver) -> None:  # noqa: F811
    row = queue()
    at = NOW
    for _ in range(3):
        receiver.failures = [Temporary("silence", no_answer=True)]
        delivery.send_due(at=at)
        row.refresh_from_db()
        at = max(row.next_at, at)

    opened = Breaker.objects.get()
    assert (opened.address, opened.timeouts) == (row.address, 3)
    assert opened.open_until is not None
    Delivery.objects.update(next_at=NOW)
    assert delivery.claim(1, at=opened.open_until - timedelta(seconds=1)) == []
    assert delivery.send_due(at=opened.open_until) == 1
    assert not Breaker.objects.exists()


def test_what_waits_for_a_silent_destination_does_not_make_the_engine_late(
    receiver: Receiver,  # noqa: F811
) -> None:
    row = queue()
    Breaker.objects.create(address=row.address, timeouts=1, last_at=NOW)

    assert delivery.oldest_due_at(LATER) is None


def test_a_refusal_is_an_answer(receiver: Receiver) -> None:  # noqa: F811
    row = queue()
    Breaker.objects.create(address=row.address, timeouts=2, last_at=NOW)
    receiver.failures = [Permanent("550")]

    delivery.send_due(at=NOW)

    assert not Breaker.objects.exists()


# --- After an outage ----------------------------------------------------------------------------


def test_after_an_outage_a_person_gets_one_message_about_an_incident_and_it_says_it_is_late(
    receiver: Receiver,  # noqa: F811
) -> None:
    period = make_period()
    user = make_member(period).user
    first = queue(period=period, user=user)
    last = queue(period=period, user=user, at=NOW + timedelta(minutes=1))
    stranger = queue(period=period)

    delivery.send_due(at=LATER)

    assert {pk for pk, _ in receiver.got} == {last.pk, stranger.pk}
    assert states()[first.pk] == State.BUNDLED
    assert outcomes(first) == ["bundled"]


def test_a_late_message_that_is_written_after_its_better_one_was_sent_late_is_bundled_too(
    receiver: Receiver,  # noqa: F811
) -> None:
    period = make_period()
    user = make_member(period).user
    sent = queue(period=period, user=user)
    delivery.send_due(at=LATER)
    after = queue(period=period, user=user)

    delivery.send_due(at=LATER + timedelta(seconds=5))

    assert [pk for pk, _ in receiver.got] == [sent.pk]
    assert states()[after.pk] == State.BUNDLED


def test_a_page_is_never_bundled_into_something_less_urgent(receiver: Receiver) -> None:  # noqa: F811
    period = make_period()
    user = make_member(period).user
    page = queue(period=period, user=user, urgency=Delivery.Urgency.PAGE)
    news = queue(period=period, user=user, at=NOW + timedelta(minutes=2))

    delivery.send_due(at=LATER)

    assert [pk for pk, _ in receiver.got] == [page.pk]
    assert states()[news.pk] == State.BUNDLED


def test_messages_in_time_are_never_bundled(receiver: Receiver) -> None:  # noqa: F811
    period = make_period()
    user = make_member(period).user
    for _ in range(3):
        queue(period=period, user=user)

    assert delivery.send_due(at=NOW + timedelta(seconds=30)) == 3


def test_what_was_tried_before_is_not_bundled(receiver: Receiver) -> None:  # noqa: F811
    period = make_period()
    user = make_member(period).user
    tried = queue(period=period, user=user, attempts=1)
    other = queue(period=period, user=user, at=NOW + timedelta(seconds=1))

    delivery.send_due(at=LATER)
    delivery.send_due(at=LATER + timedelta(seconds=5))

    assert states() == {tried.pk: State.SENT, other.pk: State.BUNDLED}


# --- Another way --------------------------------------------------------------------------------


def test_a_page_goes_out_by_the_next_way_after_two_tries_and_is_tried_on(
    receiver: Receiver,  # noqa: F811
) -> None:
    page = queue(urgency=Delivery.Urgency.PAGE)
    assert page.recipient is not None
    ContactPoint.objects.create(
        user=page.recipient,
        kind="email",
        label="Home",
        target="home@example.test",
        shown="home@example.test",
        created_at=NOW,
        verified_at=NOW,
    )
    receiver.failures = [Temporary("451"), Temporary("451")]

    delivery.send_due(at=NOW)
    assert Delivery.objects.count() == 1
    delivery.send_due(at=NOW + timedelta(seconds=30))

    other = Delivery.objects.exclude(pk=page.pk).get()
    told = (other.address, other.kind, other.urgency, other.subject)
    assert told == ("home@example.test", "page", 0, page.subject)
    assert states()[page.pk] == State.DUE


def test_a_page_is_sent_by_each_way_once_however_often_it_fails(receiver: Receiver) -> None:  # noqa: F811
    page = queue(urgency=Delivery.Urgency.PAGE)
    receiver.failures = [Permanent("550 no such person")]

    delivery.send_due(at=NOW)

    assert Delivery.objects.filter(dedupe_key__startswith=page.dedupe_key).count() == 1


def test_what_could_not_be_sent_is_in_the_journal_and_the_lead_is_told(receiver: Receiver) -> None:  # noqa: F811
    row = queue()
    receiver.failures = [Permanent("550 no such person")]
    delivery.send_due(at=NOW)

    assert timers.fire_due(at=LATER) == 1

    entry = JournalEntry.objects.get(kind="message.failed")
    assert (entry.subject, entry.data["error"]) == (row.subject, "550 no such person")
    told = Delivery.objects.get(kind="undelivered")
    assert row.period is not None
    assert told.recipient == row.period.lead


def verified(user: Any, kind: str = "chat") -> ContactPoint:
    return ContactPoint.objects.create(
        user=user, kind=kind, label=kind, target="tgram://x/y", shown=kind, created_at=NOW, verified_at=NOW
    )


@pytest.mark.parametrize("urgency", [Delivery.Urgency.PAGE, Delivery.Urgency.NORMAL])
def test_the_word_that_a_mail_failed_does_not_go_by_mail_where_the_lead_has_another_way(
    receiver: Receiver,  # noqa: F811
    urgency: int,
) -> None:
    row = queue(urgency=urgency)
    assert row.period is not None
    point = verified(row.period.lead)
    receiver.failures = [Permanent("550 no such person")]
    delivery.send_due(at=NOW)

    timers.fire_due(at=LATER)

    told = Delivery.objects.get(kind="undelivered")
    assert (told.recipient, told.channel, told.point) == (row.period.lead, "chat", point)


def test_a_word_that_is_refused_by_its_other_way_goes_by_mail_after_all(receiver: Receiver) -> None:  # noqa: F811
    row = queue(urgency=Delivery.Urgency.NORMAL)
    assert row.period is not None
    verified(row.period.lead)
    receiver.failures = [Permanent("550 no such person")]
    delivery.send_due(at=NOW)
    timers.fire_due(at=LATER)
    word = Delivery.objects.get(kind="undelivered")

    records.write_result(word, AttemptResult(State.DEAD, "The chat is gone."), LATER)

    other = Delivery.objects.exclude(pk=word.pk).get(kind="undelivered")
    assert (other.recipient, other.channel) == (row.period.lead, "email")


def test_where_the_lead_cannot_be_told_the_sponsor_is_and_after_them_nobody(receiver: Receiver) -> None:  # noqa: F811
    row = queue(urgency=Delivery.Urgency.PAGE)
    assert row.period is not None
    for minutes in range(4):
        receiver.failures = [Permanent("550 no such person")]
        delivery.send_due(at=LATER + timedelta(minutes=minutes))
        timers.fire_due(at=LATER + timedelta(minutes=minutes))

    told = Delivery.objects.filter(kind="undelivered").order_by("created_at")
    assert [word.recipient for word in told] == [row.period.lead, row.period.sponsor]
    assert told[1].context["who"] == row.recipient.name
