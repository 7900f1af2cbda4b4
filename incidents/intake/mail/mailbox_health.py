"""How reading the mailbox goes: since when it fails and why, what waits, and when that is an alarm.

Written after each turn; what never runs writes nothing, so silence counts from the last good turn, or from when
somebody first looked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Max, Min

from contributors.messaging.rendering import one_line
from hypercare.engine.watched import Figure, Trouble, Watched
from incidents.intake.mail import mail_store
from incidents.models import InboundMail, MailboxHealth, StoredMail

# Twenty turns: a mail server that is started afresh is back by then.
TROUBLE: Final = timedelta(minutes=10)
PAGE: Final = "/settings/mailbox/"
_LONGEST_WHY: Final = 300


@dataclass(frozen=True)
class MailboxStatus:
    """What is known of the mailbox; moments are None where there is none.

    `read_at` is the last turn that went well, `taken_at` when the last mail was read, `waiting_since` since when the
    oldest unread mail waits here, or the mailbox has more than one turn takes. `unread_for` is how long no turn has
    gone well, zero where no mailbox is named.
    """

    named: bool
    read_at: datetime | None
    taken_at: datetime | None
    waiting_since: datetime | None
    failing_since: datetime | None
    why: str
    quarantined: int
    unread_for: timedelta
    waiting_for: timedelta

    @property
    def trouble(self) -> str:
        """What is wrong for more than ten minutes, in a few words; empty while nothing is."""
        if self.unread_for > TROUBLE:
            return "the mailbox is not being read"
        return "mails wait to be read" if self.waiting_for > TROUBLE else ""


def read_status(*, at: datetime) -> MailboxStatus:
    """Look; nothing is changed."""
    row = MailboxHealth.objects.filter(pk=1).first() or MailboxHealth(watched_since=at)
    named = bool(settings.MAILBOX_URL)
    waiting_since = _waiting_since(row.behind_since if named else None)
    return MailboxStatus(
        named=named,
        read_at=row.read_at,
        taken_at=InboundMail.objects.aggregate(last=Max("at"))["last"],
        waiting_since=waiting_since,
        failing_since=row.failing_since if named else None,
        why=row.why if named else "",
        quarantined=mail_store.quarantined_mails().count(),
        unread_for=at - (row.read_at or row.watched_since) if named else timedelta(),
        waiting_for=at - waiting_since if waiting_since else timedelta(),
    )


def _waiting_since(behind_since: datetime | None) -> datetime | None:
    waiting = StoredMail.objects.filter(state=StoredMail.State.WAITING)
    moments = (behind_since, waiting.aggregate(oldest=Min("came_at"))["oldest"])
    return min((moment for moment in moments if moment), default=None)


# --- Written by whoever reads -------------------------------------------------------------------


def withheld_mails() -> dict[str, int]:
    """Mails the server would not hand over: number there → how often."""
    return dict(MailboxHealth.objects.filter(pk=1).values_list("troubles", flat=True).first() or {})


def record_success(*, at: datetime, is_behind: bool, troubles: Mapping[str, int]) -> None:
    """A turn was read to its end; `is_behind` when it left mails for the next one."""
    row = _row(at)
    row.read_at, row.failing_since, row.why, row.troubles = at, None, "", dict(troubles)
    row.behind_since = (row.behind_since or at) if is_behind else None
    row.save(update_fields=["read_at", "failing_since", "why", "troubles", "behind_since"])


def record_failure(why: str, *, at: datetime, troubles: Mapping[str, int]) -> None:
    """A turn broke off."""
    row = _row(at)
    row.failing_since, row.why, row.troubles = (row.failing_since or at, one_line(why)[:_LONGEST_WHY], dict(troubles))
    row.save(update_fields=["failing_since", "why", "troubles"])


def _row(at: datetime) -> MailboxHealth:
    return MailboxHealth.objects.get_or_create(pk=1, defaults={"watched_since": at})[0]


# --- Asked by those who watch -------------------------------------------------------------------


def watched_mailbox(*, at: datetime) -> Watched:
    """Figures for health checks and metrics."""
    found = read_status(at=at)
    return Watched(
        "mailbox",
        found.trouble,
        (
            Figure(
                "last_read_s", "Seconds since the mailbox was read; -1 before the first time.", _ago(found.read_at, at)
            ),
            Figure("last_taken_s", "Seconds since a mail was read; -1 before the first.", _ago(found.taken_at, at)),
            Figure("oldest_waiting_s", "How long the oldest mail waits.", found.waiting_for.total_seconds()),
            Figure("failing_s", "For how long reading the mailbox has failed.", _ago(found.failing_since, at) or 0),
            Figure("quarantined", "Mails that could not be read and wait for somebody.", found.quarantined),
        ),
    )


def _ago(moment: datetime | None, at: datetime) -> float | None:
    return round((at - moment).total_seconds(), 1) if moment else None


def find_unread_alarm(*, at: datetime) -> Trouble | None:
    """The alarm that no mail comes in. From the first look on silence counts, should nobody ever read."""
    if settings.MAILBOX_URL:
        _row(at)
    found = read_status(at=at)
    if not found.trouble:
        return None
    minutes = max(found.unread_for, found.waiting_for).total_seconds() / 60
    reason = f" The last try said: {found.why}" if found.why else ""
    return Trouble(
        "Hypercare does not get its mail",
        f"Reports by mail have not come in for {minutes:.0f} minutes: {found.trouble}.{reason}\n\n"
        "Look at MAILBOX_URL, the mail server, and the workers, which read the mailbox every 30 seconds. "
        "What lies there is not lost and is read when that works again.",
        PAGE,
    )


def find_quarantine_alarm(*, at: datetime) -> Trouble | None:  # noqa: ARG001  called like every alarm
    """The alarm that mails could not be read: somebody has to look, and no sender knows."""
    rows = mail_store.quarantined_mails()
    newest = rows.first()
    if newest is None:
        return None
    count = rows.count()
    return Trouble(
        f"{count} {'mail' if count == 1 else 'mails'} to Hypercare could not be read",
        "They are kept as they came, and nobody has been told what they say. Look at them, and take them in or set "
        f"them aside.\n\nThe newest: {newest.why}",
        PAGE,
        news_at=newest.settled_at,
    )
