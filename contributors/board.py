"""The coverage board: which days are shown, whose bars lie on which lane, and the strip of the whole window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from contributors import coverage, roster
from contributors.coverage import RoleGap
from contributors.models import Role, Shift
from hypercare import svg, timewords
from hypercare.models import User
from hypercare.svg import Bar, Box, Gantt, Lane
from periods import wallclock
from periods.models import Period

DAYS = {"day": 1, "5": 5, "all": 0}
VIEWS = (("day", "Day"), ("5", "5 days"), ("all", "Whole window"))
CELL = timedelta(hours=8)
LONGEST_STRIP = 45
# Pixels of a lane on the usual screen, and what text on it needs.
LANE, LETTER, BEFORE_TEXT, BADGE, GAP_ICON = 980, 6.6, 12, 26, 33
FILLED = 0.93  # of a cell of the strip; the rest keeps it apart from the next
SITES = {"Europe": 1, "Africa": 1, "Atlantic": 1, "Asia": 2, "Australia": 2, "Indian": 2, "Pacific": 2,
         "America": 3, "US": 3, "Canada": 3}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What the address asks for: which days, in whose time, and what is selected."""

    view: str
    first: date
    zone_name: str
    zone: ZoneInfo
    gap: str = ""
    shift: str = ""

    @property
    def days(self) -> int:
        """Days shown; 0 is the whole window."""
        return DAYS[self.view]

    def link(self, **changes: str) -> str:
        """The query string of this view with changes."""
        now = {"view": self.view, "from": self.first.isoformat(), "zone": self.zone_name}
        return "?" + urlencode({key: value for key, value in {**now, **changes}.items() if value})


@dataclass(frozen=True)
class Cell:
    """A stretch of the strip: `ok`, `thin` (too few) or `gap` (nobody), and where it leads."""

    box: Box
    kind: str
    past: bool
    link: str
    title: str


@dataclass(frozen=True)
class Strip:
    """The whole window at a glance."""

    cells: tuple[Cell, ...]
    labels: tuple[tuple[float, str], ...]
    view: Box
    gaps: int
    thin: int


@dataclass(frozen=True)
class Board:
    """Everything the page draws."""

    asked: Asked
    gantt: Gantt
    strip: Strip
    gaps: tuple[RoleGap, ...]
    shifts: tuple[Shift, ...]
    roles: tuple[Role, ...]
    title: str
    earlier: str
    later: str
    places: tuple[tuple[int, str], ...]
    window: tuple[datetime, datetime]

    def gap(self, text: str) -> RoleGap | None:
        """The gap that `<role>-<seconds>` points at."""
        duty = Shift.Kind.DEPUTY if text.endswith("d") else Shift.Kind.PRIMARY
        role, _, moment = text.removesuffix("d").partition("-")
        if not (role.isdigit() and moment.isdigit() and len(moment) < 12):
            return None
        when = datetime.fromtimestamp(int(moment), UTC)
        return next(
            (
                gap
                for gap in self.gaps
                if gap.role.pk == int(role) and gap.duty == duty and gap.start <= when < gap.end
            ),
            None,
        )

    def shift(self, text: str) -> Shift | None:
        """The shown shift with this number."""
        return next((shift for shift in self.shifts if str(shift.pk) == text), None)


def read(params: dict[str, str], period: Period, viewer: User, *, at: datetime) -> Asked:
    """What the address asks for; anything that cannot be meant falls back to the usual."""
    zone_name = params.get("zone", "") if params.get("zone") in ("utc", "each") else "mine"
    zone = ZoneInfo("UTC") if zone_name == "utc" else viewer.zone
    view = params.get("view", "") if params.get("view") in DAYS else "5"
    first = _first(params, period, zone, view, at)
    return Asked(view, first, zone_name, zone, params.get("gap", ""), params.get("shift", ""))


def _first(params: dict[str, str], period: Period, zone: ZoneInfo, view: str, at: datetime) -> date:
    begin, last = (wallclock.local_day(moment, zone) for moment in _window(period))
    if view == "all":
        return begin
    wanted = (
        _date(params.get("from", ""))
        or _gap_day(params.get("gap", ""), zone)
        or wallclock.local_day(at, zone)
    )
    return max(begin, min(wanted, last - timedelta(days=DAYS[view] - 1)))


def _window(period: Period) -> tuple[datetime, datetime]:
    first, last = roster.window(period)
    return first, last - timedelta(microseconds=1)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _gap_day(text: str, zone: ZoneInfo) -> date | None:
    moment = text.removesuffix("d").partition("-")[2]
    if not (moment.isdigit() and len(moment) < 11):
        return None
    return datetime.fromtimestamp(int(moment), zone).date()


def build(period: Period, asked: Asked, *, viewer: User, at: datetime) -> Board:
    """The board of a period. Two queries, however many shifts."""
    begin, end = roster.window(period)
    shifts = roster.shifts(period, start=begin, end=end)
    roles = coverage.roles(period)
    gaps = coverage.gaps_in(period, roles, shifts, start=begin, end=end)
    window = _shown(period, asked)
    pen = Pen(asked, viewer, window, frozenset(_doubled(shifts)))
    lanes = [lane for role in roles for lane in _lanes(role, shifts, gaps, pen)]
    return Board(
        asked=asked,
        gantt=svg.gantt(lanes, window=window, now=at),
        strip=_strip(period, asked, gaps, window, at),
        gaps=tuple(gaps),
        shifts=tuple(shifts),
        roles=tuple(roles),
        title=_title(window),
        earlier=_step(asked, period, -1),
        later=_step(asked, period, 1),
        places=_places(shifts),
        window=window,
    )


def _shown(period: Period, asked: Asked) -> tuple[datetime, datetime]:
    """The shown window; its datetimes carry the zone that decides midnights."""
    days = asked.days or (wallclock.local_day(_window(period)[1], asked.zone) - asked.first).days + 1
    return (_midnight(asked.first, asked.zone), _midnight(asked.first + timedelta(days=days), asked.zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), tzinfo=zone)


def _title(window: tuple[datetime, datetime]) -> str:
    first, last = window[0], window[1] - timedelta(days=1)
    if first.date() == last.date():
        return f"{first:%A %-d %B}"
    same = first.month == last.month
    return f"{first.day if same else f'{first:%-d %B}'} to {last:%-d %B}"


def _step(asked: Asked, period: Period, direction: int) -> str:
    """Query string of the days before or after; empty at the window's edge."""
    if not asked.days:
        return ""
    begin, last = (wallclock.local_day(moment, asked.zone) for moment in _window(period))
    final = max(begin, last - timedelta(days=asked.days - 1))
    first = max(begin, min(asked.first + timedelta(days=direction * asked.days), final))
    return "" if first == asked.first else asked.link(**{"from": first.isoformat()})


# --- Lanes --------------------------------------------------------------------------------------


def _lanes(role: Role, shifts: Sequence[Shift], gaps: Sequence[RoleGap], pen: Pen) -> list[Lane]:
    """The rows of a role: as many as people are on at once, then those of its deputies where there are any."""
    mine = [shift for shift in shifts if shift.role_id == role.pk and _touches(shift, pen.window)]
    duty = [pen.bar(shift) for shift in mine if shift.kind == Shift.Kind.PRIMARY]
    here = [gap for gap in gaps if gap.role.pk == role.pk]
    duty += [pen.gap_bar(gap) for gap in here if gap.duty == Shift.Kind.PRIMARY]
    standing = [pen.bar(shift) for shift in mine if shift.kind == Shift.Kind.DEPUTY]
    deputies = _pack(standing + [pen.gap_bar(gap) for gap in here if gap.duty != Shift.Kind.PRIMARY])
    first, *more = _pack(duty) or [[]]
    lanes = [
        Lane(role.name, _note(role, pen.asked.zone), first),
        *(Lane(role.name, "also", row) for row in more),
    ]
    return lanes + [Lane(role.name, "deputy", row) for row in deputies]


def _touches(shift: Shift, window: tuple[datetime, datetime]) -> bool:
    return shift.starts_at < window[1] and shift.ends_at > window[0]


def _note(role: Role, zone: ZoneInfo) -> str:
    words = role.get_cover_display()
    many = f", {role.headcount} people" if role.headcount > 1 else ""
    until = f" to {role.cover_until.astimezone(zone):%a %-d}" if role.cover_until else ""
    standby = ", on call" if role.on_call else ""
    return f"{words}{many}{until}{standby}"


@dataclass(frozen=True)
class Pen:
    """Draws bars for one viewer: whose they are, who holds two roles, and how much text fits."""

    asked: Asked
    viewer: User
    window: tuple[datetime, datetime]
    doubled: frozenset[int]

    def bar(self, shift: Shift) -> Bar:
        """A shift."""
        zone = shift.user.zone
        start, end = shift.starts_at.astimezone(zone), shift.ends_at.astimezone(zone)
        each = f" {start:%H:%M}" if self.asked.zone_name == "each" else ""
        label, double = self._fitted(shift, each)
        thin = shift.kind == Shift.Kind.DEPUTY or shift.role.on_call
        kind = "oncall" if thin else "override" if shift.is_override else "duty"
        return Bar(
            shift.starts_at, shift.ends_at, label, kind, SITES.get(shift.user.timezone.partition("/")[0], 1),
            shift.user_id == self.viewer.pk, double, self.asked.link(shift=str(shift.pk)) + "#shift",
            f"{shift.user.name}, {start:%H:%M} to {end:%H:%M} in {timewords.city(zone)}",
        )  # fmt: skip

    def _fitted(self, shift: Shift, suffix: str) -> tuple[str, bool]:
        """The longest of name, initials (or the hour) and nothing that fits, and if the badge for two roles does."""
        room = self._width(shift.starts_at, shift.ends_at) - BEFORE_TEXT
        badge = BADGE if shift.pk in self.doubled else 0
        name = shift.user.first_name + suffix
        initials = "".join(word[0] for word in shift.user.name.split()[:2]).upper()
        short = suffix.strip() or initials
        for label, extra in ((name, badge), (short, badge), (name, 0), (short, 0)):
            if len(label) * LETTER + extra <= room:
                return label, extra > 0
        return "", False

    def _width(self, start: datetime, end: datetime) -> float:
        """Roughly how wide a bar is drawn, in pixels of the usual screen."""
        return LANE * (end - start) / (self.window[1] - self.window[0])

    def gap_bar(self, gap: RoleGap) -> Bar:
        """A gap; too narrow a one shows its sign only."""
        words = timewords.duration(gap.seconds)
        fits = self._width(gap.start, gap.end) >= GAP_ICON + len(words) * LETTER
        link = self.asked.link(gap=gap_key(gap)) + "#gap"
        lacks = (
            "No deputy"
            if gap.duty == Shift.Kind.DEPUTY
            else "Nobody"
            if gap.nobody
            else f"{gap.missing} short"
        )
        return Bar(gap.start, gap.end, words if fits else "", "gap", href=link, title=f"{lacks}, {words}")


def gap_key(gap: RoleGap) -> str:
    """How an address points at a gap: `<role>-<seconds>`, with a `d` for a deputy that is missing."""
    deputy = "d" if gap.duty == Shift.Kind.DEPUTY else ""
    return f"{gap.role.pk}-{int(gap.start.timestamp())}{deputy}"


def _pack(bars: Sequence[Bar]) -> list[list[Bar]]:
    """Bars in as few rows as keep them from covering each other."""
    rows: list[list[Bar]] = []
    for bar in sorted(bars, key=lambda one: (one.starts_at, one.ends_at)):
        free = next((row for row in rows if row[-1].ends_at <= bar.starts_at), None)
        if free is None:
            rows.append([bar])
        else:
            free.append(bar)
    return rows


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
        cities.setdefault(SITES.get(name.partition("/")[0], 1), set()).add(timewords.city(ZoneInfo(name)))
    return tuple((tint, ", ".join(sorted(found))) for tint, found in sorted(cities.items()))


# --- The strip ----------------------------------------------------------------------------------


def _strip(
    period: Period, asked: Asked, gaps: Sequence[RoleGap], shown: tuple[datetime, datetime], at: datetime
) -> Strip:
    first = _midnight(wallclock.local_day(_window(period)[0], asked.zone), asked.zone)
    last = _midnight(wallclock.local_day(_window(period)[1], asked.zone) + timedelta(days=1), asked.zone)
    days = (last.date() - first.date()).days
    step = CELL if days <= LONGEST_STRIP else timedelta(days=1)
    view = svg.span(*shown, window=(first, last)) or Box(0, 0, 100, 100)
    every = max(1, -(-days // 15))
    labels = [(svg.share(day, first, last), f"{day:%-d}") for day in _days(first, days)[::every]]
    return Strip(
        cells=tuple(_cells(asked, gaps, (first, last), step, at)), labels=tuple(labels), view=view,
        gaps=sum(gap.nobody for gap in gaps), thin=sum(not gap.nobody for gap in gaps),
    )  # fmt: skip


def _days(first: datetime, count: int) -> list[datetime]:
    return [first + timedelta(days=n) for n in range(count)]


def _cells(
    asked: Asked, gaps: Sequence[RoleGap], window: tuple[datetime, datetime], step: timedelta, at: datetime
) -> list[Cell]:
    cells, start = [], window[0]
    while start < window[1]:
        end = min(start + step, window[1])
        kind = _kind(gaps, start.astimezone(UTC), end.astimezone(UTC))
        placed = svg.span(start, end, window=window) or Box(0, 0, 0, 0)
        box = Box(placed.x, 0, round(placed.width * FILLED, 2), 100)
        link = asked.link(
            **{"from": start.date().isoformat(), "view": "5" if asked.view == "all" else asked.view}
        )
        words = {"ok": "covered", "thin": "too few", "gap": "somebody missing"}[kind]
        cells.append(Cell(box, kind, end <= at, link, f"{start:%a %-d %b %H:%M}: {words}"))
        start = end
    return cells


def _kind(gaps: Sequence[RoleGap], start: datetime, end: datetime) -> str:
    inside = [gap for gap in gaps if gap.start < end and gap.end > start]
    if any(gap.nobody for gap in inside):
        return "gap"
    return "thin" if inside else "ok"
