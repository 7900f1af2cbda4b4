"""Whatever happens in whatever order, a timer fires once, not before its time and not after it was cleared.

A model run of docs/delivery.md's I4, I5 and I7 for timers: set, move, clear, fire, fail, lose the clock in between.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from hypercare import registry
from hypercare.engine import timers
from hypercare.models import Timer
from tests.factories import NOW

FIRED: list[tuple[str, datetime, datetime]] = []
POISONED: set[str] = set()
KEYS = ("a", "b", "c")


def on_time(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:
    if args["key"] in POISONED:
        raise RuntimeError("not now")
    FIRED.append((args["key"], due_at, at))


class Clockwork(RuleBasedStateMachine):
    """Three keys, one clock that may stop, handlers that may fail."""

    @initialize()
    def begin(self) -> None:
        Timer.objects.all().delete()  # what the example before left
        FIRED.clear()
        POISONED.clear()
        self.now = NOW
        self.cleared: dict[str, int] = {}

    @rule(key=st.sampled_from(KEYS), seconds=st.integers(-60, 600))
    def arm(self, key: str, seconds: int) -> None:
        fired = key in {name for name, *_ in FIRED}
        armed = timers.arm(key, kind="test", due_at=self.now + timedelta(seconds=seconds), args={"key": key})
        assert armed is not fired
        self.cleared.pop(key, None)

    @rule(key=st.sampled_from(KEYS))
    def clear(self, key: str) -> None:
        if timers.clear(key, at=self.now):
            self.cleared[key] = len(FIRED)

    @rule(key=st.sampled_from(KEYS))
    def poison_or_heal(self, key: str) -> None:
        POISONED.symmetric_difference_update({key})

    @rule(seconds=st.sampled_from([0, 1, 30, 600, 3600]))
    def tick(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        timers.fire_due(at=self.now)

    @rule()
    def a_clock_dies_holding_what_was_due(self) -> None:
        held = timers._claim(self.now)
        Timer.objects.filter(pk__in=[timer.pk for timer in held]).update(
            lease_until=timezone.now() - timedelta(seconds=1)
        )

    @invariant()
    def i4_each_key_fires_once(self) -> None:
        assert all(times == 1 for times in Counter(key for key, *_ in FIRED).values())

    @invariant()
    def i5_nothing_fires_before_its_time(self) -> None:
        assert all(due_at <= at for _, due_at, at in FIRED)

    @invariant()
    def i7_what_was_cleared_does_not_fire(self) -> None:
        for key, count in getattr(self, "cleared", {}).items():
            assert key not in {name for name, *_ in FIRED[count:]}


@pytest.mark.django_db
def test_timers_keep_their_promises_in_every_order_of_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.TIMER_HANDLERS, "test", f"{__name__}.on_time")
    run_state_machine_as_test(
        Clockwork,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
