"""Which incidents a list or board shows, in pages by key: reads only, a constant number of queries.

Open incidents come by stage, then severity, then report time; within what is shown the page sorts each
stage by next deadline. Resolved ones come newest first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from hypercare.database import accents
from hypercare.database.numbers import number_of
from hypercare.models import User
from incidents.models import Incident
from incidents.shared.severity import SEVERITIES
from periods.calendar.wallclock import instant, local_day
from periods.models import Period

NEWEST_RESOLVED: Final = ("-resolved_at", "-id")
SHOWN: Final = ("period", "period__incident_policy", "owner")  # what a row says, its promises included
PAGE: Final = 50
BOARD: Final = 40
RESOLVED_CARDS: Final = 8
COUNTED: Final = 10_000
STEPPED: Final = 500
GROUPS: Final = {
    "open": "Open",
    "no-owner": "No owner",
    "mine": "Mine",
    "snoozed": "Snoozed",
    "backlog": "Backlog",
    "problems": "Problems",
    "resolved": "Resolved",
}
RARE: Final = ("snoozed", "backlog", "problems")  # shown while there is something in them
VIEWS: Final = ("list", "board")
WATCHED: Final = (Incident.Status.MITIGATED, Incident.Status.MONITORING)
STAGE: Final = Case(
    When(queue=Incident.Queue.RETURNED, then=Value(3)),
    When(queue=Incident.Queue.RETEST, then=Value(4)),
    When(queue=Incident.Queue.PLANNED_FIX, then=Value(5)),
    When(Q(status=Incident.Status.NEW) | Q(owner=None), then=Value(0)),
    When(status__in=WATCHED, then=Value(2)),
    default=Value(1),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class IncidentFilters:
    """What the address of a list asks for; unknown values are read as not asked."""

    group: str = "open"
    view: str = "list"
    q: str = ""
    severities: tuple[str, ...] = ()
    owner: int | None = None
    system: str = ""
    kind: str = ""
    after: str = ""

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> IncidentFilters:
        """From a query string. A NUL is left out: PostgreSQL refuses to look for one."""
        params = {name: str(value).replace("\x00", "") for name, value in params.items()}
        group, view = str(params.get("status", "")), str(params.get("view", ""))
        wanted = str(params.get("sev", "")).upper().split(",")
        return cls(
            group=group if group in GROUPS else "open",
            view=view if view in VIEWS else "list",
            q=" ".join(str(params.get("q", "")).split())[:100],
            severities=tuple(severity for severity in SEVERITIES if severity in wanted),
            owner=number_of(str(params.get("owner", ""))),
            system=str(params.get("system", ""))[:80],
            kind=str(params.get("type", "")) if params.get("type", "") in Incident.Kind else "",
            after=str(params.get("after", ""))[:100],
        )

    @property
    def narrowed(self) -> bool:
        """Whether more than a group is asked for."""
        return bool(self.q or self.severities or self.owner or self.system or self.kind)

    def link(self, **changes: Any) -> str:
        """The query string of the same list with something changed, back on its first page."""
        new = replace(self, **{"after": "", **changes})
        asked = {
            "status": "" if new.group == "open" else new.group,
            "view": "" if new.view == "list" else new.view,
            "q": new.q,
            "sev": ",".join(new.severities),
            "owner": new.owner or "",
            "system": new.system,
            "type": new.kind,
            "after": new.after,
        }
        return "?" + urlencode({name: value for name, value in asked.items() if value})

    @property
    def title(self) -> str:
        """The group's name."""
        return GROUPS[self.group]

    @property
    def first(self) -> str:
        """The same list from its first page."""
        return self.link()

    @property
    def as_list(self) -> str:
        """The same incidents as a list."""
        return self.link(view="list")

    @property
    def as_board(self) -> str:
        """The same incidents as a board."""
        return self.link(view="board")

    @property
    def as_resolved(self) -> str:
        """What was resolved, as a list."""
        return self.link(group="resolved", view="list")

    @property
    def cleared(self) -> str:
        """The same group and view without filters."""
        return self.link(q="", severities=(), owner=None, system="", kind="")

    def words(self) -> str:
        """The filter said aloud: `P1 incidents in ERP`."""
        system = f"in {self.system}" if self.system else ""
        kind = f"of type {Incident.Kind(self.kind).label.lower()}" if self.kind else ""
        parts = [" or ".join(self.severities), "incidents", kind, system, f"with “{self.q}”" if self.q else ""]
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """Some incidents and the address of the next ones (empty on the last page)."""

    incidents: list[Incident]
    next: str


def filter_incidents(found: QuerySet[Incident], filters: IncidentFilters, viewer: User) -> QuerySet[Incident]:
    """What the filters ask for, unordered."""
    unresolved = Q(resolved_at__isnull=True)
    here = unresolved & ~Q(kind__in=Incident.UNCOUNTED)
    still = here & Q(snoozed_until__isnull=True)
    groups = {
        "open": still,
        "no-owner": still & Q(owner=None),
        "mine": still & Q(owner=viewer),
        "snoozed": here & Q(snoozed_until__isnull=False),
        "backlog": unresolved & Q(kind=Incident.Kind.ENHANCEMENT),
        "problems": unresolved & Q(kind=Incident.Kind.PROBLEM),
        "resolved": Q(resolved_at__isnull=False),
    }
    found = found.filter(groups[filters.group])
    if filters.q:
        found = found.filter(_text(filters.q))
    if filters.severities:
        found = found.filter(severity__in=filters.severities)
    if filters.kind:
        found = found.filter(kind=filters.kind)
    if filters.owner:
        found = found.filter(owner_id=filters.owner)
    return found.filter(component=filters.system) if filters.system else found


def _text(q: str) -> Q:
    number = number_of(q.rpartition("-")[2])
    title = accents.stands_in("title", q)
    return title | Q(number=number) if number else title


def load_page(found: QuerySet[Incident], filters: IncidentFilters, viewer: User) -> IncidentPage:
    """One page of a list, period and owner loaded. One query."""
    rows = filter_incidents(found, filters, viewer)
    ordered: QuerySet[Incident]
    if filters.group == "resolved":
        # Chosen by their index alone: joined to their period first, SQLite would sort all there are.
        newest = _resolved(rows, filters.after).values("pk")[: PAGE + 1]
        ordered = Incident.objects.filter(pk__in=newest).order_by(*NEWEST_RESOLVED)
    else:
        ordered = _open(rows, filters.after)
    incidents = list(ordered.select_related(*SHOWN).defer("description", "resolution")[: PAGE + 1])
    more = len(incidents) > PAGE
    last = incidents[PAGE - 1] if more else None
    return IncidentPage(incidents[:PAGE], filters.link(after=_key(last, filters)) if last else "")


def _open(rows: QuerySet[Incident], after: str) -> QuerySet[Incident]:
    rows = rows.annotate(stage=STAGE).order_by("stage", "severity", "reported_at", "id")
    return rows.filter(_beyond(("stage", "severity", "reported_at", "id"), key)) if (key := _open_key(after)) else rows


def _beyond(fields: tuple[str, ...], key: tuple[Any, ...]) -> Q:
    """Rows after a key in ascending order of the fields."""
    beyond = Q()
    for place, field in enumerate(fields):
        same = dict(zip(fields[:place], key[:place], strict=True))
        beyond |= Q(**same, **{f"{field}__gt": key[place]})
    return beyond


def _resolved(rows: QuerySet[Incident], after: str) -> QuerySet[Incident]:
    rows = rows.order_by(*NEWEST_RESOLVED)
    parts = after.split("~")
    moment, last = _moment(parts[0]), number_of(parts[-1])
    if len(parts) != 2 or moment is None or last is None:
        return rows
    # Said as a range first: an OR of two ranges would read everything before it.
    return rows.filter(resolved_at__lte=moment).exclude(resolved_at=moment, id__gte=last)


def _open_key(after: str) -> tuple[int, str, datetime, int] | None:
    parts = after.split("~")
    stage, last = number_of(parts[0]), number_of(parts[-1])
    if len(parts) != 4 or stage is None or last is None:
        return None
    moment = _moment(parts[2])
    return (stage, parts[1], moment, last) if moment else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and timezone.is_aware(moment) else None


def _key(last: Any, filters: IncidentFilters) -> str:
    if filters.group == "resolved":
        return f"{last.resolved_at.isoformat()}~{last.pk}"
    return f"{last.stage}~{last.severity}~{last.reported_at.isoformat()}~{last.pk}"


def count_tabs(found: QuerySet[Incident], viewer: User) -> dict[str, int]:
    """The figures on the tabs of a list and of the board: two queries. Resolved ones are counted to 10,000."""
    unresolved = found.filter(resolved_at__isnull=True)
    counted = ~Q(kind__in=Incident.UNCOUNTED)
    here = counted & Q(snoozed_until__isnull=True)
    by_status = {f"is_{status}": Count("id", filter=here & Q(status=status)) for status in Incident.Status.values}
    waits = ~Q(queue="")
    figures: dict[str, int] = unresolved.aggregate(
        open=Count("id", filter=here),
        no_owner=Count("id", filter=here & Q(owner=None)),
        mine=Count("id", filter=here & Q(owner=viewer)),
        p1=Count("id", filter=here & Q(severity="P1")),
        triage=Count("id", filter=here & ~waits & (Q(status=Incident.Status.NEW) | Q(owner=None))),
        watching=Count("id", filter=here & ~waits & Q(status__in=WATCHED, owner__isnull=False)),
        snoozed=Count("id", filter=counted & Q(snoozed_until__isnull=False)),
        backlog=Count("id", filter=Q(kind=Incident.Kind.ENHANCEMENT)),
        problems=Count("id", filter=Q(kind=Incident.Kind.PROBLEM)),
        **by_status,
    )
    figures["resolved"] = found.filter(resolved_at__isnull=False)[: COUNTED + 1].count()
    return figures


def load_board(
    period: Period, filters: IncidentFilters, viewer: User, *, at: datetime
) -> tuple[list[Incident], list[Incident], int]:
    """Open cards, the most severe first, and what was resolved today with its count. Three queries."""
    group = "open" if filters.group == "resolved" else filters.group
    cards = filter_incidents(Incident.objects.filter(period=period), replace(filters, group=group), viewer)
    midnight = instant(local_day(at, period.zone), datetime.min.time(), period.zone)
    ended = filter_incidents(Incident.objects.filter(period=period), replace(filters, group="resolved"), viewer)
    today = ended.filter(resolved_at__gte=midnight, resolved_at__lt=midnight + timedelta(days=2))
    return (
        _cards(cards.order_by("severity", "reported_at", "id"), BOARD),
        _cards(today.order_by("-resolved_at", "-id"), RESOLVED_CARDS),
        today.count(),
    )


def _cards(found: QuerySet[Incident], most: int) -> list[Incident]:
    return list(found.select_related("period", "owner").defer("description", "resolution")[:most])


def open_numbers(period: Period) -> list[int]:
    """Numbers of the open incidents in the order of the list, for stepping through; at most 500."""
    still = Incident.objects.open().filter(period=period).annotate(stage=STAGE)
    return list(still.order_by("stage", "severity", "reported_at", "id").values_list("number", flat=True)[:STEPPED])


def earlier_on_same_system(incident: Incident) -> list[Incident]:
    """Earlier incidents of the period on the same system, the newest three. One query."""
    if not incident.component:
        return []
    same = Incident.objects.filter(period=incident.period_id, component=incident.component).exclude(pk=incident.pk)
    return list(same.select_related("period").order_by("-reported_at", "-id")[:3])
