"""Lists and boards of incidents, and logging a new one."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from contributors.models import Membership
from contributors.people.permissions import RIGHTS
from contributors.web.loading import tab_counts, version_of
from hypercare.models import User
from hypercare.web.answers import confirm_done
from hypercare.web.requests import SignedInRequest, is_htmx, is_unchanged
from incidents.lists import listing, presenters, saved_filters
from incidents.lists.listing import IncidentFilters
from incidents.models import Incident
from incidents.reporting import cached_counts
from incidents.shared.severity import SEVERITIES
from incidents.triage import permissions, queues, triage
from incidents.triage.web.forms import NOBODY, LogForm, workers_of
from periods.access.access import period_or_404
from periods.models import Period

FIGURES = {
    "open": "open",
    "no-owner": "no_owner",
    "mine": "mine",
    "snoozed": "snoozed",
    "backlog": "backlog",
    "problems": "problems",
    "resolved": "resolved",
}
# The menus of what is done to several: name, the key that opens it, and each choice with its value and its own key.
MANY = [
    ("Severity", "", [(f"severity:{level}", level, level[1:]) for level in SEVERITIES]),
    ("Status", "s", [(f"status:{value}", label, "") for value, label in presenters.status_choices()]),
    ("Waits for", "", [(f"queue:{value}", label, "") for value, label in (*Incident.Queue.choices, ("", "Nobody"))]),
    ("Type", "", [(f"kind:{value}", label, "") for value, label in Incident.Kind.choices]),
    ("Release", "", [(f"verdict:{value}", label, "") for value, label in Incident.Verdict.choices]),
    ("Snooze", "", [(f"snooze:{value}", label, "") for value, label in queues.SNOOZES.items()]),
]


@login_required
@require_safe
def period_incidents(request: SignedInRequest, key: str) -> HttpResponse:
    """Triage: the list or the board of one period."""
    period = period_or_404(request.user, key)
    return render(request, "incidents/lists/list.html", of_period(request, period, timezone.now()))


@login_required
@require_safe
def incident_rows(request: SignedInRequest, key: str) -> HttpResponse:
    """The part of that page which refreshes; 204 while it is current, the whole page without htmx."""
    period, now = period_or_404(request.user, key), timezone.now()
    if is_unchanged(request, version_of(period, now)):
        return HttpResponse(status=204)
    template = "incidents/lists/_incidents.html" if is_htmx(request) else "incidents/lists/list.html"
    return render(request, template, of_period(request, period, now))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def log(request: SignedInRequest, key: str) -> HttpResponse:
    """Log an incident: one line and how bad it is; more where it is known."""
    period = period_or_404(request.user, key, may="incidents.report")
    form = LogForm(request.POST or None, period=period)
    if request.method != "POST" or not form.is_valid():
        return _log_form(request, period, form)
    incident = triage.report(period.pk, **form.report, by=request.user, at=timezone.now())
    return confirm_done(request, f"{incident.key} logged as {incident.severity}", url=incident.get_absolute_url())


@login_required
@require_safe
def choose_where_to_log(request: SignedInRequest) -> HttpResponse:
    """Where one can log: on to the form of the period one came from (`in`) or of the only one, else a choice."""
    may = Membership.objects.filter(user=request.user, left_at__isnull=True, right__in=RIGHTS["incidents.report"])
    live = may.filter(period__status__in=Period.LIVE).select_related("period").order_by("period__go_live_at", "period")
    periods = [member.period for member in live]
    here = [period for period in periods if period.key == request.GET.get("in")] or periods
    if len(here) == 1:
        return redirect("incidents:log", key=here[0].key)
    return render(request, "incidents/lists/choose.html", {"periods": periods})


def _log_form(request: SignedInRequest, period: Period, form: LogForm) -> HttpResponse:
    counts = tab_counts(request, period, at=timezone.now())
    context = {"period": period, "tab": "incidents", "tab_counts": counts, "log_form": form}
    template = "incidents/triage/_log_form.html" if is_htmx(request) else "incidents/triage/log.html"
    return render(request, template, context, status=422 if form.errors else 200)


@login_required
@require_safe
def list_across_periods(request: SignedInRequest) -> HttpResponse:
    """Incidents across the periods one is part of."""
    now, filters = timezone.now(), IncidentFilters.read(request.GET.dict())
    found = Incident.objects.visible_to(request.user)
    figures = listing.count_tabs(found, request.user)
    page = listing.load_page(found, filters, request.user)
    rows = [presenters.present_row(incident, at=now, viewer=request.user) for incident in page.incidents]
    context = {
        "now": now,
        "filters": filters,
        "counts": figures,
        "segments": _segments(filters, figures),
        "groups": presenters.group_rows(rows),
        "rows": rows,
        "next": page.next,
        "severities": _severity_links(filters),
        "group_count": _group_count(filters, figures),
    }
    return render(request, "incidents/lists/mine.html", context)


def of_period(
    request: SignedInRequest, period: Period, now: datetime, filters: IncidentFilters | None = None
) -> dict[str, Any]:
    """Context of the list or board and of its fragment; the filters are those of the address unless given."""
    filters, me = filters or IncidentFilters.read(request.GET.dict()), permissions.rights_in(request.user, period)
    figures = _figures(period, request.user)
    shown = _board if filters.view == "board" else _list
    return {
        "now": now,
        "period": period,
        "tab": "incidents",
        "tab_counts": tab_counts(request, period, at=now),
        "version": version_of(period, now),
        "filters": filters,
        "rights": me,
        "counts": figures,
        "segments": _segments(filters, figures),
        "apart": _apart(filters, figures),
        "severities": _severity_links(filters),
        "systems": [(name, filters.link(system=name), name == filters.system) for name in period.systems],
        "kinds": [(label, filters.link(kind=value), value == filters.kind) for value, label in Incident.Kind.choices],
        "kind_label": Incident.Kind(filters.kind).label if filters.kind else "",
        **_views(request, period, filters),
        "many": _many(period, me, named=not is_htmx(request))
        if filters.group != "resolved" and filters.view == "list"
        else [],
        "fragment": reverse("incidents:rows", kwargs={"key": period.key}) + filters.link(after=filters.after),
        "group_count": _group_count(filters, figures),
        "may_log": me.report and period.is_live,
        "statuses": presenters.status_choices(),
        "here": reverse("period_incidents", kwargs={"key": period.key}) + filters.link(after=filters.after),
        "log_form": LogForm(period=period) if me.report else None,
        **shown(request, period, filters, me, figures, now),
    }


def _many(period: Period, me: permissions.IncidentRights, *, named: bool) -> list[Any]:
    """What may be done to several at once; who triages also gives them to others, each `named` where it is shown."""
    if not me.work:
        return []
    if not (me.triage and named):
        return MANY
    people = [(f"assign:{person.pk}", person.name, "") for person in workers_of(period)]
    return [("Assign to", "o", [*people, (f"assign:{NOBODY}", "Nobody", "")]), *MANY]


def _views(request: SignedInRequest, period: Period, filters: IncidentFilters) -> dict[str, Any]:
    """The person's own views; the one the list shows gives the menu its name."""
    views, here = saved_filters.filters_of(period, request.user), filters.link()
    return {
        "views": [(view, view.query == here) for view in views],
        "view_here": next((view.name for view in views if view.query == here), ""),
        "may_keep": here != "?",
    }


def _figures(period: Period, viewer: User) -> dict[str, int]:
    """The figures on the tabs of the list, counted once per version of the period and person."""
    key = f"figures:{period.pk}:{period.journal_seq}:{viewer.pk}"
    found: dict[str, int] = cached_counts.count_once(
        key, lambda: listing.count_tabs(Incident.objects.filter(period=period), viewer)
    )
    return found


def _list(
    request: SignedInRequest,
    period: Period,
    filters: IncidentFilters,
    me: permissions.IncidentRights,
    _figures: dict[str, int],
    now: datetime,
) -> dict[str, Any]:
    page = listing.load_page(Incident.objects.filter(period=period), filters, request.user)
    rows = _rows(page.incidents, period, me, now)
    whole = not (filters.narrowed or filters.after or page.next or filters.group != "open")
    return {"groups": presenters.group_rows(rows), "next": page.next, "rows": rows, "whole": whole}


def _board(
    request: SignedInRequest,
    period: Period,
    filters: IncidentFilters,
    me: permissions.IncidentRights,
    figures: dict[str, int],
    now: datetime,
) -> dict[str, Any]:
    cards, today, resolved = listing.load_board(period, filters, request.user, at=now)
    rows = _rows([*cards, *today], period, me, now)
    whole = not filters.narrowed and filters.group == "open"
    totals = {name[3:]: count for name, count in figures.items() if name[:3] == "is_"} if whole else _per_status(cards)
    columns = presenters.board_columns(rows, resolved_total=resolved, open_totals=totals)
    return {"columns": columns, "owners": workers_of(period) if me.triage else []}


def _per_status(cards: list[Incident]) -> dict[str, int]:
    return dict(Counter(incident.status for incident in cards))


def _rows(
    incidents: list[Incident], period: Period, me: permissions.IncidentRights, now: datetime
) -> list[presenters.IncidentRow]:
    for incident in incidents:
        incident.period = period
    return [
        presenters.present_row(incident, at=now, viewer=me.user, may_handle=me.may_handle(incident))
        for incident in incidents
    ]


def _segments(filters: IncidentFilters, figures: dict[str, int]) -> list[dict[str, Any]]:
    """Open, No owner, Mine, Resolved with their counts."""
    most = listing.COUNTED
    return [
        {
            "label": label,
            "url": filters.link(group=group),
            "current": group == filters.group,
            "count": f"{most:,}+" if figures[FIGURES[group]] > most else figures[FIGURES[group]],
            "red": group == "no-owner" and figures["no_owner"] > 0,
            "rare": group in listing.RARE,
        }
        for group, label in listing.GROUPS.items()
        if group not in listing.RARE or group == filters.group or figures[FIGURES[group]]
    ]


def _apart(filters: IncidentFilters, figures: dict[str, int]) -> list[tuple[str, str]]:
    """What is open and in other lists than the one of everything open: words and address."""
    words = {"snoozed": "snoozed", "backlog": "in the backlog", "problems": "as problem records"}
    return [
        (f"{figures[FIGURES[group]]:,} {words[group]}", filters.link(group=group))
        for group in listing.RARE
        if filters.group == "open" and figures[FIGURES[group]]
    ]


def _group_count(filters: IncidentFilters, figures: dict[str, int]) -> str:
    """`9 incidents are open`, for a list whose filters match none."""
    count = figures[FIGURES[filters.group]]
    state = {
        "open": "open",
        "no-owner": "without an owner",
        "mine": "yours",
        "resolved": "resolved",
        "snoozed": "snoozed",
        "backlog": "in the backlog",
        "problems": "problem records",
    }[filters.group]
    return f"1 incident is {state}" if count == 1 else f"{count:,} incidents are {state}"


def _severity_links(filters: IncidentFilters) -> list[tuple[str, str, bool]]:
    """Each severity with the address that switches it on or off."""
    return [
        (severity, filters.link(severities=_switched(filters, severity)), severity in filters.severities)
        for severity in SEVERITIES
    ]


def _switched(filters: IncidentFilters, severity: str) -> tuple[str, ...]:
    wanted = set(filters.severities) ^ {severity}
    return tuple(name for name in SEVERITIES if name in wanted)
