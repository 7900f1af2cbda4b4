"""The mailbox that is read: IMAP with time-outs, a few mails a turn, each marked as read once it is kept.

Fetching looks into no mail, so none can break it. What is kept is read afterwards, from the rows of `mail_store`.
"""

from __future__ import annotations

import imaplib
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from django.conf import settings

from incidents.intake.mail import mail_intake, mail_store, mailbox_health

TIMEOUT_SECONDS: Final = 10
A_TURN: Final = 20
MOST_TRIES: Final = 3
logger = logging.getLogger(__name__)
_AWAY: Final = (imaplib.IMAP4.error, OSError)


class MailboxAway(Exception):
    """The mail server does not answer, or refuses us. It may work later."""


def poll(*, at: datetime) -> int:
    """Fetch what is new, 20 mails at most, and read what waits; how many were fetched. Raises MailboxAway.

    Mails that were fetched before the server went away are read all the same. A process that dies in between fetches
    the mail again, which changes nothing.
    """
    if not settings.MAILBOX_URL:
        return 0
    try:
        return _FetchTurn(at).run()
    except _AWAY as error:
        raise MailboxAway(f"The mailbox can't be read: {error}") from error
    finally:
        mail_store.read_waiting(at=at)


class _FetchTurn:
    """One turn of fetching, and the mails that the server would not hand over until now.

    Those come last, because the server may hang up on them; after three tries they are left to people. One that is
    kept and only can't be marked as read counts none.
    """

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.troubles = mailbox_health.withheld_mails()
        self.unmarked = 0

    def run(self) -> int:
        """Fetch, and note how it went; how many mails were asked for."""
        try:
            with _opened(settings.MAILBOX_URL) as box:
                unseen = _unseen(box)
                self.troubles = {uid: self.troubles[uid] for uid in unseen if uid in self.troubles}
                uids = sorted(unseen, key=self._is_trouble)[:A_TURN]
                for uid in uids:
                    self._one(box, uid)
            self._check_marks()
        except Exception as error:  # Whatever it is: since when and why stand on the page.
            mailbox_health.record_failure(str(error) or type(error).__name__, at=self.at, troubles=self.troubles)
            raise
        mailbox_health.record_success(at=self.at, is_behind=len(unseen) > len(uids), troubles=self.troubles)
        return len(uids)

    def _check_marks(self) -> None:
        if self.unmarked:
            raise imaplib.IMAP4.error(f"{self.unmarked} mails can't be marked as read. Is it read-only?")

    def _is_trouble(self, uid: str) -> bool:
        return uid in self.troubles

    def _one(self, box: imaplib.IMAP4, uid: str) -> None:
        tries = self.troubles.get(uid, 0)
        if tries >= MOST_TRIES:
            mail_store.note_withheld(uid, at=self.at)
            self._mark(box, uid, tries)
            return
        self.troubles[uid] = tries + 1  # stands if the server hangs up now
        raw = _fetched(box, uid)
        if raw is not None:
            mail_store.store_mail(raw, at=self.at)
            self._mark(box, uid, 0)

    def _mark(self, box: imaplib.IMAP4, uid: str, tries: int) -> None:
        if _marked(box, uid):
            del self.troubles[uid]
        else:
            self.troubles[uid] = tries
            self.unmarked += 1


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
        with suppress(OSError):
            box.shutdown()  # which a farewell that fails leaves out


def _unseen(box: imaplib.IMAP4) -> list[str]:
    _, found = box.uid("search", "UNSEEN")
    return [uid.decode() for uid in (found[0] or b"").split()]


def _fetched(box: imaplib.IMAP4, uid: str) -> bytes | None:
    """The first bytes of a mail; None when the server says no. What is longer is read as if it ended there."""
    answer = _asked(box, "fetch", uid, f"(BODY.PEEK[]<0.{mail_intake.LARGEST}>)")
    return next((part[1] for part in answer or () if isinstance(part, tuple)), None)


def _marked(box: imaplib.IMAP4, uid: str) -> bool:
    return _asked(box, "store", uid, "+FLAGS", "(\\Seen)") is not None


def _asked(box: imaplib.IMAP4, command: str, uid: str, *words: str) -> list[Any] | None:
    """The server's answer about one mail; None when it says no to this one. Raises when it hangs up."""
    try:
        status, answer = box.uid(command, uid, *words)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        status, answer = "BAD", [str(error)]
    if status == "OK":
        return answer
    logger.warning("The mail server says %s to %s of mail %s", status, command, uid)
    return None
