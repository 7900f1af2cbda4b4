"""What must be done once, though it may be asked for twice: the first answer is kept for a day for who repeats it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from hypercare.models import FirstAnswer

REPEATABLE: Final = timedelta(hours=24)


def claim_first(slot: str, asked: str, *, at: datetime) -> FirstAnswer | None:
    """The row to write the answer to; None when somebody was first. Inside the transaction that does what is asked.

    Of two at once the second waits here for the first to end. A refused attempt must leave no row behind.
    """
    FirstAnswer.objects.filter(at__lt=at - REPEATABLE).delete()
    try:
        with transaction.atomic():
            return FirstAnswer.objects.create(slot=slot, asked=asked, at=at)
    except IntegrityError:
        return None
