"""Drafts of the plan's pages: what was typed is there again tomorrow, in whatever state it was left.

A draft is a person's own and changes nothing about the period, so it is no entry of the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from hypercare.exceptions import Invalid
from hypercare.models import User
from periods.models import Period, PlanDraft

LARGEST: Final = 20_000  # characters in all
MOST_VALUES: Final = 200


def keep(period: Period | None, step: str, data: Mapping[str, Iterable[str]], *, by: User, at: datetime) -> PlanDraft:
    """Remember what is typed on a step; the last word wins. Raises Invalid when it is too much."""
    values = {name: list(given) for name, given in data.items()}
    size = sum(len(name) + sum(map(len, given)) for name, given in values.items())
    if size > LARGEST or sum(map(len, values.values())) > MOST_VALUES:
        raise Invalid({"draft": f"This is too long to keep as a draft: at most {LARGEST} characters."})
    try:
        with transaction.atomic():
            return PlanDraft.objects.update_or_create(
                user=by, period=period, step=step, defaults={"data": values, "saved_at": at}
            )[0]
    except IntegrityError:  # the same person in two windows, at the same instant
        PlanDraft.objects.filter(user=by, period=period, step=step).update(data=values, saved_at=at)
        return PlanDraft.objects.get(user=by, period=period, step=step)


def find(period: Period | None, step: str, *, by: User) -> PlanDraft | None:
    """What this person typed on a step and did not send."""
    return PlanDraft.objects.filter(user=by, period=period, step=step).first()


def drop(period: Period | None, step: str, *, by: User) -> bool:
    """Forget it: it was sent, or is not wanted any more. Whether there was one."""
    return bool(PlanDraft.objects.filter(user=by, period=period, step=step).delete()[0])
