"""A zone is described so that a program without zones of its own reads every hour right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.tz import tzical

from contributors.calendars import vtimezone


def read_back(zone: ZoneInfo, first: int, last: int):
    text = b"BEGIN:VCALENDAR\r\n" + vtimezone.build_timezone(zone, first, last).to_ical() + b"END:VCALENDAR\r\n"
    return tzical(StringIO(BytesIO(text).read().decode())).get()


@pytest.mark.parametrize("name", sorted(name for name in available_timezones() if "/" in name)[::7])
def test_every_sixth_hour_of_five_years_is_the_same_instant(name):
    zone = ZoneInfo(name)
    read = read_back(zone, 2026, 2030)

    moment, wrong = datetime(2026, 1, 2, tzinfo=UTC), []
    while moment.year < 2031:
        wall = moment.astimezone(zone)
        if wall.fold == 0 and wall.replace(tzinfo=read).astimezone(UTC) != moment:
            wrong.append(moment)
        moment += timedelta(hours=6)

    assert wrong == []


def test_the_changes_of_morocco_follow_ramadan_in_every_year():
    found = list(
        vtimezone.clock_changes(
            ZoneInfo("Africa/Casablanca"), datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
        )
    )

    assert [moment.year for moment in found] == [2026, 2026, 2027, 2027, 2028, 2028]
