"""Lessons: the library with search, writing one, and making checks of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import Count
from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import idempotent, person
from hypercare.api.lists import Answer, listed
from hypercare.errors import Invalid
from hypercare.models import User
from periods import lessons as domain
from periods import library
from periods.access import period_or_404
from periods.api import shared
from periods.models import Debrief, Lesson, Period
from periods.serializers import NothingIn, PersonOut, StrictSerializer

FILTERS = [
    OpenApiParameter("q", str, description="Every word must be somewhere in the lesson."),
    OpenApiParameter("phase", str, enum=Lesson.Phase.values), OpenApiParameter("theme", str),
    OpenApiParameter("component", str), OpenApiParameter("tag", str),
    OpenApiParameter("status", str, enum=Lesson.Status.values),
    OpenApiParameter("updated_since", OpenApiTypes.DATETIME), *shared.PAGING,
]  # fmt: skip
ACTIONS: dict[str, Callable[..., Lesson]] = {
    "publish": domain.publish, "withdraw": domain.withdraw, "make-check": domain.suggest,
    "no-check": domain.suggest_no_more,
}  # fmt: skip


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
            "id", "title", "happened", "learnt", "phase", "theme", "component", "tags", "status", "period", "incident",
            "author", "created_at", "updated_at", "published_at", "is_check", "check_title", "check_category",
            "check_owner_role", "check_due_days", "check_blocking", "used_in", "url",
        ]  # fmt: skip

    def get_tags(self, lesson: Lesson) -> list[str]:
        """Names."""
        return [tag.name for tag in lesson.tags.all()]

    def get_period(self, lesson: Lesson) -> str | None:
        """Its key."""
        return lesson.period.key if lesson.period and lesson.period_id in self.context["inside"] else None

    def get_incident(self, lesson: Lesson) -> str | None:
        """Its key."""
        return (lesson.incident_key or None) if lesson.period_id in self.context["inside"] else None


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
    incident = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="Its number."
    )
    debrief = serializers.IntegerField(min_value=1, max_value=32000, required=False, help_text="Its number.")
    publish = serializers.BooleanField(default=False)


@extend_schema(methods=["GET"], parameters=FILTERS, responses=LessonOut(many=True), operation_id="lessons_list",
               tags=["lessons"])  # fmt: skip
@extend_schema(methods=["POST"], parameters=[shared.IDEMPOTENCY], request=LessonIn, responses={201: LessonOut},
               operation_id="lessons_write", tags=["lessons"])  # fmt: skip
@api_view(["GET", "POST"])
@idempotent
def lessons(request: Request) -> Answer:
    """The lessons one may read, last changed first; or a new one."""
    me = person(request)
    if request.method == "POST":
        return Response(_shown(me, _written(request, me).pk), status=201)
    chosen = {name: shared.chosen(request, name, tuple(values)) for name, values in (
        ("phase", Lesson.Phase.values), ("status", Lesson.Status.values))}  # fmt: skip
    chosen |= {name: _texts(request, name) for name in ("theme", "component", "tag")}
    rows = library.found(me, library.Query(request.query_params.get("q", "")[:100], chosen))
    if since := shared.moment(request, "updated_since"):
        rows = rows.filter(updated_at__gte=since)
    context = {"inside": _inside(me)}
    return listed(
        rows, request, ("-updated_at", "-id"), lambda page: LessonOut(page, many=True, context=context)
    )


def _texts(request: Request, name: str) -> list[str]:
    return [value[:80].replace("\x00", "") for value in request.query_params.getlist(name)[:20] if value]


def _inside(user: User) -> set[int]:
    return set(Period.objects.visible_to(user).values_list("pk", flat=True))


def _written(request: Request, me: User) -> Lesson:
    data = shared.valid(LessonIn, request)
    period = period_or_404(me, data.pop("period")) if "period" in data else None
    number = data.pop("debrief", None)
    debrief = Debrief.objects.filter(period=period, number=number).first() if period and number else None
    if number and debrief is None:
        raise Invalid({"debrief": "That debrief is not one of this period."})
    return domain.write(
        period=period, incident_number=data.pop("incident", None), debrief=debrief, at_once=data.pop("publish"),
        by=me, at=timezone.now(), via=shared.VIA, **data,
    )  # fmt: skip


def _found(me: User, pk: int) -> Any:
    rows: Any = Lesson.objects.visible_to(me).filter(pk=pk) if pk < 2**62 else Lesson.objects.none()
    rows = rows.select_related("period", "author").prefetch_related("tags")
    found = rows.annotate(used_in=Count("uses__period", distinct=True)).first()
    if found is None:
        raise Http404
    return found


def _shown(me: User, pk: int) -> dict[str, Any]:
    return dict(LessonOut(_found(me, pk), context={"inside": _inside(me)}).data)


@extend_schema(methods=["GET"], responses=LessonOut, operation_id="lessons_read", tags=["lessons"])
@extend_schema(methods=["PATCH"], request=LessonPatchIn, responses=LessonOut, operation_id="lessons_change",
               tags=["lessons"])  # fmt: skip
@api_view(["GET", "PATCH"])
def lesson(request: Request, pk: int) -> Response:
    """Read a lesson, or change what it says."""
    me = person(request)
    found = _found(me, pk)
    if request.method == "PATCH":
        data = shared.valid(LessonPatchIn, request, partial=True)
        domain.edit(found.pk, by=me, at=timezone.now(), via=shared.VIA, **data)
    return Response(_shown(me, found.pk))


def lesson_action(name: str) -> Any:
    """The view of one POST sub-resource of a lesson."""

    @extend_schema(request=NothingIn, responses=LessonOut, operation_id=f"lessons_{name.replace('-', '_')}",
                   tags=["lessons"])  # fmt: skip
    @api_view(["POST"])
    def view(request: Request, pk: int) -> Response:
        me = person(request)
        found = _found(me, pk)
        shared.valid(NothingIn, request)
        ACTIONS[name](found.pk, by=me, at=timezone.now(), via=shared.VIA)
        return Response(_shown(me, found.pk))

    view.__doc__ = f"{name.replace('-', ' ').capitalize()}: a lesson."
    return view


@extend_schema(request=NothingIn, responses={201: OpenApiTypes.OBJECT}, operation_id="lessons_add_to_period",
               tags=["lessons"])  # fmt: skip
@api_view(["POST"])
def add_to(request: Request, key: str, pk: int) -> Response:
    """Add a lesson's check to a plan."""
    me = person(request)
    period = period_or_404(me, key)
    shared.valid(NothingIn, request)
    item = domain.add_to(_found(me, pk).pk, period.pk, by=me, at=timezone.now(), via=shared.VIA)
    return Response({"check": item.pk, "title": item.title, "due_at": item.due_at, "lesson": pk}, status=201)
