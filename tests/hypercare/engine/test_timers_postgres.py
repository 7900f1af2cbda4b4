"""Two clocks at once: one fires, the other passes on. Real threads, real locks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from contributors.models import Role
from hypercare import registry
from hypercare.engine import timers
from hypercare.models import Timer
from periods.models import Period
from tests.factories import NOW, make_period, make_role

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

THREADS = 4


@pytest.fixture(autouse=True)
def postgres_only(transactional_db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: there is no second clock to race.")


@pytest.fixture(autouse=True)
def handler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.TIMER_HANDLERS, "test.kind", f"{__name__}.add_role")


def add_role(args: dict[str, Any], *, due_at: Any, at: Any) -> None:
    """A firing that leaves a row behind, under the period's lock like every real handler."""
    period = Period.objects.locked().get(pk=args["period"])
    make_role(period, name=args["name"])


def at_once(*works: Any) -> list[Any]:
    """Run each in a thread of its own, all released at the same moment."""
    gate = threading.Barrier(len(works))

    def run(work: Any) -> Any:
        gate.wait()
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_i4_each_timer_fires_exactly_once_with_four_clocks() -> None:
    period = make_period()
    for number in range(60):
        timers.arm(f"t{number}", kind="test.kind", due_at=NOW, args={"period": period.pk, "name": f"Role {number}"})

    counts = at_once(*[lambda: timers.fire_due(at=NOW) for _ in range(THREADS)])

    assert sum(counts) == 60
    assert Role.objects.filter(period=period).count() == 60
    assert set(Timer.objects.values_list("attempts", flat=True)) == {1}


def test_a_timer_cleared_while_it_fires_either_fired_or_left_nothing() -> None:
    period = make_period()
    for number in range(30):
        key = f"t{number}"
        timers.arm(key, kind="test.kind", due_at=NOW, args={"period": period.pk, "name": key})

        cleared, fired = at_once(
            lambda key=key: timers.clear(key, at=NOW), lambda: timers.fire_due(at=NOW + timedelta(minutes=1))
        )

        assert (cleared, fired) in {(1, 0), (0, 1)}
        assert Role.objects.filter(period=period, name=key).exists() == bool(fired)


def test_setting_the_same_key_twice_at_once_makes_one_timer() -> None:
    period = make_period()
    args = {"period": period.pk, "name": "Only"}

    at_once(*[lambda: timers.arm("one", kind="test.kind", due_at=NOW, args=args) for _ in range(THREADS)])

    assert timers.fire_due(at=NOW) == 1
    assert Role.objects.filter(period=period).count() == 1
