"""The accounts of an installation, as its administrators keep them: who there is, and who may plan or administer.

Whoever changes what somebody may do holds the rows of all administrators first, so that of two who take each other's
place away at once one is refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet

from hypercare import registry
from hypercare.accounts.api_tokens import living_tokens
from hypercare.database import accents
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User

RIGHTS: Final = ("may_plan", "may_administer")


def list_people(text: str = "") -> QuerySet[User]:
    """Everybody with an account whose name or address has each word, those switched off too."""
    found = User.objects.all()
    for word in text.split():
        found = found.filter(accents.stands_in("name", word) | Q(email__icontains=word))
    return found.order_by("name", "id")


@transaction.atomic
def add_person(
    *, email: str, name: str, by: User, timezone: str = "UTC", may_plan: bool = False, may_administer: bool = False
) -> User:
    """A new account without a password: its person chooses one by “Forgotten password”.

    Raises Invalid naming the field, AlreadyDone for an address that has an account, NotAllowed.
    """
    _hold(by)
    user = User(email=email.strip().lower(), name=" ".join(name.split()), timezone=timezone, may_plan=may_plan)
    user.password, user.is_superuser, user.is_staff = make_password(None), may_administer, may_administer
    try:
        user.clean_fields(exclude={field.name for field in User._meta.fields} - {"email", "name", "timezone"})
    except ValidationError as error:
        raise Invalid(error.message_dict) from error
    there = User.objects.filter(email=user.email).first()
    if there is not None:
        raise AlreadyDone(f"{there} has an account with this address already.")
    user.save()
    return user


@transaction.atomic
def change_rights(user_id: int, *, by: User, **rights: bool) -> User:
    """Say whether somebody `may_plan` or `may_administer`; what is left out stays.

    Raises Refused for the last administrator, NotAllowed for whoever is none, and TypeError for another field.
    """
    if unknown := set(rights) - set(RIGHTS):
        raise TypeError(f"Not a right of an account: {', '.join(sorted(unknown))}.")
    user = _hold(by, user_id)
    administers = rights.get("may_administer", user.is_superuser)
    if not administers:
        _require_other_administrator(user)
    user.may_plan, user.is_superuser, user.is_staff = rights.get("may_plan", user.may_plan), administers, administers
    user.save(update_fields=["may_plan", "is_superuser", "is_staff"])
    return user


@transaction.atomic
def deactivate(user_id: int, *, by: User, at: datetime, via: str = "") -> User:
    """Switch an account off: sessions and tokens end for good, and each room gives back what `list_duties` said.

    Raises Refused for oneself, so that an administrator is left; AlreadyDone, NotAllowed.
    """
    user = _hold(by, user_id)
    if user.pk == by.pk:
        raise Refused("You can't switch off your own account. Another administrator can.")
    if not user.is_active:
        raise AlreadyDone(f"The account of {user} is switched off already.")
    living_tokens(user).update(revoked_at=at)
    User.objects.filter(pk=user.pk).update(is_active=False, session_round=F("session_round") + 1)
    user.refresh_from_db()
    for path in registry.ON_DEACTIVATED:
        registry.resolve(path)(user, by=by, at=at, via=via)
    return user


@transaction.atomic
def reactivate(user_id: int, *, by: User) -> User:
    """Switch an account on again: password and periods are as they were; sessions, tokens and shifts are not.

    Raises AlreadyDone, NotAllowed.
    """
    user = _hold(by, user_id)
    if user.is_active:
        raise AlreadyDone(f"The account of {user} is switched on already.")
    user.is_active = True
    user.save(update_fields=["is_active"])
    return user


def _hold(by: User, user_id: int | None = None) -> User:
    """The person (oneself where none is named), with the rows of all administrators held.

    Not held against rows that only refer to them: a report in a running period waits for nobody here.
    """
    wanted = by.pk if user_id is None else user_id
    rows = User.objects.select_for_update(no_key=True).filter(Q(is_superuser=True) | Q(pk__in=[wanted, by.pk]))
    held = {row.pk: row for row in rows.order_by("pk")}
    if not (held[by.pk].is_superuser and held[by.pk].is_active):
        raise NotAllowed("Only administrators keep the accounts of an installation.")
    if wanted not in held:
        raise User.DoesNotExist
    return held[wanted]


def _require_other_administrator(user: User) -> None:
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if user.is_superuser and user.is_active and not others.exists():
        raise Refused(f"{user} is the only administrator. Make somebody else one first.")
