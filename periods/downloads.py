"""Give a file of evidence back: an attachment that no browser runs. Called by edges that have let the person in."""

from __future__ import annotations

from django.http import FileResponse, Http404  # noqa: TID251  part of two edges, the page's and the API's

from periods import evidence
from periods.models import Evidence

POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


def answer(row: Evidence) -> FileResponse:
    """The bytes with headers that make them inert. Http404 when they were removed or are gone."""
    if row.removed_at is not None or not row.stored_as:
        raise Http404("That file was removed.")
    try:
        file = evidence.path_of(row.stored_as).open("rb")
    except FileNotFoundError as error:
        raise Http404("That file is not on this machine.") from error
    response = FileResponse(file, as_attachment=True, filename=row.file_name, content_type=row.media_type)
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
