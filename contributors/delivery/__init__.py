"""Telling people: rows that are due, the senders that claim them, and what became of each.

At least once: a repeat happens only where a process died, or an answer stayed out, between sending and
recording, and it always carries the same identity. Rooms of this package:

- `states`: what an attempt leads to. Pure.
- `queue`: which rows are due, the claim, what is swept up and what is taken back.
- `records`: the only writer of what became of a row, with its line in the record.
- `breakers`: destinations that do not answer.
- `sending`: the sender threads.
"""

from contributors.delivery.queue import cancel, claim, dead_letters, expire_older_than, oldest_due_at, sweep
from contributors.delivery.records import record, record_all
from contributors.delivery.sending import send_due
from contributors.delivery.states import (
    LONGEST_WAIT,
    MOST_ATTEMPTS,
    MOST_ATTEMPTS_AT_A_PAGE,
    NO_ANSWER,
    NOT_REPORTED,
    SENT,
    Result,
    State,
    backoff,
    most_attempts,
    step,
)

__all__ = [
    "LONGEST_WAIT",
    "MOST_ATTEMPTS",
    "MOST_ATTEMPTS_AT_A_PAGE",
    "NOT_REPORTED",
    "NO_ANSWER",
    "SENT",
    "Result",
    "State",
    "backoff",
    "cancel",
    "claim",
    "dead_letters",
    "expire_older_than",
    "most_attempts",
    "oldest_due_at",
    "record",
    "record_all",
    "send_due",
    "step",
    "sweep",
]
