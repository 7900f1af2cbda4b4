"""What counts as a change to what somebody answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contributors.readiness import snapshots
from contributors.readiness.snapshots import ShiftChangeCounts, SnapshotShift
from tests.factories import GO_LIVE

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BEFORE = GO_LIVE - 2 * DAY


def duty(day: int = 0, *, hours: float = 8, role: int = 1, kind: str = "primary", minutes: float = 0) -> list[Any]:
    start = GO_LIVE + day * DAY + minutes * MINUTE
    return [role, kind, start.isoformat(), (start + hours * HOUR).isoformat()]


def state(**fields: Any) -> dict[str, Any]:
    return {"go_live_at": GO_LIVE.isoformat(), "pages": {"runbook": 2, "how_we_work": 1}, "shifts": [duty()], **fields}


def codes(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return [change.code for change in snapshots.compare_snapshots(was, now, at=BEFORE)]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({}, []),
        ({"pages": {"runbook": 3, "how_we_work": 1}}, ["runbook"]),
        ({"pages": {"runbook": 2, "how_we_work": 4}}, ["how_we_work"]),
        ({"pages": {"runbook": 1, "how_we_work": 1}}, []),
        ({"go_live_at": (GO_LIVE + 59 * MINUTE).isoformat()}, []),
        ({"go_live_at": (GO_LIVE + HOUR).isoformat()}, ["go_live"]),
        ({"go_live_at": (GO_LIVE - HOUR).isoformat()}, ["go_live"]),
        ({"shifts": [duty(minutes=29)]}, []),
        ({"shifts": [duty(minutes=30)]}, ["shifts"]),
        ({"shifts": [duty(minutes=-30)]}, ["shifts"]),
        ({"shifts": [duty(hours=8.5)]}, ["shifts"]),
        ({"shifts": [duty(hours=8.4)]}, []),
        ({"shifts": [duty(), duty(1)]}, ["shifts"]),
        ({"shifts": []}, ["shifts"]),
        ({"shifts": [duty(role=2)]}, ["shifts"]),
        ({"shifts": [duty(kind="deputy")]}, ["shifts"]),
        (
            {"pages": {"runbook": 3, "how_we_work": 2}, "go_live_at": (GO_LIVE + DAY).isoformat(), "shifts": []},
            ["runbook", "how_we_work", "go_live", "shifts"],
        ),
    ],
)
def test_what_is_a_change_and_what_is_not(now, expected):
    assert codes(state(), state(**now)) == expected


def test_shifts_that_went_along_with_go_live_are_told_by_it_alone():
    was = state(shifts=[duty(0), duty(1), duty(2)])

    assert codes(was, state(go_live_at=(GO_LIVE + 7 * DAY).isoformat(), shifts=[duty(7), duty(8), duty(9)])) == [
        "go_live"
    ]
    assert codes(was, state(go_live_at=(GO_LIVE + 7 * DAY).isoformat(), shifts=[duty(7), duty(8)])) == [
        "go_live",
        "shifts",
    ]


def test_a_shift_that_is_over_is_no_longer_missed():
    late = GO_LIVE + 2 * DAY

    assert snapshots.compare_snapshots(state(shifts=[duty(0), duty(3)]), state(shifts=[duty(3)]), at=late) == []


@pytest.mark.parametrize(
    "was",
    [
        {},
        {"go_live_at": GO_LIVE.isoformat()},
        {"pages": {"runbook": 2}, "partial": True},
        {"pages": {}, "partial": True},
    ],
)
def test_what_is_not_known_is_no_change(was):
    assert codes(was, state()) == []


def test_a_page_that_is_written_after_the_answer_is_a_change():
    assert codes(state(pages={}), state(pages={"runbook": 1})) == ["runbook"]


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ([0], [0, 1], "1 shift added"),
        ([0, 1, 2], [0], "2 shifts taken out"),
        ([0], [0.25], "1 shift moved"),
        ([0, 1], [0.25, 5], "1 shift added, 1 taken out, 1 moved"),
    ],
)
def test_shifts_are_counted_in_words(was, now, words):
    moved = snapshots.compare_snapshots(
        state(shifts=[duty(day) for day in was]), state(shifts=[duty(day) for day in now]), at=BEFORE
    )

    assert str(moved[0].shifts) == words


DUTIES = st.lists(
    st.builds(
        lambda role, hour, length: SnapshotShift(
            role, "primary", GO_LIVE + hour * HOUR, GO_LIVE + (hour + length) * HOUR
        ),
        st.integers(1, 2),
        st.integers(0, 60),
        st.integers(1, 12),
    ),
    max_size=6,
)


@given(DUTIES, st.randoms())
def test_the_same_shifts_in_any_order_are_no_change(duties: list[SnapshotShift], random: Any) -> None:
    shuffled = list(duties)
    random.shuffle(shuffled)

    assert snapshots.count_shift_changes(duties, shuffled) == ShiftChangeCounts()


@given(DUTIES, DUTIES)
def test_nothing_is_counted_twice(was: list[SnapshotShift], now: list[SnapshotShift]) -> None:
    moved = snapshots.count_shift_changes(was, now)

    assert len(was) + moved.added - moved.removed == len(now)


def test_every_change_concerns_statements_there_are():
    known = {"runbook", "access", "reachable", "shifts"}

    assert {key for keys in snapshots.CONCERNS.values() for key in keys} <= known
