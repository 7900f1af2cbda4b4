"""Templates: the built-in and own ones, as JSON or YAML; imports, and a period saved as one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import Max
from django.http import Http404, HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY, VIA, idempotent, person, query
from hypercare.api.strict import validate_input
from hypercare.exceptions import Invalid
from periods.access.access import period_or_404
from periods.models import PeriodTemplate, TemplateVersion
from periods.planning import complexity
from periods.planning import templates as period_templates
from periods.template_files import yamlfile
from periods.template_files.checklist import CHECKLIST, ROLES
from periods.template_files.content import KINDS, TemplateContent, content_as_data
from periods.template_files.criteria import CRITERIA
from periods.template_files.kinds import BUILT_IN, STANDARD
from periods.template_files.reading import read_content
from periods.web.serializers import NothingIn, StrictSerializer

VERSION = OpenApiParameter("version", int, description="The newest when left out.")
PAGES = [
    OpenApiParameter("page_size", int, description="At most 200."),
    OpenApiParameter("cursor", str, description="From `next` or `previous`."),
]


class ImportIn(StrictSerializer):
    """A template as YAML text or as its JSON; `into` is the key of the template it is a new version of."""

    yaml = serializers.CharField(required=False, trim_whitespace=False)
    content = serializers.DictField(required=False)
    into = serializers.CharField(required=False, max_length=60)
    note = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")


class SavePeriodIn(StrictSerializer):
    """The name and kind of the template; `into` as in an import."""

    name = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(choices=list(KINDS))
    summary = serializers.CharField(required=False, allow_blank=True, max_length=5000, default="")
    into = serializers.CharField(required=False, max_length=60)
    note = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")


@extend_schema(
    methods=["GET"], parameters=PAGES, responses=OpenApiTypes.OBJECT, operation_id="templates_list", tags=["templates"]
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=ImportIn,
    responses={201: OpenApiTypes.OBJECT},
    operation_id="templates_import",
    tags=["templates"],
)
@api_view(["GET", "POST"])
@idempotent
def templates(request: Request) -> Response:
    """Built-in templates, then own ones by name; or a new version from YAML or JSON."""
    if request.method == "POST":
        return _take_in(request)
    size = query.read_number(request, "page_size", low=1, high=200, usual=50)
    start = query.read_number(request, "cursor", low=0, high=10**6, usual=0)
    built_in = [_built_in_row(key) for key in BUILT_IN]
    rows = PeriodTemplate.objects.select_related("created_by").annotate(
        version=Max("versions__number"), changed_at=Max("versions__made_at")
    )
    begin = max(0, start - len(built_in))
    end = max(0, start + size + 1 - len(built_in))
    found = [*built_in[start : start + size + 1], *map(_row, rows.order_by("name", "id")[begin:end])]
    return Response(
        {
            "next": _page(request, start + size) if len(found) > size else None,
            "previous": _page(request, max(0, start - size)) if start else None,
            "results": found[:size],
        }
    )


def _page(request: Request, start: int) -> str:
    asked = request.query_params.copy()
    asked["cursor"] = str(start)
    return f"{request.build_absolute_uri(request.path)}?{asked.urlencode()}"


def _built_in_row(key: str) -> dict[str, Any]:
    content = BUILT_IN[key]
    row = {
        "key": key,
        "name": content.name,
        "kind": content.kind,
        "built_in": True,
        "version": None,
        "summary": content.summary,
        "archived_at": None,
    }
    if key == STANDARD:
        row |= {
            "roles": ROLES,
            "questions": [asdict(factor) for factor in complexity.FACTORS],
            "checklist": [asdict(check) for check in CHECKLIST],
            "criteria": [asdict(criterion) for criterion in CRITERIA],
        }
    return row


def _row(template: Any) -> dict[str, Any]:
    return {
        "key": template.key,
        "name": template.name,
        "kind": template.kind,
        "built_in": False,
        "version": template.version,
        "changed_at": template.changed_at,
        "archived_at": template.archived_at,
        "created_by": {"id": template.created_by.pk, "name": template.created_by.name},
        "url": template.get_absolute_url(),
    }


def _take_in(request: Request) -> Response:
    data = validate_input(ImportIn, request)
    if ("yaml" in data) == ("content" in data):
        raise Invalid({"yaml": "Send either yaml or content."})
    content = yamlfile.load(data["yaml"]) if "yaml" in data else _from_json(data["content"])
    version = period_templates.save_version(
        content, by=person(request), at=timezone.now(), into=_into(data), note=data["note"]
    )
    return Response(_version(version), status=201)


def _from_json(data: dict[str, Any]) -> TemplateContent:
    content, problems = read_content(data)
    if problems:
        errors: dict[str, list[str]] = {}
        for one in problems:
            errors.setdefault("/".join(["content", *map(str, one.path)]), []).append(one.text)
        raise Invalid(errors)
    return content


def _into(data: dict[str, Any]) -> PeriodTemplate | None:
    key = data.get("into")
    if not key:
        return None
    found = PeriodTemplate.objects.filter(key=key).first()
    if found is None:
        raise Invalid({"into": f"There is no own template “{key}”."})
    return found


@extend_schema(parameters=[VERSION], responses=OpenApiTypes.OBJECT, operation_id="templates_read", tags=["templates"])
@api_view(["GET"])
def template(request: Request, key: str) -> Response:
    """One template with its versions and what the asked-for version brings."""
    if key in BUILT_IN:
        return Response({**_built_in_row(key), "versions": [], "content": content_as_data(BUILT_IN[key])})
    version = _chosen(request, key)
    rows = version.template.versions.select_related("made_by").order_by("-number")[:200]
    versions = [
        {
            "number": one.number,
            "note": one.note,
            "made_at": one.made_at,
            "made_by": {"id": one.made_by.pk, "name": one.made_by.name},
        }
        for one in rows
    ]
    return Response({**_version(version), "built_in": False, "versions": versions})


def _chosen(request: Request, key: str) -> TemplateVersion:
    rows = TemplateVersion.objects.filter(template__key=key).select_related("template").order_by("-number")
    number = query.read_number(request, "version", low=0, high=32000, usual=0)
    found = (rows.filter(number=number) if number else rows).first()
    if found is None:
        raise Http404
    return found


def _version(version: TemplateVersion) -> dict[str, Any]:
    one = version.template
    return {
        "key": one.key,
        "name": one.name,
        "kind": one.kind,
        "version": version.number,
        "note": version.note,
        "made_at": version.made_at,
        "archived_at": one.archived_at,
        "url": one.get_absolute_url(),
        "content": version.content,
    }


@extend_schema(
    parameters=[VERSION],
    responses={(200, "application/yaml"): str},
    operation_id="templates_export",
    tags=["templates"],
)
@api_view(["GET"])
def export(request: Request, key: str) -> HttpResponse:
    """A version as YAML, which `templates/` takes back."""
    content = BUILT_IN[key] if key in BUILT_IN else period_templates.content_of(_chosen(request, key))
    return HttpResponse(yamlfile.dump(content), content_type="application/yaml; charset=utf-8")


def action(name: str) -> Any:
    """The view that archives or restores a template."""

    @extend_schema(
        request=NothingIn, responses=OpenApiTypes.OBJECT, operation_id=f"templates_{name}", tags=["templates"]
    )
    @api_view(["POST"])
    def view(request: Request, key: str) -> Response:
        found = PeriodTemplate.objects.filter(key=key).first()
        if found is None:
            raise Http404
        validate_input(NothingIn, request)
        if name == "archive":
            period_templates.archive(found.pk, by=person(request), at=timezone.now())
        else:
            period_templates.restore(found.pk, by=person(request))
        return Response(_version(period_templates.newest_version(found)))

    view.__doc__ = f"{name.capitalize()} a template."
    return view


@extend_schema(
    request=SavePeriodIn,
    responses={201: OpenApiTypes.OBJECT},
    operation_id="periods_save_as_template",
    tags=["templates"],
)
@api_view(["POST"])
@idempotent
def save_period(request: Request, key: str) -> Response:
    """A period as a template, or as the next version of one."""
    period = period_or_404(person(request), key)
    data = validate_input(SavePeriodIn, request)
    into = _into(data)
    data.pop("into", None)
    version = period_templates.save_period(period.pk, **data, into=into, by=person(request), at=timezone.now(), via=VIA)
    return Response(_version(version), status=201)
