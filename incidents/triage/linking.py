"""One incident has to do with another: the three ways a person can say so."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from hypercare.models import User
from incidents.models import Incident
from incidents.triage import merge, relations

How = Literal["duplicate", "part", "related"]


def link_incidents(incident_id: int, *, how: How, other: int, by: User, at: datetime, via: str = "") -> Incident:
    """A duplicate is merged into the other, a part stands under it, related ones name each other.

    Raises what `merge.merge_into`, `relations.put_under` and `relations.relate` raise.
    """
    who: dict[str, Any] = {"by": by, "at": at, "via": via}
    if how == "duplicate":
        return merge.merge_into(incident_id, into=other, **who)
    if how == "part":
        return relations.put_under(incident_id, parent=other, **who)
    return relations.relate(incident_id, other=other, **who)
