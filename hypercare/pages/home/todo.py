"""What needs one person: the most urgent first, each with one way to act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.text import Truncator

from contributors.handoffs import handoffs
from contributors.models import Acknowledgement, CoverRequest, Handoff, Membership
from contributors.shifts import coverage, gantt
from contributors.swaps import cover_requests
from hypercare.models import User
from incidents.models import Incident, Notice, RollbackDecision
from incidents.paging import sla_clock
from incidents.paging.sla import clocks_of
from incidents.stakeholders import updates
from periods.go import gonogo
from periods.models import Action, ChecklistItem, GoCondition, Period

MOST = 30
PROMISE_NEAR = timedelta(minutes=15)


@dataclass(frozen=True)
class Need:
    """One thing to do: what, in which period, by when, and the page where it is done."""

    icon: str
    title: str
    note: str
    due_at: datetime | None
    button: str
    url: str
    severity: str = ""

    def late(self, at: datetime) -> bool:
        """Past its time."""
        return self.due_at is not None and self.due_at <= at


@dataclass(frozen=True)
class Todo:
    """Everything that needs one person, most urgent first."""

    needs: tuple[Need, ...]
    at: datetime

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.needs)

    @property
    def red(self) -> bool:
        """Whether a P1 or something late is among them."""
        return any(need.severity == "P1" or need.late(self.at) for need in self.needs)

    def groups(self) -> list[tuple[str, list[Need]]]:
        """The needs under Now, Overdue and due today, This week and Later; empty groups left out."""
        named: dict[str, list[Need]] = {"Now": [], "Overdue and due today": [], "This week": [], "Later": []}
        for need in self.needs:
            named[_group(need, self.at)].append(need)
        return [(name, needs) for name, needs in named.items() if needs]


def _group(need: Need, at: datetime) -> str:
    if need.severity:
        return "Now"
    if need.due_at is None or need.due_at <= at + timedelta(days=1):
        return "Overdue and due today"
    return "This week" if need.due_at <= at + timedelta(days=7) else "Later"


def count_todo(user: User, *, at: datetime) -> Todo:
    """The same as `todo_of`: the sidebar shows its size."""
    return todo_of(user, at=at)


def todo_of(user: User, *, at: datetime) -> Todo:
    """What needs this person now. Eighteen queries and two for each vote, at most 30 of each kind."""
    found = [
        *_incidents(user, at),
        *_promises(user, at),
        *_handoffs(user, at),
        *_rollbacks(user),
        *_decisions(user, at),
        *_votes(user),
        *_conditions(user),
        *_problems(user),
        *_checks(user),
        *_acknowledgements(user),
        *_actions(user),
        *_gaps(user, at),
        *_swaps(user, at),
        *_asked(user, at),
    ]
    return Todo(tuple(sorted(found, key=lambda need: _urgency(need, at))), at)


def _urgency(need: Need, at: datetime) -> tuple[bool, str, datetime]:
    return (not need.severity, need.severity, need.due_at or at)


def _incidents(user: User, at: datetime) -> list[Need]:
    mine = Incident.objects.open().filter(owner=user, severity__in=("P1", "P2"))
    unowned = Incident.objects.open().filter(owner__isnull=True, severity__in=("P1", "P2"), period__lead=user)
    rows = (
        (mine | unowned)
        .filter(period__in=_current(user))
        .select_related("period", "period__incident_policy")
        .order_by("severity", "id")
    )
    return [_incident_need(incident, at) for incident in rows[:MOST]]


def _incident_need(incident: Incident, at: datetime) -> Need:
    running = sla_clock.next_deadline(clocks_of(incident, at))
    due_at = running.due_at if running else None
    words = {"update": "Post the next update on", "acknowledge": "Acknowledge", "mitigate": "Mitigate"}
    buttons = {"update": "Write update", "acknowledge": "Open"}
    kind = running.kind if running else "resolve"
    verb = "Assign" if incident.owner_id is None else words.get(kind, "Resolve")
    button = "Assign" if incident.owner_id is None else buttons.get(kind, "Open")
    return Need(
        "alert",
        f"{verb} {incident.key}",
        incident.title,
        due_at,
        button,
        incident.get_absolute_url(),
        incident.severity,
    )


def _promises(user: User, at: datetime) -> list[Need]:
    """What people outside were promised to hear by about now, from those whom that reminds."""
    owed = updates.notices_owed_by(user, periods=_current(user), before=at + PROMISE_NEAR)
    return [_promise_need(notice) for notice in owed]


def _promise_need(notice: Notice) -> Need:
    severity = notice.incident.severity if notice.incident else ""
    url = f"{reverse('period_comms', kwargs={'key': notice.period.key})}?notice={notice.pk}#write-t"
    return Need(
        "megaphone",
        f"Post the promised update: {notice.title}",
        notice.period.name,
        notice.next_by,
        "Write update",
        url,
        severity,
    )


def _handoffs(user: User, at: datetime) -> list[Need]:
    """Notes to write before one's shift ends, and duties to take over."""
    return [
        _handoff_need(one, user)
        for one in handoffs.waiting_for(user, at=at)
        if (one.incoming_id == user.pk and (one.version or one.due_at <= at))
        or (one.outgoing_id == user.pk and not one.version)
    ]


def _handoff_need(one: Handoff, user: User) -> Need:
    if one.incoming_id == user.pk:
        title, button = f"Take over {one.role} from {one.outgoing}", "Read"
    else:
        title, button = f"Write the hand-off note for {one.incoming}", "Write"
    note = f"{one.role.period.name}, {one.role}"
    return Need("calendar", title, note, one.due_at, button, one.get_absolute_url())


def _rollbacks(user: User) -> list[Need]:
    """Whether to roll back, where one decides that or was asked in the end."""
    asked = RollbackDecision.objects.filter(
        answered_at__isnull=True, incident__resolved_at__isnull=True, incident__period__in=_current(user)
    ).filter(Q(asked=user) | Q(escalated_at__isnull=False, incident__period__sponsor=user))
    return [
        Need(
            "flag",
            f"Decide: roll back for {one.incident.key}?",
            one.incident.title,
            one.due_at,
            "Decide",
            f"{one.incident.get_absolute_url()}#rollback",
            one.incident.severity,
        )
        for one in asked.select_related("incident__period").order_by("due_at", "id")[:MOST]
    ]


def _decisions(user: User, at: datetime) -> list[Need]:
    """Exit reviews one signs or decides, and go-lives one decides within a week."""
    review = Q(status=Period.Status.EXIT_REVIEW) & (Q(sponsor=user) | Q(bau_owner=user) | Q(lead=user))
    go = Q(status=Period.Status.READINESS, sponsor=user, go_live_at__lte=at + timedelta(days=7))
    mine = _current(user).filter(review | go).order_by("go_live_at", "id")[:MOST]
    return [_decision_need(period) for period in mine]


def _decision_need(period: Period) -> Need:
    if period.status == Period.Status.EXIT_REVIEW:
        url = reverse("period_exit", kwargs={"key": period.key})
        return Need("flag", f"Decide how {period.name} ends", "Exit review is open", period.ends_at, "Decide", url)
    url = f"{reverse('period_go', kwargs={'key': period.key})}#decide"
    return Need("flag", f"Decide go or no-go for {period.name}", "Before go-live", period.go_live_at, "Decide", url)


def _votes(user: User) -> list[Need]:
    """Go or no-go, where a seat of one's own is silent: one row a period, however many seats."""
    return [
        Need(
            "flag",
            f"Vote go or no-go for {period.name}",
            f"As {', '.join(seat.role for seat in seats)}",
            period.go_live_at,
            "Vote",
            f"{reverse('period_go', kwargs={'key': period.key})}#vote",
        )
        for period, seats in gonogo.find_silent_seats(user, _current(user).order_by("go_live_at", "id"))[:MOST]
    ]


def _conditions(user: User) -> list[Need]:
    """Conditions of a go that one answers for: it ends by itself when one is not met in time."""
    mine = GoCondition.objects.filter(owner=user, state=GoCondition.State.OPEN, period__in=_current(user))
    return [
        Need(
            "flag",
            one.text,
            f"{one.period.name}, condition of the go",
            one.due_at,
            "Settle",
            reverse("go_met", kwargs={"key": one.period.key, "pk": one.pk}),
        )
        for one in mine.select_related("period").order_by("due_at", "id")[:MOST]
    ]


def _checks(user: User) -> list[Need]:
    items = ChecklistItem.objects.filter(
        owner=user, status__in=ChecklistItem.STANDING, period__in=_current(user), period__status__in=Period.PRE_LIVE
    )
    return [
        Need(
            "check",
            item.title,
            f"{item.period.name}, {item.category}, your check",
            item.due_at,
            "Attach" if item.evidence_wanted else "Open",
            f"{reverse('period_readiness', kwargs={'key': item.period.key})}#check-{item.pk}",
        )
        for item in items.select_related("period").order_by("due_at", "id")[:MOST]
    ]


def _problems(user: User) -> list[Need]:
    """What somebody says is missing where one leads and nobody answered yet; due when they said it."""
    unanswered = Acknowledgement.objects.filter(
        membership__period__in=_current(user),
        membership__period__lead=user,
        membership__period__status__in=Period.PRE_LIVE,
        membership__left_at__isnull=True,
        voided_at__isnull=True,
        replied_at__isnull=True,
        state=Acknowledgement.State.PROBLEM,
    )
    rows = unanswered.select_related("membership__user", "membership__period").order_by("at", "id")
    return [_problem_need(answer) for answer in rows[:MOST]]


def _problem_need(answer: Acknowledgement) -> Need:
    member = answer.membership
    url = reverse("contributors:reply", kwargs={"key": member.period.key, "pk": member.pk})
    note = f"{member.period.name}: {' '.join(answer.note.split())}"
    return Need("shield", f"{member.user} says something is missing", Truncator(note).chars(120), None, "Answer", url)


def _acknowledgements(user: User) -> list[Need]:
    asked = Membership.objects.filter(
        user=user,
        left_at__isnull=True,
        invited_at__isnull=False,
        period__status__in=(Period.Status.PLANNED, Period.Status.READINESS, Period.Status.READY),
    ).exclude(acknowledgements__voided_at__isnull=True, acknowledgements__isnull=False)
    return [
        Need(
            "shield",
            f"Acknowledge your role: {member.role or member.get_right_display()}",
            member.period.name,
            member.period.go_live_at,
            "Review",
            f"{reverse('period_readiness', kwargs={'key': member.period.key})}acknowledge/",
        )
        for member in asked.select_related("period", "role").order_by("period__go_live_at", "id")[:MOST]
    ]


def _actions(user: User) -> list[Need]:
    actions = Action.objects.filter(owner=user, done_at__isnull=True, period__in=_current(user))
    return [
        Need(
            "chat",
            action.title,
            f"{action.period.name}, action",
            action.due_at,
            "Open",
            reverse("period_debriefs", kwargs={"key": action.period.key}),
        )
        for action in actions.select_related("period").order_by("due_at", "id")[:MOST]
    ]


def _gaps(user: User, at: datetime) -> list[Need]:
    """Cover that the periods one leads lack within a week: the first gap of each role."""
    led = _current(user).filter(lead=user).exclude(status__in=(Period.Status.DRAFT, Period.Status.PLANNED))
    first: dict[int, coverage.RoleGap] = {}
    for gap in coverage.upcoming_gaps_of_all(led.order_by("go_live_at", "id")[:MOST], at=at):
        first.setdefault(gap.role.pk, gap)
    return [_gap_need(gap) for gap in list(first.values())[:MOST]]


def _gap_need(gap: coverage.RoleGap) -> Need:
    period = gap.role.period
    url = f"{reverse('period_coverage', kwargs={'key': period.key})}?gap={gantt.gap_key(gap)}#gap"
    note = f"{period.name}: {coverage.describe_gap(gap, period)}"
    return Need("calendar", f"Find cover for {gap.role}", note, gap.start, "Find cover", url)


def _swaps(user: User, at: datetime) -> list[Need]:
    """Cover and swaps that are agreed and wait for the lead."""
    waiting = CoverRequest.objects.filter(
        state=CoverRequest.State.ACCEPTED, role__period__in=_current(user), role__period__lead=user, ends_at__gt=at
    )
    rows = waiting.select_related("role__period", "taken_by", "shift__user").order_by("starts_at", "id")
    return [
        Need(
            "swap",
            f"Approve that {one.taken_by} takes {one.role}{_instead(one)}",
            one.role.period.name,
            one.starts_at,
            "Decide",
            f"{reverse('period_coverage', kwargs={'key': one.role.period.key})}#swaps",
        )
        for one in rows[:MOST]
    ]


def _instead(one: CoverRequest) -> str:
    return f" for {one.shift.user}" if one.shift else ""


def _asked(user: User, at: datetime) -> list[Need]:
    """Cover one is asked to take."""
    return [
        Need(
            "swap",
            f"Can you take {ask.request.role}{_instead(ask.request)}?",
            f"{ask.request.role.period.name}, asked by {ask.request.asked_by}",
            ask.request.starts_at,
            "Answer",
            reverse("contributors:shifts"),
        )
        for ask in cover_requests.unanswered_by(user, at=at)[:MOST]
    ]


def _current(user: User) -> QuerySet[Period]:
    visible: QuerySet[Period] = Period.objects.visible_to(user).exclude(status__in=Period.ENDED)
    return visible
