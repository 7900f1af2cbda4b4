"""What each kind of message says: a headline, facts, a button, who asked. One function a kind, one room a subject."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contributors.messaging.blocks import MessageContent, MessageContext
from contributors.messaging.message_templates import (
    account,
    briefings,
    checks,
    debriefs,
    duty,
    go,
    handoffs,
    incidents,
    outside,
    periods,
    readiness,
)

KINDS: Mapping[str, Callable[[MessageContext], MessageContent]] = {
    **account.KINDS,
    **incidents.KINDS,
    **readiness.KINDS,
    **checks.KINDS,
    **debriefs.KINDS,
    **periods.KINDS,
    **go.KINDS,
    **duty.KINDS,
    **handoffs.KINDS,
    **outside.KINDS,
    **briefings.KINDS,
}
