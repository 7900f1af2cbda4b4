"""Rows of a timeline."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from contributors.shifts import row_packing
from tests.factories import NOW


def stretch(start: float, end: float) -> SimpleNamespace:
    return SimpleNamespace(starts_at=NOW + timedelta(hours=start), ends_at=NOW + timedelta(hours=end))


@pytest.mark.parametrize(
    ("held", "rows"),
    [
        ([(0, 8), (8, 16), (16, 24)], 1),
        ([(0, 8), (7.75, 16), (15.75, 24)], 1),  # they meet at hand-offs
        ([(0, 8), (7, 16)], 2),
        ([(0, 8), (7.75, 8)], 2),  # one would hide behind the other
        ([(0, 8), (7.75, 8.1)], 2),
        ([(0, 8), (0, 8), (8, 16)], 2),
    ],
)
def test_people_who_meet_at_a_hand_off_share_a_row_and_others_do_not(held, rows):
    assert len(row_packing.pack_rows([stretch(*one) for one in held])) == rows
