"""The rows of people: who is part of a period, who is on duty, what they are asked and told."""

from contributors.models.duty import (
    Absence,
    CoverAsk,
    CoverRequest,
    FatigueLimits,
    Override,
    Rotation,
    RotationTurn,
)
from contributors.models.people import (
    Acknowledgement,
    Delivery,
    DeliveryAttempt,
    Link,
    Membership,
    Role,
    Shift,
)

__all__ = [
    "Absence",
    "Acknowledgement",
    "CoverAsk",
    "CoverRequest",
    "Delivery",
    "DeliveryAttempt",
    "FatigueLimits",
    "Link",
    "Membership",
    "Override",
    "Role",
    "Rotation",
    "RotationTurn",
    "Shift",
]
