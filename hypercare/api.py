"""What every REST view shares: tokens, problem documents, cursor pages, idempotent creation, ETags."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone
from django.utils.module_loading import import_string
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.errors import Invalid, LinkEnded, NotAllowed, Refused
from hypercare.models import ApiToken, User

PROBLEM = "application/problem+json"
TITLES = {
    400: "The request could not be read",
    401: "Sign in or send a token",
    403: "You may not do this",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "A rule refuses this",
    410: "This link has ended",
    412: "Somebody changed it first",
    413: "Too large",
    415: "Unsupported media type",
    422: "Some fields need attention",
    429: "Too many requests",
    503: "The database is away",
}


def hash_token(text: str) -> str:
    """SHA-256 of a token, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; hashed, expiring, revocable."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's person; None when no bearer token is sent. Raises AuthenticationFailed for a bad one."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        token = ApiToken.objects.select_related("user").filter(token_hash=hash_token(text.strip())).first()
        if token is None or token.revoked_at or (token.expires_at and token.expires_at <= now):
            raise exceptions.AuthenticationFailed("This token is unknown, revoked or expired.")
        if not token.user.is_active:
            raise exceptions.AuthenticationFailed("This account is not active.")
        _note_use(token, now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002  DRF's signature
        """What a 401 asks for."""
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # untyped base hook
    """Describe bearer tokens in the OpenAPI document."""

    target_class = "hypercare.api.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002  spectacular's signature
        """HTTP bearer."""
        return {"type": "http", "scheme": "bearer"}


def _note_use(token: ApiToken, now: datetime) -> None:
    """Remember roughly when a token was used; once a minute is enough and spares a write a request."""
    if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


class CursorPages(CursorPagination):
    """`{"next", "previous", "results"}`; views name their ordering, which must end in a unique column."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering = "-id"


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error as RFC 9457 `application/problem+json`."""
    known = _refusal(error) or _framework_error(error, context)
    if known is not None:
        known.content_type = PROBLEM
    return known


def _refusal(error: Exception) -> Response | None:
    if isinstance(error, Invalid):
        return document(422, str(error), errors=pointers(error.errors))
    if isinstance(error, NotAllowed):
        return document(403, str(error))
    if isinstance(error, LinkEnded):
        return document(410, str(error))
    if isinstance(error, Refused):
        named = {"codes": list(error.codes)} if error.codes else {}
        return document(409, str(error), reasons=list(error.reasons), **named)
    return None


def _framework_error(error: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(error, exceptions.ValidationError):
        detail = error.detail if isinstance(error.detail, dict) else {"": error.detail}
        return document(422, "Some fields need attention.", errors=pointers(detail))
    if isinstance(error, Http404 | PermissionDenied):
        error = exceptions.NotFound() if isinstance(error, Http404) else exceptions.PermissionDenied()
    # By name: `rest_framework.views` loads this module for its default authentication, whichever comes first.
    response = import_string("rest_framework.views.exception_handler")(error, context)
    if response is None:
        return None
    answer = document(response.status_code, str(getattr(error, "detail", error)))
    for header, value in response.items():
        if header.lower() in {"www-authenticate", "retry-after", "allow"}:
            answer[header] = value
    return answer


def document(code: int, detail: str, **more: Any) -> Response:
    """A problem document of a status code."""
    body = {
        "type": "about:blank",
        "title": TITLES.get(code, "Error"),
        "status": code,
        "detail": detail,
        **more,
    }
    return Response(body, status=code, content_type=PROBLEM)


def pointers(errors: dict[str, Any], prefix: str = "") -> list[dict[str, str]]:
    """`{"ends_at": ["…"]}` → `[{"pointer": "/ends_at", "detail": "…"}]`, nested fields included."""
    found: list[dict[str, str]] = []
    for field, texts in errors.items():
        path = f"{prefix}/{field}" if field else prefix or "/"
        if isinstance(texts, dict):
            found += pointers(texts, path)
        else:
            listed = texts if isinstance(texts, list | tuple) else [texts]
            found += [{"pointer": path, "detail": str(text)} for text in listed]
    return found


def person(request: Request) -> User:
    """The signed-in person of an authenticated request."""
    user = request.user
    if not isinstance(user, User):
        raise exceptions.NotAuthenticated
    return user


def idempotent(view: Callable[..., Response]) -> Callable[..., Response]:
    """Answer a repeated `Idempotency-Key` of the same person and path with the first result, for 24 hours."""

    @wraps(view)
    def wrapper(request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST" or not key:
            return view(request, *args, **kwargs)
        slot = f"idempotent:{hash_token(f'{person(request).pk} {request.path} {key}')}"
        if not cache.add(slot, {"pending": True}, 60):
            return _first_answer(slot)
        try:
            response = view(request, *args, **kwargs)
        except Exception:
            # A refused attempt created nothing, so the corrected one may use the key again.
            cache.delete(slot)
            raise
        cache.set(slot, {"status": response.status_code, "data": response.data}, 24 * 3600)
        return response

    return wrapper


def _first_answer(slot: str) -> Response:
    first = cache.get(slot) or {"pending": True}
    if first.get("pending"):
        return document(409, "The first request with this Idempotency-Key is still being worked on.")
    return Response(first["data"], status=first["status"], headers={"Idempotent-Replay": "true"})


def etag_of(*parts: object) -> str:
    """A weak validator from what decides the representation."""
    return f'W/"{hash_token("|".join(map(str, parts)))[:20]}"'


def not_modified(request: Request, etag: str) -> Response | None:
    """304 when the client already has this version."""
    if etag in [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]:
        return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
    return None


def check_match(request: Request, etag: str) -> None:
    """Raise PreconditionFailed (412) when `If-Match` names another version than the current one."""
    wanted = request.headers.get("If-Match")
    if wanted and etag not in [tag.strip() for tag in wanted.split(",")]:
        raise PreconditionFailed


class PreconditionFailed(exceptions.APIException):
    """Somebody changed it first."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = "Somebody changed it first. Read it again and repeat your change."
