"""What every REST view shares: tokens, problem documents, cursor pages, idempotent creation, ETags."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import IO, Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.db import DataError, transaction
from django.http import Http404, StreamingHttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter
from rest_framework import exceptions, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from hypercare.accounts.api_tokens import hash_token
from hypercare.engine.first_answers import claim_first
from hypercare.exceptions import Invalid, LinkEnded, NotAllowed, Refused, TooMany
from hypercare.models import ApiToken, FirstAnswer, User
from hypercare.security import limits
from hypercare.web.error_pages import PROBLEM, TITLES, TOO_BIG
from hypercare.web.requests import client_address

PAGING = [
    OpenApiParameter("page_size", int, description="At most 200."),
    OpenApiParameter("cursor", str, description="From `next` or `previous`."),
    OpenApiParameter(
        "format", str, enum=["json", "csv"], description="csv: every row as a file, without pages; 50,000 at most."
    ),
]
IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag last read; 412 if stale.")
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="The same key within 24 h answers the first result."
)
VIA = "api"  # how what a program did is marked in the journal
Answer = Response | StreamingHttpResponse  # a CSV file of a list is streamed
LONGEST_KEY = 200  # characters of an Idempotency-Key


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; hashed, expiring, revocable."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's person; None when no bearer token is sent.

        Raises AuthenticationFailed for a bad token, PermissionDenied for a change with one that only reads.
        """
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        token = ApiToken.objects.select_related("user").filter(token_hash=hash_token(text.strip())).first()
        if token is None or token.revoked_at or (token.expires_at and token.expires_at <= now):
            limits.count_or_refuse("unknown", client_address(request), at=now)
            raise exceptions.AuthenticationFailed("This token is unknown, revoked or expired.")
        if not token.user.is_active:
            raise exceptions.AuthenticationFailed("This account is not active.")
        if not (token.may_write or request.method in SAFE_METHODS):
            raise exceptions.PermissionDenied("This token only reads. Make one that may change things under Settings.")
        _note_use(token, now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002  DRF's signature
        """What a 401 asks for."""
        return "Bearer"


class SignedIn(IsAuthenticated):
    """Only people and their tokens; whoever shows neither is counted by address."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether somebody is known. Raises TooMany for an address that keeps coming without a token."""
        known = super().has_permission(request, view)
        if not known:
            limits.count_or_refuse("unknown", client_address(request), at=timezone.now())
        return known


class Limits(BaseThrottle):
    """How much a token, or the sessions of a person, may read and change in a minute."""

    def allow_request(self, request: Request, view: Any) -> bool:  # noqa: ARG002  DRF's signature
        """Always, or raise TooMany."""
        token = request.auth
        now = timezone.now()
        if request.accepted_renderer.format == "csv":
            limits.count_or_refuse("exports", person(request).pk, at=now)
        who = f"token {token.pk}" if isinstance(token, ApiToken) else f"person {request.user.pk}"
        limits.count_or_refuse("reads" if request.method in SAFE_METHODS else "writes", who, at=now)
        return True


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

    def get_page_size(self, request: Request) -> int:
        """The size asked for. Raises Invalid for one that is no number from 1 to 200."""
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if not (asked.isascii() and asked.isdecimal() and 0 < int(asked[:9]) <= self.max_page_size):
            raise Invalid({"page_size": f"Choose a number from 1 to {self.max_page_size}."})
        return int(asked)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """One page. Raises Invalid for a cursor that no answer of ours contained."""
        try:
            page: list[Any] | None = super().paginate_queryset(queryset, request, view)
        except (exceptions.NotFound, ValueError, ValidationError, DataError):
            # A position that is not of its column's kind is seen by the column alone.
            if self.cursor_query_param not in request.query_params:
                raise
            raise Invalid({"cursor": "Use the address in `next` or `previous` as it is."}) from None
        return page


class BoundedJSON(JSONParser):
    """JSON that is nested no deeper than can be read."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        """What was sent. Raises ParseError for anything else."""
        try:
            found: dict[str, Any] = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise exceptions.ParseError("JSON parse error - it is nested too deeply.") from None
        return found


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error as RFC 9457 `application/problem+json`."""
    known = _refusal(error) or _framework_error(error, context)
    if known is not None:
        known.content_type = PROBLEM
    return known


def _refusal(error: Exception) -> Response | None:
    if isinstance(error, Invalid):
        return problem_document(422, str(error), errors=error_pointers(error.errors))
    if isinstance(error, NotAllowed):
        return problem_document(403, str(error))
    if isinstance(error, LinkEnded):
        return problem_document(410, str(error))
    if isinstance(error, TooMany):
        answer = problem_document(429, str(error))
        answer["Retry-After"] = str(error.wait_s)
        return answer
    if isinstance(error, Refused):
        named = {"codes": list(error.codes)} if error.codes else {}
        return problem_document(409, str(error), reasons=list(error.reasons), **named)
    return None


def _framework_error(error: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(error, exceptions.ValidationError):
        detail = error.detail if isinstance(error.detail, dict) else {"": error.detail}
        return problem_document(422, "Some fields need attention.", errors=error_pointers(detail))
    if isinstance(error, UnknownQuery):
        return problem_document(400, str(error.detail), errors=error_pointers(dict.fromkeys(error.unknown, error.hint)))
    if isinstance(error, RequestDataTooBig):
        return problem_document(413, TOO_BIG)
    if isinstance(error, Http404 | PermissionDenied):
        error = exceptions.NotFound() if isinstance(error, Http404) else exceptions.PermissionDenied()
    # By name: `rest_framework.views` loads this module for its default authentication, whichever comes first.
    response = import_string("rest_framework.views.exception_handler")(error, context)
    if response is None:
        return None
    answer = problem_document(response.status_code, str(getattr(error, "detail", error)))
    for header, value in response.items():
        if header.lower() in {"www-authenticate", "retry-after", "allow"}:
            answer[header] = value
    return answer


def problem_document(code: int, detail: str, **more: Any) -> Response:
    """A problem document of a status code."""
    body = {"type": "about:blank", "title": TITLES.get(code, "Error"), "status": code, "detail": detail, **more}
    return Response(body, status=code, content_type=PROBLEM)


def error_pointers(errors: dict[str, Any], prefix: str = "") -> list[dict[str, str]]:
    """`{"ends_at": ["…"]}` → `[{"pointer": "/ends_at", "detail": "…"}]`, nested fields included."""
    found: list[dict[str, str]] = []
    for field, texts in errors.items():
        path = f"{prefix}/{field}" if field else prefix or "/"
        if isinstance(texts, dict):
            found += error_pointers(texts, path)
        else:
            listed = texts if isinstance(texts, list | tuple) else [texts]
            found += [{"pointer": path, "detail": str(text)} for text in listed]
    return found


def parse_moment(text: str) -> datetime | None:
    """A moment of a query string, in UTC; None for one that can't be read or has no zone.

    Converted here, because a database knows fewer offsets than can be written.
    """
    text = text.strip()
    try:
        # A "+" that was not escaped in the address arrives as a space.
        found = parse_datetime(text.replace(" ", "+", 1) if "T" in text else text)
        return None if found is None or timezone.is_naive(found) else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def person(request: Request) -> User:
    """The signed-in person of an authenticated request."""
    user = request.user
    if not isinstance(user, User):
        raise exceptions.NotAuthenticated
    return user


def idempotent(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Answer a repeated `Idempotency-Key` of the same person and path with the first result, for 24 hours.

    Key, change and answer are one transaction: a refused attempt leaves no key, so the corrected one may use it
    again; of two at once the second waits for the first and is answered with its result. Raises Invalid for a key
    that came with another body.
    """

    @wraps(view)
    def wrapper(request: Request, *args: Any, **kwargs: Any) -> Answer:
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST" or not key:
            return view(request, *args, **kwargs)
        if len(key) > LONGEST_KEY:
            raise Invalid({"Idempotency-Key": f"Use at most {LONGEST_KEY} characters."})
        slot, asked, now = (
            hash_token(f"{person(request).pk} {request.path} {key}"),
            _fingerprint(request),
            timezone.now(),
        )
        with transaction.atomic():
            first = claim_first(slot, asked, at=now)
            if first is None:
                return _first_answer(slot, asked)
            answer = view(request, *args, **kwargs)
            return _kept(first, answer) if isinstance(answer, Response) else answer

    return wrapper


def _fingerprint(request: Request) -> str:
    """What tells one body from another. Files are told apart by their size, so that they are not held in memory."""
    if request.content_type.startswith("multipart/"):
        return f"multipart {request.META.get('CONTENT_LENGTH', '')}"
    return hashlib.sha256(request.body).hexdigest()


def _kept(first: FirstAnswer, response: Response) -> Response:
    first.status = response.status_code
    first.body = json.loads(JSONRenderer().render(response.data) or b"null")
    first.save(update_fields=["status", "body"])
    return response


def _first_answer(slot: str, asked: str) -> Response:
    first = FirstAnswer.objects.get(slot=slot)
    if first.asked != asked:
        raise Invalid({"Idempotency-Key": "This key came with another body before. Use a new one."})
    return Response(first.body, status=first.status, headers={"Idempotent-Replay": "true"})


def etag_of(*parts: object) -> str:
    """A weak validator from what decides the representation."""
    return f'W/"{hash_token("|".join(map(str, parts)))[:20]}"'


def not_modified(request: Request, etag: str) -> Response | None:
    """304 when the client already has this version."""
    if _named(etag, request.headers.get("If-None-Match", "")):
        return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
    return None


def check_match(request: Request, etag: str) -> None:
    """Raise PreconditionFailed (412) when `If-Match` names another version than the current one."""
    wanted = request.headers.get("If-Match")
    if wanted and not _named(etag, wanted):
        raise PreconditionFailed


def _named(etag: str, header: str) -> bool:
    """Whether a list of validators names this one, or any (`*`)."""
    return bool({etag, "*"} & {tag.strip() for tag in header.split(",")})


class UnknownQuery(exceptions.APIException):
    """The address asks for something that the operation does not know, such as a misspelt filter."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, unknown: Sequence[str], known: Sequence[str]) -> None:
        self.unknown = list(unknown)
        self.hint = f"Use {', '.join(known)}." if known else "Nothing can be chosen here."
        names = ", ".join(f"“{name}”" for name in self.unknown)
        super().__init__(f"{names} is not known here. {self.hint}")


class PreconditionFailed(exceptions.APIException):
    """Somebody changed it first."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = "Somebody changed it first. Read it again and repeat your change."
