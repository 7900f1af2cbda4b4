"""Every list as a CSV file: what the page shows to this person, with the filters of its address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from contributors.channels import find_channel
from contributors.messaging.delivery import history
from contributors.messaging.message_templates import names
from contributors.people.web import directory
from contributors.readiness.web import check_board
from hypercare.pages.lessons.lessons import query_of
from hypercare.pages.period import activity
from hypercare.security import limits
from hypercare.web import csvfile
from hypercare.web.requests import SignedInRequest
from incidents.lists import listing
from incidents.lists.listing import IncidentFilters
from incidents.models import Incident
from periods.access.access import period_or_404
from periods.exit import criteria, readings
from periods.lessons import search
from periods.models import Action, ChecklistItem, ExitCriterion, JournalEntry, Lesson, Period

CHUNK: Final = 1000
Rows = Iterator[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Export:
    """One list: who may have it, its columns, and its rows for a request."""

    right: str
    header: tuple[str, ...]
    rows: Callable[[SignedInRequest, Period], Rows]


@login_required
@require_safe
def of_period(request: SignedInRequest, key: str, name: str) -> HttpResponseBase:
    """A list of a period."""
    if name not in EXPORTS:
        raise Http404("No such list.")
    limits.count_or_refuse("exports", request.user.pk, at=timezone.now())
    export = EXPORTS[name]
    period = period_or_404(request.user, key, may=export.right)
    return _download(f"{period.key}-{name}", export.header, export.rows(request, period))


@login_required
@require_safe
def lessons(request: SignedInRequest) -> HttpResponseBase:
    """Lessons as searched and filtered."""
    limits.count_or_refuse("exports", request.user.pk, at=timezone.now())
    found = search.search_lessons(request.user, query_of(request))
    rows = (_lesson(row) for row in found.iterator(chunk_size=CHUNK))
    return _download("lessons", LESSON, rows)


def _download(name: str, header: Sequence[str], rows: Rows) -> StreamingHttpResponse:
    response = StreamingHttpResponse(csvfile.csv_lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


INCIDENT: Final = (
    "key",
    "title",
    "severity",
    "status",
    "type",
    "system",
    "owner",
    "reported by",
    "reported at",
    "acknowledged at",
    "mitigated at",
    "resolved at",
    "ended",
    "cause",
    "workaround",
    "what fixed it",
    "release",
    "waits for",
    "note",
    "snoozed until",
    "reopened",
    "duplicate of",
    "part of",
    "targets missed",
)


def _incidents(request: SignedInRequest, period: Period) -> Rows:
    filters = IncidentFilters.read(request.GET.dict())
    found = listing.filter_incidents(Incident.objects.filter(period=period), filters, request.user)
    rows = found.select_related("owner", "reported_by", "duplicate_of", "parent").order_by("reported_at", "id")
    for one in rows.iterator(chunk_size=CHUNK):
        missed = sum(mark["rung"] == "late" for mark in one.marks)
        yield (
            f"{period.key}-{one.number}",
            one.title,
            one.severity,
            one.get_status_display(),
            one.get_kind_display(),
            one.component,
            one.owner,
            one.reported_by,
            one.reported_at,
            one.acknowledged_at,
            one.mitigated_at,
            one.resolved_at,
            one.get_ending_display(),
            one.cause,
            one.workaround,
            one.resolution,
            one.get_verdict_display(),
            one.get_queue_display(),
            one.queue_note,
            one.snoozed_until,
            one.reopened,
            _key(period, one.duplicate_of),
            _key(period, one.parent),
            missed,
        )


def _key(period: Period, incident: Incident | None) -> str:
    return f"{period.key}-{incident.number}" if incident else ""


CHECK: Final = (
    "category",
    "check",
    "owner role",
    "owner",
    "due at",
    "blocks go",
    "state",
    "done at",
    "done by",
    "failure",
    "waived until",
    "waiver reason",
)


def _checks(request: SignedInRequest, period: Period) -> Rows:
    now, filters = timezone.now(), check_board.CheckFilters.of(request.GET.dict())
    for one in check_board.load_checks(period):
        if filters.lets(one, request.user, now):
            yield (
                one.category,
                one.title,
                one.owner_role,
                one.owner,
                one.due_at,
                one.blocking,
                ChecklistItem.Status(one.status_at(now)).label,
                one.done_at,
                one.done_by,
                one.failure,
                one.waiver_expires_at,
                one.waiver_reason,
            )


PERSON: Final = ("name", "right", "duty", "deputy", "time zone", "invited at", "answered", "answered at", "joined at")


def _people(request: SignedInRequest, period: Period) -> Rows:
    query, chosen = request.GET.get("q", "").strip()[:60], request.GET.get("show", "")
    for one in directory.people_of(period, at=timezone.now()):
        if one.matches(query) and one.belongs(chosen):
            member = one.member
            said = one.row.answer if one.row else None
            yield (
                member.user,
                member.get_right_display(),
                member.role or "",
                member.is_deputy,
                member.user.timezone,
                member.invited_at,
                said.get_state_display() if said else "",
                said.at if said else None,
                member.joined_at,
            )


DELIVERY: Final = ("created at", "message", "about", "to", "by", "state", "attempts", "sent at", "settled at", "error")


def _deliveries(request: SignedInRequest, period: Period) -> Rows:
    asked = {name: request.GET.get(name, "")[:60].replace("\x00", "") for name in ("group", "channel", "q")}
    rows = history.filter_deliveries(period, **asked).order_by("-created_at", "-id")
    for one in rows.iterator(chunk_size=CHUNK):
        yield (
            one.created_at,
            names.name_of(one),
            one.subject,
            one.recipient,
            find_channel(one.channel).title,
            one.get_state_display(),
            one.attempts,
            one.sent_at,
            one.settled_at,
            one.last_error,
        )


ACTION: Final = ("action", "owner", "due at", "done at", "done by", "from debrief", "on incident")


def _actions(request: SignedInRequest, period: Period) -> Rows:  # noqa: ARG001  one shape for all lists
    rows = Action.objects.filter(period=period).select_related("owner", "done_by", "debrief", "incident_task__incident")
    for one in rows.order_by("due_at", "id").iterator(chunk_size=CHUNK):
        task = getattr(one, "incident_task", None)
        yield (
            one.title,
            one.owner,
            one.due_at,
            one.done_at,
            one.done_by,
            one.debrief or "",
            _key(period, task.incident) if task else "",
        )


CRITERION: Final = ("criterion", "needed", "target", "now", "state", "evidence", "decided by", "decided at")


def _criteria(request: SignedInRequest, period: Period) -> Rows:  # noqa: ARG001  one shape for all lists
    """As they stand now, or stood when the period ended."""
    now = timezone.now()
    for one in criteria.scorecard(period, at=min(now, period.ended_at or now)):
        row = one.criterion
        yield (
            row.title,
            "mandatory" if row.mandatory else "advisory",
            criteria.target_of(row),
            one.reading.text,
            one.word,
            row.evidence,
            row.decided_by,
            row.decided_at,
        )


DAY: Final = ("day", "criterion", "value", "state")


def _readings(request: SignedInRequest, period: Period) -> Rows:  # noqa: ARG001  one shape for all lists
    """What was on record at the end of each day."""
    titles = dict(ExitCriterion.objects.filter(period=period).values_list("code", "title"))
    entries = JournalEntry.objects.filter(period=period, subject=readings.SUBJECT).order_by("seq")
    for entry in entries.iterator(chunk_size=CHUNK):
        for code, (value, verdict) in entry.data["readings"].items():
            label = str(ExitCriterion.Verdict(verdict).label).lower()
            label = f"{label}, read late" if entry.data.get("late") else label
            yield entry.data["day"], titles.get(code, code), value, label


ENTRY: Final = ("number", "at", "who", "did", "about", "kind", "through")


def _journal(request: SignedInRequest, period: Period) -> Rows:  # noqa: ARG001  one shape for all lists
    rows = JournalEntry.objects.filter(period=period).select_related("actor").order_by("-seq")
    for entry in rows.iterator(chunk_size=CHUNK):
        entry.period = period
        said = activity.describe_entries([entry])[0]
        yield entry.seq, entry.at, said.who, said.words, said.about, entry.kind, entry.via


LESSON: Final = (
    "title",
    "happened",
    "learnt",
    "phase",
    "theme",
    "system",
    "period",
    "incident",
    "by",
    "state",
    "written at",
    "used in",
)


def _lesson(row: Any) -> Sequence[Any]:
    """The name of a period is for its members."""
    return (
        row.title,
        row.happened,
        row.learnt,
        row.get_phase_display(),
        row.theme,
        row.component,
        row.origin.name if row.origin else "",
        row.incident_key,
        row.author,
        Lesson.Status(row.status).label,
        row.created_at,
        row.used_in,
    )


EXPORTS: Final[dict[str, Export]] = {
    "incidents": Export("period.view", INCIDENT, _incidents),
    "checks": Export("period.view", CHECK, _checks),
    "people": Export("period.view", PERSON, _people),
    "deliveries": Export("contacts.view", DELIVERY, _deliveries),
    "actions": Export("period.view", ACTION, _actions),
    "criteria": Export("period.view", CRITERION, _criteria),
    "criteria-by-day": Export("period.view", DAY, _readings),
    "activity": Export("period.view", ENTRY, _journal),
}
