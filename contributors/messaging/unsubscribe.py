"""The address in a mail that turns its category of messages off.

It needs no row: it is the person and the class under our signature, says nothing else and never ends, because a mail
may be read years later. All it can do is turn that class off and on again for that person.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core import signing
from django.urls import reverse

from contributors.messaging import categories
from contributors.messaging.categories import Category
from hypercare.exceptions import LinkEnded
from hypercare.models import User

_SIGNER: Final = signing.Signer(salt="hypercare.messages.off", sep="~")


def unsubscribe_url(user: User, category: Category) -> str:
    """The full address of the page that turns a class off for a person."""
    token = _SIGNER.sign(f"{user.pk}-{category.name}")
    return str(settings.BASE_URL) + reverse("messages_off", kwargs={"token": token})


def read_token(token: str) -> tuple[User, Category]:
    """Whose choice an address is, and of which category. Raises LinkEnded for one we did not write."""
    try:
        pk, _, name = _SIGNER.unsign(token).partition("-")
    except signing.BadSignature as error:
        raise LinkEnded("This link does not work. Check that you copied all of it, or sign in.") from error
    user = User.objects.filter(pk=int(pk), is_active=True).first()
    if user is None or name not in categories.BY_NAME:
        raise LinkEnded("This link has ended.")
    return user, categories.BY_NAME[name]
