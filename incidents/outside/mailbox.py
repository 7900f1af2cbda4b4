"""The mailbox that is read: IMAP with time-outs, a few mails a turn, each marked as read once it is stored."""

from __future__ import annotations

import imaplib
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from django.conf import settings

from incidents.outside import mail_intake

TIMEOUT_SECONDS: Final = 10
A_TURN: Final = 20
logger = logging.getLogger("hypercare.mailbox")
_AWAY: Final = (imaplib.IMAP4.error, OSError)


class MailboxAway(Exception):
    """The mail server does not answer, or refuses us. It may work later."""


def poll(*, at: datetime) -> int:
    """Read what is new, 20 mails at most; how many were read. Raises MailboxAway.

    A mail that breaks its reading is kept as refused and marked as read all the same: the ones behind it must not wait.
    A process that dies in between reads the mail again, which changes nothing.
    """
    if not settings.MAILBOX_URL:
        return 0
    try:
        with _opened(settings.MAILBOX_URL) as box:
            uids = _unseen(box)
            for uid in uids:
                _read(box, uid, at)
            return len(uids)
    except _AWAY as error:
        raise MailboxAway(f"The mailbox can't be read: {error}") from error


@contextmanager
def _opened(url: str) -> Iterator[imaplib.IMAP4]:
    parts = urlsplit(url)
    secure = parts.scheme == "imaps"
    kind = imaplib.IMAP4_SSL if secure else imaplib.IMAP4
    box = kind(parts.hostname or "", parts.port or (993 if secure else 143), timeout=TIMEOUT_SECONDS)
    try:
        box.login(unquote(parts.username or ""), unquote(parts.password or ""))
        folder = unquote(parts.path.strip("/")) or "INBOX"
        status, _ = box.select(f'"{folder}"')
        if status != "OK":
            raise imaplib.IMAP4.error(f"There is no folder {folder}.")
        yield box
    finally:
        with suppress(*_AWAY):
            box.logout()


def _unseen(box: imaplib.IMAP4) -> list[str]:
    _, found = box.uid("search", "UNSEEN")
    return [uid.decode() for uid in (found[0] or b"").split()][:A_TURN]


def _read(box: imaplib.IMAP4, uid: str, at: datetime) -> None:
    # The first bytes only: what is longer is read as if it ended there, and its files are not kept.
    _, answer = box.uid("fetch", uid, f"(BODY.PEEK[]<0.{mail_intake.LARGEST}>)")
    raw = next((part[1] for part in answer if isinstance(part, tuple)), b"")
    try:
        mail_intake.receive(raw, at=at)
    except Exception:  # One mail that can't be read must not hold up the others.
        logger.exception("A mail can't be taken in")
        mail_intake.refuse(raw, "It could not be read.", at=at)
    box.uid("store", uid, "+FLAGS", "(\\Seen)")
