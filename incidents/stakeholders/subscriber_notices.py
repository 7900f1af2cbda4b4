"""Journal entry → mails to people outside. A replay tells nobody twice, because each mail has its key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from contributors.messaging import external_recipients
from contributors.messaging.external_recipients import OutgoingMail
from hypercare.engine import timers
from incidents.models import Incident, Notice, Subscriber, Update
from incidents.stakeholders import report_forms, reports, subscribers
from incidents.stakeholders.reports import ReportProgress
from periods.models import JournalEntry

A_TURN: Final = 500
MORE: Final = "update.more"


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer: who outside is told what when something happens."""
    if entry.kind in TELLS:
        TELLS[entry.kind](entry, at)


def _update_posted(entry: JournalEntry, at: datetime) -> None:
    data = entry.data
    if data.get("audience") != Update.Audience.EVERYONE:
        return
    notice = Notice.objects.select_related("period").filter(pk=data["notice"]).first()
    if notice is None:
        return
    said: dict[str, Any] = {
        **subscribers.page_reference(notice.period),
        "title": data["title"],
        "text": data["text"],
        "state": Notice.State(data["state"]).label,
        "components": data["components"],
        "next_by": data["next_by"],
    }
    _tell_some({**said, "about_notice": notice.pk, "update": data["update"]}, 0, meant_for=entry.at, at=at)


def on_more(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:
    """Timer: the next five hundred of an update's readers."""
    _tell_some(args["said"], args["after"], meant_for=due_at, at=at)


def _tell_some(said: dict[str, Any], after: int, *, meant_for: datetime, at: datetime) -> None:
    """Mails to the readers behind an id, 500 at most; a timer goes on with the rest.

    In slices, each in a transaction of its own, so that thousands of readers hold up nobody's page. An address that
    reads twice, as a subscriber and as a follower, is one key and gets one mail.
    """
    notice = Notice.objects.select_related("period").filter(pk=said["about_notice"]).first()
    if notice is None:
        return
    rows = list(subscribers.audience_of(notice).filter(pk__gt=after).order_by("pk")[:A_TURN])
    envelopes = [
        OutgoingMail(row.email, f"update:{said['update']}:{_digest(row.email)}", _to(said, row)) for row in rows
    ]
    external_recipients.queue_mails(
        notice.period, "notice_update", notice.subject, envelopes, at=at, meant_for=meant_for
    )
    if len(rows) == A_TURN:
        args = {"said": said, "after": rows[-1].pk}
        timers.arm(f"{MORE}:{said['update']}:{rows[-1].pk}", kind=MORE, due_at=meant_for, args=args)


def _digest(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()[:32]


def _to(said: dict[str, Any], row: Subscriber) -> dict[str, Any]:
    about = {"about": f"“{said['title']}”"} if row.notice_id else {}
    return {**said, **about, "leave": str(row.secret)}


# --- Those who reported something ---------------------------------------------------------------


def _received(entry: JournalEntry, at: datetime) -> None:
    if entry.data.get("source") in (Incident.Source.FORM, Incident.Source.MAIL):
        _tell(entry, "report_received", "received", at)


def _acknowledged(entry: JournalEntry, at: datetime) -> None:
    if not entry.data.get("again"):
        _progress(entry, ReportProgress("Being worked on", "info", "Somebody works on it now."), at)


def _returned(entry: JournalEntry, at: datetime) -> None:
    if entry.data.get("after") == Incident.Queue.RETURNED:
        _progress(entry, ReportProgress("We need an answer from you", "warn", entry.data.get("note", "")), at)


def _resolved(entry: JournalEntry, at: datetime) -> None:
    sentence = reports.OUTCOMES.get(entry.data.get("ending", ""), "It is closed.")
    _progress(entry, ReportProgress("Solved", "ok", sentence), at)


def _reopened(entry: JournalEntry, at: datetime) -> None:
    _progress(entry, ReportProgress("Open again", "warn", "It came back, and we work on it again."), at)


def _progress(entry: JournalEntry, said: ReportProgress, at: datetime) -> None:
    _tell(entry, "report_progress", str(entry.pk), at, words=said.words, sentence=said.sentence)


def _tell(entry: JournalEntry, kind: str, what: str, at: datetime, **said: str) -> None:
    """One mail to each reporter of the incident an entry is about."""
    number = int(entry.subject.rpartition(":")[2])
    found = reports.reports_to_notify(entry.period_id, number)
    form = report_forms.form_of(entry.period) if found else None
    title: dict[str, Any] = {"page": form.title if form else entry.period.name}
    if form and form.is_open:
        title["form"] = [form.pk, str(form.secret)]
    for report in found:
        own = {"reference": report.reference, "text": report.text[:500], "receipt": str(report.secret)}
        envelope = OutgoingMail(report.email, f"report:{report.pk}:{what}", {**title, **said, **own})
        external_recipients.queue_mails(
            entry.period, kind, f"report:{report.pk}", [envelope], at=at, meant_for=entry.at
        )


TELLS: Final[dict[str, Callable[[JournalEntry, datetime], None]]] = {
    "update.posted": _update_posted,
    "incident.reported": _received,
    "incident.acknowledged": _acknowledged,
    "incident.queued": _returned,
    "incident.resolved": _resolved,
    "incident.reopened": _reopened,
}
