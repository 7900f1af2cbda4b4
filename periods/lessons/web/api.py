"""Lessons: the library with search, writing one, and making checks of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import Count
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY, PAGING, VIA, idempotent, person, query
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import validate_input
from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.access.access import period_or_404
from periods.lessons import lessons as domain
from periods.lessons import search
from periods.models import Debrief, Lesson
from periods.web.serializers import NothingIn, PersonOut, StrictSerializer

FILTERS = [
    OpenApiParameter("q", str, description="Every word must be somewhere in the lesson."),
    OpenApiParameter("phase", str, enum=Lesson.Phase.values),
    OpenApiParameter("theme", str),
    OpenApiParameter("component", str),
    OpenApiParameter("tag", str),
    OpenApiParameter("status", str, enum=Lesson.Status.values),
    OpenApiParameter("updated_since", OpenApiTypes.DATETIME),
    *PAGING,
]
ACTIONS: dict[str, Callable[..., Lesson]] = {
    "publish": domain.publish,
    "withdraw": domain.withdraw,
    "make-check": domain.suggest_as_check,
    "no-check": domain.stop_suggesting,
}


class LessonOut(serializers.ModelSerializer[Lesson]):
    """A lesson; period and incident only for members of the period."""

    author = PersonOut(read_only=True)
    tags = serializers.SerializerMethodField()
    period = serializers.SerializerMethodField()
    incident = serializers.SerializerMethodField()
    used_in = serializers.IntegerField(read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Lesson
        fields: ClassVar = [
            "id",
            "title",
            "happened",
            "learnt",
            "phase",
            "theme",
            "component",
            "tags",
            "status",
            "period",
            "incident",
            "author",
            "created_at",
            "updated_at",
            "published_at",
            "is_check",
            "check_title",
            "check_category",
            "check_owner_role",
            "check_due_days",
            "check_blocking",
            "used_in",
            "url",
        ]

    def get_tags(self, lesson: Lesson) -> list[str]:
        """Names."""
        return [tag.name for tag in lesson.tags.all()]

    def get_period(self, lesson: Lesson) -> str | None:
        """Its key."""
        return lesson.origin.key if lesson.origin else None

    def get_incident(self, lesson: Lesson) -> str | None:
        """Its key."""
        return lesson.incident_key or None


class LessonPatchIn(StrictSerializer):
    """What a lesson says, and the check it suggests."""

    title = serializers.CharField(max_length=160, required=False)
    happened = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    learnt = serializers.CharField(max_length=5000, required=False)
    phase = serializers.ChoiceField(choices=Lesson.Phase.choices, required=False)
    theme = serializers.CharField(max_length=40, required=False)
    component = serializers.CharField(max_length=80, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=8)
    check_title = serializers.CharField(max_length=200, required=False)
    check_category = serializers.CharField(max_length=40, required=False)
    check_owner_role = serializers.CharField(max_length=4, required=False)
    check_due_days = serializers.IntegerField(min_value=-365, max_value=0, required=False)
    check_blocking = serializers.BooleanField(required=False)


class LessonIn(LessonPatchIn):
    """A new lesson, with where it comes from. `publish` publishes it at once, for those who may."""

    title = serializers.CharField(max_length=160)
    learnt = serializers.CharField(max_length=5000)
    phase = serializers.ChoiceField(choices=Lesson.Phase.choices)
    theme = serializers.CharField(max_length=40)
    period = serializers.CharField(max_length=12, required=False)
    incident = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, help_text="Its number.")
    debrief = serializers.IntegerField(min_value=1, max_value=32000, required=False, help_text="Its number.")
    publish = serializers.BooleanField(default=False)


@extend_schema(
    methods=["GET"], parameters=FILTERS, responses=LessonOut(many=True), operation_id="lessons_list", tags=["lessons"]
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=LessonIn,
    responses={201: LessonOut},
    operation_id="lessons_write",
    tags=["lessons"],
)
@api_view(["GET", "POST"])
@idempotent
def lessons(request: Request) -> Answer:
    """The lessons one may read, last changed first; or a new one."""
    me = person(request)
    if request.method == "POST":
        return Response(_shown(me, _written(request, me).pk), status=201)
    chosen = {
        name: query.read_choices(request, name, tuple(values))
        for name, values in (("phase", Lesson.Phase.values), ("status", Lesson.Status.values))
    }
    chosen |= {name: query.read_texts(request, name, longest=80) for name in ("theme", "component", "tag")}
    rows = search.search_lessons(me, search.LessonQuery(query.read_text(request, "q"), chosen))
    if since := query.read_moment(request, "updated_since"):
        rows = rows.filter(updated_at__gte=since)
    return list_response(rows, request, ("-updated_at", "-id"), lambda page: LessonOut(page, many=True))


def _written(request: Request, me: User) -> Lesson:
    data = validate_input(LessonIn, request)
    period = period_or_404(me, data.pop("period")) if "period" in data else None
    number = data.pop("debrief", None)
    debrief = Debrief.objects.filter(period=period, number=number).first() if period and number else None
    if number and debrief is None:
        raise Invalid({"debrief": "That debrief is not one of this period."})
    return domain.write(
        period=period,
        incident_number=data.pop("incident", None),
        debrief=debrief,
        at_once=data.pop("publish"),
        by=me,
        at=timezone.now(),
        via=VIA,
        **data,
    )


def _found(me: User, pk: int) -> Any:
    rows: Any = Lesson.objects.visible_to(me).with_origin(me).select_related("author").prefetch_related("tags")
    return get_object_or_404(rows.annotate(used_in=Count("uses__period", distinct=True)), pk=pk)


def _shown(me: User, pk: int) -> dict[str, Any]:
    return dict(LessonOut(_found(me, pk)).data)


@extend_schema(methods=["GET"], responses=LessonOut, operation_id="lessons_read", tags=["lessons"])
@extend_schema(
    methods=["PATCH"], request=LessonPatchIn, responses=LessonOut, operation_id="lessons_change", tags=["lessons"]
)
@api_view(["GET", "PATCH"])
def lesson(request: Request, pk: int) -> Response:
    """Read a lesson, or change what it says."""
    me = person(request)
    found = _found(me, pk)
    if request.method == "PATCH":
        data = validate_input(LessonPatchIn, request, partial=True)
        domain.edit(found.pk, by=me, at=timezone.now(), via=VIA, **data)
    return Response(_shown(me, found.pk))


def lesson_action(name: str) -> Any:
    """The view of one POST sub-resource of a lesson."""

    @extend_schema(
        request=NothingIn, responses=LessonOut, operation_id=f"lessons_{name.replace('-', '_')}", tags=["lessons"]
    )
    @api_view(["POST"])
    def view(request: Request, pk: int) -> Response:
        me = person(request)
        found = _found(me, pk)
        validate_input(NothingIn, request)
        ACTIONS[name](found.pk, by=me, at=timezone.now(), via=VIA)
        return Response(_shown(me, found.pk))

    view.__doc__ = f"{name.replace('-', ' ').capitalize()}: a lesson."
    return view


@extend_schema(
    request=NothingIn, responses={201: OpenApiTypes.OBJECT}, operation_id="lessons_add_to_period", tags=["lessons"]
)
@api_view(["POST"])
def add_to(request: Request, key: str, pk: int) -> Response:
    """Add a lesson's check to a plan."""
    me = person(request)
    period = period_or_404(me, key)
    validate_input(NothingIn, request)
    item = domain.add_to_plan(_found(me, pk).pk, period.pk, by=me, at=timezone.now(), via=VIA)
    return Response({"check": item.pk, "title": item.title, "due_at": item.due_at, "lesson": pk}, status=201)
