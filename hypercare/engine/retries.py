"""Work that failed: kept as a row, tried again with growing pauses, seen by those who watch the engine."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import OperationalError, transaction

from hypercare.models import Setback

logger = logging.getLogger(__name__)

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)
BATCH = 20


def attempt_work(key: str, work: Callable[[], None], *, at: datetime) -> bool:
    """Do a piece of work inside the caller's transaction; when it fails, undo only it and note the setback.

    False when it failed. A database that is away is not the work's fault: that error is passed on.
    """
    try:
        with transaction.atomic():
            work()
    except OperationalError:
        raise
    except Exception as error:
        logger.exception("A part of the engine failed and will be tried again")
        _note(key, error, at)
        return False
    return True


def attempt_together(work: Callable[[], None]) -> bool:
    """Do many pieces of work under one savepoint, which costs little where they seldom fail.

    False when one failed: nothing of them stands, and each is to be done anew with an `attempt_work` of its own.
    """
    try:
        with transaction.atomic():
            work()
    except OperationalError:
        raise
    except Exception:
        logger.warning("Work done together failed; now each piece by itself", exc_info=True)
        return False
    return True


def _note(key: str, error: Exception, at: datetime) -> None:
    row, _ = Setback.objects.get_or_create(key=key[:200], defaults={"retry_at": at, "first_at": at})
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(row.attempts, 20))
    Setback.objects.filter(pk=row.pk).update(
        attempts=row.attempts + 1, retry_at=at + wait, last_error=f"{type(error).__name__}: {error}"[:2000]
    )


def retry_due(prefix: str, work: Callable[[str, datetime], None], *, at: datetime) -> int:
    """Try again what is due of the setbacks whose key starts with `prefix`; how many went through.

    `work` is given the rest of the key. At most 20 in a call.
    """
    due = Setback.objects.filter(key__startswith=prefix, retry_at__lte=at).order_by("retry_at", "id")
    return sum(_retry_one(pk, prefix, work, at) for pk in list(due.values_list("pk", flat=True)[:BATCH]))


@transaction.atomic
def _retry_one(pk: int, prefix: str, work: Callable[[str, datetime], None], at: datetime) -> bool:
    row = Setback.objects.filter(pk=pk, retry_at__lte=at).select_for_update(skip_locked=True).first()
    if row is None or not attempt_work(row.key, lambda: work(row.key.removeprefix(prefix), at), at=at):
        return False
    row.delete()
    return True
