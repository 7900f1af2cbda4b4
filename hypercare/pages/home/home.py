"""Home: what do I do now?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from contributors.handoffs import handoffs, succession
from contributors.models import Handoff, Membership, Shift
from hypercare.models import User
from hypercare.pages.home import todo as home_todo
from hypercare.ui import charts_svg
from hypercare.web.requests import SignedInRequest, is_htmx
from incidents.reporting import cached_counts
from periods import checklist
from periods.models import ChecklistItem, Debrief, Period

SOON = timedelta(days=7)
MOST_WAITING = 6


@dataclass(frozen=True)
class RunningDuty:
    """A shift that is on now, how far it is, and who comes after."""

    shift: Shift
    successor: Shift | None
    percent: int
    left_s: int
    handoff: Handoff | None = None

    @property
    def handed_over(self) -> bool:
        """Whether somebody else takes over at its end."""
        after = self.successor
        return (
            after is not None
            and after.user_id != self.shift.user_id
            and after.starts_at <= self.shift.ends_at + succession.FOLLOWS
        )


@login_required
@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """The whole page; the first five steps when one has no period yet."""
    return render(request, "hypercare/home/home.html", page_context(request.user, timezone.now()))


@login_required
@require_safe
def home_panel(request: SignedInRequest, panel: str) -> HttpResponse:
    """One panel; 204 while it is what the page already shows. The whole page without htmx."""
    if panel not in PANELS:
        raise Http404
    now = timezone.now()
    if not is_htmx(request):
        return render(request, "hypercare/home/home.html", page_context(request.user, now))
    stamp = version_of(request.user, now)
    if request.GET.get("v") == stamp:
        return HttpResponse(status=204)
    context = {"now": now, "version": stamp, **PANELS[panel](request.user, now)}
    return render(request, f"hypercare/home/_{panel}.html", context)


def version_of(user: User, now: datetime) -> str:
    """What the panels depend on: the journals of one's periods and the minute. One query."""
    entries = Period.objects.visible_to(user).aggregate(entries=Sum("journal_seq"), periods=Count("id"))
    return f"{entries['entries'] or 0}.{entries['periods']}.{int(now.timestamp()) // 60}"


def page_context(user: User, now: datetime) -> dict[str, Any]:
    """Context of the whole page."""
    context: dict[str, Any] = {"now": now, "version": version_of(user, now)}
    for build in PANELS.values():
        context |= build(user, now)
    return context | {"empty": not context["periods"]}


def duty_panel(user: User, now: datetime) -> dict[str, Any]:
    """What one is on duty for."""
    held = [one for one in handoffs.waiting_for(user, at=now) if one.outgoing_id == user.pk and one.holds(now)]
    return {"duties": running_duties(user, at=now), "unrelieved": held}


def needs_panel(user: User, now: datetime) -> dict[str, Any]:
    """What needs one, grouped by when."""
    todo = home_todo.todo_of(user, at=now)
    return {"todo": todo, "groups": todo.groups()}


def periods_panel(user: User, now: datetime) -> dict[str, Any]:
    """One's periods that are not over."""
    periods = _periods(user, now)
    counts = cached_counts.open_counts_of(periods)
    ready = checklist.percents(periods)
    return {"periods": [_row(period, counts[period.pk], ready[period.pk], now) for period in periods]}


def today_panel(user: User, now: datetime) -> dict[str, Any]:
    """The rest of today, the week, and whom one waits for."""
    return {"today": _today(user, now), "week": _week(user, now), "waiting": people_who_owe(user, now)}


PANELS: dict[str, Callable[[User, datetime], dict[str, Any]]] = {
    "duty": duty_panel,
    "needs": needs_panel,
    "periods": periods_panel,
    "today": today_panel,
}


def running_duties(user: User, *, at: datetime) -> list[RunningDuty]:
    """Shifts of this person that are on now, with progress and who comes after. Three queries."""
    on = Shift.objects.filter(user=user, cancelled_at__isnull=True, starts_at__lte=at, ends_at__gt=at)
    shifts = list(on.select_related("role__period").order_by("starts_at", "id")[:5])
    after = Shift.objects.filter(
        role__in=[shift.role_id for shift in shifts],
        cancelled_at__isnull=True,
        starts_at__gt=at,
        starts_at__lt=at + SOON,
    )
    coming = list(after.select_related("user").order_by("starts_at", "id")[:200])
    notes = handoffs.handoffs_by_shift(shifts) if shifts else {}
    return [_duty(shift, coming, notes.get(shift.pk), at) for shift in shifts]


def _duty(shift: Shift, coming: list[Shift], handoff: Handoff | None, at: datetime) -> RunningDuty:
    same = (
        s
        for s in coming
        # Who comes next may begin earlier, so that both are there at the hand-off.
        if s.role_id == shift.role_id and s.kind == shift.kind and s.ends_at > shift.ends_at
    )
    whole = (shift.ends_at - shift.starts_at).total_seconds()
    percent = round(100 * (at - shift.starts_at).total_seconds() / whole)
    return RunningDuty(shift, next(same, None), percent, int((shift.ends_at - at).total_seconds()), handoff)


def people_who_owe(user: User, now: datetime) -> list[dict[str, Any]]:
    """People who owe something in the periods one leads: an acknowledgement, a late check. Two queries."""
    led = Period.objects.filter(lead=user, status__in=Period.PRE_LIVE)
    asked = Membership.objects.filter(period__in=led, left_at__isnull=True, invited_at__isnull=False).exclude(user=user)
    silent = asked.exclude(acknowledgements__isnull=False, acknowledgements__voided_at__isnull=True)
    late = ChecklistItem.objects.filter(
        period__in=led, status__in=ChecklistItem.STANDING, due_at__lte=now, owner__isnull=False
    ).exclude(owner=user)
    rows = [
        {"person": member.user, "note": f"Acknowledgement, {member.period.name}", "period": member.period}
        for member in silent.select_related("user", "period").order_by("invited_at", "id")[:MOST_WAITING]
    ]
    rows += [
        {"person": check.owner, "note": f"{check.title}, {check.period.name}", "period": check.period}
        for check in late.select_related("owner", "period").order_by("due_at", "id")[:MOST_WAITING]
    ]
    return rows[:MOST_WAITING]


def _periods(user: User, now: datetime) -> list[Any]:
    late = Q(checklist__status="open", checklist__due_at__lte=now)
    debriefs = Debrief.objects.filter(period=OuterRef("pk"), status="scheduled", starts_at__gte=now).order_by(
        "starts_at", "id"
    )
    return list(
        Period.objects.visible_to(user)
        .exclude(status__in=Period.ENDED)
        .annotate(
            checks_late=Count("checklist", filter=late, distinct=True),
            next_debrief_at=Subquery(debriefs.values("starts_at")[:1]),
        )
        .order_by("go_live_at", "id")[:20]
    )


def _row(period: Any, count: cached_counts.OpenCounts, ready: int, now: datetime) -> dict[str, Any]:
    urgent = [("P1", count.p1), ("P2", count.p2)]
    return {
        "period": period,
        "urgent": [(name, number) for name, number in urgent if number],
        "others": count.p3 + count.p4,
        "open": count.open,
        "day": period.window_day(now),
        "ready": ready,
    }


def _today(user: User, now: datetime) -> list[dict[str, Any]]:
    """Debriefs, shifts and hand-offs of the rest of the viewer's day."""
    midnight = (now.astimezone(user.zone) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    debriefs = Debrief.objects.filter(
        period__in=Period.objects.visible_to(user),
        status__in=("scheduled", "running"),
        starts_at__gte=now - timedelta(minutes=30),
        starts_at__lt=midnight,
    )
    shifts = Shift.objects.filter(user=user, cancelled_at__isnull=True, starts_at__gte=now, starts_at__lt=midnight)
    rows = [
        {"at": debrief.starts_at, "title": str(debrief), "note": debrief.period.name, "url": debrief.get_absolute_url()}
        for debrief in debriefs.select_related("period").order_by("starts_at", "id")[:10]
    ]
    rows += [
        {"at": shift.starts_at, "title": f"Shift: {shift.role.name}", "note": shift.role.period.name, "url": ""}
        for shift in shifts.select_related("role__period").order_by("starts_at", "id")[:10]
    ]
    rows += _changes_of_hands(user, now, midnight)
    return sorted(rows, key=lambda row: row["at"])


def _changes_of_hands(user: User, now: datetime, until: datetime) -> list[dict[str, Any]]:
    """Duties one gives or takes, and how far their notes are. Three queries."""
    changes = succession.duty_changes_of(user, start=now, end=until)
    notes = handoffs.handoffs_by_shift([one.outgoing for one in changes]) if changes else {}
    return [_change_of_hands(one, notes.get(one.outgoing.pk), user) for one in changes]


def _change_of_hands(one: succession.DutyChange, note: Handoff | None, user: User) -> dict[str, Any]:
    gives = one.outgoing.user_id == user.pk
    title = f"Hand-off to {one.incoming.user}" if gives else f"Hand-off from {one.outgoing.user}"
    written = "accepted" if note and note.accepted_at else "note sent" if note and note.version else ""
    return {
        "at": one.outgoing.ends_at,
        "title": title,
        "note": f"{one.outgoing.role}, {written or 'note not written'}",
        "waits": gives and not written,
        "url": note.get_absolute_url() if note else "",
    }


def _week(user: User, now: datetime) -> dict[str, Any]:
    """Seven days of one's shifts as horizontal bars: x and width in thousandths of the day."""
    first = now.astimezone(user.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    end = first + timedelta(days=7)
    shifts = list(
        Shift.objects.filter(user=user, cancelled_at__isnull=True, starts_at__lt=end, ends_at__gt=first).order_by(
            "starts_at", "id"
        )[:100]
    )
    days = [first + timedelta(days=n) for n in range(7)]
    hours = sum((min(s.ends_at, end) - max(s.starts_at, now)).total_seconds() for s in shifts if s.ends_at > now) / 3600
    return {
        "days": [{"day": day, "bars": _bars(day, shifts), "is_today": day == first} for day in days],
        "now_x": _x(now, first),
        "count": sum(s.ends_at > now for s in shifts),
        "hours": round(hours),
    }


def _bars(day: datetime, shifts: list[Shift]) -> list[dict[str, Any]]:
    end = day + timedelta(days=1)
    return [
        {
            "x": _x(s.starts_at, day),
            "width": _x(s.ends_at, day) - _x(s.starts_at, day),
            "kind": "oncall" if s.kind == Shift.Kind.DEPUTY else "",
        }
        for s in shifts
        if s.starts_at < end and s.ends_at > day
    ]


def _x(moment: datetime, day: datetime) -> int:
    """Where a moment lies in a day, in thousandths of its own length: a day of 25 hours is no wider than others."""
    return round(10 * charts_svg.share_of_window(moment, day, day + timedelta(days=1)))
