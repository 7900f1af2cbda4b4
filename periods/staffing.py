"""How many people a day needs: support agents for the expected tickets, people for a seat.

Pure. The formula and the share of a shift that can be spent on tickets are common service-desk practice; every
figure is an input, so that a period may know better.
"""

from __future__ import annotations

import math
from typing import Final

UTILISATION: Final = 0.75  # of a shift; the rest is breaks, handoffs, notes
DAY_ONE_TICKETS_PER_PERSON: Final = 0.5  # one practitioner's experience with business systems
WEEK_HOURS: Final = 168.0
WORKING_WEEK_HOURS: Final = 40.0

# Whole results such as 6 may come out as 6.000000000000001, which must not become 7.
_ROUNDING: Final = 1e-9


def expected_tickets(people: int, *, per_person: float = DAY_ONE_TICKETS_PER_PERSON) -> float:
    """Tickets to expect on day 1 from so many people. Raises ValueError for negative figures."""
    _check_at_least_zero(people=people, per_person=per_person)
    return people * per_person


def agents(
    *,
    tickets: float,
    shift_share: float,
    handling_min: float,
    shift_min: float,
    utilisation: float = UTILISATION,
) -> int:
    """Support agents for one shift: tickets x share of them in the shift x minutes each / usable minutes.

    Rounded up; none for no tickets (the minimum of one is a matter of cover, not of volume). `shift_share` is
    0 to 1. Raises ValueError naming the figure that makes no sense.
    """
    _check_at_least_zero(tickets=tickets, handling_min=handling_min)
    _check_share(shift_share=shift_share, utilisation=utilisation)
    if shift_min <= 0 or utilisation == 0:
        raise ValueError("shift_min and utilisation: a shift needs some usable minutes.")
    return _round_up(tickets * shift_share * handling_min / (shift_min * utilisation))


def people_for_seat(
    *, covered_hours: float = WEEK_HOURS, hours_per_person: float = WORKING_WEEK_HOURS
) -> int:
    """People needed so that one seat is taken for so many hours of every week."""
    _check_at_least_zero(covered_hours=covered_hours)
    if hours_per_person <= 0:
        raise ValueError("hours_per_person: a person needs working hours.")
    return _round_up(covered_hours / hours_per_person)


def _round_up(value: float) -> int:
    return math.ceil(value - _ROUNDING)


def _check_at_least_zero(**figures: float) -> None:
    for name, value in figures.items():
        if value < 0:
            raise ValueError(f"{name}: {value:g} can't be negative.")


def _check_share(**figures: float) -> None:
    for name, value in figures.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name}: {value:g} is not between 0 and 1.")
