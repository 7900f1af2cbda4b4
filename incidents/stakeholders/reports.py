"""What people outside report: an incident like any other, a picture, and a receipt that shows only their own.

They never learn a name or a key; they have a reference and a secret link. What they are told is in `telling.py`.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, Sum

from contributors.links import links
from contributors.messaging import outbox
from contributors.models import Delivery
from hypercare.exceptions import AlreadyDone, Invalid, LinkEnded, Refused, TooMany
from incidents.models import Attachment, Comment, Incident, Report, ReportForm
from incidents.paging import sla_alerts
from incidents.shared.locking import lock, record_entry, save_fields
from incidents.stakeholders import report_forms, subscribers
from incidents.triage import triage
from periods.checklist import evidence, filetypes
from periods.checklist.evidence import EvidenceUpload, StoredFile
from periods.models import Period

Stops = Report.Stops

LONGEST_TEXT: Final = 5000
LONGEST_TITLE: Final = 100
LARGEST_PICTURE: Final = 5_000_000
MOST_PICTURES_OF_A_PERIOD: Final = 200_000_000  # bytes
PICTURES: Final = (filetypes.PNG, filetypes.JPEG, filetypes.GIF, filetypes.WEBP)
AN_HOUR: Final = timedelta(hours=1)
MOST_FROM_ONE_PLACE: Final = 10
MOST_AN_HOUR: Final = 120
MOST_REPLIES: Final = 20
# Somebody outside can't open a P1: what can't go on at all is a P2, which pages, and support grades it from there.
LEVELS: Final[dict[str, tuple[str, str]]] = {
    Stops.BLOCKED: ("medium", "high"),
    Stops.WORKED_AROUND: ("medium", "medium"),
    Stops.SMALL: ("low", "low"),
}
_ALPHABET: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is read as something else


@dataclass(frozen=True)
class ReportText:
    """What somebody outside says. An empty address means they want to hear nothing."""

    text: str
    stops: str
    email: str = ""
    title: str = ""


def submit_report(
    form: ReportForm,
    words: ReportText,
    *,
    at: datetime,
    came_from: str = "",
    picture: EvidenceUpload | None = None,
    via: str = Report.Via.FORM,
) -> Report:
    """Somebody reports a problem: an incident, and their report of it.

    Raises Invalid for what can't stand, Refused while the form takes nothing, TooMany beyond the limits. A picture is
    known by its content; it is written first and deleted again when the rest fails.
    """
    words = _tidy(words)
    stored = keep_picture(picture) if picture else None
    try:
        return _send(form.pk, words, stored, at=at, came_from=came_from, via=via)
    except Exception:
        if stored:
            evidence.discard_file(stored.stored_as)
        raise


@transaction.atomic
def _send(
    form_id: int, words: ReportText, stored: StoredFile | None, *, at: datetime, came_from: str, via: str
) -> Report:
    period_id = ReportForm.objects.values_list("period_id", flat=True).get(pk=form_id)
    period = Period.objects.locked().get(pk=period_id)
    form = ReportForm.objects.get(pk=form_id)
    form.period = period
    if not report_forms.takes_reports(form):
        raise Refused("This form takes no reports at the moment.")
    _check_room(period, words, came_from, at)
    impact, urgency = LEVELS[words.stops]
    incident = triage.report(
        period.pk,
        title=words.title or title_of(words.text),
        description=words.text,
        impact=impact,
        urgency=urgency,
        by=None,
        at=at,
        source=via,
        via=via,
    )
    secret = uuid.uuid4()
    report = Report.objects.create(
        period=period,
        incident=incident,
        reference=_reference(),
        via=via,
        stops=words.stops,
        text=words.text,
        email=words.email,
        secret=secret,
        token_hash=links.hash_of(links.token_of(secret)),
        came_from=came_from,
        at=at,
    )
    if stored:
        attach_picture(report, stored, at=at)
    return report


def title_of(text: str) -> str:
    """The first line of what they wrote, cut at a word."""
    line = next((one.strip() for one in text.splitlines() if one.strip()), "")
    line = " ".join(line.split())
    if len(line) <= LONGEST_TITLE:
        return line
    return f"{line[:LONGEST_TITLE].rpartition(' ')[0] or line[:LONGEST_TITLE]}…"


def _reference() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def _tidy(words: ReportText) -> ReportText:
    text = words.text.strip().replace("\x00", "")
    complaints: dict[str, Any] = {}
    if not text:
        complaints["text"] = "Tell us what went wrong"
    elif len(text) > LONGEST_TEXT:
        complaints["text"] = f"Shorten it to {LONGEST_TEXT:,} characters"
    if words.stops not in Stops:
        complaints["stops"] = "Choose how much it stops you"
    email = ""
    if words.email.strip():
        try:
            email = subscribers.clean_address(words.email)
        except Invalid as error:
            complaints.update(error.errors)
    if complaints:
        raise Invalid(complaints)
    return ReportText(text, words.stops, email, " ".join(words.title.split())[:200])


def _check_room(period: Period, words: ReportText, came_from: str, at: datetime) -> None:
    """Counted in rows under the period's lock, so that many at once are counted too."""
    recent = Report.objects.filter(period=period, at__gt=at - AN_HOUR)
    mine = Q(came_from=came_from) & ~Q(came_from="")
    if words.email:
        mine |= Q(email=words.email)
    counts = recent.aggregate(all=Count("pk"), mine=Count("pk", filter=mine))
    if counts["mine"] >= MOST_FROM_ONE_PLACE or counts["all"] >= MOST_AN_HOUR:
        raise TooMany("Too many reports came in just now. Try again in an hour, or call whoever helps you usually.")


# --- Pictures -----------------------------------------------------------------------------------


def keep_picture(upload: EvidenceUpload) -> StoredFile:
    """Judge a picture by its content and write it. Raises Invalid (`picture`) for anything else."""
    if len(upload.data) > LARGEST_PICTURE:
        raise Invalid({"picture": "Choose a picture of at most 5 MB"})
    if filetypes.file_type_of(upload.data) not in PICTURES:
        raise Invalid({"picture": "Choose a PNG, JPEG, GIF or WebP picture"})
    return evidence.store_upload(upload)


def is_picture(data: bytes) -> bool:
    """Whether bytes are a picture that can be kept."""
    return len(data) <= LARGEST_PICTURE and filetypes.file_type_of(data) in PICTURES


def attach_picture(report: Report, stored: StoredFile, *, at: datetime) -> Attachment:
    """Keep a stored picture with a report, in the caller's transaction. Raises Invalid when the period has too many."""
    used = Attachment.objects.filter(incident__period=report.period_id).aggregate(sum=Sum("size"))["sum"] or 0
    if used + stored.size > min(MOST_PICTURES_OF_A_PERIOD, settings.EVIDENCE_QUOTA):
        raise Invalid({"picture": "No more pictures can be kept. Send the report without one"})
    return Attachment.objects.create(
        incident_id=report.incident_id,
        report=report,
        file_name=stored.file_name,
        media_type=stored.media_type,
        size=stored.size,
        sha256=stored.sha256,
        stored_as=stored.stored_as,
        at=at,
    )


# --- The receipt --------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReportProgress:
    """Where a report stands, for its reporter: a word, a tone, a sentence."""

    words: str
    tone: str
    sentence: str


def find(token: str) -> Report:
    """The report behind a receipt's link, with its incident and period. Raises LinkEnded for one that never was."""
    found = None
    if "\x00" not in token:
        rows = Report.objects.select_related("period", "incident")
        found = rows.filter(token_hash=links.hash_of(token)).first()
    if found is None:
        raise LinkEnded("This link does not work. Check that you copied all of it.")
    return found


def token_of(report: Report) -> str:
    """What stands in the address of a receipt."""
    return links.token_of(report.secret)


def progress_of(incident: Incident) -> ReportProgress:
    """What a reporter is told of an incident: how far it is, never by whom or under which name."""
    if not incident.is_open:
        return ReportProgress("Closed", "ok", OUTCOMES.get(incident.ending, "It is closed."))
    if incident.queue == Incident.Queue.RETURNED:
        return ReportProgress("We need an answer", "warn", incident.queue_note)
    if incident.mitigated_at:
        return ReportProgress("Fixed, watching", "info", "It should no longer hurt. We keep watching it.")
    if incident.acknowledged_at:
        return ReportProgress("Being worked on", "info", "Somebody works on it.")
    return ReportProgress("Received", "neutral", "We have it. Somebody looks at it soon.")


OUTCOMES: Final[dict[str, str]] = {
    Incident.Ending.FIXED: "It is fixed.",
    Incident.Ending.WORKAROUND: "There is a way around it.",
    Incident.Ending.NOT_A_PROBLEM: "We looked at it and found nothing to mend.",
    Incident.Ending.DUPLICATE: "It is solved together with another report of the same problem.",
}


@transaction.atomic
def add_reply(report_id: int, *, text: str, at: datetime, via: str = Report.Via.FORM) -> Comment:
    """The reporter adds something: whoever has the incident hears of it, and a wait for them ends.

    Raises Invalid for what can't stand and TooMany after twenty.
    """
    report = Report.objects.select_related("incident").get(pk=report_id)
    incident = lock(report.incident_id)
    text = text.strip().replace("\x00", "")
    if not 0 < len(text) <= LONGEST_TEXT:
        raise Invalid({"text": f"Write something, in at most {LONGEST_TEXT:,} characters"})
    if Comment.objects.filter(report=report).count() >= MOST_REPLIES:
        raise TooMany("You have added a lot. Send a new report if there is more.")
    entry = Comment.objects.create(incident=incident, kind=Comment.Kind.NOTE, body=text, report=report, at=at)
    waited = incident.is_open and incident.queue == Incident.Queue.RETURNED
    fields = [*triage.leave_queues(incident, at)] if waited else []
    save_fields(incident, at, *fields)
    record_entry(incident, "incident.replied", None, at, via, body=text, comment=entry.pk, ended_wait=waited)
    sla_alerts.reschedule(incident, at=at)
    outbox.notify(
        user=incident.owner or incident.period.lead,
        kind="incident_replied",
        period=incident.period,
        subject=incident.subject,
        context={**sla_alerts.incident_context(incident), "text": text[:500]},
        urgency=Delivery.Urgency.NORMAL,
        at=at,
        key=f"reply:{entry.pk}",
    )
    return entry


@transaction.atomic
def stop_mails(report_id: int, *, at: datetime) -> Report:
    """The reporter wants no more mails: the address is forgotten. Raises AlreadyDone the second time."""
    report = Report.objects.select_for_update(of=("self",)).get(pk=report_id)
    if report.quiet_at is not None:
        raise AlreadyDone("You get no mails about this report.")
    report.quiet_at, report.email = at, ""
    report.save(update_fields=["quiet_at", "email"])
    return report


def reports_to_notify(period_id: int, number: int) -> list[Report]:
    """The reports whose reporters hear of an incident, by its number. One query."""
    found = Report.objects.filter(incident__period=period_id, incident__number=number, quiet_at__isnull=True).exclude(
        email=""
    )
    return list(found.order_by("id")[:100])
