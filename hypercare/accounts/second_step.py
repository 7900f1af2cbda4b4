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

from hypercare import registry
from hypercare.accounts import sessions, totp
from hypercare.models import User
from hypercare.security import encryption

logger = logging.getLogger(__name__)
PENDING: Final = "second_step_pending"
TURNED_ON: Final = "second_step_turned_on"
# Where allauth notes in a session how somebody proved who they are, and who that was.
RECORDS: Final = sessions.PROOFS
WHOSE: Final = "account_authentication_methods_user"


def is_due(user: User, session: SessionBase) -> bool:
    """Whether this person must take a second step, and in this session has not. At most one query."""
    return settings.REQUIRE_MFA and not has_passed(user, session) and is_required_for(user)


def is_required_for(user: User) -> bool:
    """Whether this installation demands it of this person: of administrators and of whoever runs or opens periods."""
    if not settings.REQUIRE_MFA:
        return False
    return user.is_superuser or user.may_plan or bool(registry.resolve(registry.OWNS_OPEN_PERIOD)(user))


def has_passed(user: User, session: SessionBase) -> bool:
    """Whether this person gave a code in this session."""
    if session.get(TURNED_ON):
        return True
    records = session.get(RECORDS, ()) if session.get(WHOSE) == str(user.pk) else ()
    return any(record.get("method") == "mfa" for record in records)


def authenticator_of(user: User) -> Authenticator | None:
    """The authenticator app of a person, if the second step is on. One query."""
    found: Authenticator | None = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    return found


def pending_secret(session: SessionBase) -> str:
    """The secret that the person is about to put into an app; kept sealed, the same until it is on."""
    if PENDING in session:
        try:
            return encryption.decrypt(session[PENDING])
        except encryption.UnreadableSecret:
            logger.warning("A second step that was being turned on begins anew: its key is gone")
    secret = totp.new_secret()
    session[PENDING] = encryption.encrypt(secret)
    return secret


@transaction.atomic
def use_code(app_pk: int, code: str, *, at: datetime) -> bool:
    """Use up a code, and every one before it. False when it is wrong or was used before.

    Raises encryption.UnreadableSecret when no key opens the secret.
    """
    app = Authenticator.objects.select_for_update().get(pk=app_pk)
    step = totp.step_of(encryption.decrypt(app.data["secret"]), code, at=at)
    if step is None or step <= app.data.get("spent", -1):
        return False
    app.data["spent"] = step
    app.save(update_fields=["data"])
    return True


@transaction.atomic
def confirm_turned_on(user: User, code: str, *, at: datetime) -> None:
    """It is on from now: the code that showed so is used up, and every browser signs in anew."""
    app = authenticator_of(user)
    if app is not None:
        use_code(app.pk, code, at=at)
    sessions.end_all(user)


@transaction.atomic
def reset_second_step(user: User, *, by: str) -> bool:
    """Take the second step away from somebody who lost phone and codes, and sign them out everywhere.

    False when there was none. `by` says for the log who did it.
    """
    gone, _ = Authenticator.objects.filter(user=user).delete()
    if gone:
        sessions.end_all(user)
        logger.warning("The second step of person %d was taken away by %s", user.pk, by)
    return bool(gone)
