"""Hand-offs: a duty goes to the next person when they accept it, and not before.

Half an hour before a shift ends, where somebody else follows, the holder is asked for a note. Its parts come filled in
from what is known (`registry.HANDOFF_SECTIONS`); the holder edits and sends it, the next person accepts. Until then
the holder stays on duty for paging (`answering`). What nobody has accepted a quarter of an hour after the end is
told to the lead. Reference: docs/domain.md section 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet

from contributors.handoffs import handoff_notes, handoff_notices
from contributors.handoffs.succession import find_successor
from contributors.messaging import outbox
from contributors.models import Delivery, Handoff, HandoffVersion, Shift
from contributors.people import members
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import Timer, User
from periods.access.access import is_allowed
from periods.models import JournalEntry, Period

NEXT: Final = "handoff.next"
OVERDUE: Final = "handoff.overdue"
OPENS: Final = timedelta(minutes=30)  # Before the shift ends.
PATIENCE: Final = timedelta(minutes=15)  # After it, until the lead hears.
LATE: Final = timedelta(hours=1)  # What a clock that stood still asks for afterwards.
LONGEST_PART: Final = 4000
MOVED_BY: Final = ("shift.", "rotation.", "role.", "cover.", "contributor.", "period.")
PEOPLE: Final = ("role__period__lead", "outgoing", "incoming", "accepted_by", "outgoing_shift", "incoming_shift")
KINDS: Final = ("handoff_write", "handoff_ready", "handoff_overdue")


# --- By the clock -------------------------------------------------------------------------------


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer: whatever moves shifts moves what is asked for next. A replay changes nothing."""
    if entry.kind.startswith(MOVED_BY):
        refresh(entry.period_id, at=at)


@transaction.atomic
def refresh(period_id: int, *, at: datetime) -> None:
    """Let the hand-offs that wait follow the plan, and set the clock for the next one."""
    period: Period = Period.objects.locked().get(pk=period_id)
    for handoff in _waiting(period):
        _follow_plan(handoff, period, at)
    _arm(period, at)


def on_next(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:
    """Timer: ask for the notes of the shifts that end within half an hour, and set the clock for the next."""
    period: Period = Period.objects.locked().get(pk=args["period"])
    for shift in _ending(period, max(due_at, at - LATE), at + OPENS):
        after = find_successor(shift)
        if after is not None:
            _open(shift, after, at)
    _arm(period, at, fires=_key(period.pk, due_at))


def on_overdue(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  one shape
    """Timer: a quarter of an hour after the shift's end the lead hears that nobody has accepted."""
    handoff = _locked(args["handoff"])
    if handoff is None or handoff.due_at != datetime.fromisoformat(args["due_at"]):
        return
    if handoff.accepted_at or handoff.cancelled_at or handoff.role.period.status not in Period.LIVE:
        return
    handoff.escalated_at = at
    handoff.save(update_fields=["escalated_at"])
    handoff_notices.record_entry(handoff, "handoff.escalated", None, at, "timer")
    lead = handoff.role.period.lead
    for person in {user.pk: user for user in (lead, handoff.incoming) if user}.values():
        handoff_notices.notify_person(handoff, person, "handoff_overdue", at, urgency=Delivery.Urgency.PAGE)


def _arm(period: Period, at: datetime, *, fires: str = "") -> None:
    """Let exactly one timer of the period be pending, beside the one that fires just now."""
    moment = _next_moment(period, at)
    wanted = _key(period.pk, moment) if moment else ""
    pending = Timer.objects.filter(
        key__startswith=f"{NEXT}:{period.pk}:", fired_at__isnull=True, cleared_at__isnull=True
    )
    keys = set(pending.values_list("key", flat=True))
    timers.clear(*(keys - {wanted, fires}), at=at)
    if moment and wanted not in keys:
        timers.arm(wanted, kind=NEXT, due_at=moment, args={"period": period.pk})


def _key(period_id: int, moment: datetime) -> str:
    return f"{NEXT}:{period_id}:{moment.isoformat()}"


def _next_moment(period: Period, at: datetime) -> datetime | None:
    """When a note is to be asked for next: now, where a shift is about to end already."""
    if any(find_successor(shift) for shift in _ending(period, at, at + OPENS)):
        return at
    if period.status not in Period.LIVE:
        return None
    coming = Shift.objects.filter(
        role__period=period, kind=Shift.Kind.PRIMARY, cancelled_at__isnull=True, ends_at__gt=at + OPENS
    )
    ends_at = coming.exclude(pk__in=_asked(period)).order_by("ends_at").values_list("ends_at", flat=True)
    first = ends_at.first()
    return first - OPENS if first else None


def _ending(period: Period, start: datetime, end: datetime) -> list[Shift]:
    """Shifts that end in an interval and have no hand-off yet."""
    if period.status not in Period.LIVE:
        return []
    found = Shift.objects.filter(
        role__period=period, kind=Shift.Kind.PRIMARY, cancelled_at__isnull=True, ends_at__gt=start, ends_at__lte=end
    )
    asked = found.exclude(pk__in=_asked(period)).select_related("role__period__lead", "user")
    return list(asked.order_by("ends_at", "id")[:200])


def _asked(period: Period) -> Any:
    return Handoff.objects.filter(role__period=period, cancelled_at__isnull=True).values("outgoing_shift")


def _follow_plan(handoff: Handoff, period: Period, at: datetime) -> None:
    """A hand-off that waits goes to whoever follows now; where nobody does, or the shift is gone, it ends.

    So it does when the rest of a running shift changes hands: whoever takes it now has taken over.
    """
    shift = handoff.outgoing_shift
    is_taken = shift.ends_at != handoff.due_at and shift.ends_at <= at
    after = None if is_taken or shift.cancelled_at else find_successor(shift)
    if period.status in Period.ENDED or after is None:
        handoff.cancelled_at = at
        handoff.save(update_fields=["cancelled_at"])
        outbox.cancel_unsent(period, handoff.subject, kinds=KINDS, at=at)
        timers.clear_prefix(f"{OVERDUE}:{handoff.pk}:", at=at)
        return
    if (after.pk, shift.ends_at) == (handoff.incoming_shift_id, handoff.due_at):
        return
    is_other = after.user_id != handoff.incoming_id
    handoff.incoming_shift, handoff.incoming, handoff.due_at = after, after.user, shift.ends_at
    handoff.save(update_fields=["incoming_shift", "incoming", "due_at"])
    _arm_overdue(handoff, at)
    if is_other and handoff.version:
        handoff_notices.notify_incoming(handoff, at)


def _arm_overdue(handoff: Handoff, at: datetime) -> None:
    timers.clear_prefix(f"{OVERDUE}:{handoff.pk}:", at=at)
    due_at = handoff.due_at.isoformat()
    timers.arm(
        f"{OVERDUE}:{handoff.pk}:{due_at}",
        kind=OVERDUE,
        due_at=handoff.due_at + PATIENCE,
        args={"handoff": handoff.pk, "due_at": due_at},
    )


# --- Writing and accepting ----------------------------------------------------------------------


@transaction.atomic
def begin(shift_id: int, *, by: User, at: datetime) -> Handoff:
    """Open the note of a running shift before its time; the same one again where it is open.

    For the holder, and those who plan. Raises NotAllowed, Refused when the shift does not run or nobody follows.
    """
    period = members.lock_open_period(Shift.objects.values_list("role__period_id", flat=True).get(pk=shift_id))
    shift = Shift.objects.select_related("role__period__lead", "user").get(pk=shift_id)
    if shift.user_id != by.pk and not is_allowed(by, period, "shifts.manage"):
        raise NotAllowed(f"This is the shift of {shift.user}; they write its note.")
    there = handoffs_by_shift([shift]).get(shift.pk)
    if there is not None:
        return there
    if not shift.covers(at):
        raise Refused("This shift is not running. A note is written towards the end of a shift.")
    after = find_successor(shift)
    if after is None:
        raise Refused(f"Nobody is planned after you on {shift.role}, so there is nobody to hand over to.")
    handoff = _open(shift, after, at)
    _arm(period, at)
    return handoff


def _open(shift: Shift, after: Shift, at: datetime) -> Handoff:
    handoff: Handoff = Handoff.objects.create(
        role=shift.role,
        outgoing_shift=shift,
        incoming_shift=after,
        outgoing=shift.user,
        incoming=after.user,
        due_at=shift.ends_at,
        created_at=at,
    )
    _arm_overdue(handoff, at)
    handoff_notices.notify_person(handoff, handoff.outgoing, "handoff_write", at)
    return handoff


@transaction.atomic
def write(handoff_id: int, *, texts: Mapping[str, str], version: int, by: User, at: datetime, via: str = "") -> Handoff:
    """Send the note, or a better one. The next person gets a link to accept it; each version is kept.

    `texts` are the parts by code. Raises NotAllowed, Invalid naming the part, AlreadyDone when it was accepted, or
    when somebody wrote it since `version`.
    """
    handoff = _required(handoff_id)
    _require_writer(handoff, by)
    _require_waiting(handoff)
    if version != handoff.version:
        raise AlreadyDone("This note was written meanwhile. Look at it, then write again.")
    handoff.sections = _checked(handoff, texts, at)
    handoff.searched = "\n".join(part["text"] for part in handoff.sections)
    handoff.version, handoff.written_at = handoff.version + 1, at
    handoff.save(update_fields=["sections", "searched", "version", "written_at"])
    HandoffVersion.objects.create(handoff=handoff, number=handoff.version, sections=handoff.sections, by=by, at=at)
    handoff_notices.record_entry(handoff, "handoff.written", by, at, via, version=handoff.version)
    outbox.cancel_unsent(handoff.role.period, handoff.subject, kinds=("handoff_write",), at=at)
    handoff_notices.notify_incoming(handoff, at)
    return handoff


def _checked(handoff: Handoff, texts: Mapping[str, str], at: datetime) -> list[dict[str, str]]:
    parts = handoff_notes.prefill_sections(handoff, at=at)
    errors = {
        part.code: f"Keep it under {LONGEST_PART:,} characters."
        for part in parts
        if len(texts.get(part.code, "")) > LONGEST_PART
    }
    if unknown := sorted(set(texts) - {part.code for part in parts}):
        errors[unknown[0]] = f"“{unknown[0]}” is no part of a note. Use {', '.join(p.code for p in parts)}."
    said = [
        {"code": part.code, "title": part.title, "text": texts.get(part.code, "").replace("\x00", "").strip()}
        for part in parts
    ]
    if not errors and not any(part["text"] for part in said):
        errors["overall"] = "Write at least how it stands. “All quiet” is fine."
    if errors:
        raise Invalid(errors)
    return said


@transaction.atomic
def accept(handoff_id: int, *, by: User, at: datetime, via: str = "") -> Handoff:
    """Take over: from now on pages go to the incoming person first, and the outgoing one is off duty.

    For the incoming person; whoever plans may do it for them. Without a note only once the shift is over. Raises
    NotAllowed, Refused, and AlreadyDone naming who was first.
    """
    handoff = _required(handoff_id)
    if handoff.incoming_id != by.pk and not _may_settle(handoff, by):
        raise NotAllowed(f"{handoff.incoming} takes over here. {_lead(handoff)} can accept for them.")
    _require_waiting(handoff)
    if not handoff.version and handoff.due_at > at:
        raise Refused(f"{handoff.outgoing} has not written the note yet. You can accept it then.")
    handoff.accepted_at, handoff.accepted_by = at, by
    handoff.save(update_fields=["accepted_at", "accepted_by"])
    handoff_notices.record_entry(handoff, "handoff.accepted", by, at, via)
    timers.clear_prefix(f"{OVERDUE}:{handoff.pk}:", at=at)
    outbox.cancel_unsent(handoff.role.period, handoff.subject, kinds=KINDS, at=at)
    if handoff.outgoing_id != by.pk:
        handoff_notices.notify_person(handoff, handoff.outgoing, "handoff_accepted", at)
    return handoff


def may_accept(handoff: Handoff, user: User) -> bool:
    """Whether the person may take over, or settle it for the one who does."""
    return handoff.incoming_id == user.pk or _may_settle(handoff, user)


def may_write(handoff: Handoff, user: User) -> bool:
    """Whether the note is this person's to write: the outgoing one's, or of those who plan."""
    return handoff.outgoing_id == user.pk or _may_settle(handoff, user)


def _may_settle(handoff: Handoff, user: User) -> bool:
    return is_allowed(user, handoff.role.period, "shifts.manage")


def _require_writer(handoff: Handoff, by: User) -> None:
    if not may_write(handoff, by):
        raise NotAllowed(f"{handoff.outgoing} writes this note.")


def _require_waiting(handoff: Handoff) -> None:
    if handoff.cancelled_at:
        raise AlreadyDone("The plan changed: this hand-off is no longer needed.")
    if handoff.accepted_at:
        raise AlreadyDone(describe_acceptance(handoff))


def describe_acceptance(handoff: Handoff) -> str:
    """Who took over and when, as a sentence in the period's own time; empty while it waits."""
    if handoff.accepted_at is None:
        return ""
    moment = handoff.accepted_at.astimezone(handoff.role.period.zone)
    who = handoff.accepted_by or handoff.incoming
    whom = "" if handoff.accepted_by_id in (None, handoff.incoming_id) else f" for {handoff.incoming}"
    return f"{who} accepted this{whom} on {moment:%a %-d %b at %H:%M}."


def _lead(handoff: Handoff) -> str:
    return str(handoff.role.period.lead or "The lead")


# --- Questions ----------------------------------------------------------------------------------


def handoffs_of_period(period: Period, *, query: str = "") -> QuerySet[Handoff]:
    """The notes of a period, the newest first, by words of the note, the duty or the people."""
    found = Handoff.objects.filter(role__period=period, cancelled_at__isnull=True).select_related(*PEOPLE)
    return filter_by_words(found, query).order_by("-due_at", "-id")


def filter_by_words(found: QuerySet[Handoff], query: str) -> QuerySet[Handoff]:
    """Those with all the words."""
    for word in query.replace("\x00", "").split()[:8]:
        found = found.filter(
            Q(searched__icontains=word)
            | Q(outgoing__name__icontains=word)
            | Q(incoming__name__icontains=word)
            | Q(role__name__icontains=word)
        )
    return found


def waiting_for(user: User, *, at: datetime) -> list[Handoff]:
    """What waits for a person: notes to write and to accept, of periods that run; the nearest first. One query."""
    mine = Handoff.objects.waiting().filter(Q(outgoing=user) | Q(incoming=user))
    current = mine.filter(role__period__status__in=Period.LIVE, incoming_shift__ends_at__gt=at)
    visible = current.filter(role__period__in=Period.objects.visible_to(user))
    return list(visible.select_related(*PEOPLE).order_by("due_at", "id")[:20])


def handoffs_by_shift(shifts: Sequence[Shift]) -> dict[int, Handoff]:
    """Outgoing shift id → its hand-off. One query."""
    found = Handoff.objects.filter(outgoing_shift__in=shifts, cancelled_at__isnull=True)
    return {one.outgoing_shift_id: one for one in found.select_related(*PEOPLE)}


# --- What they share ----------------------------------------------------------------------------


def _waiting(period: Period) -> list[Handoff]:
    return list(Handoff.objects.waiting().filter(role__period=period).select_related(*PEOPLE).order_by("id"))


def _locked(handoff_id: int) -> Handoff | None:
    """A hand-off with its period's row held, read after the lock."""
    period_id = Handoff.objects.filter(pk=handoff_id).values_list("role__period_id", flat=True).order_by().first()
    if period_id is None:
        return None
    Period.objects.locked().get(pk=period_id)
    handoff: Handoff = Handoff.objects.select_related(*PEOPLE).get(pk=handoff_id)
    return handoff


def _required(handoff_id: int) -> Handoff:
    handoff = _locked(handoff_id)
    if handoff is None:
        raise Handoff.DoesNotExist
    if handoff.role.period.status in Period.ENDED:
        raise Refused(f"{handoff.role.period} has ended; its notes stay as they were.")
    return handoff
