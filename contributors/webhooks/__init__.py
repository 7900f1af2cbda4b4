"""Outgoing webhooks of a period: every journal entry they ask for, posted and signed (Standard Webhooks 1.0).

The journal is the outbox: each entry becomes one delivery a webhook, which the engine sends like any other.
Rooms: `events` (what is posted), `hooks` (the webhooks themselves), `replays`, and `trouble` (what fails, and
who hears of it).
"""

from contributors.webhooks.events import AREAS, EVERYTHING, KIND, EventArea, on_entry
from contributors.webhooks.hooks import MOST, add, change, remove, rotate_key, send_test, turn_off, turn_on, webhooks_of
from contributors.webhooks.log import deliveries_page, tally_webhooks, version_of
from contributors.webhooks.replays import MOST_AT_ONCE, Replayed, replay, replay_since

__all__ = [
    "AREAS",
    "EVERYTHING",
    "KIND",
    "MOST",
    "MOST_AT_ONCE",
    "EventArea",
    "Replayed",
    "add",
    "change",
    "deliveries_page",
    "on_entry",
    "remove",
    "replay",
    "replay_since",
    "rotate_key",
    "send_test",
    "tally_webhooks",
    "turn_off",
    "turn_on",
    "version_of",
    "webhooks_of",
]
