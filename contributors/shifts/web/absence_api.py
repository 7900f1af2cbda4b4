"""The API of one's own absences: said by hand, or taken over from a calendar that is shown first."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors.calendars import import_absences
from contributors.calendars.web.api import LeftOut, SourceIn
from contributors.models import Absence, CalendarImport
from contributors.shifts import absences
from hypercare.api import IDEMPOTENCY, PAGING, VIA, idempotent, person
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import Strict, StrictSerializer, require_no_input, validate_input


class AbsenceOut(serializers.ModelSerializer[Absence]):
    """When I am away."""

    class Meta:
        model = Absence
        fields: ClassVar = ["id", "starts_at", "ends_at", "note", "created_at"]


class AbsenceIn(Strict, serializers.ModelSerializer[Absence]):
    """Be away from start up to end. The note stays mine."""

    class Meta:
        model = Absence
        fields: ClassVar = ["starts_at", "ends_at", "note"]


class AbsencesChosenIn(StrictSerializer):
    """Which of the rows shown are absences."""

    keys = serializers.ListField(child=serializers.CharField(max_length=300), max_length=1000)


class AbsenceRow(serializers.Serializer[Any]):
    """What accepting would say: a new absence, another time of one, or that it is gone."""

    key = serializers.CharField()
    summary = serializers.CharField()
    starts_at = serializers.DateTimeField(source="start")
    ends_at = serializers.DateTimeField(source="end")
    suggested = serializers.BooleanField(help_text="It says that it is an absence.")
    absence = serializers.IntegerField(source="absence.pk", default=None, help_text="The one it changes.")
    gone = serializers.BooleanField()


class AbsencesPreview(serializers.Serializer[Any]):
    """A calendar that was read, and what accepting it would change now."""

    id = serializers.UUIDField(source="draft.pk")
    accepted_at = serializers.DateTimeField(source="draft.accepted_at", allow_null=True)
    undone_at = serializers.DateTimeField(source="draft.undone_at", allow_null=True)
    rows = AbsenceRow(many=True, source="plan.rows")
    same = serializers.IntegerField(source="plan.same")
    left_out = LeftOut(many=True, source="left")
    notes = serializers.ListField(child=serializers.CharField(), source="draft.notes")

    def get_fields(self) -> dict[str, Any]:
        """`source` is a word of every field, so it is added by name."""
        return {**super().get_fields(), "source": serializers.CharField(source="draft.source")}


# --- Said by hand -------------------------------------------------------------------------------


@extend_schema(methods=["GET"], parameters=PAGING, responses=AbsenceOut(many=True), operation_id="absences_list")
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=AbsenceIn,
    responses={201: AbsenceOut},
    operation_id="absences_add",
)
@api_view(["GET", "POST"])
@idempotent
def list_absences(request: Request) -> Answer:
    """My absences that are not over, or one more; leads of periods with shifts of mine then are told."""
    me, now = person(request), timezone.now()
    if request.method == "POST":
        made = absences.add(me, **validate_input(AbsenceIn, request), at=now, via=VIA)
        return Response(AbsenceOut(made).data, status=201)
    found = Absence.objects.filter(user=me, cancelled_at__isnull=True, ends_at__gt=now)
    return list_response(found, request, ("starts_at", "id"), lambda page: AbsenceOut(page, many=True))


@extend_schema(responses={204: None}, operation_id="absences_cancel")
@api_view(["DELETE"])
def end_absence(request: Request, pk: int) -> Response:
    """I am there after all."""
    found = get_object_or_404(Absence, user=person(request), pk=pk)
    absences.cancel(found.pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(status=204)


# --- From a calendar ----------------------------------------------------------------------------


@extend_schema(request=SourceIn, responses={201: AbsencesPreview}, operation_id="absence_imports_start")
@api_view(["POST"])
def start_import(request: Request) -> Response:
    """Read my calendar of the year to come and show what it would say. Nothing is said by it."""
    given = SourceIn.given(validate_input(SourceIn, request))
    draft = import_absences.start(**given, by=person(request), at=timezone.now())
    return Response(_preview(request, draft.pk), status=201)


@extend_schema(responses=AbsencesPreview, operation_id="absence_imports_read")
@api_view(["GET"])
def show_import(request: Request, pk: uuid.UUID) -> Response:
    """What accepting my calendar would change now."""
    return Response(_preview(request, pk))


@extend_schema(request=AbsencesChosenIn, responses=AbsencesPreview, operation_id="absence_imports_accept")
@api_view(["POST"])
def accept(request: Request, pk: uuid.UUID) -> Response:
    """Say the absences that are chosen."""
    keys = set(validate_input(AbsencesChosenIn, request)["keys"])
    import_absences.accept(_own_or_404(request, pk).pk, keys, by=person(request), at=timezone.now(), via=VIA)
    return Response(_preview(request, pk))


@extend_schema(request=None, responses=AbsencesPreview, operation_id="absence_imports_undo")
@api_view(["POST"])
def undo_import(request: Request, pk: uuid.UUID) -> Response:
    """Take what was accepted back."""
    require_no_input(request)
    import_absences.undo(_own_or_404(request, pk).pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(_preview(request, pk))


def _own_or_404(request: Request, pk: uuid.UUID) -> CalendarImport:
    found = CalendarImport.objects.select_related("made_by")
    return get_object_or_404(found, made_by=person(request), what=CalendarImport.What.ABSENCES, pk=pk)


def _preview(request: Request, pk: uuid.UUID) -> Any:
    draft = _own_or_404(request, pk)
    plan = (
        import_absences.AbsenceImportPlan()
        if draft.accepted_at
        else import_absences.build_plan(draft, at=timezone.now())
    )
    left = [{"summary": summary, "reason": why} for summary, why in plan.left]
    return AbsencesPreview({"draft": draft, "plan": plan, "left": left}).data
