"""A period under any sequence of steps, clock moves and timers: nothing but the table ever happens.

Invariants 1 and 3 of docs/domain.md: a state changes only as the table allows, and each change is exactly one
journal entry. A timer that a period has left behind changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hypercare.engine import timers
from hypercare.exceptions import Refused
from hypercare.models import Timer
from incidents.triage import triage
from periods.go import conditions, gonogo
from periods.journal import journal
from periods.lifecycle import lifecycle, transitions
from periods.models import ExitSignature, GoCondition, GoDecision, JournalEntry, Period
from tests.factories import make_member, make_user
from tests.periods.lifecycle.test_lifecycle import ALLOWED
from tests.periods.story import DURING_READINESS, make_criterion, make_ready_to_decide

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
STEPS = sorted(set(transitions.TABLE) - {"revert", "relapse", "sign"})
# What each entry says that happened, besides the steps of the table.
SILENT = ("go.voted", "go.condition_met", "go.condition_unmet", "period.readiness_waiting", "exit.signed")


class Life(RuleBasedStateMachine):
    """One period, its people, and a clock that only goes forward."""

    @initialize(far=st.sampled_from(["readiness", "ready", "active", "stabilising", "exit_review", "closed"]))
    def begin(self, far: str) -> None:
        """A life that has come this far by steps of its own."""
        self.at = DURING_READINESS
        period = make_ready_to_decide(baseline_issues=56, baseline_days=28, rollback_authority=make_user())
        make_criterion(period, mandatory=False)
        self.pk, self.people = (period.pk, [period.lead, period.sponsor, period.bau_owner, make_member(period).user])
        self.seen, self.read_to = period.status, Period.objects.get(pk=self.pk).journal_seq
        path = {
            "ready": ("go", 2),
            "active": ("start", 4),
            "stabilising": ("stabilise", 11),
            "exit_review": ("review", 0),
            "closed": ("close", 1),
        }
        for place, (name, days) in path.items():
            if Period.objects.get(pk=self.pk).status == far:
                return
            by = period.sponsor if place == "ready" else None if name == "review" else period.lead
            if name == "close":
                self._sign_both(period)
            self._take(name, by, DAY)
            self.at += timedelta(days=days)

    def _sign_both(self, period: Period) -> None:
        for role in ("sponsor", "bau_owner"):
            lifecycle.sign(self.pk, role=role, by=getattr(period, role), at=self.at, comment="Fine")

    # --- What people do

    @rule(name=st.sampled_from(STEPS), who=st.integers(0, 3), days=st.integers(1, 16))
    def step(self, name: str, who: int, days: int) -> None:
        """Any step by anybody."""
        self._try(lambda: self._take(name, self.people[who], timedelta(days=days)))

    @rule(number=st.integers(0, 20), days=st.integers(1, 14))
    def step_that_may_be_taken(self, number: int, days: int) -> None:
        """A step that the table has from here, by somebody who may take it: so that lives get far."""
        period = self._period()
        able = [(name, who) for name in STEPS for who in self.people if transitions.may_take(period, name, who)]
        if able:
            name, by = able[number % len(able)]
            self._try(lambda: self._take(name, by, timedelta(days=days)))

    @rule(who=st.integers(0, 3), choice=st.sampled_from(["go", "go", "hold"]))
    def vote(self, who: int, choice: str) -> None:
        self._try(lambda: gonogo.vote(self.pk, choice=choice, reason="Late", by=self.people[who], at=self.at))

    @precondition(lambda self: self._period().status == "readiness")
    @rule(hours=st.sampled_from([1, 30, 100]), several=st.booleans())
    def go_on_condition(self, hours: int, several: bool) -> None:
        period = self._period()
        row = {"text": "Alert fires", "owner": period.lead_id, "due_at": self.at + timedelta(hours=hours)}
        rows = [row, {**row, "due_at": row["due_at"] + HOUR}] if several else [row]
        for voter in (period.lead, period.bau_owner):
            self._try(lambda voter=voter: gonogo.vote(self.pk, choice="go", by=voter, at=self.at))
        self._try(
            lambda: gonogo.decide(self.pk, outcome="go_with_conditions", conditions=rows, by=period.sponsor, at=self.at)
        )

    @rule()
    def meet(self) -> None:
        for row in GoCondition.objects.filter(period=self.pk).order_by("-id")[:1]:
            self._try(lambda row=row: conditions.meet_condition(row.pk, evidence="Seen", by=row.owner, at=self.at))

    @rule(role=st.sampled_from(["sponsor", "bau_owner"]))
    def sign(self, role: str) -> None:
        by = getattr(self._period(), role)
        self._try(lambda: lifecycle.sign(self.pk, role=role, by=by, at=self.at, comment="Fine"))

    @precondition(lambda self: self._period().is_live)
    @rule(urgent=st.booleans())
    def report(self, urgent: bool) -> None:
        """An incident comes in, and a P1 takes a calm period back; it is over at once, so that calm can return."""
        level = "high" if urgent else "low"
        row = triage.report(self.pk, title="Odd", impact=level, urgency=level, by=self.people[0], at=self.at)
        triage.acknowledge(row.pk, by=self.people[0], at=self.at)
        triage.resolve(row.pk, ending="fixed", resolution="Done", by=self.people[0], at=self.at)

    # --- What the clock does

    @rule(hours=st.sampled_from([1, 7, 24, 72, 8 * 24]))
    def time_passes(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @rule()
    def the_clock_comes_round(self) -> None:
        journal.dispatch_entries(at=self.at)
        timers.fire_due(at=self.at)

    # --- What always holds

    @invariant()
    def every_change_is_in_the_table_and_in_the_journal_once(self) -> None:
        if not hasattr(self, "pk"):
            return
        period = self._period()
        fresh = JournalEntry.objects.filter(period=period, seq__gt=self.read_to).order_by("seq")
        place = self.seen
        for entry in fresh:
            place = self._after(place, entry)
        assert place == period.status, (place, period.status, [entry.kind for entry in fresh])
        self.seen, self.read_to = period.status, period.journal_seq

    @invariant()
    def nothing_waits_on_a_period_that_has_ended(self) -> None:
        if not hasattr(self, "pk") or not self._period().ended_at:
            return
        assert not GoCondition.objects.filter(period=self.pk, state="open").exists()

    @invariant()
    def the_next_midnight_of_a_live_period_is_waited_for(self) -> None:
        if not hasattr(self, "pk"):
            return
        waiting = Timer.objects.filter(kind="period.reading", fired_at__isnull=True, cleared_at__isnull=True)
        assert waiting.filter(args__period=self.pk).count() == self._period().is_live

    @invariant()
    def a_period_never_closes_without_both_signatures(self) -> None:
        if hasattr(self, "pk") and self._period().status == "closed":
            assert ExitSignature.objects.filter(period=self.pk, voided_at__isnull=True).count() == 2

    def teardown(self) -> None:
        """The chain holds, and every timer that is left fires into nothing once the period has ended."""
        if not hasattr(self, "pk"):
            return
        period = self._period()
        if period.ended_at and period.status != "closed":
            before = period.journal_seq
            timers.fire_due(at=self.at + timedelta(days=400))
            assert self._period().journal_seq == before
        assert list(journal.verify_chain(self._period())) == []
        assert (
            GoDecision.objects.filter(period=self.pk, turns__isnull=False).count()
            == JournalEntry.objects.filter(period=self.pk, kind="go.reverted").count()
        )

    # --- Help

    def _period(self) -> Period:
        found: Period = Period.objects.select_related("lead", "sponsor", "bau_owner").get(pk=self.pk)
        return found

    def _after(self, place: str, entry: JournalEntry) -> str:
        """The state after an entry; an entry that names a step must start where the table lets it."""
        if entry.kind in SILENT:
            return place
        named = [step for step in transitions.TABLE.values() if step.kind == entry.kind]
        if not named or (entry.kind == "go.decided" and entry.data.get("outcome") == "no_go"):
            return place
        step = named[0]
        assert place in step.sources, f"{entry.kind} from {place}"
        after = str(step.target or entry.data.get("back_to"))
        assert (place, after) in ALLOWED, (place, after)
        return after

    def _try(self, act: Callable[[], Any]) -> None:
        """A refusal writes nothing; what succeeds writes one entry of its own."""
        before = self._period()
        try:
            with transaction.atomic():
                act()
        except Refused:
            after = self._period()
            assert (after.journal_seq, after.status) == (before.journal_seq, before.status)
        else:
            assert self._period().journal_seq == before.journal_seq + 1

    def _take(self, name: str, by: Any, later: timedelta) -> Any:
        period, at = self._period(), self.at
        advisor = self.people[3] if by != self.people[3] else self.people[0]
        acts: dict[str, Callable[[], Any]] = {
            "plan": lambda: lifecycle.plan(self.pk, by=by, at=at),
            "invite": lambda: lifecycle.invite(self.pk, by=by, at=at),
            "go": lambda: gonogo.decide(self.pk, outcome="go", by=by, at=at),
            "postpone": lambda: lifecycle.postpone(self.pk, go_live_at=at + later, reason="Late", by=by, at=at),
            "start": lambda: lifecycle.start(self.pk, smoke_test="Green", by=by, at=at),
            "stabilise": lambda: lifecycle.stabilise(self.pk, by=by, at=at),
            "review": lambda: lifecycle.review(self.pk, by=by, at=at),
            "extend": lambda: lifecycle.extend(
                self.pk, ends_at=max(period.ends_at, at) + later, reason="Month-end", by=by, at=at
            ),
            "close": lambda: lifecycle.close(self.pk, by=by, at=at),
            "roll_back": lambda: lifecycle.roll_back(
                self.pk, reason="Bad", advised_by=advisor, before_no_return=True, by=by, at=at
            ),
            "reopen": lambda: lifecycle.reopen(self.pk, reason="It came back", by=by, at=at),
            "cancel": lambda: lifecycle.cancel(self.pk, reason="Not now", by=by, at=at),
        }
        return acts[name]()


def test_no_sequence_of_steps_and_clock_moves_leaves_the_table() -> None:
    run_state_machine_as_test(
        _rolled_back(Life),
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _rolled_back(machine: type[Life]) -> type[Life]:
    """Each example in a savepoint that is undone, so that examples do not see each other."""

    class Isolated(machine):  # type: ignore[valid-type,misc]
        def __init__(self) -> None:
            self._savepoint = transaction.savepoint()
            super().__init__()

        def teardown(self) -> None:
            try:
                super().teardown()
            finally:
                transaction.savepoint_rollback(self._savepoint)

    return Isolated
