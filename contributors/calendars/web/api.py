"""The API of calendars: addresses of role feeds, and imports with their preview."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors.calendars import feed_links, import_plan, imports, sources
from contributors.calendars.import_plan import ShiftImportChange
from contributors.calendars.web.import_pages import draft_or_404
from contributors.links import links
from contributors.models import CalendarImport, Role, Shift
from hypercare.api import VIA, person
from hypercare.api.strict import StrictSerializer, require_no_input, validate_input
from periods.access.access import period_or_404
from periods.models import Period


class CalendarFeedOut(serializers.Serializer[Any]):
    """A role, and this person's address of its calendar; null where they have none."""

    role = serializers.CharField()
    role_id = serializers.IntegerField()
    url = serializers.CharField(allow_null=True)


class SourceIn(StrictSerializer):
    """A calendar: its text, or an address that is asked once."""

    text = serializers.CharField(required=False, trim_whitespace=False, help_text="The .ics file, 1 MB at most.")
    url = serializers.CharField(required=False, max_length=2000)
    name = serializers.CharField(default="calendar.ics", max_length=200, help_text="What a text is called.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of both."""
        if bool(attrs.get("text")) == bool(attrs.get("url")):
            raise serializers.ValidationError({"text": "Send the text or the url of a calendar, one of both."})
        return attrs

    @staticmethod
    def given(sent: dict[str, Any]) -> dict[str, Any]:
        """What was sent, as the domain takes it. Asks the address. Raises Invalid."""
        if url := sent.get("url"):
            return {"data": sources.fetch_url(url), "source": sources.host_of(url), "address": sources.clean_url(url)}
        return {"data": sent["text"].encode(), "source": sent["name"]}


class CalendarImportIn(SourceIn):
    """A calendar of shifts, and the role they are of."""

    role = serializers.CharField(max_length=60, help_text="Name of a duty role.")
    kind = serializers.ChoiceField(choices=Shift.Kind.choices, default=Shift.Kind.PRIMARY)


class LeftOut(serializers.Serializer[Any]):
    """An event that is not taken, and why."""

    summary = serializers.CharField()
    reason = serializers.CharField()


class CalendarAcceptIn(StrictSerializer):
    """Which preview is accepted: `version` is the one it was shown with."""

    version = serializers.IntegerField(min_value=0)
    drop_missing = serializers.BooleanField(default=True)


class CalendarPeopleIn(StrictSerializer):
    """Who is meant by names that nobody has; 0 leaves a name out."""

    people = serializers.DictField(child=serializers.IntegerField(min_value=0))


SHIFT = inline_serializer(
    "ImportedShift",
    {
        "user": serializers.IntegerField(),
        "person": serializers.CharField(),
        "starts_at": serializers.DateTimeField(),
        "ends_at": serializers.DateTimeField(),
        "summary": serializers.CharField(),
        "warnings": serializers.ListField(child=serializers.CharField()),
    },
    many=True,
)
PREVIEW = inline_serializer(
    "CalendarPreview",
    {
        "id": serializers.UUIDField(),
        "source": serializers.CharField(),
        "role": serializers.CharField(),
        "kind": serializers.CharField(),
        "version": serializers.IntegerField(),
        "accepted_at": serializers.DateTimeField(allow_null=True),
        "undone_at": serializers.DateTimeField(allow_null=True),
        "added": SHIFT,
        "moved": SHIFT,
        "cancelled": serializers.ListField(child=serializers.IntegerField()),
        "missing": serializers.ListField(child=serializers.IntegerField()),
        "same": serializers.IntegerField(),
        "unknown": serializers.ListField(child=serializers.CharField()),
        "left_out": LeftOut(many=True),
        "notes": serializers.ListField(child=serializers.CharField()),
    },
)


# --- Feeds --------------------------------------------------------------------------------------


@extend_schema(responses=CalendarFeedOut(many=True), operation_id="calendars_list")
@api_view(["GET"])
def calendars(request: Request, key: str) -> Response:
    """The roles of a period with this person's calendar addresses."""
    period = period_or_404(person(request), key)
    mine = feed_links.feed_links_by_role(person(request), period)
    roles = Role.objects.filter(period=period).order_by("position", "id")
    return Response([_feed(role, links.url_of(mine[role.pk]) if role.pk in mine else None) for role in roles])


@extend_schema(methods=["POST"], request=None, responses={201: CalendarFeedOut}, operation_id="calendars_make")
@extend_schema(methods=["DELETE"], responses={204: None}, operation_id="calendars_end")
@api_view(["POST", "DELETE"])
def calendar(request: Request, key: str, pk: int) -> Response:
    """A new address of a role's calendar in place of the old; DELETE ends it."""
    require_no_input(request)
    period = period_or_404(person(request), key)
    role = get_object_or_404(Role.objects.select_related("period"), period=period, pk=pk)
    if request.method == "DELETE":
        feed_links.revoke_link(person(request), at=timezone.now(), role=role)
        return Response(status=204)
    link = feed_links.replace_link(person(request), at=timezone.now(), role=role)
    return Response(_feed(role, links.url_of(link)), status=201)


def _feed(role: Role, url: str | None) -> dict[str, Any]:
    return {"role": role.name, "role_id": role.pk, "url": url}


# --- Imports ------------------------------------------------------------------------------------


@extend_schema(request=CalendarImportIn, responses={201: PREVIEW}, operation_id="calendar_imports_start")
@api_view(["POST"])
def start(request: Request, key: str) -> Response:
    """Read a calendar of shifts and show what accepting it would change. Nothing is planned by it."""
    period = period_or_404(person(request), key, may="shifts.manage")
    sent = validate_input(CalendarImportIn, request)
    role = Role.objects.filter(period=period, name__iexact=sent["role"].strip()).first()
    if role is None:
        raise serializers.ValidationError({"role": f"{period.name} has no role of this name."})
    given = SourceIn.given(sent)
    draft = imports.start(period.pk, role=role, kind=sent["kind"], **given, by=person(request), at=timezone.now())
    return Response(_preview(period, draft.pk), status=201)


@extend_schema(responses=PREVIEW, operation_id="calendar_imports_read")
@api_view(["GET"])
def read(request: Request, key: str, pk: uuid.UUID) -> Response:
    """What accepting a calendar would change now."""
    return Response(_preview(period_or_404(person(request), key, may="shifts.manage"), pk))


@extend_schema(request=CalendarPeopleIn, responses=PREVIEW, operation_id="calendar_imports_people")
@api_view(["POST"])
def people(request: Request, key: str, pk: uuid.UUID) -> Response:
    """Say who is meant by names that nobody has."""
    period = period_or_404(person(request), key, may="shifts.manage")
    draft = draft_or_404(period, pk)
    imports.choose(draft.pk, validate_input(CalendarPeopleIn, request)["people"], by=person(request))
    return Response(_preview(period, pk))


@extend_schema(request=CalendarAcceptIn, responses=PREVIEW, operation_id="calendar_imports_accept")
@api_view(["POST"])
def accept(request: Request, key: str, pk: uuid.UUID) -> Response:
    """Put what the preview showed in the plan; 409 when the plan has changed since."""
    period = period_or_404(person(request), key, may="shifts.manage")
    draft = draft_or_404(period, pk)
    imports.accept(
        draft.pk, **validate_input(CalendarAcceptIn, request), by=person(request), at=timezone.now(), via=VIA
    )
    return Response(_preview(period, pk))


@extend_schema(request=None, responses=PREVIEW, operation_id="calendar_imports_undo")
@api_view(["POST"])
def undo(request: Request, key: str, pk: uuid.UUID) -> Response:
    """Take an accepted calendar back."""
    require_no_input(request)
    period = period_or_404(person(request), key, may="shifts.manage")
    imports.undo(draft_or_404(period, pk).pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(_preview(period, pk))


def _preview(period: Period, pk: uuid.UUID) -> dict[str, Any]:
    draft: CalendarImport = draft_or_404(period, pk)
    plan = import_plan.ShiftImportPlan() if draft.accepted_at else import_plan.build_plan(draft, at=timezone.now())
    return {
        "id": draft.pk,
        "source": draft.source,
        "role": draft.role.name if draft.role else "",
        "kind": draft.kind,
        "version": plan.version,
        "accepted_at": draft.accepted_at,
        "undone_at": draft.undone_at,
        "added": _shifts(plan.made),
        "moved": _shifts(plan.moved),
        "cancelled": [shift.pk for shift in plan.gone],
        "missing": [shift.pk for shift in plan.missing],
        "same": plan.same,
        "unknown": [name.label for name in plan.names.values() if name.chosen is None],
        "left_out": [{"summary": summary, "reason": why} for summary, why in plan.left],
        "notes": draft.notes,
    }


def _shifts(changes: Iterable[ShiftImportChange]) -> list[dict[str, Any]]:
    return [
        {
            "user": one.piece.user.pk,
            "person": one.piece.user.name,
            "starts_at": one.piece.start,
            "ends_at": one.piece.end,
            "summary": one.piece.summary,
            "warnings": list(one.warnings),
        }
        for one in changes
    ]
