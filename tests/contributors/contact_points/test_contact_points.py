"""How a person wants to be reached."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection

from contributors import contact_points
from contributors.contact_points import RuleStep
from contributors.messaging import delivery, outbox
from contributors.models import ContactPoint, Delivery
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from tests.factories import NOW, make_member, make_period, make_user

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
NTFY = "ntfys://ntfy.example.com/on-call"


@pytest.fixture
def maja() -> User:
    return make_user("Maja Lindqvist", timezone="Europe/Copenhagen")


def code_for(point: ContactPoint) -> str:
    point.refresh_from_db()
    return str(Delivery.objects.get(dedupe_key=f"contact-code:{point.pk}:{point.codes_sent}").context["code"])


def add(user: User, *, verified: bool = True, **fields: Any) -> ContactPoint:
    count = user.contact_points.count()
    kind, label, target = (fields.get("kind", "chat"), fields.get("label", f"Way {count}"), fields.get("target", NTFY))
    point = contact_points.add(user, kind=kind, label=label, target=target, at=NOW)
    return contact_points.verify(point.pk, code=code_for(point), by=user, at=NOW) if verified else point


def queue(user: User, urgency: int = Delivery.Urgency.PAGE, at: datetime = NOW) -> list[Delivery]:
    period = make_period()
    make_member(period, user)
    outbox.notify(
        user=user,
        kind="incident_assigned",
        period=period,
        subject="incident:1",
        context={"number": 1},
        urgency=urgency,
        key="one",
        at=at,
    )
    return list(Delivery.objects.filter(dedupe_key__startswith="one").order_by("next_at", "dedupe_key"))


def test_a_new_way_is_sent_a_code_and_counts_once_it_came_back(maja):
    point = add(maja, verified=False)
    sent = Delivery.objects.get(point=point)

    assert (sent.channel, sent.kind, sent.recipient) == ("chat", "contact_code", maja)
    assert not point.works
    assert [route.channel for route in contact_points.routes_in_force(maja, "page")] == ["email"]

    point = contact_points.verify(point.pk, code=f" {code_for(point)[:3]} {code_for(point)[3:]}", by=maja, at=NOW)

    assert point.works
    assert [route.channel for route in contact_points.routes_in_force(maja, "page")] == ["email", "chat"]


def test_the_database_holds_no_address_in_the_clear(maja):
    point = add(maja, target="tgram://123456789:abcdefg_hijklmnop/12315544/")

    with connection.cursor() as cursor:
        cursor.execute("SELECT target, shown FROM contributors_contactpoint WHERE id = %s", [point.pk])
        stored, shown = cursor.fetchone()

    assert "abcdefg" not in stored + shown
    assert "12315544" not in stored
    assert "abcdefg" not in Delivery.objects.get(point=point).address


@pytest.mark.parametrize(
    ("later", "code", "says"), [(MINUTE, "000000x", "not the code"), (16 * MINUTE, None, "has ended")]
)
def test_a_wrong_or_late_code_is_refused(maja, later, code, says):
    point = add(maja, verified=False)

    with pytest.raises(Invalid) as refusal:
        contact_points.verify(point.pk, code=code or code_for(point), by=maja, at=NOW + later)

    assert says in refusal.value.errors["code"][0]
    point.refresh_from_db()
    assert not point.works


def test_after_five_wrong_codes_even_the_right_one_is_refused_until_another_is_asked_for(maja):
    point = add(maja, verified=False)
    for _ in range(5):
        with pytest.raises(Invalid, match="not the code"):
            contact_points.verify(point.pk, code="wrong", by=maja, at=NOW)

    with pytest.raises(Invalid, match="Too many"):
        contact_points.verify(point.pk, code=code_for(point), by=maja, at=NOW)
    contact_points.resend_code(point.pk, by=maja, at=NOW + MINUTE)

    assert contact_points.verify(point.pk, code=code_for(point), by=maja, at=NOW + MINUTE).works


def test_codes_are_not_sent_without_end(maja):
    point = add(maja, verified=False)
    for n in range(9):
        contact_points.resend_code(point.pk, by=maja, at=NOW + n * MINUTE)

    with pytest.raises(Refused, match="Remove it"):
        contact_points.resend_code(point.pk, by=maja, at=NOW)


def test_a_verified_way_needs_no_code(maja):
    with pytest.raises(AlreadyDone):
        contact_points.resend_code(add(maja).pk, by=maja, at=NOW)


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"kind": "fax"}, "kind", "not a way"),
        ({"label": " "}, "label", "Name it"),
        ({"label": "x" * 61}, "label", "60 characters"),
        ({"kind": "email", "target": "maja"}, "target", "name@example.com"),
        ({"kind": "webhook", "target": "ftp://example.com/"}, "target", "https://"),
        ({"kind": "webhook", "target": "https://example.com:8443/"}, "target", "ports 80 and 443"),
        ({"target": "ntfy.example.com"}, "target", "Apprise address"),
        ({"target": "https://example.com/hook"}, "target", "choose Webhook"),
        ({"target": "syslog://localhost"}, "target", "not a service"),
        ({"target": "mailto://user:pass@example.com"}, "target", "not a service"),
        ({"target": "tgram://nothing"}, "target", "incomplete"),
        ({"target": "ntfy://" + "x" * 1000}, "target", "too long"),
    ],
)
def test_a_way_that_cannot_be_is_refused_naming_the_field(maja, fields, field, says):
    with pytest.raises(Invalid) as refusal:
        add(maja, verified=False, **fields)

    assert says in refusal.value.errors[field][0]
    assert not Delivery.objects.exists()


def test_a_label_stands_for_one_way_until_it_is_removed(maja):
    first = add(maja, label="My phone")
    with pytest.raises(Invalid, match="already"):
        add(maja, label="my phone")

    contact_points.remove(first.pk, by=maja, at=NOW)

    assert add(maja, label="my phone").works


def test_eleven_ways_are_too_many(maja):
    for _ in range(10):
        add(maja, verified=False)

    with pytest.raises(Refused, match="10 ways"):
        add(maja)


def test_removing_a_way_forgets_its_address_and_cancels_what_is_on_its_way(maja):
    point = add(maja, kind="webhook", target="https://hook.example.com/x")
    contact_points.set_rule(maja, "page", [RuleStep(point.pk), RuleStep(None, 5 * MINUTE)])
    rows = queue(maja)

    contact_points.remove(point.pk, by=maja, at=NOW)

    point.refresh_from_db()
    assert (point.target, point.signing_key, point.works) == ("", "", False)
    assert Delivery.objects.get(pk=rows[0].pk).state == Delivery.State.CANCELLED
    assert [route.channel for route in contact_points.routes_in_force(maja, "page")] == ["email"]


def test_nobody_changes_somebody_elses_way(maja):
    point = add(maja)
    stranger = make_user("Stranger")

    for change in (contact_points.remove, contact_points.resend_code, contact_points.rotate_key):
        with pytest.raises(ContactPoint.DoesNotExist):
            change(point.pk, by=stranger, at=NOW)


def test_a_page_goes_by_the_persons_rule_and_is_told_once_by_each_way(maja):
    phone = add(maja, label="Phone")
    contact_points.set_rule(maja, "page", [RuleStep(None, 5 * MINUTE), RuleStep(phone.pk)])

    rows = queue(maja)

    assert [(row.channel, row.next_at - NOW) for row in rows] == [("chat", 0 * MINUTE), ("email", 5 * MINUTE)]
    outbox.notify(
        user=maja,
        kind="incident_assigned",
        period=rows[0].period,
        subject="incident:1",
        context={},
        urgency=Delivery.Urgency.PAGE,
        key="one",
        at=NOW,
    )
    assert Delivery.objects.filter(dedupe_key__startswith="one").count() == 2


def test_what_makes_a_page_pointless_cancels_the_ways_still_waiting(maja):
    phone = add(maja)
    contact_points.set_rule(maja, "page", [RuleStep(phone.pk), RuleStep(None, 5 * MINUTE)])
    rows = queue(maja)

    delivery.cancel_unsent(rows[0].period, "incident:1", kinds=["incident_assigned"], at=NOW + MINUTE)

    assert {row.state for row in Delivery.objects.filter(dedupe_key__startswith="one")} == {"cancelled"}


def test_other_messages_go_to_the_account_unless_the_person_says_otherwise(maja):
    add(maja)

    assert [row.channel for row in queue(maja, Delivery.Urgency.NORMAL)] == ["email"]


@pytest.mark.parametrize(
    ("steps", "field", "says"),
    [
        ([RuleStep(None, 2 * MINUTE)], "steps", "must not wait"),
        ([RuleStep(None), RuleStep(None, MINUTE)], "steps", "once"),
        ([RuleStep(None), RuleStep(10**6)], "steps/1/point", "not one of your ways"),
        ([RuleStep(None, 61 * MINUTE)], "steps/0/wait", "0 and 60"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_and_the_old_one_stays(maja, steps, field, says):
    contact_points.set_rule(maja, "page", [RuleStep(None)])

    with pytest.raises(Invalid) as refusal:
        contact_points.set_rule(maja, "page", steps)

    assert says in refusal.value.errors[field][0]
    assert len(contact_points.routes_in_force(maja, "page")) == 1


def test_an_unverified_way_cannot_stand_in_a_rule(maja):
    point = add(maja, verified=False)

    with pytest.raises(Invalid, match="not verified"):
        contact_points.set_rule(maja, "page", [RuleStep(point.pk)])


def test_own_waits_longer_than_the_escalation_are_named(maja):
    phone = add(maja)
    contact_points.set_rule(maja, "page", [RuleStep(None), RuleStep(phone.pk, 10 * MINUTE)])

    assert "1 of your ways is tried after 5 minutes" in contact_points.warn_of_slow_rule(maja, limit=5 * MINUTE)
    assert contact_points.warn_of_slow_rule(maja, limit=15 * MINUTE) == ""


@pytest.mark.parametrize(
    ("starts", "ends", "at", "until"),
    [
        ("22:00", "07:00", "2026-11-18T22:30+01:00", "2026-11-19T07:00+01:00"),
        ("22:00", "07:00", "2026-11-19T06:59+01:00", "2026-11-19T07:00+01:00"),
        ("22:00", "07:00", "2026-11-19T07:00+01:00", "2026-11-19T07:00+01:00"),
        ("12:00", "14:00", "2026-11-18T13:00+01:00", "2026-11-18T14:00+01:00"),
        ("12:00", "14:00", "2026-11-18T15:00+01:00", "2026-11-18T15:00+01:00"),
        # The clock goes forward at 02:00 on 28 March 2027: 02:30 is skipped, the first moment after it counts.
        ("22:00", "02:30", "2027-03-28T01:00+01:00", "2027-03-28T03:00+02:00"),
    ],
)
def test_messages_that_can_wait_come_after_quiet_hours(maja, starts, ends, at, until):
    contact_points.set_quiet_hours(maja, starts=time.fromisoformat(starts), ends=time.fromisoformat(ends))

    assert contact_points.after_quiet_hours(maja, datetime.fromisoformat(at)) == datetime.fromisoformat(until)


@pytest.mark.parametrize(
    ("entry", "queued", "meant"),
    [
        # Held on purpose: meant for the morning.
        ("2026-11-18T22:30+01:00", "2026-11-18T22:30+01:00", "2026-11-19T07:00+01:00"),
        # Queued late within quiet hours: the morning is still when it was meant for.
        ("2026-11-18T22:30+01:00", "2026-11-19T05:00+01:00", "2026-11-19T07:00+01:00"),
        # An outage spoilt it: it was meant for the evening, or for the morning before.
        ("2026-11-18T21:30+01:00", "2026-11-18T22:30+01:00", "2026-11-18T21:30+01:00"),
        ("2026-11-18T22:30+01:00", "2026-11-19T09:00+01:00", "2026-11-19T07:00+01:00"),
    ],
)
def test_what_quiet_hours_held_on_purpose_is_not_late(maja, entry, queued, meant):
    contact_points.set_quiet_hours(maja, starts=time(22), ends=time(7))
    period = make_period()
    make_member(period, maja)

    row = outbox.notify(
        user=maja,
        kind="incident_assigned",
        period=period,
        subject="incident:1",
        key="one",
        context={},
        urgency=Delivery.Urgency.NORMAL,
        at=datetime.fromisoformat(queued),
        intended_at=datetime.fromisoformat(entry),
    )

    assert row is not None
    assert row.intended_at == datetime.fromisoformat(meant)


def test_a_way_that_waits_by_the_persons_own_rule_is_not_late(maja):
    phone = add(maja)
    contact_points.set_rule(maja, "page", [RuleStep(None), RuleStep(phone.pk, 5 * MINUTE)])

    at_once, later = (planned.meant_at for planned in contact_points.plan_routes(maja, urgency=0, at=NOW, meant_at=NOW))

    assert (at_once, later) == (NOW, NOW + 5 * MINUTE)


def test_a_page_knows_no_quiet_hours(maja):
    contact_points.set_quiet_hours(maja, starts=time(0), ends=time(23, 59))

    assert queue(maja)[0].next_at == NOW


def test_quiet_hours_need_both_times_and_a_length(maja):
    for starts, ends, field in ((time(22), None, "ends"), (None, time(7), "starts"), (time(7), time(7), "ends")):
        with pytest.raises(Invalid) as refusal:
            contact_points.set_quiet_hours(maja, starts=starts, ends=ends)
        assert field in refusal.value.errors

    assert contact_points.set_quiet_hours(maja, starts=None, ends=None) is None


def settle(user: User, state: str, minutes: int) -> None:
    period = make_period()
    make_member(period, user)
    Delivery.objects.create(
        dedupe_key=f"{user.pk}-{minutes}",
        recipient=user,
        period=period,
        kind="invitation",
        address=user.email,
        state=state,
        settled_at=NOW + minutes * MINUTE,
        last_error="550 no such user",
        intended_at=NOW,
        next_at=NOW,
        created_at=NOW,
    )


def test_a_person_is_unreachable_when_the_newest_message_failed_and_no_other_way_works(maja, django_assert_num_queries):
    fine, never_told, rescued = make_user(), make_user(), make_user()
    for user in (maja, fine, rescued):
        settle(user, "sent", 1)
        settle(user, "dead", 2)
    settle(fine, "sent", 3)
    add(rescued)

    with django_assert_num_queries(1):
        found = contact_points.find_unreachable([maja, fine, never_told, rescued])

    assert found == {maja.pk: "550 no such user"}


def test_the_old_signing_key_signs_for_a_day_after_it_was_replaced(maja):
    point = add(maja, kind="webhook", target="https://hook.example.com/x")
    before = point.signing_key

    key = contact_points.rotate_key(point.pk, by=maja, at=NOW)

    point.refresh_from_db()
    assert (point.signing_key, point.old_signing_key) == (key, before)
    assert key != before
    assert point.old_key_until == datetime(2026, 11, 19, 13, 12, tzinfo=UTC)
