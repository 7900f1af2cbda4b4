"""Dates at the ends of the calendar are refused where they are typed: one stored would break pages in another zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from hypercare.exceptions import Invalid
from periods import checklist
from periods.calendar import wallclock
from periods.planning import planning
from tests.factories import NOW, make_check, make_period

FAR = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)]
ZONES = ["Pacific/Kiritimati", "Pacific/Pago_Pago"]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_are_moments_that_every_zone_can_show(day: date, zone: str) -> None:
    moment = wallclock.instant(day, time(0), ZoneInfo(zone))

    assert {moment.astimezone(ZoneInfo(name)).year for name in ZONES} <= {1, 9999}


@pytest.mark.django_db
@pytest.mark.parametrize("moment", FAR)
def test_a_check_is_not_due_in_another_age(moment: datetime) -> None:
    period = make_period("readiness")
    item = make_check(period)

    with pytest.raises(Invalid) as made:
        checklist.add_check(
            period.pk, title="Restore", category="Data", owner_role="", due_at=moment, by=period.lead, at=NOW
        )
    with pytest.raises(Invalid) as moved:
        checklist.assign(item.pk, owner=None, due_at=moment, by=period.lead, at=NOW)

    assert made.value.errors == moved.value.errors == {"due_at": ["That is more than ten years from go-live."]}


@pytest.mark.django_db
@pytest.mark.parametrize("moment", FAR)
def test_the_point_of_no_return_belongs_to_the_go_live(moment: datetime) -> None:
    period = make_period("planned")

    with pytest.raises(Invalid) as refusal:
        planning.update(period.pk, point_of_no_return_at=moment, by=period.lead, at=NOW)

    assert list(refusal.value.errors) == ["point_of_no_return_at"]
