"""Views of a list that a person gave a name: theirs alone, in one period. What is kept is the address of the list.

A personal convenience and no fact of the period: it leaves no entry in the journal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction

from hypercare.exceptions import Invalid
from hypercare.models import User
from incidents.lists.listing import IncidentFilters
from incidents.models import SavedView
from periods.models import Period

MOST: Final = 20
LONGEST_NAME: Final = 40
LONGEST_QUERY: Final = 500


def filters_of(period: Period, user: User) -> list[SavedView]:
    """A person's views of a period, by name. One query."""
    found = SavedView.objects.filter(period=period, user=user)
    return sorted(found, key=lambda view: (view.name.casefold(), view.pk))


@transaction.atomic
def save(period_id: int, *, name: str, filters: IncidentFilters, by: User, at: datetime) -> SavedView:
    """Keep these filters under a name; a view of that name, in whichever case, shows them from now on.

    Raises Invalid for a name that is missing or too long, for filters too long to keep, and for the 21st view.
    """
    period = Period.objects.locked().get(pk=period_id)
    name, query = " ".join(name.split()), filters.link()
    mine = filters_of(period, by)
    same = next((view for view in mine if view.name.casefold() == name.casefold()), None)
    _check(name, query, is_one_more=same is None, count=len(mine))
    if same is None:
        return SavedView.objects.create(user=by, period=period, name=name, query=query, created_at=at)
    same.name, same.query = name, query
    same.save(update_fields=["name", "query"])
    return same


def _check(name: str, query: str, *, is_one_more: bool, count: int) -> None:
    if not 0 < len(name) <= LONGEST_NAME or "\x00" in name:
        raise Invalid({"name": f"Give the view a name of 1 to {LONGEST_NAME} characters."})
    if len(query) > LONGEST_QUERY:
        raise Invalid({"name": "The text searched for is too long to be kept. Shorten it."})
    if is_one_more and count >= MOST:
        raise Invalid({"name": f"You have {MOST} views here. Delete one first, or reuse its name."})


def forget(period: Period, view_id: int, *, by: User) -> str | None:
    """Delete one of a person's own views; its name, or None when it is gone or not theirs."""
    found = SavedView.objects.filter(period=period, user=by, pk=view_id).first()
    if found is None:
        return None
    found.delete()
    return found.name
