"""How long somebody stays signed in: not when idle for hours, at most a day, and not after signing out everywhere.

The server decides; the age of the cookie only spares a browser from sending what has ended.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import F

from hypercare.models import User

BEGAN: Final = "began_at"
USED: Final = "used_at"
PROOFS: Final = "account_authentication_methods"  # allauth's record of how somebody showed who they are
NOTED_EVERY: Final = timedelta(minutes=5)  # a write for each request would be a high price for knowing it to the second
RECENT: Final = timedelta(minutes=5)  # after a sign-in nobody is asked again for the password


def has_ended(session: SessionBase, *, at: datetime) -> bool:
    """Whether a signed-in session was idle too long or lasted too long. One that never noted a time has not."""
    began, used = _moment(session, BEGAN) or at, _moment(session, USED) or at
    return at - began >= settings.SESSION_LONGEST or at - used >= settings.SESSION_IDLE


def note_use(session: SessionBase, *, at: datetime) -> None:
    """Remember when it began, and in steps of five minutes when it was last used."""
    if BEGAN not in session:
        session[BEGAN] = at.timestamp()
    used = _moment(session, USED)
    if used is None or at - used >= NOTED_EVERY:
        session[USED] = at.timestamp()


def is_fresh(session: SessionBase, *, at: datetime) -> bool:
    """Whether its person signed in within the last minutes."""
    began = _moment(session, BEGAN)
    return began is not None and at - began < RECENT


def is_recently_proved(session: SessionBase, *, at: datetime) -> bool:
    """Whether its person signed in, or gave password or code again, within the last minutes."""
    given = [record.get("at", 0) for record in session.get(PROOFS, ())]
    return is_fresh(session, at=at) or any(at - datetime.fromtimestamp(one, UTC) < RECENT for one in given)


def end_all(user: User) -> None:
    """Sign a person out of every browser with its next request."""
    User.objects.filter(pk=user.pk).update(session_round=F("session_round") + 1)
    user.refresh_from_db(fields=["session_round"])


def _moment(session: SessionBase, name: str) -> datetime | None:
    seconds = session.get(name)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
