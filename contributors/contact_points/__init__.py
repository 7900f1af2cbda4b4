"""How a person wants to be reached: points that are verified by a code, rules by urgency, quiet hours.

The account's e-mail is always there: it is where the invitation went, and it is what remains when nothing else
works. Pages know no quiet hours. Rooms: `points`, `rules`, `quiet`, and `reach`, which says whom nothing reaches.
"""

from contributors.contact_points.points import (
    MOST_CODES,
    MOST_POINTS,
    MOST_TRIES,
    add,
    address_of,
    explain_refusal,
    points_of,
    remove,
    resend_code,
    rotate_key,
    verify,
)
from contributors.contact_points.quiet import after_quiet_hours, set_quiet_hours
from contributors.contact_points.reach import find_unreachable
from contributors.contact_points.rules import (
    ACCOUNT,
    ESCALATES_AFTER,
    REACHED,
    WAY,
    PlannedRoute,
    Route,
    RuleStep,
    escalation_wait_of,
    is_reached_otherwise,
    next_route,
    plan_routes,
    route_key,
    routes_in_force,
    schedule_routes,
    set_rule,
    warn_of_slow_rule,
    warn_of_slow_rules,
)

__all__ = [
    "ACCOUNT",
    "ESCALATES_AFTER",
    "MOST_CODES",
    "MOST_POINTS",
    "MOST_TRIES",
    "REACHED",
    "WAY",
    "PlannedRoute",
    "Route",
    "RuleStep",
    "add",
    "address_of",
    "after_quiet_hours",
    "escalation_wait_of",
    "explain_refusal",
    "find_unreachable",
    "is_reached_otherwise",
    "next_route",
    "plan_routes",
    "points_of",
    "remove",
    "resend_code",
    "rotate_key",
    "route_key",
    "routes_in_force",
    "schedule_routes",
    "set_quiet_hours",
    "set_rule",
    "verify",
    "warn_of_slow_rule",
    "warn_of_slow_rules",
]
