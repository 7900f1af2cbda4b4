"""How moments and lengths of time are said: pure functions, no clock, no settings.

Zones are explicit. Lengths are in seconds. The same words are ticked in the browser by
static/js/time.js, so a change here needs the same change there.
"""

from datetime import UTC, datetime, tzinfo

from django.utils.dateformat import format as format_date

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86_400, 604_800
SECONDS_SHOWN_BELOW = 5 * MINUTE


def duration(seconds: float, *, precise: bool = False) -> str:
    """ "3 h 32 m", "9 d 16 h", "45 s". `precise` keeps seconds under five minutes."""
    total = int(abs(seconds))
    minutes, rest = divmod(total, MINUTE)
    if total < MINUTE:
        return f"{total} s"
    if precise and total < SECONDS_SHOWN_BELOW:
        return f"{minutes} m {rest:02d} s"
    if total < HOUR:
        return f"{minutes} m"
    if total < DAY:
        return _two(total // HOUR, "h", total % HOUR // MINUTE, "m", width=2)
    return _two(total // DAY, "d", total % DAY // HOUR, "h", width=1)


def _two(big: int, big_unit: str, small: int, small_unit: str, *, width: int) -> str:
    return f"{big} {big_unit} {small:0{width}d} {small_unit}" if small else f"{big} {big_unit}"


def relative_time(dt: datetime, now: datetime, zone: tzinfo) -> str:
    """ "5 m ago", "in 14 m"; a weekday after a day, a date after a week."""
    ahead = (dt - now).total_seconds()
    if ahead >= DAY:
        return f"in {int(ahead // DAY)} d"
    if ahead >= 0:
        return f"in {duration(ahead)}"
    if -ahead < DAY:
        return f"{duration(ahead)} ago"
    local = dt.astimezone(zone)
    if -ahead < WEEK:
        return format_date(local, "D H:i") + repeated_hour_note(local)
    return format_date(local, "j M" if local.year == now.astimezone(zone).year else "j M Y")


def deadline(dt: datetime, now: datetime, zone: tzinfo) -> str:
    """ "8 m left, by 14:20" or "6 m late"."""
    left = (dt - now).total_seconds()
    return f"{duration(left)} late" if left < 0 else f"{duration(left)} left, by {deadline_time(dt, now, zone)}"


def deadline_time(dt: datetime, now: datetime, zone: tzinfo) -> str:
    """The hour; with the weekday on another day, with the date beyond a week."""
    local, today = dt.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return format_date(local, "H:i") + repeated_hour_note(local)
    near = abs((dt - now).total_seconds()) < WEEK - DAY
    return format_date(local, "D H:i" if near else "j M H:i") + repeated_hour_note(local)


def time_left(left: float) -> str:
    """ "in 14 m" while there is time, "6 m late" after."""
    return f"{duration(left)} late" if left < 0 else f"in {duration(left, precise=True)}"


def day_and_time(dt: datetime, now: datetime, zone: tzinfo) -> str:
    """ "Wed 18 Nov 16:00", with the year when it is not this one."""
    local = dt.astimezone(zone)
    same_year = local.year == now.astimezone(zone).year
    return format_date(local, "D j M H:i" if same_year else "D j M Y H:i") + repeated_hour_note(local)


def clock_time(dt: datetime, zone: tzinfo) -> str:
    """ "14:12"."""
    local = dt.astimezone(zone)
    return format_date(local, "H:i") + repeated_hour_note(local)


def repeated_hour_note(local: datetime) -> str:
    """ " (UTC+2)" for a time that the clocks show twice that day, because they go back; else nothing."""
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    return f" ({utc_offset(local.tzinfo, local)})" if local.tzinfo and first != second else ""


def absolute_time(dt: datetime, zone: tzinfo) -> str:
    """ "Wed 18 Nov 2026 14:12 Copenhagen, 13:12 UTC": nothing left to guess."""
    local, utc = dt.astimezone(zone), dt.astimezone(UTC)
    text = f"{format_date(local, 'D j M Y H:i')} {city_of(zone)}"
    if local.utcoffset() == utc.utcoffset():
        return f"{format_date(local, 'D j M Y H:i')} UTC"
    return f"{text}, {format_date(utc, 'H:i' if utc.date() == local.date() else 'D H:i')} UTC"


def city_of(zone: tzinfo) -> str:
    """The place people know: "America/New_York" gives New York."""
    return str(zone).rpartition("/")[2].replace("_", " ")


def utc_offset(zone: tzinfo, now: datetime) -> str:
    """ "UTC+1", "UTC+5:30"."""
    shift = now.astimezone(zone).utcoffset()
    minutes = int(shift.total_seconds() // 60) if shift else 0
    if not minutes:
        return "UTC"
    hour, minute = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hour}{f':{minute:02d}' if minute else ''}"
