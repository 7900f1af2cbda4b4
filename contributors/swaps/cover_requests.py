"""Requests for cover: somebody asks, one of those asked takes it, the duty changes hands in one transaction.

A request is about a gap or about a shift of somebody, perhaps for a shift in return. Of two who accept at once one
wins and the other is told who. Where a role demands it the lead approves first. What nobody answered is the lead's
near its time, by timer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from contributors.messaging import outbox
from contributors.models import CoverAsk, CoverRequest, Role, Shift
from contributors.people import eligibility, members
from contributors.shifts import reassign, roster, suitability
from contributors.swaps import cover_notices
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from periods.access.access import is_allowed, require_right
from periods.models import Period

MOST_ASKED: Final = 20
State, Answer = CoverRequest.State, CoverAsk.Answer


@dataclass(frozen=True)
class WantedCover:
    """The stretch of duty that is asked for."""

    role: Role
    starts_at: datetime
    ends_at: datetime
    kind: str = Shift.Kind.PRIMARY
    shift: Shift | None = None
    in_return: Shift | None = None


# --- Asking -------------------------------------------------------------------------------------


@transaction.atomic
def ask(
    wanted: WantedCover, *, users: Sequence[User], by: User, at: datetime, reason: str = "", via: str = ""
) -> CoverRequest:
    """Ask one or several people to take a gap or a shift. They get a mail with a one-tap link.

    The holder of a shift may ask for it; a gap and others' shifts are for those who plan. Raises Invalid, Refused,
    NotAllowed and AlreadyDone for a shift that is asked about already.
    """
    period = members.lock_open_period(wanted.role.period_id)
    wanted = _checked(wanted, period, by, at)
    asked = _askable(wanted, users, period)
    request = CoverRequest.objects.create(
        role=wanted.role,
        shift=wanted.shift,
        in_return=wanted.in_return,
        kind=wanted.kind,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        reason=" ".join(reason.split())[:200],
        asked_by=by,
        created_at=at,
    )
    CoverAsk.objects.bulk_create(CoverAsk(request=request, user=user) for user in asked)
    cover_notices.record_entry(request, period, "cover.asked", by, at, via, users=[user.pk for user in asked])
    for user in asked:
        cover_notices.mail_request(request, period, user, by, at)
    cover_notices.arm_watch(request, at)
    return request


def _checked(wanted: WantedCover, period: Period, by: User, at: datetime) -> WantedCover:
    if wanted.shift is None:
        require_right(by, period, "shifts.manage")
        roster.check_times(period, wanted.starts_at, wanted.ends_at)
    else:
        wanted = _of_shift(wanted, wanted.shift, period, by, at)
    if wanted.ends_at <= at:
        raise Refused("This is over. Nobody can take it any more.")
    return wanted


def _of_shift(wanted: WantedCover, given: Shift, period: Period, by: User, at: datetime) -> WantedCover:
    """The stretch of a shift that is asked for: within it, and not what has passed of it."""
    shift = Shift.objects.select_related("role", "user").get(pk=given.pk)
    if shift.user_id != by.pk:
        require_right(by, period, "shifts.manage")
    reassign.require_standing(shift, at)
    start, end = max(wanted.starts_at, shift.starts_at, at), min(wanted.ends_at, shift.ends_at)
    if start >= end:
        raise Invalid({"starts_at": "Choose times within the shift."})
    there = CoverRequest.objects.filter(shift=shift, state__in=CoverRequest.STANDING).first()
    if there is not None:
        raise AlreadyDone("Somebody is asked about this shift already. Withdraw that request first.")
    if wanted.in_return is not None:
        reassign.require_standing(wanted.in_return, at)
        if wanted.in_return.role.period_id != period.pk or wanted.in_return.user_id == shift.user_id:
            raise Invalid({"in_return": "Choose a shift of somebody else in this period."})
    return WantedCover(shift.role, start, end, shift.kind, shift, wanted.in_return)


def _askable(wanted: WantedCover, users: Sequence[User], period: Period) -> list[User]:
    people = [wanted.in_return.user] if wanted.in_return else list({user.pk: user for user in users}.values())
    inside = eligibility.eligible_ids(period)
    if not people:
        raise Invalid({"users": "Choose whom to ask."})
    if len(people) > MOST_ASKED:
        raise Invalid({"users": f"Ask {MOST_ASKED} people at most."})
    for user in people:
        if user.pk not in inside:
            raise Invalid({"users": eligibility.explain_ineligible(user, period)})
        if wanted.shift is not None and user.pk == wanted.shift.user_id:
            raise Invalid({"users": f"{user} has this shift. Choose somebody else."})
    return people


# --- Answering ----------------------------------------------------------------------------------


@transaction.atomic
def accept(request_id: int, *, by: User, at: datetime, via: str = "") -> CoverRequest:
    """Take it. Raises AlreadyDone naming who was first, Invalid when one may not work it, Refused when not asked."""
    request, period = _locked(request_id)
    answer = _ask_of(request, by)
    _require_open(request, by, at)
    _settle_answer(answer, Answer.ACCEPTED, at)
    request.taken_by, request.taken_at = by, at
    if request.role.swaps_need_lead and not is_allowed(request.asked_by, period, "shifts.manage"):
        _require_fit(request, period)
        _move(request, State.ACCEPTED)
        cover_notices.record_entry(request, period, "cover.accepted", by, at, via)
        cover_notices.notify_people(request, period, [period.lead], "cover_approve", by, at)
        return request
    _carry_out(request, period, by, at, via)
    return request


@transaction.atomic
def refuse(request_id: int, *, by: User, at: datetime, via: str = "") -> CoverRequest:
    """Say one can't. When everybody asked has, who asked and the lead hear of it. Twice is no error."""
    request, period = _locked(request_id)
    answer = _ask_of(request, by)
    if answer.answer == Answer.REFUSED:
        return request
    _require_open(request, by, at)
    _settle_answer(answer, Answer.REFUSED, at)
    cover_notices.record_entry(request, period, "cover.refused", by, at, via)
    if not request.asks.filter(answer=Answer.NONE).exists():
        cover_notices.notify_people(request, period, [request.asked_by, period.lead], "cover_unanswered", by, at)
    return request


@transaction.atomic
def approve(request_id: int, *, by: User, at: datetime, via: str = "") -> CoverRequest:
    """Let what was accepted happen. Raises NotAllowed, AlreadyDone, and Invalid when it can't be worked by now."""
    request, period = _locked(request_id)
    _require_waiting(request, period, by)
    _carry_out(request, period, by, at, via)
    return request


@transaction.atomic
def decline(request_id: int, *, by: User, at: datetime, via: str = "") -> CoverRequest:
    """Leave the plan as it is; both are told. Raises NotAllowed, AlreadyDone."""
    request, period = _locked(request_id)
    _require_waiting(request, period, by)
    request.settled_at = at
    _move(request, State.DECLINED)
    cover_notices.record_entry(request, period, "cover.declined", by, at, via)
    cover_notices.notify_people(request, period, [request.asked_by, request.taken_by], "cover_declined", by, at)
    timers.clear_prefix(f"{cover_notices.WATCH}:{request.pk}:", at=at)
    return request


@transaction.atomic
def withdraw(request_id: int, *, by: User, at: datetime, via: str = "") -> CoverRequest:
    """Take a request back: the one who asked, or who plans. Raises NotAllowed, AlreadyDone."""
    request, period = _locked(request_id)
    if request.asked_by_id != by.pk:
        require_right(by, period, "shifts.manage")
    if request.state not in CoverRequest.STANDING:
        raise AlreadyDone(describe_outcome(request))
    request.settled_at = at
    _move(request, State.WITHDRAWN)
    cover_notices.record_entry(request, period, "cover.withdrawn", by, at, via)
    outbox.cancel_unsent(period, f"cover:{request.pk}", kinds=("cover_asked",), at=at)
    timers.clear_prefix(f"{cover_notices.WATCH}:{request.pk}:", at=at)
    return request


# --- Questions ----------------------------------------------------------------------------------


def standing_requests(period: Period) -> QuerySet[CoverRequest]:
    """Requests that wait for somebody, the nearest duty first, with everything their row shows."""
    found = CoverRequest.objects.filter(role__period=period, state__in=CoverRequest.STANDING)
    people = ("role", "asked_by", "taken_by", "shift__user", "in_return__user", "in_return__role")
    return found.select_related(*people).prefetch_related("asks__user").order_by("starts_at", "id")


def unanswered_by(user: User, *, at: datetime) -> list[CoverAsk]:
    """Requests a person has not answered, the nearest duty first."""
    found = CoverAsk.objects.filter(user=user, answer=Answer.NONE, request__state=State.OPEN, request__ends_at__gt=at)
    return list(
        found.select_related("request__role__period", "request__asked_by", "request__shift__user").order_by(
            "request__starts_at", "id"
        )[:50]
    )


def describe_outcome(request: CoverRequest) -> str:
    """What became of a request, as a sentence."""
    if request.taken_by and request.taken_at and request.state in (State.DONE, State.ACCEPTED):
        zone = request.role.period.zone
        return f"{request.taken_by} took this on {request.taken_at.astimezone(zone):%a %-d %b at %H:%M}."
    return {
        State.DECLINED: "This was not approved; the plan stays as it was.",
        State.WITHDRAWN: f"{request.asked_by} took this request back.",
        State.EXPIRED: "The time for this has passed.",
    }.get(State(request.state), "This is still waiting for an answer.")


# --- Carrying out -------------------------------------------------------------------------------


def _locked(request_id: int) -> tuple[CoverRequest, Period]:
    """A request with its period's row held, read after the lock."""
    period = members.lock_open_period(CoverRequest.objects.values_list("role__period_id", flat=True).get(pk=request_id))
    people = (
        "role__period",
        "asked_by",
        "taken_by",
        "shift__user",
        "shift__role",
        "in_return__user",
        "in_return__role",
    )
    return CoverRequest.objects.select_related(*people).get(pk=request_id), period


def _ask_of(request: CoverRequest, user: User) -> CoverAsk:
    answer = CoverAsk.objects.filter(request=request, user=user).first()
    if answer is None:
        raise NotAllowed("You were not asked for this. The lead can put you on duty.")
    return answer


def _require_open(request: CoverRequest, by: User, at: datetime) -> None:
    if request.state != State.OPEN:
        mine = request.taken_by_id == by.pk and request.state in (State.DONE, State.ACCEPTED)
        raise AlreadyDone("You took this already." if mine else describe_outcome(request))
    if request.ends_at <= at:
        raise Refused("The time for this has passed.")


def _require_waiting(request: CoverRequest, period: Period, by: User) -> None:
    require_right(by, period, "shifts.manage")
    if request.state != State.ACCEPTED:
        raise AlreadyDone(describe_outcome(request))


def _require_fit(request: CoverRequest, period: Period) -> list[str]:
    """Whether the taker may work it, and for a swap the giver what they get."""
    taker = request.taken_by
    assert taker is not None  # noqa: S101  accepted, so somebody took it
    given = (request.in_return_id,) if request.in_return_id else ()
    warnings = suitability.require_suitable(
        period,
        request.role,
        taker,
        request.starts_at,
        request.ends_at,
        kind=request.kind,
        without=[pk for pk in given if pk],
    )
    if request.in_return and request.shift:
        back = request.in_return
        suitability.require_suitable(
            period,
            back.role,
            request.shift.user,
            back.starts_at,
            back.ends_at,
            kind=back.kind,
            without=[request.shift.pk],
        )
    return warnings


def _carry_out(request: CoverRequest, period: Period, by: User, at: datetime, via: str) -> None:
    """The duty changes hands; the request is done. Everything in the caller's transaction."""
    warnings = _require_fit(request, period)
    taker, giver = request.taken_by, request.shift.user if request.shift else None
    assert taker is not None  # noqa: S101  accepted, so somebody took it
    start = max(request.starts_at, at)
    if request.shift is None:
        roster.check_overlap(request.role, taker, start, request.ends_at)
        taken = [
            Shift.objects.create(
                role=request.role,
                user=taker,
                kind=request.kind,
                starts_at=start,
                ends_at=request.ends_at,
                is_override=True,
                warnings=warnings,
            )
        ]
    else:
        reassign.require_standing(request.shift, at)
        taken = reassign.reassign_part(
            request.shift, start=start, end=request.ends_at, to=taker, by=by, at=at, warnings=warnings
        )
    if request.in_return and giver:
        back = request.in_return
        reassign.require_standing(back, at)
        reassign.reassign_part(back, start=max(back.starts_at, at), end=back.ends_at, to=giver, by=by, at=at)
    request.settled_at = at
    _move(request, State.DONE)
    reassign.record_reassignment(
        taken, period, giver, by=by, at=at, via=via, request=request.pk, in_return=request.in_return_id
    )
    cover_notices.notify_people(request, period, [request.asked_by, taker, giver, period.lead], "cover_done", by, at)
    outbox.cancel_unsent(period, f"cover:{request.pk}", kinds=("cover_asked",), at=at)
    timers.clear_prefix(f"{cover_notices.WATCH}:{request.pk}:", at=at)


def _settle_answer(answer: CoverAsk, said_: str, at: datetime) -> None:
    answer.answer, answer.answered_at = said_, at
    answer.save(update_fields=["answer", "answered_at"])


def _move(request: CoverRequest, state: str) -> None:
    request.state = state
    request.save(update_fields=["state", "taken_by", "taken_at", "settled_at"])


# --- By the clock -------------------------------------------------------------------------------


def on_watch(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  one shape
    """Near the duty the lead hears what nobody took; when it is over the request ends."""
    row = CoverRequest.objects.filter(pk=args["request"]).values_list("role__period_id", flat=True).first()
    if row is None:
        return
    period: Period = Period.objects.locked().select_related("lead").get(pk=row)
    people = ("role__period", "asked_by", "taken_by", "shift__user", "in_return__user", "in_return__role")
    request = CoverRequest.objects.select_related(*people).get(pk=args["request"])
    if request.state not in CoverRequest.STANDING:
        return
    if args["stage"] == "near":
        kind = "cover_approve" if request.state == State.ACCEPTED else "cover_unanswered"
        cover_notices.notify_people(request, period, [period.lead], kind, None, at)
        return
    request.settled_at = at
    _move(request, State.EXPIRED)
    cover_notices.record_entry(request, period, "cover.expired", None, at, "timer")
