"""What an attempt leads to: the state, the wait, the end. Pure."""

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
MOST_ATTEMPTS_AT_A_PAGE = 6
# Other programs may be away for a night: 20 tries, the last of them hours apart, reach about a day (17 h on average).
MOST_ATTEMPTS_AT_A_WEBHOOK = 20
LONGEST_WAIT_OF_A_WEBHOOK = timedelta(hours=4)
SWITCH_AFTER = 2  # tries of a page, then the person's next channel is used as well

State = Delivery.State


@dataclass(frozen=True)
class Result:
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


SENT = Result(State.SENT)
NO_ANSWER = Result(State.DUE, f"No answer within {TIMEOUT.seconds} seconds.", unknown=True, no_answer=True)
NOT_REPORTED = Result(
    State.DUE, "The sender stopped before it could say what happened.", unknown=True, at_once=True
)
TAKEN_BACK = Result(State.CANCELLED, "No longer needed.")
TOO_LATE = Result(State.EXPIRED, "Too late to matter.")
BUNDLED = Result(State.BUNDLED, "Sent with another message about the same incident.")


def step(row: Delivery, result: Result, *, at: datetime, chance: float) -> tuple[State, dict[str, Any]]:
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
    next_at = at + wait(row, result, chance)
    ended = _end_of_a_retry(row, next_at)
    return (ended, {**fields, "settled_at": at}) if ended else (State.DUE, {**fields, "next_at": next_at})


def _end_of_a_retry(row: Delivery, next_at: datetime) -> State | None:
    if row.withdrawn_at:
        return State.CANCELLED
    if row.not_after and row.not_after <= next_at:
        return State.EXPIRED
    most = most_attempts(row.urgency) if row.hook_id is None else MOST_ATTEMPTS_AT_A_WEBHOOK
    return State.DEAD if row.attempts >= most else None


def wait(row: Delivery, result: Result, chance: float) -> timedelta:
    """How long until the next attempt: never shorter than the other side asked for."""
    longest = LONGEST_WAIT if row.hook_id is None else LONGEST_WAIT_OF_A_WEBHOOK
    own = timedelta() if result.at_once else backoff(row.attempts, chance, longest)
    return max(own, result.wait or timedelta())


def backoff(attempts: int, chance: float, longest: timedelta = LONGEST_WAIT) -> timedelta:
    """How long to wait after the n-th attempt: full jitter, uniform in [0, min(15 min, 5 s · 2ⁿ⁻¹)).

    `longest` stands for the 15 minutes where other programs are told.

    Full jitter spreads retries best (M. Brooker, "Exponential Backoff and Jitter", 2015).
    """
    doublings = min(max(attempts - 1, 0), 20)
    return min(longest, FIRST_WAIT * (1 << doublings)) * chance


def most_attempts(urgency: int) -> int:
    """How often a message to a person is tried: a page must become somebody else's within minutes."""
    return MOST_ATTEMPTS_AT_A_PAGE if urgency == Delivery.Urgency.PAGE else MOST_ATTEMPTS
