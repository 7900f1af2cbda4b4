"""The calendar feed is what calendar programs accept, and nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from dateutil.tz import tzical
from icalendar import Calendar

from contributors.calendars import feed_links
from contributors.calendars import feeds as calendar_feeds
from contributors.links import links
from contributors.models import Link, Membership, Shift
from contributors.shifts import release, roster
from hypercare.exceptions import Invalid, LinkEnded
from periods.debriefs import debriefs
from periods.models import Period
from tests.factories import NOW, make_debrief, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db


def events(user: Any) -> list[Any]:
    return Calendar.from_ical(calendar_feeds.render_personal_feed(user, at=NOW)).walk("VEVENT")


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


def test_times_are_those_of_the_persons_zone_with_the_zone_described():
    period = make_period()
    user = make_member(period, make_user("Priya", timezone="Asia/Kolkata")).user
    make_shift(make_role(period), user)

    calendar = Calendar.from_ical(calendar_feeds.render_personal_feed(user, at=NOW))

    (event,) = calendar.walk("VEVENT")
    assert event["dtstart"].to_ical() == b"20261118T184200"
    assert event["dtstart"].params["TZID"] == "Asia/Kolkata"
    assert [zone["tzid"] for zone in calendar.walk("VTIMEZONE")] == ["Asia/Kolkata"]


def test_a_person_in_utc_needs_no_zone():
    period = make_period()
    user = make_member(period, make_user("Una", timezone="UTC")).user
    make_shift(make_role(period), user)

    text = calendar_feeds.render_personal_feed(user, at=NOW)

    assert b"DTSTART:20261118T131200Z" in text
    assert b"VTIMEZONE" not in text


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

    release.remove_member(member.pk, by=period.lead, at=NOW)

    assert [event["status"] for event in events(shift.user)] == ["CANCELLED"]


@pytest.mark.parametrize(
    "name",
    ["Cut\r\nATTENDEE:mailto:evil@example.test", "Cut\nEND:VEVENT\nBEGIN:VALARM", "A\x07B", "ü" * 120, "a;b,c\\d"],
)
def test_a_name_cannot_add_lines_to_the_calendar(name):
    shift = duty(name=name)

    text = calendar_feeds.render_personal_feed(shift.user, at=NOW)

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
        calendar_feeds.render_personal_feed(user, at=NOW)

    assert len(events(user)) == 2 * count


def read_by_the_zone_in_the_file(text: bytes) -> list[tuple[datetime, datetime]]:
    """Times as a program sees them that knows no zones but the one described in the file."""
    zone = tzical(StringIO(text.decode())).get() if b"VTIMEZONE" in text else UTC
    lines = [line.partition(":") for line in text.decode().split("BEGIN:VEVENT", 1)[1].split("\r\n")]
    found = []
    for name, _, value in lines:
        if name.startswith(("DTSTART", "DTEND")):
            wall = datetime.fromisoformat(value.rstrip("Z"))
            found.append(wall.replace(tzinfo=UTC if value.endswith("Z") else zone).astimezone(UTC))
    return list(zip(found[::2], found[1::2], strict=True))


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        pytest.param("Europe/Copenhagen", datetime(2026, 10, 24, 22, tzinfo=UTC), 25, id="the day of 25 hours"),
        pytest.param("Europe/Copenhagen", datetime(2027, 3, 27, 23, tzinfo=UTC), 23, id="the day of 23 hours"),
        pytest.param("Europe/Copenhagen", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 8, id="before the repeat"),
        pytest.param("Europe/Copenhagen", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), 8, id="in the repeat"),
        pytest.param("America/New_York", datetime(2026, 11, 1, 2, tzinfo=UTC), 9, id="New York"),
        pytest.param("Australia/Lord_Howe", datetime(2026, 10, 3, 10, tzinfo=UTC), 9, id="half an hour"),
        pytest.param("Africa/Casablanca", datetime(2027, 2, 6, 22, tzinfo=UTC), 9, id="Ramadan"),
        pytest.param("Asia/Kolkata", datetime(2026, 11, 1, 2, tzinfo=UTC), 9, id="no change"),
    ],
)
def test_the_same_instants_are_read_by_every_parser_over_clock_changes(zone, start, hours):
    period = make_period(timezone=zone, go_live_at=start, went_live_at=start, ends_at=start + timedelta(days=14))
    role = make_role(period)
    make_shift(role, make_member(period).user, starts_at=start, hours=hours)

    text = calendar_feeds.render_role_feed(role, at=start)

    (event,) = Calendar.from_ical(text).walk("VEVENT")
    wanted = (start, start + timedelta(hours=hours))
    assert tuple(event.decoded(name).astimezone(UTC) for name in ("dtstart", "dtend")) == wanted
    assert read_by_the_zone_in_the_file(text) == [wanted]


def test_a_role_shows_who_is_on_in_the_zone_of_the_period_without_addresses():
    period = make_period(timezone="America/New_York")
    role, other = make_role(period, "Platform"), make_role(period, "Billing")
    tomasz = make_member(period, make_user("Tomasz Wójcik")).user
    make_shift(role, tomasz)
    make_shift(other, tomasz)

    text = calendar_feeds.render_role_feed(role, at=NOW)

    (event,) = Calendar.from_ical(text).walk("VEVENT")
    assert event["summary"] == "Tomasz Wójcik: Platform"
    assert event["dtstart"].params["TZID"] == "America/New_York"
    assert tomasz.email.encode() not in text


def test_a_cancelled_shift_is_told_for_thirty_days():
    shift = duty()
    roster.cancel_shift(shift.pk, by=shift.role.period.lead, at=NOW)
    Shift.objects.update(starts_at=NOW + timedelta(days=60), ends_at=NOW + timedelta(days=60, hours=8))

    soon, late = (calendar_feeds.render_personal_feed(shift.user, at=NOW + timedelta(days=days)) for days in (29, 31))

    assert len(Calendar.from_ical(soon).walk("VEVENT")) == 1
    assert Calendar.from_ical(late).walk("VEVENT") == []


def test_it_reaches_a_year_ahead_and_no_further():
    shift = duty()
    Shift.objects.update(starts_at=NOW + timedelta(days=367), ends_at=NOW + timedelta(days=367, hours=8))

    assert events(shift.user) == []


def test_a_debrief_that_moved_or_was_skipped_counts_up():
    period = make_period()
    user = make_member(period).user
    debrief = make_debrief(period, starts_at=NOW + timedelta(hours=2))
    sequences = [events(user)[0]["sequence"]]

    debriefs.reschedule(debrief.pk, starts_at=NOW + timedelta(hours=4), by=period.lead, at=NOW)
    sequences.append(events(user)[0]["sequence"])
    debriefs.skip(debrief.pk, reason="All calm", by=period.lead, at=NOW)
    sequences.append(events(user)[0]["sequence"])

    assert sequences == sorted(set(sequences))


def test_a_reminder_is_there_when_it_is_asked_for_and_never_for_what_is_cancelled():
    shift = duty()

    text = calendar_feeds.render_personal_feed(shift.user, at=NOW, alarm=60)
    roster.cancel_shift(shift.pk, by=shift.role.period.lead, at=NOW)
    after = calendar_feeds.render_personal_feed(shift.user, at=NOW, alarm=60)

    (alarm,) = Calendar.from_ical(text).walk("VALARM")
    assert alarm.decoded("trigger") == timedelta(hours=-1)
    assert b"VALARM" not in after
    assert b"VALARM" not in calendar_feeds.render_personal_feed(shift.user, at=NOW)


@pytest.mark.parametrize("text", ["-1", "99999", "soon", "1e3", "٣"])
def test_a_reminder_that_makes_no_sense_is_refused(text):
    with pytest.raises(Invalid, match="minutes before a shift"):
        calendar_feeds.read_alarm(text)


# --- The address


def test_there_is_one_address_until_a_new_one_is_made():
    user = make_user()

    first = feed_links.ensure_link(user, at=NOW)
    same = feed_links.ensure_link(user, at=NOW)
    fresh = feed_links.replace_link(user, at=NOW)

    assert first == same != fresh
    assert feed_links.feed_link_of(user) == fresh
    with pytest.raises(LinkEnded, match="ended this calendar feed"):
        links.find(links.token_of(first.pk), Link.Purpose.CALENDAR, at=NOW)


def test_ending_it_twice_says_there_was_none():
    user = make_user()
    feed_links.ensure_link(user, at=NOW)

    assert feed_links.revoke_link(user, at=NOW) is True
    assert feed_links.revoke_link(user, at=NOW) is False


def test_the_feed_is_served_to_whoever_has_the_address_and_to_nobody_else(client):
    shift = duty()
    token = links.token_of(feed_links.ensure_link(shift.user, at=NOW).pk)

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


def test_a_program_that_has_the_newest_version_gets_no_body(client):
    shift = duty()
    path = f"/calendar/{links.token_of(feed_links.ensure_link(shift.user, at=NOW).pk)}.ics"
    with time_machine.travel(NOW, tick=False):
        first = client.get(path)
    with time_machine.travel(NOW + timedelta(hours=3), tick=False):
        same = client.get(path, headers={"if-none-match": first["ETag"]})
        roster.cancel_shift(shift.pk, by=shift.role.period.lead, at=NOW)
        changed = client.get(path, headers={"if-none-match": first["ETag"]})

    assert (same.status_code, same.content, same["Cache-Control"]) == (304, b"", "private, max-age=300")
    assert changed.status_code == 200
    assert b"CANCELLED" in changed.content


def test_a_member_follows_a_role_until_they_leave_and_others_keep_their_own_address(client):
    period = make_period()
    role = make_role(period)
    one, other = make_member(period), make_member(period)
    client.force_login(one.user)

    made = client.post(f"/p/{period.key}/calendars/{role.pk}/feed/")
    mine, theirs = feed_links.feed_link_of(one.user, role), feed_links.ensure_link(other.user, at=NOW, role=role)

    assert made.status_code == 302
    assert links.url_of(mine) in client.get(f"/p/{period.key}/calendars/").content.decode()
    assert feed_links.feed_link_of(one.user) is None
    release.remove_member(one.pk, by=period.lead, at=NOW)
    answers = [client.get(f"/calendar/{links.token_of(link.pk)}.ics").status_code for link in (mine, theirs)]
    assert answers == [410, 200]


def test_the_address_of_a_role_can_be_ended_and_replaced(client):
    period = make_period()
    role, member = make_role(period), make_member(period)
    client.force_login(member.user)
    first = feed_links.ensure_link(member.user, at=NOW, role=role)

    client.post(f"/p/{period.key}/calendars/{role.pk}/feed/")
    second = feed_links.feed_link_of(member.user, role)
    client.post(f"/p/{period.key}/calendars/{role.pk}/feed/end/")

    assert second != first
    assert feed_links.feed_link_of(member.user, role) is None
    for link in (first, second):
        assert client.get(f"/calendar/{links.token_of(link.pk)}.ics").status_code == 410


def test_calendars_of_a_period_are_not_there_for_strangers(client):
    role = make_role(make_period())
    client.force_login(make_user())
    place = f"/p/{role.period.key}/calendars/"

    assert client.get(place).status_code == 404
    assert client.post(f"{place}{role.pk}/feed/").status_code == 404


def test_a_role_of_another_period_is_not_found(client):
    period, role = make_period(), make_role(make_period())
    client.force_login(period.lead)

    assert client.post(f"/p/{period.key}/calendars/{role.pk}/feed/").status_code == 404


def test_the_feed_of_somebody_who_left_says_nothing_of_what_became_of_the_period():
    period = make_period(key="BILL", name="Billing cut-over")
    role, member = make_role(period, "Platform"), make_member(period)
    worked = make_shift(role, member.user, starts_at=NOW - timedelta(hours=10))
    make_shift(role, member.user, starts_at=NOW + timedelta(hours=20))
    release.remove_member(member.pk, by=period.lead, at=NOW - timedelta(minutes=1))
    Period.objects.filter(pk=period.pk).update(name="Secret", war_room_url="https://war.example/room")
    late = make_shift(role, member.user, starts_at=NOW + timedelta(hours=40))

    found = {event["uid"]: event for event in events(member.user)}

    assert b"Secret" not in calendar_feeds.render_personal_feed(member.user, at=NOW)
    assert b"war.example" not in calendar_feeds.render_personal_feed(member.user, at=NOW)
    assert {str(event["summary"]) for event in found.values()} == {"Duty, BILL"}
    assert found.pop(f"{worked.uid}@127.0.0.1")["status"] == "CONFIRMED"
    assert [event["status"] for event in found.values()] == ["CANCELLED", "CANCELLED"]
    assert any(str(late.uid) in uid for uid in found)
