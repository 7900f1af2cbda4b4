"""Outgoing webhooks of a period: every journal entry they ask for, posted and signed (Standard Webhooks 1.0).

The journal is the outbox: each entry becomes one delivery a webhook, which the engine sends like any other.
Rooms: `events` (what is posted), `hooks` (the webhooks themselves), `replays`, and `trouble` (what fails, and
who hears of it).
"""

from contributors.webhooks.events import AREAS, EVERYTHING, KIND, Area, on_entry
from contributors.webhooks.hooks import (
    MOST,
    add,
    change,
    of_period,
    remove,
    rotate_key,
    send_test,
    turn_off,
    turn_on,
)
from contributors.webhooks.log import page, tallies, version
from contributors.webhooks.replays import MOST_AT_ONCE, Replayed, replay, replay_since

__all__ = [
    "AREAS",
    "EVERYTHING",
    "KIND",
    "MOST",
    "MOST_AT_ONCE",
    "Area",
    "Replayed",
    "add",
    "change",
    "of_period",
    "on_entry",
    "page",
    "remove",
    "replay",
    "replay_since",
    "rotate_key",
    "send_test",
    "tallies",
    "turn_off",
    "turn_on",
    "version",
]
