"""Quiet hours: when a person wants no messages but pages, in wall-clock times of their own zone."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from contributors.models import QuietHours
from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.calendar import wallclock


@transaction.atomic
def set_quiet_hours(user: User, *, starts: time | None, ends: time | None) -> QuietHours | None:
    """No messages but pages between two times of the person's zone; none given ends them. Raises Invalid."""
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if (starts is None) != (ends is None):
        raise Invalid({"ends" if ends is None else "starts": ["Give both times, or neither."]})
    QuietHours.objects.filter(user=user).delete()
    if starts is None or ends is None:
        return None
    if starts == ends:
        raise Invalid({"ends": ["Quiet hours must end at another time than they start."]})
    return QuietHours.objects.create(user=user, starts=starts, ends=ends)


def quiet_hours_of(user: User) -> QuietHours | None:
    """A person's quiet hours; None when they have none."""
    return QuietHours.objects.filter(user=user).first()


def after_quiet_hours(user: User, at: datetime) -> datetime:
    """The first moment from `at` on at which a message that can wait may be sent."""
    return end_of_quiet(quiet_hours_of(user), at, user.zone)


def end_of_quiet(quiet: QuietHours | None, at: datetime, zone: ZoneInfo) -> datetime:
    """The same for quiet hours that are known already. Pure."""
    if quiet is None:
        return at
    local = at.astimezone(zone)
    over_midnight = quiet.ends < quiet.starts
    now = local.time()
    inside = now >= quiet.starts or now < quiet.ends if over_midnight else quiet.starts <= now < quiet.ends
    if not inside:
        return at
    day = local.date() + timedelta(days=1 if over_midnight and now >= quiet.starts else 0)
    return max(at, wallclock.instant(day, quiet.ends, zone))
