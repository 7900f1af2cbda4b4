"""A timer fires exactly once per key, never after it was cleared, and a bad one harms only itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from hypercare import registry
from hypercare.engine import engine, timers
from hypercare.models import Heartbeat, Timer
from periods.models import Period
from tests.factories import NOW, make_period

pytestmark = pytest.mark.django_db

FIRED: list[dict[str, Any]] = []
INSTEAD: list[Callable[[], None]] = []


def on_fire(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:
    FIRED.append(args)
    if INSTEAD:
        INSTEAD.pop(0)()


@pytest.fixture(autouse=True)
def handler(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    FIRED.clear()
    INSTEAD.clear()
    monkeypatch.setitem(registry.TIMER_HANDLERS, "test.kind", f"{__name__}.on_fire")
    return FIRED


def arm(key: str = "one", *, due_at: datetime = NOW, **args: Any) -> bool:
    return timers.arm(key, kind="test.kind", due_at=due_at, args=args)


def fail() -> None:
    raise RuntimeError("not now")


def test_a_due_timer_fires_once_with_the_arguments_it_was_set_with() -> None:
    arm(thing=7)

    assert timers.fire_due(at=NOW) == 1
    assert timers.fire_due(at=NOW + timedelta(days=1)) == 0

    assert FIRED == [{"thing": 7}]


def test_nothing_fires_before_its_time() -> None:
    arm(due_at=NOW + timedelta(microseconds=1))

    assert timers.fire_due(at=NOW) == 0
    assert timers.fire_due(at=NOW + timedelta(microseconds=1)) == 1


def test_the_most_overdue_fires_first() -> None:
    for minutes in (1, 3, 2):
        arm(f"{minutes}", due_at=NOW - timedelta(minutes=minutes), minutes=minutes)

    timers.fire_due(at=NOW)

    assert [args["minutes"] for args in FIRED] == [3, 2, 1]


def test_i4_a_key_that_has_fired_never_fires_again() -> None:
    arm()
    timers.fire_due(at=NOW)

    assert arm(due_at=NOW + timedelta(hours=1)) is False

    assert timers.fire_due(at=NOW + timedelta(days=1)) == 0


def test_setting_it_again_moves_it_and_replaces_its_snapshot() -> None:
    arm(version=1)

    assert arm(due_at=NOW + timedelta(hours=1), version=2) is True

    assert timers.fire_due(at=NOW) == 0
    assert timers.fire_due(at=NOW + timedelta(hours=1)) == 1
    assert FIRED == [{"version": 2}]


def test_later_changes_to_what_it_was_made_from_do_not_reach_the_snapshot() -> None:
    ladder = ["deputy", "lead"]
    timers.arm("one", kind="test.kind", due_at=NOW, args={"ladder": ladder})
    ladder.clear()

    timers.fire_due(at=NOW)

    assert FIRED == [{"ladder": ["deputy", "lead"]}]


def test_a_cleared_timer_never_fires_unless_it_is_set_again() -> None:
    arm()

    assert timers.clear("one", at=NOW) == 1
    assert timers.clear("one", at=NOW) == 0
    assert timers.fire_due(at=NOW + timedelta(days=1)) == 0
    arm()
    assert timers.fire_due(at=NOW) == 1


def test_a_prefix_clears_all_of_one_thing_and_nothing_else() -> None:
    for key in ("escalation:1:1:0", "escalation:1:1:1", "escalation:12:1:0"):
        arm(key)

    assert timers.clear_prefix("escalation:1:", at=NOW) == 2

    assert timers.fire_due(at=NOW) == 1


def test_a_kind_without_a_handler_cannot_be_set() -> None:
    with pytest.raises(KeyError):
        timers.arm("one", kind="nobody.knows", due_at=NOW)


def test_setting_it_stands_or_falls_with_the_transaction() -> None:
    with transaction.atomic():
        arm()
        transaction.set_rollback(True)

    assert not Timer.objects.exists()


# --- Handlers -----------------------------------------------------------------------------------


def test_what_a_failed_handler_did_is_undone_and_it_is_tried_again_later() -> None:
    period = make_period()

    def write_and_fail() -> None:
        period.summary = "half done"
        period.save(update_fields=["summary"])
        fail()

    INSTEAD.append(write_and_fail)
    arm()

    assert timers.fire_due(at=NOW) == 0
    period.refresh_from_db()
    assert period.summary == ""
    assert timers.fire_due(at=NOW) == 0
    assert timers.fire_due(at=NOW + timedelta(seconds=1)) == 1


def test_a_poison_timer_backs_off_further_each_time_while_its_neighbour_fires() -> None:
    INSTEAD.extend([fail] * 14)
    arm("poison", due_at=NOW - timedelta(minutes=1), poison=True)
    waits, at = [], NOW
    for _ in range(14):
        timers.fire_due(at=at)
        timer = Timer.objects.get(key="poison")
        assert timer.retry_at is not None
        waits.append((timer.retry_at - at).total_seconds())
        at = timer.retry_at
    arm("neighbour")

    assert timers.fire_due(at=NOW) == 1

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]
    assert Timer.objects.get(key="poison").last_error == "RuntimeError: not now"


def test_a_timer_whose_kind_is_gone_backs_off_alone() -> None:
    Timer.objects.create(key="old", kind="forgotten", due_at=NOW - timedelta(hours=1))
    arm()

    assert timers.fire_due(at=NOW) == 1
    assert Timer.objects.get(key="old").last_error == "KeyError: 'forgotten'"


def test_a_timer_cleared_by_its_own_handler_has_not_fired() -> None:
    period = make_period()

    def write_and_clear() -> None:
        period.summary = "done"
        period.save(update_fields=["summary"])
        timers.clear("one", at=NOW)

    INSTEAD.append(write_and_clear)
    arm()

    assert timers.fire_due(at=NOW) == 0

    period.refresh_from_db()
    assert period.summary == ""


def test_a_handler_may_set_the_next_timer() -> None:
    INSTEAD.append(lambda: arm("two", due_at=NOW + timedelta(minutes=5)) and None)
    arm()

    assert timers.fire_due(at=NOW) == 1
    assert timers.fire_due(at=NOW + timedelta(minutes=5)) == 1


def test_a_handler_that_always_sets_one_already_due_does_not_keep_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "BATCH", 1)
    monkeypatch.setattr(timers, "LONGEST_S", 600.0)
    INSTEAD.extend([lambda: arm(f"n{len(FIRED)}") and None] * 100)
    arm()

    assert timers.fire_due(at=NOW) == timers.MOST_BATCHES


def test_more_timers_than_one_batch_fire_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "BATCH", 3)
    for number in range(7):
        arm(f"{number}")

    assert timers.fire_due(at=NOW) == 7


# --- Leases -------------------------------------------------------------------------------------


def test_what_another_clock_holds_is_left_alone_until_its_lease_lapses() -> None:
    arm()
    held = timers._claim(NOW)

    assert timers.fire_due(at=NOW + timedelta(days=1)) == 0
    Timer.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert timers.fire_due(at=NOW) == 1

    assert timers._fire(held[0], NOW) is False
    assert Timer.objects.get().fence == held[0].fence + 1


def test_a_clock_that_lost_its_timer_leaves_nothing_behind() -> None:
    period = make_period()
    arm()
    held = timers._claim(NOW)[0]
    timers.clear("one", at=NOW)

    def write() -> None:
        period.summary = "fired"
        period.save(update_fields=["summary"])

    INSTEAD.append(write)

    assert timers._fire(held, NOW) is False

    period.refresh_from_db()
    assert period.summary == ""


# --- The engine ---------------------------------------------------------------------------------


def broken(*, at: datetime) -> int:
    raise RuntimeError("a part is broken")


def test_one_broken_part_of_the_engine_leaves_the_others_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ENGINE", (f"{__name__}.broken", "hypercare.engine.timers.fire_due"))
    arm()

    done = engine.tick(at=NOW)

    assert done == {f"{__name__}.broken": 0, "hypercare.engine.timers.fire_due": 1}
    assert Heartbeat.objects.get(name="engine").beat_at == NOW


def test_the_engine_is_late_after_a_minute_without_a_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ENGINE", ())
    assert engine.is_late(at=NOW)

    engine.tick(at=NOW)

    assert not engine.is_late(at=NOW + timedelta(seconds=60))
    assert engine.is_late(at=NOW + timedelta(seconds=61))


def test_the_oldest_due_timer_is_known_to_the_health_check() -> None:
    arm("a", due_at=NOW - timedelta(minutes=2))
    arm("b", due_at=NOW + timedelta(minutes=2))

    assert timers.oldest_due_at(NOW) == NOW - timedelta(minutes=2)


def test_a_quiet_tick_asks_once_and_opens_no_transaction(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        timers.fire_due(at=NOW)


# --- Handlers that take many --------------------------------------------------------------------

CALLS: list[list[int]] = []
POISON: set[int] = set()


def on_many(firings: list[timers.Firing], *, at: datetime) -> None:
    numbers = [firing.args["number"] for firing in firings]
    make_period(name=f"Written for {numbers}")
    if INSTEAD:
        INSTEAD.pop(0)()
    if POISON & set(numbers):
        fail()
    CALLS.append(numbers)


@pytest.fixture
def of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    CALLS.clear()
    POISON.clear()
    monkeypatch.setitem(registry.TIMER_HANDLERS_OF_MANY, "test.many", f"{__name__}.on_many")


def arm_many(*numbers: int) -> int:
    return timers.arm_all(
        [timers.TimerSpec(f"many:{number}", "test.many", NOW, {"number": number}) for number in numbers]
    )


@pytest.mark.usefixtures("of_many")
def test_what_is_due_of_such_a_kind_is_fired_in_one_call() -> None:
    assert arm_many(1, 2, 3) == 3
    arm("other", other=1)

    assert timers.fire_due(at=NOW) == 4
    assert timers.fire_due(at=NOW + timedelta(days=1)) == 0

    assert CALLS == [[1, 2, 3]]
    assert FIRED == [{"other": 1}]


@pytest.mark.usefixtures("of_many")
def test_a_poison_one_among_many_backs_off_alone_and_each_other_fires_once() -> None:
    POISON.add(2)
    arm_many(1, 2, 3)

    assert timers.fire_due(at=NOW) == 2

    assert CALLS == [[1], [3]]
    assert Timer.objects.get(key="many:2").last_error == "RuntimeError: not now"
    assert sorted(Period.objects.values_list("name", flat=True)) == ["Written for [1]", "Written for [3]"]


@pytest.mark.usefixtures("of_many")
def test_one_cleared_while_many_fire_is_left_out_and_each_other_fires_once() -> None:
    def clear_the_second() -> None:
        timers.clear("many:2", at=NOW)

    arm_many(1, 2, 3)
    # Twice: in the call of all three, which is thereby undone, and in the one of the first alone.
    INSTEAD.extend([clear_the_second] * 2)

    assert timers.fire_due(at=NOW) == 2

    assert CALLS[1:] == [[1], [2], [3]]
    assert Timer.objects.get(key="many:2").fired_at is None
    assert sorted(Period.objects.values_list("name", flat=True)) == ["Written for [1]", "Written for [3]"]


@pytest.mark.usefixtures("of_many")
def test_setting_many_again_moves_what_has_not_fired() -> None:
    arm_many(1)
    timers.fire_due(at=NOW)

    assert arm_many(1, 2) == 1

    assert timers.fire_due(at=NOW) == 1
    assert CALLS == [[1], [2]]
