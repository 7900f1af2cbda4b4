"""Telling people: rows that are due, the senders that claim them, and what became of each.

At least once: a repeat happens only where a process died, or an answer stayed out, between sending and
recording, and it always carries the same identity. Rooms of this package:

- `states`: what an attempt leads to. Pure.
- `queue`: which rows are due, the claim, what is swept up and what is taken back.
- `records`: the only writer of what became of a row, with its line in the record.
- `breakers`: destinations that do not answer.
- `sending`: the sender threads.
"""

from contributors.messaging.delivery.queue import (
    cancel_unsent,
    claim,
    dead_letters,
    expire_older_than,
    oldest_due_at,
    settle_unneeded,
)
from contributors.messaging.delivery.records import record_result, record_results
from contributors.messaging.delivery.sending import send_due
from contributors.messaging.delivery.states import (
    LONGEST_WAIT,
    LONGEST_WAIT_OF_A_PAGE,
    MOST_ATTEMPTS,
    MOST_SENDERS_LOST,
    NO_ANSWER,
    NOT_REPORTED,
    PAGE_TRIED_FOR,
    SENT,
    AttemptResult,
    State,
    is_page,
    next_state,
    page_backoff,
    page_tried_until,
    random_backoff,
)

__all__ = [
    "LONGEST_WAIT",
    "LONGEST_WAIT_OF_A_PAGE",
    "MOST_ATTEMPTS",
    "MOST_SENDERS_LOST",
    "NOT_REPORTED",
    "NO_ANSWER",
    "PAGE_TRIED_FOR",
    "SENT",
    "AttemptResult",
    "State",
    "cancel_unsent",
    "claim",
    "dead_letters",
    "expire_older_than",
    "is_page",
    "next_state",
    "oldest_due_at",
    "page_backoff",
    "page_tried_until",
    "random_backoff",
    "record_result",
    "record_results",
    "send_due",
    "settle_unneeded",
]
