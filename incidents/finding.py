"""Looking for words in incidents and in what people wrote on them. Only what the person may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import Q, QuerySet

from contributors.models import Membership
from contributors.permissions import RIGHTS
from hypercare import fulltext
from hypercare.models import User
from incidents.models import Comment, Incident
from periods.models import Period

# The columns of the indexes; see the migration that made them.
INCIDENT: Final = ("title", "description", "resolution", "cause", "workaround")
COMMENT: Final = ("body",)


def incidents(user: User, words: Sequence[str], *, period: Period | None, status: str) -> QuerySet[Incident]:
    """Incidents with all the words, the newest report first; `status` is open, resolved or empty."""
    found = fulltext.matching(Incident.objects.visible_to(user), INCIDENT, words)
    found = found.filter(_status("", status)) if status else found
    found = found.filter(period=period) if period else found
    return found.select_related("period", "owner").order_by("-reported_at", "-id")


def comments(user: User, words: Sequence[str], *, period: Period | None, status: str) -> QuerySet[Comment]:
    """What was written with all the words, the newest first; notes only for those who may read them."""
    rows = Comment.objects.filter(_readable(user)) if period is None else _of_period(user, period)
    found: QuerySet[Any] = fulltext.matching(rows, COMMENT, words)
    found = found.filter(_status("incident__", status)) if status else found
    return found.select_related("incident__period", "by").order_by("-at", "-id")


def _readable(user: User) -> Q:
    """Every comment for those who work in its period, all but notes for those who watch."""
    mine = Membership.objects.filter(user=user, left_at__isnull=True)
    works = mine.filter(right__in=RIGHTS["notes.view"])
    told = ~Q(kind=Comment.Kind.NOTE)
    return Q(incident__period__in=works.values("period")) | (
        Q(incident__period__in=mine.values("period")) & told
    )


def _of_period(user: User, period: Period) -> QuerySet[Comment]:
    return Comment.objects.filter(_readable(user), incident__period=period)


def _status(prefix: str, status: str) -> Q:
    return Q(**{f"{prefix}resolved_at__isnull": status == "open"})
