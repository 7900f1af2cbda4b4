"""Requests for cover: asked, taken by one, approved where the role demands it, never uncovered."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contributors.models import CoverRequest, Delivery, Link, Role, Shift
from contributors.shifts import coverage, reassign, roster
from contributors.swaps import cover_requests
from contributors.swaps.cover_requests import WantedCover
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import Timer, User
from periods.journal import journal
from periods.models import JournalEntry
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Scene:
    """Kavya has a shift tomorrow; Arjun and Tomasz could take it."""

    def __init__(self, **role: object) -> None:
        self.period = make_period()
        self.role = make_role(self.period, "Support desk", cover="none", **role)
        self.kavya, self.arjun, self.tomasz = (
            make_member(self.period, make_user(name), role=self.role).user for name in ("Kavya", "Arjun", "Tomasz")
        )
        self.shift = make_shift(self.role, self.kavya, starts_at=NOW + DAY)

    @property
    def lead(self) -> User:
        return self.period.lead

    def wanted(self, **changes: object) -> WantedCover:
        plain = {
            "role": self.role,
            "starts_at": self.shift.starts_at,
            "ends_at": self.shift.ends_at,
            "shift": self.shift,
        }
        return WantedCover(**{**plain, **changes})

    def ask(self, *users: User, by: User | None = None, at: datetime = NOW, **changes: object) -> CoverRequest:
        return cover_requests.ask(
            self.wanted(**changes), users=users or [self.arjun, self.tomasz], by=by or self.kavya, at=at
        )

    def plan(self) -> list[tuple[str, datetime, datetime]]:
        found = Shift.objects.filter(role=self.role, cancelled_at__isnull=True).select_related("user")
        return [(shift.user.name, shift.starts_at, shift.ends_at) for shift in found.order_by("starts_at", "id")]


def told(kind: str) -> set[str]:
    return set(Delivery.objects.filter(kind=kind, state="due").values_list("recipient__name", flat=True))


# --- Asking -------------------------------------------------------------------------------------


def test_everybody_asked_gets_a_mail_with_a_link_of_their_own():
    scene = Scene()

    scene.ask()

    assert told("cover_asked") == {"Arjun", "Tomasz"}
    assert Link.objects.filter(purpose="cover").count() == 2
    assert JournalEntry.objects.get(period=scene.period).kind == "cover.asked"


def test_only_the_holder_or_who_plans_may_ask_about_a_shift():
    scene = Scene()

    with pytest.raises(NotAllowed):
        scene.ask(by=scene.arjun)

    assert scene.ask(by=scene.lead).state == "open"


def test_a_gap_is_for_those_who_plan():
    scene = Scene()

    with pytest.raises(NotAllowed):
        scene.ask(shift=None)


@pytest.mark.parametrize(
    ("who", "words"), [("nobody", "Choose whom to ask"), ("stranger", "is not part of"), ("holder", "has this shift")]
)
def test_people_who_cannot_take_it_are_not_asked(who, words):
    scene = Scene()
    users = {"nobody": [], "stranger": [make_user()], "holder": [scene.kavya]}[who]

    with pytest.raises(Invalid, match=words):
        cover_requests.ask(scene.wanted(), users=users, by=scene.kavya, at=NOW)


def test_a_shift_is_asked_about_once_at_a_time():
    scene = Scene()
    scene.ask()

    with pytest.raises(AlreadyDone, match="Withdraw that request first"):
        scene.ask()


def test_a_shift_that_is_over_is_not_asked_about():
    scene = Scene()

    with pytest.raises(Refused, match="over"):
        scene.ask(at=NOW + 3 * DAY)


# --- Taking -------------------------------------------------------------------------------------


def test_whoever_accepts_has_the_shift_and_everybody_concerned_is_told():
    scene = Scene()
    request = scene.ask()

    cover_requests.accept(request.pk, by=scene.arjun, at=NOW + HOUR)

    assert scene.plan() == [("Arjun", scene.shift.starts_at, scene.shift.ends_at)]
    assert told("cover_done") == {"Kavya", "Lead"}
    assert told("cover_asked") == set()
    entry = JournalEntry.objects.filter(period=scene.period).latest("seq")
    assert (entry.kind, entry.data["user"], entry.data["from_user"]) == (
        "shift.covered",
        scene.arjun.pk,
        scene.kavya.pk,
    )
    assert not Timer.objects.filter(kind="cover.watch", cleared_at__isnull=True).exists()


def test_the_second_who_accepts_is_told_who_was_first():
    scene = Scene()
    request = scene.ask()
    cover_requests.accept(request.pk, by=scene.arjun, at=NOW + HOUR)

    with pytest.raises(AlreadyDone, match="Arjun took this on Wed 18 Nov at 15:12"):
        cover_requests.accept(request.pk, by=scene.tomasz, at=NOW + HOUR)


def test_accepting_twice_says_so():
    scene = Scene()
    request = scene.ask()
    cover_requests.accept(request.pk, by=scene.arjun, at=NOW)

    with pytest.raises(AlreadyDone, match="You took this already"):
        cover_requests.accept(request.pk, by=scene.arjun, at=NOW)


def test_somebody_who_was_not_asked_cannot_take_it():
    scene = Scene()
    request = scene.ask(scene.arjun)

    with pytest.raises(NotAllowed, match="not asked"):
        cover_requests.accept(request.pk, by=scene.tomasz, at=NOW)


def test_a_part_of_a_shift_leaves_the_rest_with_its_holder():
    scene = Scene()
    start = scene.shift.starts_at
    request = scene.ask(starts_at=start + 2 * HOUR, ends_at=start + 4 * HOUR)

    cover_requests.accept(request.pk, by=scene.arjun, at=NOW)

    assert scene.plan() == [
        ("Kavya", start, start + 2 * HOUR),
        ("Arjun", start + 2 * HOUR, start + 4 * HOUR),
        ("Kavya", start + 4 * HOUR, start + 8 * HOUR),
    ]
    scene.shift.refresh_from_db()
    assert (scene.shift.ends_at, scene.shift.revision) == (start + 2 * HOUR, 1)


def test_a_swap_gives_both_what_the_other_had():
    scene = Scene()
    other = make_shift(scene.role, scene.arjun, starts_at=NOW + 2 * DAY)
    request = scene.ask(in_return=other)

    cover_requests.accept(request.pk, by=scene.arjun, at=NOW)

    assert [who for who, _, _ in scene.plan()] == ["Arjun", "Kavya"]


def test_a_swap_asks_the_holder_of_the_other_shift_alone():
    scene = Scene()
    other = make_shift(scene.role, scene.arjun, starts_at=NOW + 2 * DAY)

    request = scene.ask(in_return=other)

    assert [one.user for one in request.asks.all()] == [scene.arjun]


def test_nobody_takes_what_the_limits_forbid_and_nothing_changes():
    scene = Scene()
    make_shift(scene.role, scene.arjun, starts_at=scene.shift.ends_at + HOUR)
    request = scene.ask()

    with pytest.raises(Invalid, match="rest"):
        cover_requests.accept(request.pk, by=scene.arjun, at=NOW)

    request.refresh_from_db()
    assert (request.state, request.asks.get(user=scene.arjun).answer) == ("open", "")


def test_a_gap_is_filled_by_whoever_accepts():
    scene = Scene()
    Role.objects.filter(pk=scene.role.pk).update(cover="24x7")
    start = NOW + 3 * DAY
    request = scene.ask(by=scene.lead, shift=None, starts_at=start, ends_at=start + 8 * HOUR)

    cover_requests.accept(request.pk, by=scene.tomasz, at=NOW)

    assert coverage.find_gaps(scene.period, start=start, end=start + 8 * HOUR) == []


# --- Approval -----------------------------------------------------------------------------------


def test_where_the_role_demands_it_the_lead_approves_first():
    scene = Scene(swaps_need_lead=True)
    request = scene.ask()

    cover_requests.accept(request.pk, by=scene.arjun, at=NOW)

    assert [who for who, _, _ in scene.plan()] == ["Kavya"]
    assert told("cover_approve") == {"Lead"}

    cover_requests.approve(request.pk, by=scene.lead, at=NOW + HOUR)

    assert [who for who, _, _ in scene.plan()] == ["Arjun"]
    assert told("cover_done") == {"Kavya", "Arjun"}


def test_what_the_lead_asks_for_needs_no_approval():
    scene = Scene(swaps_need_lead=True)
    request = scene.ask(by=scene.lead)

    assert cover_requests.accept(request.pk, by=scene.arjun, at=NOW).state == "done"


def test_what_is_not_approved_leaves_the_plan_and_tells_both():
    scene = Scene(swaps_need_lead=True)
    request = scene.ask()
    cover_requests.accept(request.pk, by=scene.arjun, at=NOW)

    cover_requests.decline(request.pk, by=scene.lead, at=NOW)

    assert [who for who, _, _ in scene.plan()] == ["Kavya"]
    assert told("cover_declined") == {"Kavya", "Arjun"}


def test_only_who_plans_may_approve():
    scene = Scene(swaps_need_lead=True)
    request = scene.ask()
    cover_requests.accept(request.pk, by=scene.arjun, at=NOW)

    with pytest.raises(NotAllowed):
        cover_requests.approve(request.pk, by=scene.kavya, at=NOW)


# --- Refusing, withdrawing, running out ---------------------------------------------------------


def test_when_everybody_refused_who_asked_and_the_lead_hear_of_it():
    scene = Scene()
    request = scene.ask()

    cover_requests.refuse(request.pk, by=scene.arjun, at=NOW)
    assert told("cover_unanswered") == set()
    cover_requests.refuse(request.pk, by=scene.tomasz, at=NOW)

    assert told("cover_unanswered") == {"Kavya", "Lead"}


def test_a_request_that_is_withdrawn_takes_its_mails_back():
    scene = Scene()
    request = scene.ask()

    cover_requests.withdraw(request.pk, by=scene.kavya, at=NOW)

    assert told("cover_asked") == set()
    with pytest.raises(AlreadyDone, match="Kavya took this request back"):
        cover_requests.accept(request.pk, by=scene.arjun, at=NOW)


def test_nobody_withdraws_what_others_asked():
    scene = Scene()

    with pytest.raises(NotAllowed):
        cover_requests.withdraw(scene.ask().pk, by=scene.arjun, at=NOW)


def test_near_the_duty_the_lead_hears_what_nobody_took():
    scene = Scene()
    scene.ask()

    timers.fire_due(at=scene.shift.starts_at - timedelta(hours=12))

    assert told("cover_unanswered") == {"Lead"}


def test_a_request_whose_time_has_passed_ends():
    scene = Scene()
    request = scene.ask()

    timers.fire_due(at=scene.shift.ends_at)

    request.refresh_from_db()
    assert request.state == "expired"


# --- Taking over now ----------------------------------------------------------------------------


def test_take_it_now_changes_who_is_on_at_this_instant():
    scene = Scene()
    running = make_shift(scene.role, scene.kavya, starts_at=NOW - HOUR)

    reassign.take_over_now(running.pk, by=scene.tomasz, at=NOW)
    journal.dispatch_entries(at=NOW)

    assert [shift.user for shift in roster.shifts_on_duty(scene.period, at=NOW)] == [scene.tomasz]
    assert [shift.user for shift in roster.shifts_on_duty(scene.period, at=NOW - timedelta(seconds=1))] == [scene.kavya]
    assert told("shift_taken_over") == {"Kavya"}


@pytest.mark.parametrize(("right", "words"), [("viewer", "does not include duty"), ("contributor", "has not begun")])
def test_not_everybody_takes_anything_now(right, words):
    scene = Scene()
    somebody = make_member(scene.period, right=right).user

    with pytest.raises(Refused, match=words):
        reassign.take_over_now(scene.shift.pk, by=somebody, at=NOW)


def test_who_plans_puts_somebody_else_on_a_part_of_a_shift():
    scene = Scene()
    start = scene.shift.starts_at

    reassign.replace(scene.shift.pk, to=scene.arjun, starts_at=start, ends_at=start + 2 * HOUR, by=scene.lead, at=NOW)

    assert scene.plan() == [("Arjun", start, start + 2 * HOUR), ("Kavya", start + 2 * HOUR, start + 8 * HOUR)]


def test_times_outside_the_shift_are_refused():
    scene = Scene()
    start = scene.shift.starts_at

    with pytest.raises(Invalid, match="within the shift"):
        reassign.replace(
            scene.shift.pk, to=scene.arjun, starts_at=start - HOUR, ends_at=start + HOUR, by=scene.lead, at=NOW
        )


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.tuples(st.integers(0, 15), st.integers(1, 16), st.integers(0, 2)), max_size=6))
def test_whatever_changes_hands_no_instant_is_without_a_holder_or_has_two(cuts):
    scene = Scene(on_call=True)
    start, people = scene.shift.starts_at, (scene.kavya, scene.arjun, scene.tomasz)

    for begin, length, who in cuts:
        span = (start + begin * HOUR / 2, min(start + (begin + length) * HOUR / 2, scene.shift.starts_at + 8 * HOUR))
        mine = [s for s in roster.shifts_of_period(scene.period, start=span[0], end=span[1]) if s.user != people[who]]
        for shift in mine:
            part = (max(span[0], shift.starts_at), min(span[1], shift.ends_at))
            reassign.replace(shift.pk, to=people[who], starts_at=part[0], ends_at=part[1], by=scene.lead, at=NOW)

    plan = scene.plan()
    assert (plan[0][1], plan[-1][2]) == (start, start + 8 * HOUR)
    assert all(one[2] == other[1] for one, other in pairwise(plan))
