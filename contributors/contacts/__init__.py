"""How a person wants to be reached: points that are verified by a code, rules by urgency, quiet hours.

The account's e-mail is always there: it is where the invitation went, and it is what remains when nothing else
works. Pages know no quiet hours. Rooms: `points`, `rules`, `quiet`, and `reach`, which says whom nothing reaches.
"""

from contributors.contacts.points import (
    MOST_CODES,
    MOST_POINTS,
    MOST_TRIES,
    add,
    address_of,
    points,
    remove,
    resend,
    rotate_key,
    verify,
)
from contributors.contacts.quiet import after_quiet_hours, set_quiet_hours
from contributors.contacts.reach import unreachable
from contributors.contacts.rules import (
    ACCOUNT,
    ESCALATES_AFTER,
    WAY,
    Planned,
    Route,
    Step,
    next_way,
    passes_on,
    planned,
    routes,
    rule,
    set_rule,
    slow_rule,
    slow_rules,
    way_key,
)

__all__ = [
    "ACCOUNT",
    "ESCALATES_AFTER",
    "MOST_CODES",
    "MOST_POINTS",
    "MOST_TRIES",
    "WAY",
    "Planned",
    "Route",
    "Step",
    "add",
    "address_of",
    "after_quiet_hours",
    "next_way",
    "passes_on",
    "planned",
    "points",
    "remove",
    "resend",
    "rotate_key",
    "routes",
    "rule",
    "set_quiet_hours",
    "set_rule",
    "slow_rule",
    "slow_rules",
    "unreachable",
    "verify",
    "way_key",
]
