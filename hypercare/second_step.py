"""The second step of signing in: who must have one, and that no code works twice.

allauth keeps the rows (`mfa.Authenticator`) and asks for the code; the rules that are ours live here.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction

from hypercare import onetime, sessions, vault, wiring
from hypercare.models import User

logger = logging.getLogger("hypercare.accounts")
PENDING: Final = "second_step_pending"
TURNED_ON: Final = "second_step_turned_on"
# Where allauth notes in a session how somebody proved who they are, and who that was.
RECORDS: Final = "account_authentication_methods"
WHOSE: Final = "account_authentication_methods_user"


def is_due(user: User, session: SessionBase) -> bool:
    """Whether this person must take a second step, and in this session has not. At most one query."""
    return settings.REQUIRE_MFA and not passed(user, session) and must_have(user)


def must_have(user: User) -> bool:
    """Whether this installation demands it of this person: of administrators and of whoever runs or opens periods."""
    if not settings.REQUIRE_MFA:
        return False
    return user.is_superuser or user.may_plan or bool(wiring.resolve(wiring.RUNS_SOMETHING)(user))


def passed(user: User, session: SessionBase) -> bool:
    """Whether this person gave a code in this session."""
    if session.get(TURNED_ON):
        return True
    records = session.get(RECORDS, ()) if session.get(WHOSE) == str(user.pk) else ()
    return any(record.get("method") == "mfa" for record in records)


def app_of(user: User) -> Authenticator | None:
    """The authenticator app of a person, if the second step is on. One query."""
    found: Authenticator | None = Authenticator.objects.filter(
        user=user, type=Authenticator.Type.TOTP
    ).first()
    return found


def pending_secret(session: SessionBase) -> str:
    """The secret that the person is about to put into an app; kept sealed, the same until it is on."""
    if PENDING in session:
        try:
            return vault.decrypt(session[PENDING])
        except vault.Unreadable:
            logger.warning("A second step that was being turned on begins anew: its key is gone")
    secret = onetime.new_secret()
    session[PENDING] = vault.encrypt(secret)
    return secret


@transaction.atomic
def spend(app_pk: int, code: str, *, at: datetime) -> bool:
    """Use up a code, and every one before it. False when it is wrong or was used before.

    Raises vault.Unreadable when no key opens the secret.
    """
    app = Authenticator.objects.select_for_update().get(pk=app_pk)
    step = onetime.step_of(vault.decrypt(app.data["secret"]), code, at=at)
    if step is None or step <= app.data.get("spent", -1):
        return False
    app.data["spent"] = step
    app.save(update_fields=["data"])
    return True


@transaction.atomic
def reset(user: User, *, by: str) -> bool:
    """Take the second step away from somebody who lost phone and codes, and sign them out everywhere.

    False when there was none. `by` says for the log who did it.
    """
    gone, _ = Authenticator.objects.filter(user=user).delete()
    if gone:
        sessions.end_all(user)
        logger.warning("The second step of person %d was taken away by %s", user.pk, by)
    return bool(gone)
