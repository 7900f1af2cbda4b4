"""What people outside see of a period: services with two weeks of history, notices with their updates.

Everything comes from notices, so nothing is shown that nobody has published: no names, no keys, no counts of incidents.
Two queries whatever there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final

from django.db.models import Q
from django.utils.formats import date_format

from hypercare.ui import time_words
from incidents.models import Notice, StatusPage, Update
from periods.calendar import wallclock
from periods.models import Period

DAYS: Final = 14
MOST_NOTICES: Final = 100
MOST_UPDATES: Final = 400
MOST_IN_FEED: Final = 50
State = Notice.State

PROBLEMS, WATCHING, WORKING = "problems", "watching", "working"
WORDS: Final = {PROBLEMS: "Problems", WATCHING: "Fixed, watching", WORKING: "Working"}
TONES: Final = {PROBLEMS: "warn", WATCHING: "info", WORKING: "ok"}
_NUMBERS: Final = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


@dataclass(frozen=True)
class ServiceHistory:
    """One system: how it is now, and on which of the last days it had problems, oldest first."""

    name: str
    state: str
    days: tuple[bool, ...]

    @property
    def words(self) -> str:
        """How it is, in a word."""
        return WORDS[self.state]

    @property
    def tone(self) -> str:
        """Which of the tones says it."""
        return TONES[self.state]

    @property
    def bars(self) -> list[tuple[str, bool]]:
        """Where the bar of each day begins (a bar is 6 % wide, the last one ends at the edge), and if it is striped."""
        return [(f"{94 * n / (DAYS - 1):.2f}%", bad) for n, bad in enumerate(self.days)]

    @property
    def history(self) -> str:
        """The stripes in a sentence, for those who don't see them."""
        count = sum(self.days)
        return f"problems on {count} of the last {DAYS} days" if count else f"no problems in {DAYS} days"


@dataclass(frozen=True)
class NoticeStory:
    """A notice and its updates, the newest first."""

    notice: Notice
    updates: tuple[Update, ...]
    words: str = ""
    far: bool = False

    @property
    def tone(self) -> str:
        """Which of the tones says how it is."""
        return {State.RESOLVED: "ok", State.MONITORING: "info"}.get(State(self.notice.state), "warn")


@dataclass(frozen=True)
class StatusPageContent:
    """A status page as it stands."""

    page: StatusPage
    headline: str
    tone: str
    about: str
    services: tuple[ServiceHistory, ...]
    open: tuple[NoticeStory, ...]
    solved: tuple[NoticeStory, ...]
    first_day: date
    at: datetime

    @property
    def period(self) -> Period:
        """The period behind it; its name and key are not for outside."""
        return self.page.period

    @property
    def changed_at(self) -> datetime:
        """When anything of it was last said or set."""
        stories = (*self.open, *self.solved)
        return max([self.page.updated_at, *(story.notice.updated_at for story in stories)])


def version_of(page: StatusPage, at: datetime) -> str:
    """Changes with every update, every setting, and at midnight in the period's zone. One query."""
    newest = Update.objects.filter(notice__period=page.period_id).order_by("-at", "-id")
    newest_pk = newest.values_list("pk", flat=True).first() or 0
    day = wallclock.local_day(at, page.period.zone).toordinal()
    return f"{page.version}.{newest_pk}.{day}.{page.period.status}"


def content_of(page: StatusPage, *, at: datetime) -> StatusPageContent:
    """The whole picture; the page's period must be loaded. Two queries."""
    today = wallclock.local_day(at, page.period.zone)
    first_day = today - timedelta(days=DAYS - 1)
    midnights = _midnights(first_day, page.period)
    notices = _notices(page.period_id, midnights[0])
    stories = _stories(notices, page.period, at)
    services = tuple(_service(name, notices, midnights) for name in page.period.systems)
    tone, headline = _headline(services, notices)
    return StatusPageContent(
        page=page,
        headline=headline,
        tone=tone,
        about=page.about or _about(page.period),
        services=services,
        open=tuple(story for story in stories if story.notice.resolved_at is None),
        solved=tuple(story for story in stories if story.notice.resolved_at is not None),
        first_day=first_day,
        at=at,
    )


def newest_updates(page: StatusPage) -> list[Update]:
    """The newest updates with their notices, for the feed. One query."""
    found = Update.objects.filter(notice__period=page.period_id).select_related("notice")
    return list(found.order_by("-at", "-id")[:MOST_IN_FEED])


def content_as_json(picture: StatusPageContent, url: str) -> dict[str, Any]:
    """The same for programs. Times are RFC 3339 in UTC."""
    return {
        "title": picture.page.title,
        "url": url,
        "status": picture.headline,
        "about": picture.about,
        "services": [
            {"name": service.name, "state": service.state, "problem_days": _problem_days(picture, service)}
            for service in picture.services
        ],
        "notices": [_as_json(story) for story in (*picture.open, *picture.solved)],
        "updated_at": picture.changed_at,
    }


def _problem_days(picture: StatusPageContent, service: ServiceHistory) -> list[str]:
    days = (picture.first_day + timedelta(days=n) for n in range(DAYS))
    return [day.isoformat() for day, bad in zip(days, service.days, strict=True) if bad]


def _as_json(story: NoticeStory) -> dict[str, Any]:
    notice = story.notice
    return {
        "title": notice.title,
        "state": notice.state,
        "services": notice.components,
        "started_at": notice.started_at,
        "resolved_at": notice.resolved_at,
        "next_update_by": notice.next_by,
        "updates": [
            {"number": update.number, "state": update.state, "text": update.text, "at": update.at}
            for update in story.updates
        ],
    }


# --- How it is made -----------------------------------------------------------------------------


def _notices(period_id: int, since: datetime) -> list[Notice]:
    """What is open, and what was solved in the days shown; the newest word first."""
    told = Notice.objects.filter(Q(resolved_at__isnull=True) | Q(resolved_at__gte=since), period=period_id)
    return list(told.order_by("-updated_at", "-id")[:MOST_NOTICES])


def _stories(notices: Sequence[Notice], period: Period, at: datetime) -> list[NoticeStory]:
    updates: dict[int, list[Update]] = {notice.pk: [] for notice in notices}
    found = Update.objects.filter(notice__in=list(updates)).order_by("-at", "-id")
    for update in found[:MOST_UPDATES]:
        updates[update.notice_id].append(update)
    return [
        NoticeStory(notice, tuple(updates[notice.pk]), _words(notice, period, at), _is_far(notice, period, at))
        for notice in notices
    ]


def _words(notice: Notice, period: Period, at: datetime) -> str:
    """`Fixed at 11:35, watching`, with the day where it is another; else the state as it is called."""
    if notice.state != State.MONITORING:
        return str(notice.get_state_display())
    return f"Fixed at {time_words.deadline_time(notice.state_since, at, period.zone)}, watching"


def _is_far(notice: Notice, period: Period, at: datetime) -> bool:
    """Whether the promised hour alone would mislead: it is not today."""
    zone = period.zone
    return bool(notice.next_by) and wallclock.local_day(notice.next_by or at, zone) != wallclock.local_day(at, zone)


def _midnights(first_day: date, period: Period) -> list[datetime]:
    """The bounds of the days shown, on the period's wall."""
    days = (first_day + timedelta(days=n) for n in range(DAYS + 1))
    return [wallclock.instant(day, time(0), period.zone) for day in days]


def _service(name: str, notices: Iterable[Notice], midnights: Sequence[datetime]) -> ServiceHistory:
    mine = [notice for notice in notices if name in notice.components]
    states = {notice.state for notice in mine if notice.resolved_at is None}
    state = WORKING if not states else WATCHING if states == {State.MONITORING} else PROBLEMS
    return ServiceHistory(name, state, tuple(_hurt(mine, *bounds) for bounds in pairwise(midnights)))


def _hurt(notices: Iterable[Notice], starts: datetime, ends: datetime) -> bool:
    """Whether something hurt that day. What is fixed and only watched no longer does."""
    return any(notice.started_at < ends and (notice.eased_at is None or notice.eased_at > starts) for notice in notices)


def _headline(services: Sequence[ServiceHistory], notices: Iterable[Notice]) -> tuple[str, str]:
    bad = sum(service.state == PROBLEMS for service in services)
    if bad:
        many = f"{_NUMBERS[bad]} services have" if 1 < bad < len(_NUMBERS) else f"{bad} services have"
        return "warn", f"{'One service has' if bad == 1 else many} problems"
    still = {notice.state for notice in notices if notice.resolved_at is None}
    if still - {State.MONITORING}:
        return "warn", "We are looking into a problem"
    if still:
        return "info", "Everything works, we are watching a fix"
    return "ok", "Everything works"


def _about(period: Period) -> str:
    """What changes, where the lead has not said it."""
    start, end = (date_format(moment.astimezone(period.zone), "j F") for moment in (period.starts_at, period.ends_at))
    if period.status in Period.PRE_LIVE:
        return f"A change is planned for {start}."
    if period.is_live:
        return f"We made a change on {start}. Extra people look after it until {end}."
    return ""
