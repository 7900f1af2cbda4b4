"""Mails as they came: kept before anybody reads them, read once, and quarantined when that can't be done.

The row is the queue. Whoever dies over a mail leaves it waiting, and after three deaths it counts as one that can't be
read. Nothing here looks into a mail but `_line`, which can't fail: a rescue must not run what failed.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import F, QuerySet

from contributors.messaging.rendering import one_line
from hypercare.engine.memory_guard import ROOM_ENDED
from hypercare.exceptions import AlreadyDone, Refused
from hypercare.models import User
from incidents.intake.mail import mail_intake
from incidents.models import StoredMail

State = StoredMail.State
MOST_TRIES: Final = 3
A_TURN: Final = 40
LONGEST_WHY: Final = 300
LONGEST_LINE: Final = 200
_HEAD: Final = 20_000  # bytes in which a header is looked for
logger = logging.getLogger(__name__)
# Another try may go well: the database was away or two got in each other's way; memory or time ran out.
_PASSES: Final = (OperationalError, *ROOM_ENDED)


def store_mail(raw: bytes, *, at: datetime) -> StoredMail:
    """Keep a mail's first 15 MB before it is read; the same row for the same bytes."""
    kept = raw[: mail_intake.LARGEST]
    row, _ = StoredMail.objects.get_or_create(
        digest=hashlib.sha256(kept).hexdigest(), defaults={"raw": kept, "came_at": at}
    )
    return row


def note_withheld(number: str, *, at: datetime) -> StoredMail:
    """Note a mail that the server would not give; `number` is its number there."""
    why = f"The mail server did not hand it over, three times. It lies there as number {number}, marked as read."
    digest = hashlib.sha256(f"{number} {at.date().isoformat()}".encode()).hexdigest()  # once a day, should it stay
    said = {"came_at": at, "settled_at": at, "state": State.QUARANTINED, "why": why}
    return StoredMail.objects.get_or_create(digest=digest, defaults=said)[0]


def read_waiting(*, at: datetime) -> int:
    """Read what waits, 40 mails at most, those that nobody has tried yet first; how many."""
    waiting = StoredMail.objects.filter(state=State.WAITING).order_by("tries", "id")
    pks = list(waiting.values_list("pk", flat=True)[:A_TURN])
    for pk in pks:
        read_stored(pk, at=at)
    return len(pks)


def read_stored(pk: int, *, at: datetime) -> StoredMail:
    """Read one mail that waits; the row, read or quarantined. Raises only what may pass, and leaves it waiting then."""
    tries = _begin(pk)
    if tries > MOST_TRIES:
        _quarantine(pk, f"Reading it ended the process or took too long, {MOST_TRIES} times.", at)
    elif tries:
        _try(pk, at)
    return StoredMail.objects.defer("raw").select_related("mail").get(pk=pk)


def _begin(pk: int) -> int:
    """Count a try, in a transaction of its own; which it is. 0 when the mail no longer waits."""
    if not StoredMail.objects.filter(pk=pk, state=State.WAITING).update(tries=F("tries") + 1):
        return 0
    return StoredMail.objects.values_list("tries", flat=True).get(pk=pk)


def _try(pk: int, at: datetime) -> None:
    try:
        _read(pk, at)
    except _PASSES:
        raise
    except mail_intake.UnreadableMail as error:
        logger.warning("A mail can't be read and is quarantined: %s", error)
        _quarantine(pk, str(error), at)
    except Exception as error:  # One mail that can't be read must not hold up the others.
        logger.exception("A mail can't be read and is quarantined")
        _quarantine(pk, _reason(error), at)


@transaction.atomic
def _read(pk: int, at: datetime) -> None:
    row = StoredMail.objects.select_for_update(of=("self",)).filter(pk=pk, state=State.WAITING).first()
    if row is None:
        return
    row.mail = mail_intake.receive_mail(bytes(row.raw), at=at)
    row.state, row.why, row.settled_at = State.READ, "", at
    row.save(update_fields=["mail", "state", "why", "settled_at"])


def _quarantine(pk: int, why: str, at: datetime) -> None:
    raw = bytes(StoredMail.objects.values_list("raw", flat=True).get(pk=pk))
    StoredMail.objects.filter(pk=pk, state=State.WAITING).update(
        state=State.QUARANTINED,
        why=why,
        settled_at=at,
        from_line=_line(raw, b"from:"),
        subject_line=_line(raw, b"subject:"),
    )


def _reason(error: Exception) -> str:
    kind = type(error).__name__
    return f"Reading it failed: {one_line(f'{kind}: {error}')}"[:LONGEST_WHY]


def _line(raw: bytes, name: bytes) -> str:
    """A header as it is written, by its bytes alone; empty where there is none."""
    for line in raw[:_HEAD].splitlines():
        if line[: len(name)].lower() == name:
            return one_line(line[len(name) :].decode("ascii", errors="replace"))[:LONGEST_LINE]
    return ""


# --- By hand ------------------------------------------------------------------------------------


def quarantined_mails() -> QuerySet[StoredMail]:
    """What could not be read and nobody has dealt with, the newest first, without the bytes."""
    return StoredMail.objects.filter(state=State.QUARANTINED).defer("raw").order_by("-id")


def read_again(pk: int, *, by: User, at: datetime) -> StoredMail:
    """Read a quarantined mail once more, from the bytes that were kept; the row, read or quarantined anew.

    Raises StoredMail.DoesNotExist, AlreadyDone, Refused.
    """
    with transaction.atomic():
        row = _locked(pk)
        if not row.raw:
            raise Refused("Its bytes are not kept. Look for the mail in the mailbox itself.")
        row.state, row.tries, row.settled_by = State.WAITING, 0, by
        row.save(update_fields=["state", "tries", "settled_by"])
    return read_stored(pk, at=at)


@transaction.atomic
def set_aside(pk: int, *, by: User, at: datetime) -> StoredMail:
    """Say that nothing is to be done about a quarantined mail. Raises StoredMail.DoesNotExist, AlreadyDone."""
    row = _locked(pk)
    row.state, row.settled_by, row.settled_at = State.SET_ASIDE, by, at
    row.save(update_fields=["state", "settled_by", "settled_at"])
    return row


def _locked(pk: int) -> StoredMail:
    row = StoredMail.objects.select_for_update(of=("self",)).get(pk=pk)
    if row.state != State.QUARANTINED:
        raise AlreadyDone(f"Somebody was here before you: {row.get_state_display().lower()}.")
    return row


# --- How long -----------------------------------------------------------------------------------


def purge_bytes(*, at: datetime) -> int:
    """Let go of the bytes of what came more than MAIL_KEPT_DAYS ago; how many. What waits stays.

    Of a quarantined mail who wrote, about what and the reason stay, until somebody has dealt with it.
    """
    old = StoredMail.objects.filter(came_at__lt=at - timedelta(days=settings.MAIL_KEPT_DAYS))
    emptied = old.filter(state=State.QUARANTINED).exclude(raw=b"").update(raw=b"")
    deleted, _ = old.filter(state__in=(State.READ, State.SET_ASIDE)).delete()
    return emptied + deleted
