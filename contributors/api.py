"""The people API: edges that authorise, validate and make one domain call."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from contributors import asking, coverage, findings, load, readiness, roster
from contributors import serializers as shapes
from contributors.models import Acknowledgement, Membership, Shift
from hypercare.api import IDEMPOTENCY, PAGING, idempotent, moment_of, person
from hypercare.api.lists import Answer, listed
from hypercare.api.strict import nothing
from hypercare.errors import Invalid, Refused
from periods.access import allowed, period_or_404
from periods.models import Period

VIA = "api"
LARGEST_ID = 2**62
LONGEST_QUESTION = timedelta(days=366)
USUAL_QUESTION = timedelta(hours=72)
NEXT_DUTIES = 10
FROM = OpenApiParameter("from", OpenApiTypes.DATETIME, description="Now when left out.")
TO = OpenApiParameter("to", OpenApiTypes.DATETIME, description="72 hours later when left out.")


# --- Contributors -------------------------------------------------------------------------------


@extend_schema(methods=["GET"], parameters=PAGING, responses=shapes.ContributorOut(many=True),
               operation_id="contributors_list")  # fmt: skip
@extend_schema(methods=["POST"], parameters=[IDEMPOTENCY], request=shapes.ContributorIn,
               responses={201: shapes.ContributorOut}, operation_id="contributors_add")  # fmt: skip
@api_view(["GET", "POST"])
@idempotent
def contributors(request: Request, key: str) -> Answer:
    """List the people of a period, or add somebody (they are not told before you remind them)."""
    if request.method == "POST":
        period = period_or_404(person(request), key, may="members.manage")
        data = _valid(shapes.ContributorIn, request, period)
        member = roster.add_person(period.pk, **data, by=person(request), at=timezone.now(), via=VIA)
        return Response(_member(request, period, member.pk), status=201)
    period = period_or_404(person(request), key)
    found = roster.members(period.pk)
    return listed(
        found,
        request,
        ("id",),
        lambda page: shapes.ContributorOut(page, many=True, context=_about(request, period, page)),
    )


@extend_schema(responses=shapes.ContributorOut, operation_id="contributors_read")
@api_view(["GET"])
def contributor(request: Request, key: str, pk: int) -> Response:
    """One person of a period."""
    period = period_or_404(person(request), key)
    return Response(_member(request, period, pk))


@extend_schema(
    request=shapes.AcknowledgeIn, responses=shapes.ContributorOut, operation_id="contributors_acknowledge"
)
@api_view(["POST"])
def acknowledge(request: Request, key: str, pk: int) -> Response:
    """I am ready. Only the person themself; 422 names the statement that is missing.

    After a change only the statements it concerns are needed. With `seen`, 409 says that something changed since.
    """
    period = period_or_404(person(request), key, may="readiness.acknowledge")
    data = _valid(shapes.AcknowledgeIn, request, period)
    seen = shapes.seen_of(data.pop("seen", None))
    return _answer(request, period, pk, state=Acknowledgement.State.READY, note="", seen=seen, **data)


@extend_schema(request=shapes.DeclineIn, responses=shapes.ContributorOut, operation_id="contributors_decline")
@api_view(["POST"])
def decline(request: Request, key: str, pk: int) -> Response:
    """Something is missing. Only the person themself; the lead is told."""
    period = period_or_404(person(request), key, may="readiness.acknowledge")
    return _answer(
        request, period, pk, state=Acknowledgement.State.PROBLEM, **_valid(shapes.DeclineIn, request, period)
    )


def _answer(request: Request, period: Period, pk: int, **answer: Any) -> Response:
    member = _member_or_404(period, pk)
    readiness.acknowledge(member.pk, **answer, by=person(request), at=timezone.now(), via=VIA)
    return Response(_member(request, period, pk))


@extend_schema(request=shapes.NothingIn, responses=shapes.ContributorOut, operation_id="contributors_remind")
@api_view(["POST"])
def remind(request: Request, key: str, pk: int) -> Response:
    """Invite somebody, or ask again: a mail with a one-tap link goes out. 409 within four hours of the last one."""
    period = period_or_404(person(request), key, may="members.manage")
    nothing(request)
    asking.remind(_member_or_404(period, pk).pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(_member(request, period, pk))


@extend_schema(request=shapes.NothingIn, responses={204: None}, operation_id="contributors_release")
@api_view(["POST"])
def release(request: Request, key: str, pk: int) -> Response:
    """Release somebody; their coming shifts are cancelled."""
    period = period_or_404(person(request), key, may="members.manage")
    nothing(request)
    roster.remove_member(_member_or_404(period, pk).pk, by=person(request), at=timezone.now(), via=VIA)
    return Response(status=204)


def _member_or_404(period: Period, pk: int) -> Membership:
    member = roster.members(period.pk).filter(pk=min(pk, LARGEST_ID)).first()
    if member is None:
        raise Http404
    return member


def _member(request: Request, period: Period, pk: int) -> Any:
    member = _member_or_404(period, pk)
    return shapes.ContributorOut(member, context=_about(request, period, [member])).data


@extend_schema(request=shapes.ReplyIn, responses=shapes.ContributorOut, operation_id="contributors_reply")
@api_view(["POST"])
def reply(request: Request, key: str, pk: int) -> Response:
    """Answer what somebody misses; they are asked to confirm. For the lead and those who manage people."""
    period = period_or_404(person(request), key)
    standing = readiness.standing_answer(_member_or_404(period, pk))
    if standing is None:
        raise Refused("This person has not said that something is missing.")
    data = _valid(shapes.ReplyIn, request, period)
    asking.reply(standing.pk, **data, by=person(request), at=timezone.now(), via=VIA)
    return Response(_member(request, period, pk))


def _about(request: Request, period: Period, members: list[Membership]) -> dict[str, Any]:
    """What the shapes of people need: their answers, and what the reader may see of them."""
    standing, voided = readiness.answers_of(members)
    return {
        "answers": standing,
        "voided": voided,
        "contacts": allowed(person(request), period, "contacts.view"),
        "notes": allowed(person(request), period, "notes.view"),
    }


# --- Shifts and cover ---------------------------------------------------------------------------


@extend_schema(methods=["GET"], parameters=[*PAGING, FROM, TO], responses=shapes.ShiftOut(many=True),
               operation_id="shifts_list")  # fmt: skip
@extend_schema(methods=["POST"], parameters=[IDEMPOTENCY], request=shapes.ShiftIn, responses={201: shapes.ShiftOut},
               operation_id="shifts_add")  # fmt: skip
@api_view(["GET", "POST"])
@idempotent
def shifts(request: Request, key: str) -> Answer:
    """List the shifts of a period, or put somebody on duty."""
    if request.method == "POST":
        period = period_or_404(person(request), key, may="shifts.manage")
        data = _valid(shapes.ShiftIn, request, period)
        role = data.pop("role")
        shift = roster.assign_shift(role.pk, **data, by=person(request), at=timezone.now(), via=VIA)
        return Response(shapes.ShiftOut(shift).data, status=201)
    period = period_or_404(person(request), key)
    begin, end = roster.window(period)
    found = roster.standing(_moment(request, "from", begin), _moment(request, "to", end)).filter(
        role__period=period
    )
    found = found.select_related("role", "user")
    return listed(found, request, ("starts_at", "id"), lambda page: shapes.ShiftOut(page, many=True))


@extend_schema(methods=["GET"], responses=shapes.ShiftOut, operation_id="shifts_read")
@extend_schema(methods=["DELETE"], responses={204: None}, operation_id="shifts_cancel")
@api_view(["GET", "DELETE"])
def shift(request: Request, key: str, pk: int) -> Response:
    """One shift; DELETE takes it out of the plan."""
    period = period_or_404(
        person(request), key, may="shifts.manage" if request.method == "DELETE" else "period.view"
    )
    found = (
        Shift.objects.filter(role__period=period, pk=min(pk, LARGEST_ID))
        .select_related("role", "user")
        .first()
    )
    if found is None:
        raise Http404
    if request.method == "DELETE":
        roster.cancel_shift(found.pk, by=person(request), at=timezone.now(), via=VIA)
        return Response(status=204)
    return Response(shapes.ShiftOut(found).data)


@extend_schema(parameters=[FROM, TO], responses=shapes.CoverageOut, operation_id="coverage_read")
@api_view(["GET"])
def coverage_of(request: Request, key: str) -> Response:
    """Gaps per role and hours per person in an interval of at most a year."""
    period = period_or_404(person(request), key)
    start = _moment(request, "from", timezone.now())
    end = _moment(request, "to", start + USUAL_QUESTION)
    _check_interval(start, end)
    held, roles = roster.shifts(period, start=start, end=end), coverage.roles(period)
    found = coverage.gaps_in(period, roles, held, start=start, end=end)
    minutes = coverage.role_minutes(found)
    answer = {
        "starts_at": start, "ends_at": end, "gaps": found, "gap_minutes": coverage.minutes_of(found),
        "roles": [{"role": role.name, "minutes": minutes.get(role.pk, 0)} for role in roles],
        "findings": findings.of(period, roles, held, start=start, end=end),
        "load": load.of(period, held, start=start, end=end),
    }  # fmt: skip
    return Response(shapes.CoverageOut(answer).data)


@extend_schema(parameters=[OpenApiParameter("at", OpenApiTypes.DATETIME, description="Now when left out.")],
               responses=shapes.OnCallOut(many=True), operation_id="on_call_read")  # fmt: skip
@api_view(["GET"])
def on_call(request: Request, key: str) -> Response:
    """Who is on at an instant, by role, primary before deputy."""
    period = period_or_404(person(request), key)
    on = roster.on_duty(period, at=_moment(request, "at", timezone.now()))
    return Response(shapes.OnCallOut(on, many=True).data)


@extend_schema(responses=shapes.MeOut, operation_id="me_read")
@api_view(["GET"])
def me(request: Request) -> Response:
    """My duties now and next in every period, and the acknowledgements that wait for me."""
    user, now = person(request), timezone.now()
    duties = roster.duties(user, at=now)[: 2 * NEXT_DUTIES]
    answer = {
        "user": user,
        "on_now": [shift for shift in duties if shift.covers(now)],
        "next": [shift for shift in duties if shift.starts_at > now][:NEXT_DUTIES],
        "needs": [_need(member) for member in readiness.waiting_for(user)],
    }
    return Response(shapes.MeOut(answer).data)


def _need(member: Membership) -> dict[str, Any]:
    period = member.period
    return {
        "kind": "acknowledgement", "period": period.key, "title": f"Say whether you are ready for {period.name}",
        "due_at": period.go_live_at, "url": reverse("contributors:acknowledge", kwargs={"key": period.key}),
    }  # fmt: skip


# --- What they share ----------------------------------------------------------------------------


def _valid(shape: type[Any], request: Request, period: Period) -> dict[str, Any]:
    sent = shape(data=request.data, context={"period": period})
    sent.is_valid(raise_exception=True)
    data: dict[str, Any] = dict(sent.validated_data)
    return data


def _moment(request: Request, name: str, default: datetime) -> datetime:
    """A moment from the query string. Raises Invalid for one without a zone or that cannot be read."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    found = moment_of(text)
    if found is None:
        raise Invalid({name: "Give a time with its zone, such as 2026-11-21T17:00:00Z."})
    return found


def _check_interval(start: datetime, end: datetime) -> None:
    if end <= start:
        raise Invalid({"to": "The end must be later than the start."})
    if end - start > LONGEST_QUESTION:
        raise Invalid({"to": "Ask for a year at most."})
