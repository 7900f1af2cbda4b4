"""The people of an installation for scripts; for administrators."""

from __future__ import annotations

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.accounts import duties, people
from hypercare.api import PAGING, VIA, person, query
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import StrictSerializer, require_no_input, validate_input
from hypercare.models import User, validate_time_zone
from hypercare.web.requests import require_administrator

SEARCH = OpenApiParameter("q", str, description="Words of a name or an address.")


class AccountOut(serializers.ModelSerializer[User]):
    """Somebody's account, and what they may do beyond the periods they are part of."""

    may_administer = serializers.BooleanField(source="is_superuser")

    class Meta:
        model = User
        fields: ClassVar = ["id", "email", "name", "timezone", "may_plan", "may_administer", "is_active", "joined_at"]


class HeldDutyOut(serializers.Serializer[Any]):
    """What somebody holds in a period, and what becomes of it when their account is switched off."""

    period = serializers.CharField()
    what = serializers.CharField()
    becomes = serializers.CharField()


class RightsIn(StrictSerializer):
    """What changes; what is left out stays."""

    may_plan = serializers.BooleanField(required=False)
    may_administer = serializers.BooleanField(required=False)


class AccountIn(RightsIn):
    """A new account, which has no password yet."""

    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=120)
    timezone = serializers.CharField(max_length=64, required=False, validators=[validate_time_zone])


@extend_schema(
    methods=["GET"], parameters=[*PAGING, SEARCH], responses=AccountOut(many=True), operation_id="accounts_list"
)
@extend_schema(methods=["POST"], request=AccountIn, responses={201: AccountOut}, operation_id="accounts_add")
@api_view(["GET", "POST"])
def accounts(request: Request) -> Answer:
    """Everybody with an account, by name; or a new one, whose person gets in by “Forgotten password”."""
    me = administrator(request)
    if request.method == "POST":
        made = people.add_person(**validate_input(AccountIn, request), by=me)
        return Response(AccountOut(made).data, status=201)
    found = people.list_people(query.read_text(request, "q"))
    return list_response(found, request, ("name", "id"), lambda page: AccountOut(page, many=True))


@extend_schema(methods=["GET"], responses=AccountOut, operation_id="accounts_read")
@extend_schema(methods=["PATCH"], request=RightsIn, responses=AccountOut, operation_id="accounts_change")
@api_view(["GET", "PATCH"])
def account(request: Request, pk: int) -> Response:
    """One account; or whether its person may plan or administer. The last administrator stays one (409)."""
    me = administrator(request)
    user = get_object_or_404(User, pk=pk)
    if request.method == "PATCH":
        user = people.change_rights(user.pk, **validate_input(RightsIn, request), by=me)
    return Response(AccountOut(user).data)


@extend_schema(responses=HeldDutyOut(many=True), operation_id="accounts_duties")
@api_view(["GET"])
def account_duties(request: Request, pk: int) -> Response:
    """What somebody holds, and what becomes of it when their account is switched off: read it before."""
    administrator(request)
    held = duties.list_duties(get_object_or_404(User, pk=pk), at=timezone.now())
    return Response(HeldDutyOut(held, many=True).data)


@extend_schema(request=None, responses=AccountOut, operation_id="accounts_deactivate")
@api_view(["POST"])
def deactivate(request: Request, pk: int) -> Response:
    """Switch an account off: its sessions and tokens end, its coming shifts are cancelled."""
    me = administrator(request)
    require_no_input(request)
    user = people.deactivate(get_object_or_404(User, pk=pk).pk, by=me, at=timezone.now(), via=VIA)
    return Response(AccountOut(user).data)


@extend_schema(request=None, responses=AccountOut, operation_id="accounts_reactivate")
@api_view(["POST"])
def reactivate(request: Request, pk: int) -> Response:
    """Switch an account on again."""
    me = administrator(request)
    require_no_input(request)
    return Response(AccountOut(people.reactivate(get_object_or_404(User, pk=pk).pk, by=me)).data)


def administrator(request: Request) -> User:
    """Who asks. Raises Http404 for whoever does not administer: for them there is nothing here."""
    me = person(request)
    require_administrator(me)
    return me
