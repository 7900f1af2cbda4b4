"""Signing in, as allauth asks us: who may, from where, how often, and with which second step."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from hypercare.accounts import sessions
from hypercare.security import encryption
from hypercare.web import error_pages
from hypercare.web.requests import client_address

WRONG_CODE: Final = "This code is wrong, or it was used already. Wait for the next one."


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """People are invited, nobody signs up; too many wrong passwords are answered 429."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  allauth's signature
        """Never: a release manager invites people."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that tries are counted by."""
        return client_address(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a try. Beyond the limit the answer is the same for addresses that have an account and others."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as error:
            raise ImmediateHttpResponse(error_pages.too_many_requests(request)) from error

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:  # noqa: ARG002  allauth's signature
        """Whether a sensitive change needs the password once more: not within minutes of having signed in."""
        return not sessions.is_fresh(self.request.session, at=timezone.now())


def note_sign_in(request: HttpRequest, **_: Any) -> None:
    """Remember in the session when it began, so that no page has to write for it."""
    sessions.note_use(request.session, at=timezone.now())


class SecondStep(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """What the second step keeps is sealed, like every other secret."""

    error_messages: ClassVar[dict[str, Any]] = {**DefaultMFAAdapter.error_messages, "incorrect_code": WRONG_CODE}

    def encrypt(self, text: str) -> str:
        """For the database."""
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """From the database. Raises encryption.UnreadableSecret when no key fits."""
        return encryption.decrypt(encrypted_text)
