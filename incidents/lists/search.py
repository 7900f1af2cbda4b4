"""Looking for words in incidents and in what people wrote on them. Only what the person may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.db.models import Q, QuerySet

from contributors.models import Membership
from contributors.people.permissions import RIGHTS
from hypercare.database import fulltext
from hypercare.models import User
from incidents.models import Comment, Incident
from periods.models import Period

# The columns of the indexes; see the migration that made them.
INCIDENT: Final = ("title", "description", "resolution", "cause", "workaround")
COMMENT: Final = ("body",)


def search_incidents(user: User, words: Sequence[str], *, period: Period | None, status: str) -> fulltext.Hits:
    """Incidents with all the words, the newest report first; `status` is open, resolved or empty. Three queries."""
    mine = Period.objects.visible_to(user).values_list("pk", flat=True)
    # By their ids, one or many: with a join PostgreSQL would read every incident with the word.
    rows = Incident.objects.filter(period__in=list(mine.filter(pk=period.pk) if period else mine))
    rows = rows.filter(_status("", status)) if status else rows
    hits = fulltext.newest_matching(rows, INCIDENT, words, by=("-reported_at", "-id"))
    return replace(hits, rows=hits.rows.select_related("period", "owner"))


def search_comments(user: User, words: Sequence[str], *, period: Period | None, status: str) -> fulltext.Hits:
    """What was written with all the words, the newest first; notes only for those who may read them. Two queries."""
    rows = Comment.objects.filter(_readable(user)) if period is None else _of_period(user, period)
    rows = rows.filter(_status("incident__", status)) if status else rows
    hits = fulltext.newest_matching(rows, COMMENT, words, by=("-at", "-id"))
    return replace(hits, rows=hits.rows.select_related("incident__period", "by"))


def _readable(user: User) -> Q:
    """Every comment for those who work in its period, all but notes for those who watch."""
    mine = Membership.objects.filter(user=user, left_at__isnull=True)
    works = mine.filter(right__in=RIGHTS["notes.view"])
    told = ~Q(kind=Comment.Kind.NOTE)
    return Q(incident__period__in=works.values("period")) | (Q(incident__period__in=mine.values("period")) & told)


def _of_period(user: User, period: Period) -> QuerySet[Comment]:
    return Comment.objects.filter(_readable(user), incident__period=period)


def _status(prefix: str, status: str) -> Q:
    return Q(**{f"{prefix}resolved_at__isnull": status == "open"})
