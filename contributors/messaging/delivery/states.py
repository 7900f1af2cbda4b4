"""What an attempt leads to: the state, the wait, the end. Pure.

A message that can wait is given up after a number of tries. A page is given up by time alone, and late: mail servers
that greylist or restart are away for minutes, and whoever takes the incident ends the trying anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contributors.models import Delivery

LEASE = timedelta(seconds=20)
TIMEOUT = timedelta(seconds=10)
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=15)
MOST_ATTEMPTS = 10
# A page is tried for so long from its first failure, and longer while its ladder lasts.
PAGE_TRIED_FOR = timedelta(minutes=15)
LONGEST_WAIT_OF_A_PAGE = timedelta(minutes=1)
MOST_SENDERS_LOST = 6  # A page that takes its senders down must not take them all from the others.
# Other programs may be away for a night: 20 tries, the last of them hours apart, reach about a day (17 h on average).
MOST_ATTEMPTS_AT_A_WEBHOOK = 20
LONGEST_WAIT_OF_A_WEBHOOK = timedelta(hours=4)
SWITCH_AFTER = 2  # tries of a page, then the person's next channel is used as well

State = Delivery.State


@dataclass(frozen=True)
class AttemptResult:
    """What one attempt came to: the state it asks for and why.

    `unknown` when it may have arrived, `no_answer` when the other side said nothing in time, `at_once` when
    there is nothing to wait for, `gone` when the place has ended.
    """

    state: State
    detail: str = ""
    wait: timedelta | None = None
    unknown: bool = False
    no_answer: bool = False
    at_once: bool = False
    gone: bool = False


SENT = AttemptResult(State.SENT)
NO_ANSWER = AttemptResult(State.DUE, f"No answer within {TIMEOUT.seconds} seconds.", unknown=True, no_answer=True)
NOT_REPORTED = AttemptResult(
    State.DUE, "The sender stopped before it could say what happened.", unknown=True, at_once=True
)
TAKEN_BACK = AttemptResult(State.CANCELLED, "No longer needed.")
TOO_LATE = AttemptResult(State.EXPIRED, "Too late to matter.")
BUNDLED = AttemptResult(State.BUNDLED, "Sent with another message about the same incident.")


def next_state(row: Delivery, result: AttemptResult, *, at: datetime, chance: float) -> tuple[State, dict[str, Any]]:
    """The state after an attempt and the fields that change with it. `chance` is from [0, 1).

    A retry turns into `cancelled` when the message was taken back meanwhile, into `expired` when it would
    come too late, and into `dead` when it was the last one.
    """
    fields: dict[str, Any] = {
        "uncertain": row.uncertain or result.unknown,
        "last_error": (result.detail or row.last_error)[:2000],
    }
    if result.state == State.SENT:
        return State.SENT, {**fields, "sent_at": at, "settled_at": at, "last_error": ""}
    if result.state != State.DUE:
        return result.state, {**fields, "settled_at": at}
    fields |= {"failing_since": row.failing_since or at, "senders_lost": row.senders_lost + result.at_once}
    next_at = at + wait_before_retry(row, result, chance)
    ended = _end_of_a_retry(row, result, next_at, at)
    return (ended, {**fields, "settled_at": at}) if ended else (State.DUE, {**fields, "next_at": next_at})


def _end_of_a_retry(row: Delivery, result: AttemptResult, next_at: datetime, at: datetime) -> State | None:
    if row.withdrawn_at:
        return State.CANCELLED
    if row.not_after and row.not_after <= next_at:
        return State.EXPIRED
    return State.DEAD if _is_given_up(row, result, at) else None


def _is_given_up(row: Delivery, result: AttemptResult, at: datetime) -> bool:
    if is_page(row):
        return at >= page_tried_until(row, at) or row.senders_lost + result.at_once >= MOST_SENDERS_LOST
    return row.attempts >= (MOST_ATTEMPTS if row.hook_id is None else MOST_ATTEMPTS_AT_A_WEBHOOK)


def is_page(row: Delivery) -> bool:
    """Whether somebody is needed now; what other programs are told is none, however urgent."""
    return row.hook_id is None and row.urgency == Delivery.Urgency.PAGE


def page_tried_until(row: Delivery, at: datetime) -> datetime:
    """The instant at which a page that failed `at` is no longer tried, if it fails then, too."""
    since = row.failing_since or at
    return max(since + PAGE_TRIED_FOR, row.tried_until or since)


def wait_before_retry(row: Delivery, result: AttemptResult, chance: float) -> timedelta:
    """How long until the next attempt: never shorter than the other side asked for."""
    own = timedelta() if result.at_once else _own_wait(row, chance)
    return max(own, result.wait or timedelta())


def _own_wait(row: Delivery, chance: float) -> timedelta:
    if is_page(row):
        return page_backoff(row.attempts, chance)
    return random_backoff(row.attempts, chance, LONGEST_WAIT if row.hook_id is None else LONGEST_WAIT_OF_A_WEBHOOK)


def random_backoff(attempts: int, chance: float, longest: timedelta = LONGEST_WAIT) -> timedelta:
    """How long to wait after the n-th attempt: full jitter, uniform in [0, min(15 min, 5 s · 2ⁿ⁻¹)).

    `longest` stands for the 15 minutes where other programs are told.

    Full jitter spreads retries best (M. Brooker, "Exponential Backoff and Jitter", 2015).
    """
    return _cap(attempts, longest) * chance


def page_backoff(attempts: int, chance: float) -> timedelta:
    """The same for a page: equal jitter, uniform in [c/2, c) with c = min(1 min, 5 s · 2ⁿ⁻¹).

    The lower half keeps a server that answers at once from being asked thirty times a minute; the short cap means that
    a page goes out within a minute of whatever was away being back.
    """
    half = _cap(attempts, LONGEST_WAIT_OF_A_PAGE) / 2
    return half + half * chance


def _cap(attempts: int, longest: timedelta) -> timedelta:
    doublings = min(max(attempts - 1, 0), 20)
    return min(longest, FIRST_WAIT * (1 << doublings))
