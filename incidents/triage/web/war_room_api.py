"""The REST side of a war room: roles, tasks, links and following."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY, VIA, idempotent, person
from hypercare.api.strict import StrictSerializer, require_no_input, validate_input
from incidents.models import IncidentRole, Reference, Task
from incidents.stakeholders import updates
from incidents.triage import permissions, war_room, watchers
from incidents.triage import tasks as war_room_tasks
from incidents.triage.web.forms import LONGEST
from incidents.triage.web.loading import find_incident
from incidents.triage.web.serializers import find_worker
from incidents.triage.web.update_serializers import UpdateOut
from periods.access.access import require_right
from periods.web.serializers import PersonOut


class RoleOut(serializers.ModelSerializer[IncidentRole]):
    """Who has a part in the war room, and since when."""

    user = PersonOut(read_only=True)

    class Meta:
        model = IncidentRole
        fields: ClassVar = ["part", "user", "since"]


class RoleIn(StrictSerializer):
    """Who has a part from now on (null: nobody), and who was seen in it before (null: nobody).

    People by id, e-mail address or `me`. 409 when somebody else has it by now.
    """

    part = serializers.ChoiceField(choices=IncidentRole.Part.choices)
    user = serializers.CharField(allow_null=True, max_length=254)
    instead_of = serializers.CharField(allow_null=True, default=None, max_length=254)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """People instead of their names."""
        for name in ("user", "instead_of"):
            if data[name] is not None:
                data[name] = find_worker(data[name], self.context["period"], self.context["request"].user)
        return data


class TaskOut(serializers.ModelSerializer[Task]):
    """One thing one person does about an incident. Closed as an action of the period."""

    id = serializers.IntegerField(source="action_id", help_text="Of the action.")
    title = serializers.CharField(source="action.title")
    owner = PersonOut(source="action.owner", read_only=True)
    due_at = serializers.DateTimeField(source="action.due_at")
    done_at = serializers.DateTimeField(source="action.done_at", allow_null=True)

    class Meta:
        model = Task
        fields: ClassVar = ["id", "title", "owner", "due_at", "done_at"]


class TaskIn(StrictSerializer):
    """A new task. The owner by id, e-mail address or `me`."""

    title = serializers.CharField(max_length=200)
    owner = serializers.CharField(max_length=254)
    due_at = serializers.DateTimeField()

    def validate_owner(self, value: str) -> Any:
        """Somebody of the period who may work on incidents."""
        return find_worker(value, self.context["period"], self.context["request"].user)


class ReferenceOut(serializers.ModelSerializer[Reference]):
    """A page elsewhere that helps."""

    title = serializers.CharField(source="label")
    added_by = PersonOut(read_only=True)

    class Meta:
        model = Reference
        fields: ClassVar = ["id", "title", "url", "added_by", "added_at"]


class ReferenceIn(StrictSerializer):
    """A link to a page elsewhere."""

    title = serializers.CharField(source="label", max_length=120)
    url = serializers.CharField(max_length=2000)


class PostUpdateIn(StrictSerializer):
    """What is said inside and outside at once; the notice outside stays in the state it is in."""

    text = serializers.CharField(max_length=LONGEST)
    next_in_s = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=int(updates.LONGEST_PROMISE.total_seconds()),
        help_text="Seconds until the next one; 0 promises none. Left out, it is due when the incident's own update is.",
    )


class FollowingOut(serializers.Serializer[Any]):
    """Whether the caller hears how it goes on."""

    following = serializers.BooleanField()


@extend_schema(
    parameters=[IDEMPOTENCY], request=PostUpdateIn, responses={201: UpdateOut}, operation_id="incidents_post_update"
)
@api_view(["POST"])
@idempotent
def post_update(request: Request, key: str, number: int) -> Response:
    """A stakeholder update that people outside read too. 409 when they know nothing of the incident yet."""
    found = find_incident(person(request), key, number)
    permissions.rights_in(person(request), found.period).require_work()
    require_right(person(request), found.period, "updates.post")
    data = validate_input(PostUpdateIn, request, period=found.period)
    promise = timedelta(seconds=data["next_in_s"]) if "next_in_s" in data else None
    update = updates.publish(
        found.pk, text=data["text"], promise=promise, by=person(request), at=timezone.now(), via=VIA
    )
    return Response(UpdateOut(update).data, status=201)


@extend_schema(methods=["GET"], responses=RoleOut(many=True), operation_id="incidents_roles")
@extend_schema(methods=["POST"], request=RoleIn, responses=RoleOut(many=True), operation_id="incidents_give_role")
@api_view(["GET", "POST"])
def roles(request: Request, key: str, number: int) -> Response:
    """Who has which part in the war room; give one, hand it over, or give it back. At most three: not paged."""
    found = find_incident(person(request), key, number)
    if request.method == "POST":
        permissions.rights_in(person(request), found.period).require_work()
        data = validate_input(RoleIn, request, period=found.period)
        war_room.give_part(found.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    held = war_room.part_holders(found)
    return Response(RoleOut([held[part] for part in IncidentRole.Part.values if part in held], many=True).data)


@extend_schema(methods=["GET"], responses=TaskOut(many=True), operation_id="incidents_tasks")
@extend_schema(methods=["POST"], request=TaskIn, responses={201: TaskOut(many=True)}, operation_id="incidents_add_task")
@api_view(["GET", "POST"])
@idempotent
def tasks(request: Request, key: str, number: int) -> Response:
    """What is to be done, open ones first by due time, or one thing more. At most 50: not paged."""
    found = find_incident(person(request), key, number)
    if request.method == "POST":
        permissions.rights_in(person(request), found.period).require_work()
        data = validate_input(TaskIn, request, period=found.period)
        war_room_tasks.add(found.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return Response(
        TaskOut(war_room_tasks.tasks_of(found), many=True).data, status=201 if request.method == "POST" else 200
    )


@extend_schema(methods=["GET"], responses=ReferenceOut(many=True), operation_id="incidents_links")
@extend_schema(
    methods=["POST"], request=ReferenceIn, responses={201: ReferenceOut(many=True)}, operation_id="incidents_add_link"
)
@api_view(["GET", "POST"])
@idempotent
def links(request: Request, key: str, number: int) -> Response:
    """Pages elsewhere that help, or one more. At most 20: not paged."""
    found = find_incident(person(request), key, number)
    if request.method == "POST":
        permissions.rights_in(person(request), found.period).require_work()
        data = validate_input(ReferenceIn, request, period=found.period)
        war_room_tasks.add_link(found.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    rows = found.references.select_related("added_by").order_by("id")
    return Response(ReferenceOut(rows, many=True).data, status=201 if request.method == "POST" else 200)


@extend_schema(responses={204: None}, operation_id="incidents_remove_link")
@api_view(["DELETE"])
def link(request: Request, key: str, number: int, pk: int) -> Response:
    """Take a link off."""
    found = find_incident(person(request), key, number)
    permissions.rights_in(person(request), found.period).require_work()
    if not found.references.filter(pk=pk).exists():
        raise Http404
    war_room_tasks.remove_link(found.pk, link=pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(status=204)


@extend_schema(methods=["PUT"], request=None, responses=FollowingOut, operation_id="incidents_follow")
@extend_schema(methods=["DELETE"], request=None, responses={200: FollowingOut}, operation_id="incidents_unfollow")
@api_view(["PUT", "DELETE"])
def following(request: Request, key: str, number: int) -> Response:
    """Hear how it goes on (PUT), or no more (DELETE); doing so twice changes nothing."""
    require_no_input(request)
    found = find_incident(person(request), key, number)
    if request.method == "PUT":
        watchers.follow(found.pk, by=person(request), at=timezone.now())
    else:
        watchers.unfollow(found.pk, by=person(request))
    return Response({"following": request.method == "PUT"})
