"""What a person says about themself: name, time zone, phone, look and shortcuts."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from hypercare.exceptions import Invalid
from hypercare.models import User

FIELDS: Final = ("name", "timezone", "phone", "theme", "shortcuts")
LONGEST_PHONE: Final = 40


@transaction.atomic
def change_profile(user_id: int, **fields: Any) -> User:
    """Change one's own fields; what is left out stays. Raises Invalid, and TypeError for a field that is none."""
    if unknown := set(fields) - set(FIELDS):
        raise TypeError(f"Not a field of a profile: {', '.join(sorted(unknown))}.")
    user = User.objects.select_for_update().get(pk=user_id)
    for name, value in fields.items():
        setattr(user, name, value.strip() if isinstance(value, str) else value)
    if len(user.phone) > LONGEST_PHONE:
        raise Invalid({"phone": f"Shorten the number to {LONGEST_PHONE} characters."})
    try:
        user.clean_fields(exclude={field.name for field in User._meta.fields} - set(fields))
    except ValidationError as error:
        raise Invalid(error.message_dict) from error
    user.save(update_fields=list(fields))
    return user
