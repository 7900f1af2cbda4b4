"""The coverage board: shifts of odd length, holidays on its days, and what a large page costs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contributors.models import Membership, Role, Shift
from contributors.shifts import gantt, gantt_query
from hypercare.models import User
from periods.models import Period
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CPH = ZoneInfo("Europe/Copenhagen")


@pytest.mark.parametrize(
    ("day", "hours", "words"),
    [
        (date(2026, 3, 28), 23, "23 h, the clocks go forward"),
        (date(2026, 10, 24), 25, "25 h, the clocks go back"),
        (date(2026, 11, 18), 24, ""),
    ],
)
def test_a_day_that_is_longer_or_shorter_says_so(day, hours, words):
    start = datetime(day.year, day.month, day.day, 8, tzinfo=CPH).astimezone(UTC)

    assert gantt.describe_odd_length(start, start + hours * HOUR, CPH) == words


def test_time_for_which_nobody_is_asked_is_never_drawn_as_covered():
    go_live = datetime(2026, 11, 16, 7, tzinfo=UTC)
    period = make_period(went_live_at=go_live, go_live_at=go_live, ends_at=go_live + 20 * DAY)
    pager = make_role(period, "Engineering on call", cover_until=go_live + 10 * DAY)
    desk = make_role(period, "Support desk", cover="business")
    ann, ben = make_user("Ann"), make_user("Ben")
    for day in range(20):
        make_shift(desk, ben, starts_at=go_live + day * DAY, hours=12)
        if day < 10:
            make_shift(pager, ann, starts_at=go_live + day * DAY, hours=24)

    client = Client()
    client.force_login(period.lead)
    with time_machine.travel(go_live, tick=False):
        page = client.get(f"/p/{period.key}/coverage/").content.decode()

    told = re.findall(r"<title>\w+ (\d+) Nov 08:00: ([^<]+)</title>", page)
    said = {int(day): words for day, words in told}
    assert {said[day] for day in range(17, 26)} == {"covered"}
    assert {said[day] for day in range(27, 31)} == {"nobody is asked to answer pages"}
    assert "Nobody asked to answer pages" in page


def test_a_shift_of_25_hours_is_marked_on_the_board_and_in_the_table():
    go_live = datetime(2026, 10, 24, 6, tzinfo=UTC)
    period = make_period(
        went_live_at=go_live, go_live_at=go_live, ends_at=go_live + 5 * DAY, planned_ends_at=go_live + 5 * DAY
    )
    make_shift(make_role(period), make_member(period, make_user("Ann")).user, starts_at=go_live, hours=25)
    client = Client()
    client.force_login(period.lead)

    with time_machine.travel(go_live, tick=False):
        page = client.get(f"/p/{period.key}/coverage/").content.decode()

    assert ">Ann, 25 h</text>" in page
    assert page.count("25 h, the clocks go back") == 2  # on the bar and in the table


def test_holidays_of_the_period_stand_on_the_days_and_close_business_hours():
    go_live = datetime(2026, 12, 23, 7, tzinfo=UTC)
    period = make_period(
        country="DK",
        went_live_at=go_live,
        go_live_at=go_live,
        ends_at=go_live + 5 * DAY,
        planned_ends_at=go_live + 5 * DAY,
    )
    make_role(period, "Desk", cover="business")
    make_role(period, "Plant", cover="24x7", zone_name="America/New_York", country="US")
    asked = gantt_query.read_query({}, period, period.lead, at=go_live)

    shown = gantt.build_board(period, asked, viewer=period.lead, at=go_live)

    assert [(day.day, country) for day, country, _ in shown.holidays] == [(25, "DK"), (25, "US"), (26, "DK")]
    desk = {gap.start.astimezone(CPH).day for gap in shown.gaps if gap.role.name == "Desk"}
    assert desk == {23, 24}  # Friday the 25th is closed
    assert [day.named != "" for day in shown.gantt.days] == [False, False, True, True, False]


def filled(roles: int, people: int) -> Period:
    """A window of 90 days in which every role has three shifts a day."""
    period = make_period(ends_at=NOW + 85 * DAY, planned_ends_at=NOW + 85 * DAY, country="DK")
    made = Role.objects.bulk_create(
        Role(period=period, position=n, name=f"Role {n}", code="EN", cover="24x7", needs_deputy=n % 2 == 0)
        for n in range(roles)
    )
    users = User.objects.bulk_create(
        User(email=f"{n}.{period.pk}@example.test", name=f"Person {n}", timezone="Asia/Kolkata") for n in range(people)
    )
    Membership.objects.bulk_create(
        Membership(period=period, user=user, right="contributor", role=made[n % roles], joined_at=NOW)
        for n, user in enumerate(users)
    )
    days = (period.ends_at - period.starts_at).days
    Shift.objects.bulk_create(
        Shift(
            role=role,
            user=users[(7 * r + n) % people],
            starts_at=(start := period.starts_at + n * 8 * HOUR),
            ends_at=start + 8 * HOUR,
        )
        for r, role in enumerate(made)
        for n in range(3 * days)
        if n != 40
    )
    return period


def queries_of(period: Period) -> int:
    client = Client()
    client.force_login(period.lead)
    path = f"/p/{period.key}/coverage/?view=all"
    with time_machine.travel(NOW, tick=False):
        client.get(path)  # what a process learns once
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200
    return len(asked)


def test_the_page_of_90_days_costs_as_many_queries_for_20_roles_and_100_people_as_for_two():
    assert queries_of(filled(20, 100)) == queries_of(filled(2, 4))
