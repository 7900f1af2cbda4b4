"""Twenty messages an hour and person; the rest comes together, and nothing is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contributors import contact_points
from contributors.messaging import outbox, rendering, throttle
from contributors.models import Delivery, Membership
from tests.factories import NOW, make_member, make_period, make_user

pytestmark = pytest.mark.django_db

State, Urgency = Delivery.State, Delivery.Urgency


def tell(member: Membership, n: int, *, at: datetime = NOW, kind: str = "incident_assigned", **more: Any) -> Delivery:
    said = {"key": f"A-{n}", "number": n, "title": f"Thing {n}", "severity": "P3", "reported_at": NOW.isoformat()}
    row = outbox.notify(
        user=member.user,
        kind=kind,
        period=member.period,
        subject=f"incident:{n}",
        context=said,
        at=at,
        urgency=more.get("urgency", Urgency.NORMAL),
        key=f"k:{member.pk}:{n}:{kind}",
    )
    assert row is not None
    return row


@pytest.fixture
def anna() -> Membership:
    return make_member(make_period(key="A"), make_user("Anna Berg", timezone="Europe/Copenhagen"))


def sendable(member: Membership) -> list[Delivery]:
    rows = Delivery.objects.filter(recipient=member.user).exclude(state=State.BUNDLED)
    return list(rows.order_by("created_at", "next_at"))


def test_the_twenty_first_message_of_an_hour_waits_and_comes_with_its_link(anna: Membership) -> None:
    for n in range(24):
        tell(anna, n, at=NOW + timedelta(minutes=n))

    *usual, more = sendable(anna)

    assert len(usual) == 20
    assert more.kind == throttle.KIND
    assert more.next_at == NOW + timedelta(hours=1)
    message = rendering.render(more)
    assert message.subject == "4 more messages from Hypercare"
    for n in (20, 21, 22, 23):
        assert f"[P3] A-{n} Thing {n}" in message.text
        assert f"/i/A-{n}/" in message.text


def test_pages_and_what_always_comes_are_not_held(anna: Membership) -> None:
    for n in range(25):
        tell(anna, n)

    assert tell(anna, 30, urgency=Urgency.PAGE).state == State.DUE
    assert tell(anna, 31, kind="undelivered").state == State.DUE


def test_the_same_key_again_is_neither_sent_nor_counted_twice(anna: Membership) -> None:
    for n in range(22):
        tell(anna, n)
    before = Delivery.objects.count()

    assert tell(anna, 21).state == State.BUNDLED

    assert Delivery.objects.count() == before
    assert len(sendable(anna)[-1].context["items"]) == 2


def test_what_comes_after_the_rest_went_out_starts_another(anna: Membership) -> None:
    for n in range(21):
        tell(anna, n)
    Delivery.objects.filter(kind=throttle.KIND).update(state=State.SENDING, attempts=1)

    tell(anna, 21)

    assert Delivery.objects.filter(kind=throttle.KIND).count() == 2


def test_quiet_hours_hold_the_rest_as_well(anna: Membership) -> None:
    local = NOW.astimezone(anna.user.zone)
    contact_points.set_quiet_hours(
        anna.user, starts=(local + timedelta(minutes=30)).time(), ends=(local + timedelta(hours=3)).time()
    )
    for n in range(21):
        tell(anna, n)

    assert sendable(anna)[-1].next_at == NOW + timedelta(hours=3)


def test_the_hour_moves_on(anna: Membership) -> None:
    for n in range(20):
        tell(anna, n)

    assert tell(anna, 20, at=NOW + timedelta(minutes=59)).state == State.BUNDLED
    assert tell(anna, 21, at=NOW + timedelta(minutes=61)).state == State.DUE


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(waits=st.lists(st.integers(0, 12), min_size=1, max_size=60), send_every=st.integers(5, 40))
def test_nothing_is_lost_and_no_hour_holds_more(waits: list[int], send_every: int) -> None:
    member = make_member(make_period(), make_user())
    at = NOW
    for n, wait in enumerate(waits):
        at += timedelta(minutes=wait)
        tell(member, n, at=at)
        if n % send_every == 0:
            Delivery.objects.filter(state=State.DUE, next_at__lte=at).update(state=State.SENT)

    rows = Delivery.objects.filter(recipient=member.user)
    alone = [row.context["title"] for row in rows.exclude(state=State.BUNDLED).exclude(kind=throttle.KIND)]
    together = [item["title"] for row in rows.filter(kind=throttle.KIND) for item in row.context["items"]]
    assert len(alone) + len(together) == len(waits)
    for n in range(len(waits)):
        assert (f"Thing {n}" in alone) + any(title.endswith(f" Thing {n}") for title in together) == 1
    sent = sorted(row.created_at for row in rows.exclude(state=State.BUNDLED).exclude(kind=throttle.KIND))
    for start in sent:
        assert sum(start <= moment < start + timedelta(hours=1) for moment in sent) <= throttle.MOST_AN_HOUR
