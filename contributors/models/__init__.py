"""The rows of people: who is part of a period, who is on duty, what they are asked and told."""

from contributors.models.contact import ContactPoint, ContactRule, PushKey, QuietHours, TurnedOff
from contributors.models.duty import (
    Absence,
    AcceptedGap,
    CoverAsk,
    CoverRequest,
    FatigueLimits,
    Override,
    Rotation,
    RotationTurn,
)
from contributors.models.handoff import Handoff, HandoffVersion
from contributors.models.hook import Webhook
from contributors.models.imported import CalendarImport, ImportedEvent
from contributors.models.people import Acknowledgement, Link, Membership, Role, Shift
from contributors.models.telling import ACCOUNT_CHANNEL, Breaker, Delivery, DeliveryAttempt

__all__ = [
    "ACCOUNT_CHANNEL",
    "Absence",
    "AcceptedGap",
    "Acknowledgement",
    "Breaker",
    "CalendarImport",
    "ContactPoint",
    "ContactRule",
    "CoverAsk",
    "CoverRequest",
    "Delivery",
    "DeliveryAttempt",
    "FatigueLimits",
    "Handoff",
    "HandoffVersion",
    "ImportedEvent",
    "Link",
    "Membership",
    "Override",
    "PushKey",
    "QuietHours",
    "Role",
    "Rotation",
    "RotationTurn",
    "Shift",
    "TurnedOff",
    "Webhook",
]
