"""The calendar feed is what calendar programs accept, and nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from contributors import calendars, links, roster
from contributors.models import Link, Membership
from hypercare.errors import LinkEnded
from tests.factories import NOW, make_debrief, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db


def events(user: Any) -> list[Any]:
    return Calendar.from_ical(calendars.feed(user, at=NOW)).walk("VEVENT")


def duty(**fields: Any) -> Any:
    period = make_period(**fields)
    return make_shift(make_role(period, "Platform"), make_member(period).user)


def test_a_shift_is_an_event_a_parser_reads_back():
    shift = duty(name="Billing cut-over")

    (event,) = events(shift.user)

    assert event["summary"] == "Platform: Billing cut-over"
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (shift.starts_at, shift.ends_at)
    assert event["uid"] == f"{shift.uid}@127.0.0.1"
    assert (event["sequence"], event["status"]) == (0, "CONFIRMED")


def test_times_are_utc_whatever_the_zone():
    shift = duty()

    (event,) = events(shift.user)

    assert event["dtstart"].to_ical() == b"20261118T131200Z"


def test_a_cancelled_shift_stays_as_cancelled_with_the_same_identity():
    shift = duty()
    (before,) = events(shift.user)

    roster.cancel_shift(shift.pk, by=shift.role.period.lead, at=NOW)

    (after,) = events(shift.user)
    assert after["uid"] == before["uid"]
    assert (after["status"], after["sequence"], after["transp"]) == ("CANCELLED", 1, "TRANSPARENT")


def test_debriefs_of_my_periods_are_in_it_and_a_skipped_one_is_cancelled():
    period = make_period()
    user = make_member(period).user
    make_debrief(period)
    make_debrief(period, status="skipped")
    make_debrief(make_period())

    assert sorted(event["status"] for event in events(user)) == ["CANCELLED", "CONFIRMED"]


def test_it_holds_my_shifts_only():
    period = make_period()
    role = make_role(period)
    mine, other = make_member(period).user, make_member(period).user
    make_shift(role, other)
    make_shift(role, mine, kind="deputy")

    (event,) = events(mine)

    assert event["summary"] == "Billing engineering, deputy: Billing cut-over"


def test_what_is_a_month_old_is_left_out():
    period = make_period()
    user = make_member(period).user
    make_shift(make_role(period), user, starts_at=NOW - timedelta(days=31))

    assert events(user) == []


def test_somebody_who_left_gets_their_cancelled_shift_but_no_debriefs():
    shift = duty()
    period = shift.role.period
    make_debrief(period)
    member = Membership.objects.get(period=period, user=shift.user)

    roster.remove_member(member.pk, by=period.lead, at=NOW)

    assert [event["status"] for event in events(shift.user)] == ["CANCELLED"]


@pytest.mark.parametrize(
    "name",
    [
        "Cut\r\nATTENDEE:mailto:evil@example.test",
        "Cut\nEND:VEVENT\nBEGIN:VALARM",
        "A\x07B",
        "ü" * 120,
        "a;b,c\\d",
    ],
)
def test_a_name_cannot_add_lines_to_the_calendar(name):
    shift = duty(name=name)

    text = calendars.feed(shift.user, at=NOW)

    lines = text.decode().split("\r\n")
    assert not any(line.startswith(("ATTENDEE", "BEGIN:VALARM")) for line in lines)
    assert all(len(line.encode()) <= 75 for line in lines)
    assert len(Calendar.from_ical(text).walk("VEVENT")) == 1


@pytest.mark.parametrize("count", [1, 50])
def test_the_feed_costs_the_same_however_many_shifts(count, django_assert_num_queries):
    period = make_period()
    user = make_member(period).user
    for n in range(count):
        make_shift(make_role(period, f"Role {n}"), user)
        make_debrief(period)

    with django_assert_num_queries(2):
        calendars.feed(user, at=NOW)

    assert len(events(user)) == 2 * count


def test_a_night_shift_over_the_clock_change_keeps_its_real_length():
    go_live = datetime(2026, 10, 20, 6, 0, tzinfo=UTC)
    period = make_period(go_live_at=go_live, went_live_at=go_live, ends_at=go_live + timedelta(days=14))
    user = make_member(period).user
    make_shift(make_role(period), user, starts_at=datetime(2026, 10, 24, 20, tzinfo=UTC), hours=9)

    (event,) = Calendar.from_ical(calendars.feed(user, at=go_live)).walk("VEVENT")

    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(hours=9)


# --- The address


def test_there_is_one_address_until_a_new_one_is_made():
    user = make_user()

    first = calendars.ensure_link(user, at=NOW)
    same = calendars.ensure_link(user, at=NOW)
    fresh = calendars.replace_link(user, at=NOW)

    assert first == same != fresh
    assert calendars.link_of(user) == fresh
    with pytest.raises(LinkEnded, match="ended this calendar feed"):
        links.find(links.token_of(first.pk), Link.Purpose.CALENDAR, at=NOW)


def test_ending_it_twice_says_there_was_none():
    user = make_user()
    calendars.ensure_link(user, at=NOW)

    assert calendars.revoke_link(user, at=NOW) is True
    assert calendars.revoke_link(user, at=NOW) is False


def test_the_feed_is_served_to_whoever_has_the_address_and_to_nobody_else(client):
    shift = duty()
    token = links.token_of(calendars.ensure_link(shift.user, at=NOW).pk)

    answer = client.get(f"/calendar/{token}.ics")
    wrong = client.get("/calendar/nonsense.ics")

    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert wrong.status_code == 410


def test_a_link_of_another_kind_does_not_open_the_feed(client):
    shift = duty()
    link = links.make(
        Link.Purpose.ACKNOWLEDGE,
        user=shift.user,
        period=shift.role.period,
        at=NOW,
        expires_at=NOW + timedelta(days=9999),
    )

    assert client.get(f"/calendar/{links.token_of(link.pk)}.ics").status_code == 410
