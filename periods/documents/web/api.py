"""Pages of a period: runbook, rollback plan, how we work and others, with their versions."""

from __future__ import annotations

from difflib import unified_diff
from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import (
    IDEMPOTENCY,
    IF_MATCH,
    PAGING,
    VIA,
    check_match,
    etag_of,
    idempotent,
    not_modified,
    person,
    query,
)
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import validate_input
from periods.access.access import period_or_404
from periods.documents import documents, markdown
from periods.models import Document, DocumentVersion
from periods.web.serializers import PersonOut, StrictSerializer

TAGS = ["pages"]


class ChannelsIn(StrictSerializer):
    """Where to talk. An empty value takes a channel out."""

    chat = serializers.CharField(max_length=200, required=False, allow_blank=True)
    mailbox = serializers.CharField(max_length=200, required=False, allow_blank=True)
    bridge = serializers.CharField(max_length=200, required=False, allow_blank=True)
    bridge_code = serializers.CharField(max_length=200, required=False, allow_blank=True)


class PageIn(StrictSerializer):
    """A new page."""

    kind = serializers.ChoiceField(choices=Document.Kind.choices, default=Document.Kind.PAGE)
    title = serializers.CharField(max_length=120, required=False)
    body = serializers.CharField(
        max_length=documents.LARGEST, trim_whitespace=False, allow_blank=True, help_text="Markdown."
    )
    channels = ChannelsIn(required=False)


class PagePatchIn(StrictSerializer):
    """Another version. `based_on` is the version last read: 409 when it is no longer the latest."""

    based_on = serializers.IntegerField(min_value=1)
    title = serializers.CharField(max_length=120, required=False)
    body = serializers.CharField(max_length=documents.LARGEST, trim_whitespace=False, required=False, allow_blank=True)
    channels = ChannelsIn(required=False)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)
    minor = serializers.BooleanField(default=False, help_text="Nobody is asked to read it again.")


class RestoreIn(StrictSerializer):
    """Which version is to stand again, and the latest that was read."""

    number = serializers.IntegerField(min_value=1)
    based_on = serializers.IntegerField(min_value=1)


class PageVersionOut(serializers.ModelSerializer[DocumentVersion]):
    """A version in a list."""

    by = PersonOut(read_only=True)

    class Meta:
        model = DocumentVersion
        fields = ["number", "title", "reason", "minor", "by", "at", "via"]


class PageVersionFullOut(PageVersionOut):
    """A version with its text, as written and as shown."""

    html = serializers.SerializerMethodField()

    class Meta(PageVersionOut.Meta):
        fields = [*PageVersionOut.Meta.fields, "body", "channels", "html"]

    def get_html(self, saved: DocumentVersion) -> str:
        """Safe HTML of the text."""
        return markdown.render(saved.body)


class PageOut(serializers.ModelSerializer[Document]):
    """A page of a period in a list."""

    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Document
        fields = ["kind", "slug", "title", "version", "url"]


class PageFullOut(PageOut):
    """A page with its latest version."""

    latest = serializers.SerializerMethodField()

    class Meta(PageOut.Meta):
        fields = [*PageOut.Meta.fields, "latest"]

    @extend_schema_field(PageVersionFullOut)
    def get_latest(self, page: Document) -> Any:
        """The version that stands."""
        return PageVersionFullOut(documents.get_version(page, page.version)).data


class ChangesOut(serializers.Serializer[Any]):
    """What changed between two versions, as a unified diff of the Markdown."""

    older = PageVersionOut()
    newer = PageVersionOut()
    diff = serializers.CharField()


@extend_schema(methods=["GET"], parameters=PAGING, responses=PageOut(many=True), operation_id="pages_list", tags=TAGS)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=PageIn,
    responses={201: PageFullOut},
    operation_id="pages_add",
    tags=TAGS,
)
@api_view(["GET", "POST"])
@idempotent
def pages(request: Request, key: str) -> Answer:
    """The pages of a period, or a new one."""
    period = period_or_404(person(request), key)
    if request.method == "POST":
        data = validate_input(PageIn, request)
        kind = data["kind"]
        usual = "" if kind == Document.Kind.PAGE else str(Document.Kind(kind).label)
        text = documents.PageText(data.get("title", usual), data["body"], channels=data.get("channels"))
        page = documents.create(period.pk, kind=kind, text=text, by=person(request), at=timezone.now(), via=VIA)
        return _shown(page, status=201)
    found = documents.pages_of(period)
    return list_response(found, request, ("title", "id"), lambda page: PageOut(page, many=True))


@extend_schema(methods=["GET"], responses=PageFullOut, operation_id="pages_read", tags=TAGS)
@extend_schema(
    methods=["PATCH"],
    parameters=[IF_MATCH],
    request=PagePatchIn,
    responses=PageFullOut,
    operation_id="pages_change",
    tags=TAGS,
)
@extend_schema(methods=["DELETE"], responses={204: None}, operation_id="pages_remove", tags=TAGS)
@api_view(["GET", "PATCH", "DELETE"])
def document(request: Request, key: str, slug: str) -> Response:
    """One page: read it, save another version, or remove it (runbook, rollback plan and How we work stay)."""
    found = _page_or_404(request, key, slug)
    if request.method == "GET":
        return not_modified(request, _etag(found)) or _shown(found)
    check_match(request, _etag(found))
    if request.method == "DELETE":
        documents.remove(found.pk, by=person(request), at=timezone.now(), via=VIA)
        return Response(status=204)
    data = validate_input(PagePatchIn, request)
    saved = documents.get_version(found, found.version)
    channels = {**saved.channels, **data["channels"]} if "channels" in data else None
    text = documents.PageText(
        data.get("title", saved.title), data.get("body", saved.body), data.get("reason", ""), data["minor"], channels
    )
    documents.save_version(
        found.pk, based_on=data["based_on"], text=text, by=person(request), at=timezone.now(), via=VIA
    )
    return _shown(_page_or_404(request, key, slug))


@extend_schema(parameters=PAGING, responses=PageVersionOut(many=True), operation_id="pages_versions", tags=TAGS)
@api_view(["GET"])
def versions(request: Request, key: str, slug: str) -> Answer:
    """Who saved it when and why, the newest first."""
    found = documents.versions_of(_page_or_404(request, key, slug))
    return list_response(found, request, ("-number",), lambda page: PageVersionOut(page, many=True))


@extend_schema(responses=PageVersionFullOut, operation_id="pages_version", tags=TAGS)
@api_view(["GET"])
def version(request: Request, key: str, slug: str, number: int) -> Response:
    """One version with its text."""
    return Response(PageVersionFullOut(_version_or_404(_page_or_404(request, key, slug), number)).data)


@extend_schema(
    parameters=[OpenApiParameter("from", int), OpenApiParameter("to", int)],
    responses=ChangesOut,
    operation_id="pages_changes",
    tags=TAGS,
)
@api_view(["GET"])
def changes(request: Request, key: str, slug: str) -> Response:
    """What changed between two versions; the last change when left out."""
    found = _page_or_404(request, key, slug)
    newer = _version_or_404(found, query.read_number(request, "to", usual=found.version))
    older = _version_or_404(found, query.read_number(request, "from", usual=max(1, newer.number - 1)))
    lines = unified_diff(
        older.body.splitlines(),
        newer.body.splitlines(),
        f"version {older.number}",
        f"version {newer.number}",
        lineterm="",
    )
    return Response(ChangesOut({"older": older, "newer": newer, "diff": "\n".join(lines)}).data)


@extend_schema(request=RestoreIn, responses=PageFullOut, operation_id="pages_restore", tags=TAGS)
@api_view(["POST"])
def restore(request: Request, key: str, slug: str) -> Response:
    """Save an older version again as the newest."""
    found = _page_or_404(request, key, slug)
    data = validate_input(RestoreIn, request)
    documents.restore(found.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return _shown(_page_or_404(request, key, slug))


def _page_or_404(request: Request, key: str, slug: str) -> Document:
    period = period_or_404(person(request), key)
    found = documents.find_page(period, slug)
    if found is None:
        raise Http404
    found.period = period
    return found


def _version_or_404(page: Document, number: int) -> DocumentVersion:
    try:
        return documents.get_version(page, number)
    except DocumentVersion.DoesNotExist:
        raise Http404 from None


def _shown(page: Document, *, status: int = 200) -> Response:
    return Response(PageFullOut(page).data, status=status, headers={"ETag": _etag(page)})


def _etag(page: Document) -> str:
    return etag_of("page", page.pk, page.version)
