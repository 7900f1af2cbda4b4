"""The coverage board: whose bars lie on which lane of the days shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from contributors.models import AcceptedGap, Role, Shift
from contributors.shifts import coverage, gantt_overview, requirements, roster, row_packing
from contributors.shifts.coverage import RoleGap
from contributors.shifts.gantt_query import GanttQuery, midnight_of, roster_bounds
from hypercare.database.numbers import number_of
from hypercare.models import User
from hypercare.ui import gantt as drawing
from hypercare.ui import region_colours, time_words
from hypercare.ui.gantt import Bar, Gantt, Lane
from periods.calendar import wallclock
from periods.models import Period

# Pixels of a lane on the usual screen, and what text on it needs.
LANE, LETTER, BEFORE_TEXT, BADGE, GAP_ICON = 980, 6.6, 12, 26, 33


@dataclass(frozen=True)
class CoverageBoard:
    """Everything the page draws."""

    asked: GanttQuery
    gantt: Gantt
    strip: gantt_overview.OverviewStrip
    gaps: tuple[RoleGap, ...]
    shifts: tuple[Shift, ...]
    roles: tuple[Role, ...]
    title: str
    earlier: str
    later: str
    places: tuple[tuple[int, str], ...]
    window: tuple[datetime, datetime]
    holidays: tuple[tuple[date, str, str], ...]
    let_stand: Mapping[str, AcceptedGap]
    zones: Mapping[int, ZoneInfo]

    def gap(self, text: str) -> RoleGap | None:
        """The gap that `<role>-<seconds>` points at."""
        duty = Shift.Kind.DEPUTY if text.endswith("d") else Shift.Kind.PRIMARY
        role, moment = map(number_of, text.removesuffix("d").partition("-")[::2])
        if moment is None:
            return None
        here = (gap for gap in self.gaps if gap.role.pk == role and gap.duty == duty)
        return next((gap for gap in here if gap.start.timestamp() <= moment < gap.end.timestamp()), None)

    def odd(self, shift: Shift) -> str:
        """Why a shift lasts longer or shorter than its times say: the clocks change. Else nothing."""
        return describe_odd_length(shift.starts_at, shift.ends_at, self.zones[shift.role_id])

    def shift(self, text: str) -> Shift | None:
        """The shown shift with this number."""
        return next((shift for shift in self.shifts if str(shift.pk) == text), None)


def build_board(period: Period, asked: GanttQuery, *, viewer: User, at: datetime) -> CoverageBoard:
    """The board of a period. Three queries, however many shifts."""
    begin, end = roster.roster_window(period)
    shifts = roster.shifts_of_period(period, start=begin, end=end)
    roles = coverage.roles_of(period)
    gaps = coverage.find_gaps_among(period, roles, shifts, start=begin, end=end)
    window = _shown(period, asked)
    zones = {role.pk: requirements.zone_of(role, period) for role in roles}
    let_stand = _let_stand(period, gaps, (begin, end))
    pen = BarDrawer(asked, viewer, window, frozenset(_doubled(shifts)), zones, let_stand)
    drawn = [lane for role in roles for lane in _lanes(role, shifts, gaps, pen)]
    free = _holidays(period, roles, window)
    return CoverageBoard(
        asked=asked,
        gantt=drawing.draw_gantt(drawn, window=window, now=at, named={day: name for day, _, name in free}),
        strip=gantt_overview.build_strip(
            period,
            asked,
            [gap for gap in gaps if gap_key(gap) not in let_stand],
            coverage.paged_cover(period, roles, start=begin, end=end),
            window,
            at,
        ),
        gaps=tuple(gaps),
        shifts=tuple(shifts),
        roles=tuple(roles),
        title=_title(window),
        earlier=_step(asked, period, -1),
        later=_step(asked, period, 1),
        places=_places(shifts),
        window=window,
        holidays=tuple(free),
        let_stand=let_stand,
        zones=zones,
    )


def _let_stand(period: Period, gaps: Sequence[RoleGap], window: tuple[datetime, datetime]) -> dict[str, AcceptedGap]:
    """The gaps that are accepted, by their key. One query where there are gaps."""
    rows = coverage.accepted_gaps_of(period) if gaps else []
    found = ((gap, coverage.find_acceptance(gap, rows, start=window[0], end=window[1])) for gap in gaps)
    return {gap_key(gap): one for gap, one in found if one is not None}


def _holidays(period: Period, roles: Sequence[Role], window: tuple[datetime, datetime]) -> list[tuple[date, str, str]]:
    """Public holidays of the days shown, of every country whose holidays close a role: day, country, name."""
    first, last = window[0].date(), (window[1] - timedelta(days=1)).date()
    countries = {country for role in roles if (country := requirements.country_of(role, period))}
    return sorted(
        (day, country, name)
        for country in countries
        for day, name in requirements.holidays_between(country, first, last).items()
    )


def _shown(period: Period, asked: GanttQuery) -> tuple[datetime, datetime]:
    """The shown window; its datetimes carry the zone that decides midnights."""
    days = asked.days or (wallclock.local_day(roster_bounds(period)[1], asked.zone) - asked.first).days + 1
    return (midnight_of(asked.first, asked.zone), midnight_of(asked.first + timedelta(days=days), asked.zone))


def _title(window: tuple[datetime, datetime]) -> str:
    first, last = window[0], window[1] - timedelta(days=1)
    if first.date() == last.date():
        return f"{first:%A %-d %B}"
    same = first.month == last.month
    return f"{first.day if same else f'{first:%-d %B}'} to {last:%-d %B}"


def _step(asked: GanttQuery, period: Period, direction: int) -> str:
    """Query string of the days before or after; empty at the window's edge."""
    if not asked.days:
        return ""
    begin, last = (wallclock.local_day(moment, asked.zone) for moment in roster_bounds(period))
    final = max(begin, last - timedelta(days=asked.days - 1))
    first = max(begin, min(asked.first + timedelta(days=direction * asked.days), final))
    return "" if first == asked.first else asked.link(**{"from": first.isoformat()})


# --- Lanes --------------------------------------------------------------------------------------


def _lanes(role: Role, shifts: Sequence[Shift], gaps: Sequence[RoleGap], pen: BarDrawer) -> list[Lane]:
    """The rows of a role: as many as people are on at once, then those of its deputies where there are any."""
    mine = [shift for shift in shifts if shift.role_id == role.pk and _touches(shift, pen.window)]
    duty = [pen.bar(shift) for shift in mine if shift.kind == Shift.Kind.PRIMARY]
    here = [gap for gap in gaps if gap.role.pk == role.pk]
    duty += [pen.gap_bar(gap) for gap in here if gap.duty == Shift.Kind.PRIMARY]
    standing = [pen.bar(shift) for shift in mine if shift.kind == Shift.Kind.DEPUTY]
    deputies = row_packing.pack_rows(standing + [pen.gap_bar(gap) for gap in here if gap.duty != Shift.Kind.PRIMARY])
    first, *more = row_packing.pack_rows(duty) or [[]]
    rows = [Lane(role.name, _note(role, pen.asked.zone), first), *(Lane(role.name, "also", row) for row in more)]
    return rows + [Lane(role.name, "deputy", row) for row in deputies]


def _touches(shift: Shift, window: tuple[datetime, datetime]) -> bool:
    return shift.starts_at < window[1] and shift.ends_at > window[0]


def _note(role: Role, zone: ZoneInfo) -> str:
    words = role.get_cover_display()
    many = f", {role.headcount} people" if role.headcount > 1 else ""
    until = f" to {role.cover_until.astimezone(zone):%a %-d}" if role.cover_until else ""
    standby = ", on call" if role.on_call else ""
    return f"{words}{many}{until}{standby}"


@dataclass(frozen=True)
class BarDrawer:
    """Draws bars for one viewer: whose they are, who holds two roles, and how much text fits."""

    asked: GanttQuery
    viewer: User
    window: tuple[datetime, datetime]
    doubled: frozenset[int]
    zones: Mapping[int, ZoneInfo]
    let_stand: Mapping[str, AcceptedGap]

    def bar(self, shift: Shift) -> Bar:
        """A shift."""
        start = shift.starts_at.astimezone(shift.user.zone)
        each = f" {start:%H:%M}" if self.asked.zone_name == "each" else ""
        odd = describe_odd_length(shift.starts_at, shift.ends_at, self.zones[shift.role_id])
        label, double = self._fitted(shift, each, odd.partition(",")[0])
        thin = shift.kind == Shift.Kind.DEPUTY or shift.role.on_call
        kind = "oncall" if thin else "override" if shift.is_override else "duty"
        return Bar(
            shift.starts_at,
            shift.ends_at,
            label,
            kind,
            region_colours.tint_of(shift.user.timezone),
            shift.user_id == self.viewer.pk,
            double,
            self.asked.link(shift=str(shift.pk)) + "#shift",
            self._title(shift, odd),
        )

    @staticmethod
    def _title(shift: Shift, odd: str) -> str:
        """Who, when on their own clocks, and why it lasts longer or shorter than they say."""
        zone = shift.user.zone
        start, end = shift.starts_at.astimezone(zone), shift.ends_at.astimezone(zone)
        words = f"{shift.user.name}, {start:%H:%M} to {end:%H:%M} in {time_words.city_of(zone)}"
        return f"{words}, {odd}" if odd else words

    def _fitted(self, shift: Shift, suffix: str, odd: str) -> tuple[str, bool]:
        """The longest of name, initials (or the hour) and nothing that fits, and if the badge for two roles does."""
        room = self._width(shift.starts_at, shift.ends_at) - BEFORE_TEXT
        badge = BADGE if shift.pk in self.doubled else 0
        name = shift.user.first_name + suffix
        initials = "".join(word[0] for word in shift.user.name.split()[:2]).upper()
        short = suffix.strip() or initials
        marked = [(f"{name}, {odd}", badge), (f"{short}, {odd}", badge), (odd, 0)] if odd else []
        for label, extra in (*marked, (name, badge), (short, badge), (name, 0), (short, 0)):
            if len(label) * LETTER + extra <= room:
                return label, extra > 0
        return "", False

    def _width(self, start: datetime, end: datetime) -> float:
        """Roughly how wide the part of a bar inside the window is drawn, in pixels of the usual screen."""
        first, last = self.window
        return LANE * (min(end, last) - max(start, first)) / (last - first)

    def gap_bar(self, gap: RoleGap) -> Bar:
        """A gap; too narrow a one shows its sign only."""
        words = time_words.duration(gap.seconds)
        fits = self._width(gap.start, gap.end) >= GAP_ICON + len(words) * LETTER
        link = self.asked.link(gap=gap_key(gap)) + "#gap"
        lacks = "No deputy" if gap.duty == Shift.Kind.DEPUTY else "Nobody" if gap.nobody else f"{gap.missing} short"
        accepted = self.let_stand.get(gap_key(gap))
        said = f"{lacks}, {words}" + (f", accepted: {accepted.reason}" if accepted else "")
        kind = "accepted" if accepted else "gap"
        return Bar(gap.start, gap.end, words if fits else "", kind, href=link, title=said)


def describe_odd_length(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """`25 h, the clocks go back` for a shift that lasts other than its wall-clock times say; else nothing."""
    first, last = start.astimezone(zone).replace(tzinfo=None), end.astimezone(zone).replace(tzinfo=None)
    more = (end - start) - (last - first)
    if not more:
        return ""
    change = "the clocks go back" if more > timedelta(0) else "the clocks go forward"
    return f"{(end - start) / timedelta(hours=1):g} h, {change}"


def gap_key(gap: RoleGap) -> str:
    """How an address points at a gap: `<role>-<seconds>`, with a `d` for a deputy that is missing."""
    return gap_key_from(gap.role.pk, gap.duty, gap.start)


def gap_key_from(role_id: int, duty: str, start: datetime) -> str:
    """The same from its parts."""
    return f"{role_id}-{int(start.timestamp())}{'d' if duty == Shift.Kind.DEPUTY else ''}"


def _doubled(shifts: Sequence[Shift]) -> set[int]:
    """Shifts of people who hold two roles at once."""
    last: dict[int, Shift] = {}
    found: set[int] = set()
    primaries = [shift for shift in shifts if shift.kind == Shift.Kind.PRIMARY]
    for shift in sorted(primaries, key=lambda one: (one.starts_at, one.pk)):
        before = last.get(shift.user_id)
        if before is not None and shift.starts_at < before.ends_at:
            found |= {before.pk, shift.pk}
        if before is None or shift.ends_at >= before.ends_at:
            last[shift.user_id] = shift
    return found


def _places(shifts: Sequence[Shift]) -> tuple[tuple[int, str], ...]:
    """Each tint with the cities it stands for, for the legend."""
    cities: dict[int, set[str]] = {}
    for name in {shift.user.timezone for shift in shifts}:
        cities.setdefault(region_colours.tint_of(name), set()).add(time_words.city_of(ZoneInfo(name)))
    return tuple((tint, ", ".join(sorted(found))) for tint, found in sorted(cities.items()))
