"""REST: the contributors of a period."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors.models import Membership
from contributors.people import earlier_people as earlier
from contributors.people import members as people_members
from contributors.people.web import serializers
from contributors.readiness import acknowledgements, invitations
from contributors.shifts import release as shifts_release
from contributors.web.loading import member_or_404
from hypercare.api import IDEMPOTENCY, PAGING, VIA, idempotent, person
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import NothingIn, require_no_input, validate_input
from periods.access.access import is_allowed, period_or_404
from periods.models import Period


@extend_schema(
    methods=["GET"],
    parameters=PAGING,
    responses=serializers.ContributorOut(many=True),
    operation_id="contributors_list",
)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=serializers.ContributorIn,
    responses={201: serializers.ContributorOut},
    operation_id="contributors_add",
)
@api_view(["GET", "POST"])
@idempotent
def contributors(request: Request, key: str) -> Answer:
    """List the people of a period, or add somebody (they are not told before you remind them)."""
    if request.method == "POST":
        period = period_or_404(person(request), key, may="members.manage")
        data = validate_input(serializers.ContributorIn, request, period=period)
        member = people_members.add_person(period.pk, **data, by=person(request), at=timezone.now(), via=VIA)
        return Response(_member(request, period, member.pk), status=201)
    period = period_or_404(person(request), key)
    found = people_members.members_of(period.pk)
    return list_response(
        found,
        request,
        ("id",),
        lambda page: serializers.ContributorOut(page, many=True, context=_about(request, period, page)),
    )


@extend_schema(methods=["GET"], responses=serializers.ContributorOut, operation_id="contributors_read")
@extend_schema(
    methods=["PATCH"],
    request=serializers.ContributorPatchIn,
    responses=serializers.ContributorOut,
    operation_id="contributors_change",
)
@api_view(["GET", "PATCH"])
def contributor(request: Request, key: str, pk: int) -> Response:
    """One person of a period; PATCH gives them another right or duty."""
    may = "members.manage" if request.method == "PATCH" else "period.view"
    period = period_or_404(person(request), key, may=may)
    if request.method == "PATCH":
        member, data = member_or_404(period, pk), validate_input(serializers.ContributorPatchIn, request, period=period)
        shifts_release.change_member(member.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return Response(_member(request, period, pk))


@extend_schema(
    request=NothingIn, responses=serializers.ContributorOut(many=True), operation_id="contributors_remind_all"
)
@api_view(["POST"])
def remind_all(request: Request, key: str) -> Response:
    """Ask again everybody who was asked and has not answered; those who were. 409 when there is nobody to ask now."""
    return _asked(request, key, invitations.remind_all)


@extend_schema(
    request=NothingIn, responses=serializers.ContributorOut(many=True), operation_id="contributors_invite_all"
)
@api_view(["POST"])
def invite_all(request: Request, key: str) -> Response:
    """Invite everybody with a duty who was not asked yet; those who were."""
    return _asked(request, key, people_members.invite_all)


def _asked(request: Request, key: str, ask: Callable[..., list[Membership]]) -> Response:
    period = period_or_404(person(request), key, may="members.manage")
    require_no_input(request)
    asked = {member.pk for member in ask(period.pk, by=person(request), at=timezone.now(), via=VIA)}
    found = list(people_members.members_of(period.pk).filter(pk__in=asked))
    return Response(serializers.ContributorOut(found, many=True, context=_about(request, period, found)).data)


@extend_schema(methods=["GET"], responses=serializers.EarlierOut(many=True), operation_id="contributors_earlier")
@extend_schema(
    methods=["POST"],
    request=serializers.EarlierIn,
    responses={201: serializers.ContributorOut(many=True)},
    operation_id="contributors_add_earlier",
)
@api_view(["GET", "POST"])
def earlier_people(request: Request, key: str) -> Response:
    """The people of the period this plan started from who are not part of it yet; POST takes the chosen along."""
    period = period_or_404(person(request), key, may="members.manage")
    if request.method == "GET":
        found = earlier.suggest_people(period, by=person(request))
        return Response(serializers.EarlierOut(found, many=True).data)
    chosen = validate_input(serializers.EarlierIn, request, period=period)["people"]
    added = earlier.add_chosen(period.pk, chosen=set(chosen), by=person(request), at=timezone.now(), via=VIA)
    context = _about(request, period, added)
    return Response(serializers.ContributorOut(added, many=True, context=context).data, status=201)


@extend_schema(request=NothingIn, responses=serializers.ContributorOut, operation_id="contributors_remind")
@api_view(["POST"])
def remind(request: Request, key: str, pk: int) -> Response:
    """Invite somebody, or ask again: a mail with a one-tap link goes out. 409 within four hours of the last one."""
    period = period_or_404(person(request), key, may="members.manage")
    require_no_input(request)
    invitations.remind(member_or_404(period, pk).pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(_member(request, period, pk))


@extend_schema(request=NothingIn, responses={204: None}, operation_id="contributors_release")
@api_view(["POST"])
def release(request: Request, key: str, pk: int) -> Response:
    """Release somebody; their coming shifts are cancelled."""
    period = period_or_404(person(request), key, may="members.manage")
    require_no_input(request)
    shifts_release.remove_member(member_or_404(period, pk).pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(status=204)


def _member(request: Request, period: Period, pk: int) -> Any:
    member = member_or_404(period, pk)
    return serializers.ContributorOut(member, context=_about(request, period, [member])).data


def _about(request: Request, period: Period, members: list[Membership]) -> dict[str, Any]:
    """What the shapes of people need: their answers, and what the reader may see of them."""
    standing, voided = acknowledgements.answers_of(members)
    return {
        "answers": standing,
        "voided": voided,
        "contacts": is_allowed(person(request), period, "contacts.view"),
        "notes": is_allowed(person(request), period, "notes.view"),
    }
