"""Request types for annotations."""

from django.http import HttpRequest

from hypercare.models import User


class SignedInRequest(HttpRequest):
    """A request behind `login_required`."""

    user: User
