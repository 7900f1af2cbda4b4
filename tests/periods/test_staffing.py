"""How many people a day needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from periods.staffing import agents, expected_tickets, people_for_seat


def staffed(**changes):
    return agents(**({"tickets": 200, "shift_share": 0.6, "handling_min": 20, "shift_min": 480} | changes))


def test_400_people_60_percent_in_an_eight_hour_shift_at_20_minutes_need_seven_agents():
    assert expected_tickets(400) == 200
    assert staffed(tickets=expected_tickets(400)) == 7


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tickets": 0}, 0),
        ({"tickets": 1}, 1),
        # Exactly six shifts' worth of work is six people, not seven.
        ({"tickets": 180}, 6),
        ({"tickets": 181}, 7),
        ({"shift_share": 1.0}, 12),
        ({"utilisation": 1.0}, 5),
        ({"shift_min": 720}, 5),
    ],
)
def test_the_number_is_rounded_up_to_whole_people(changes, expected):
    assert staffed(**changes) == expected


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"tickets": -1}, "tickets"),
        ({"handling_min": -1}, "handling_min"),
        ({"shift_share": 1.1}, "shift_share"),
        ({"shift_min": 0}, "shift_min"),
        ({"utilisation": 0}, "utilisation"),
        ({"utilisation": 2}, "utilisation"),
    ],
)
def test_figures_that_make_no_sense_are_refused_by_name(changes, named):
    with pytest.raises(ValueError, match=named):
        staffed(**changes)


def test_one_seat_around_the_clock_needs_five_people():
    assert people_for_seat() == 5
    assert people_for_seat(covered_hours=40) == 1
    assert people_for_seat(covered_hours=0) == 0
    with pytest.raises(ValueError, match="hours_per_person"):
        people_for_seat(hours_per_person=0)


@given(st.integers(0, 100_000))
def test_the_agents_can_always_handle_the_tickets(tickets):
    found = staffed(tickets=tickets)

    assert found * 480 * 0.75 >= tickets * 0.6 * 20 - 1e-6
    assert (found - 1) * 480 * 0.75 < tickets * 0.6 * 20 or found == 0
