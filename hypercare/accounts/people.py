"""The accounts of an installation, as its administrators keep them: who there is, and who may plan or administer.

Whoever changes what somebody may do holds the rows of all administrators first, so that of two who take each other's
place away at once one is refused.
"""

from __future__ import annotations

from typing import Final

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User

RIGHTS: Final = ("may_plan", "may_administer")


def list_people(text: str = "") -> QuerySet[User]:
    """Everybody with an account whose name or address has each word, those switched off too."""
    found = User.objects.all()
    for word in text.split():
        found = found.filter(Q(name__icontains=word) | Q(email__icontains=word))
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
