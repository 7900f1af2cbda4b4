"""From nothing: while nobody has an account, the first person who shows the code becomes the administrator.

The code follows from the secret key, so every process knows it without keeping it: whoever starts the product reads it
in the terminal. It ends with the first account. Five tries in five minutes are no way to guess ten signs.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from hypercare.exceptions import AlreadyDone, Invalid
from hypercare.models import Installation, User
from hypercare.security import limits

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is read as something else
LENGTH: Final = 10


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    """Who they say they are."""

    email: str
    name: str
    password: str
    timezone: str = "UTC"


def is_wanted() -> bool:
    """Whether nobody has an account yet."""
    return not User.objects.exists()


def setup_code() -> str:
    """What the terminal shows and the page asks for: `K7QF2-9XWRM`."""
    digest = hmac.new(settings.SECRET_KEY.encode(), b"hypercare.first-administrator", hashlib.sha256).digest()
    number, signs = int.from_bytes(digest), []
    for _ in range(LENGTH):
        number, sign = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[sign])
    return f"{''.join(signs[:5])}-{''.join(signs[5:])}"


@transaction.atomic
def make_first_administrator(who: FirstAdministrator, *, code: str, address: str, at: datetime) -> User:
    """The first account, which may do everything. Of two at once the second is refused.

    `address` is where the request comes from: tries are counted by it. Raises Invalid naming the field, AlreadyDone
    once there is an account, TooMany.
    """
    limits.count_or_refuse("codes", f"first-administrator:{address}", at=at)
    typed = "".join(code.split()).replace("-", "").upper()
    if not hmac.compare_digest(typed.encode(), setup_code().replace("-", "").encode()):
        raise Invalid({"code": "This is not the code. It stands in the terminal that started Hypercare."})
    Installation.objects.get_or_create(pk=1)
    Installation.objects.select_for_update().get(pk=1)  # of two people at once, one waits here for the other
    if not is_wanted():
        raise AlreadyDone("There is an account already. Sign in, or ask whoever has it to invite you.")
    user = User(email=who.email.strip().lower(), name=" ".join(who.name.split()), timezone=who.timezone)
    _check(user, who.password)
    return User.objects.create_superuser(user.email, who.password, name=user.name, timezone=user.timezone)


def _check(user: User, password: str) -> None:
    try:
        user.clean_fields(exclude={field.name for field in User._meta.fields} - {"email", "name", "timezone"})
    except ValidationError as error:
        raise Invalid(error.message_dict) from error
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid({"password": error.messages}) from error
