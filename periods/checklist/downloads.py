"""Give a file of evidence back: an attachment that no browser runs. Called by edges that have let the person in."""

from __future__ import annotations

from io import BytesIO

from django.http import FileResponse, Http404  # noqa: TID251  part of two edges, the page's and the API's

from periods.checklist import evidence
from periods.models import Evidence

POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


def evidence_response(row: Evidence) -> FileResponse:
    """The bytes with headers that make them inert. Http404 when they were removed or are gone."""
    if row.removed_at is not None or not row.stored_as:
        raise Http404("That file was removed.")
    return inert_response(row.stored_as, file_name=row.file_name, media_type=row.media_type)


def inert_response(stored_as: str, *, file_name: str, media_type: str) -> FileResponse:
    """A kept file with headers that keep a browser from running it. Http404 when its bytes are gone."""
    try:
        file = evidence.path_of(stored_as).open("rb")
    except FileNotFoundError as error:
        raise Http404("That file is not on this machine.") from error
    return _inert(FileResponse(file, as_attachment=True, filename=file_name, content_type=media_type))


def bytes_response(content: bytes, *, file_name: str, media_type: str) -> FileResponse:
    """Bytes with the same headers."""
    file = BytesIO(content)
    return _inert(FileResponse(file, as_attachment=True, filename=file_name, content_type=media_type))


def _inert(response: FileResponse) -> FileResponse:
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
