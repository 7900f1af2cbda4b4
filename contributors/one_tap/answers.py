"""What a person answers by a one-tap link: the answer and the first use of the link are one transaction.

A repeat changes nothing: the functions that are called here say when the answer was given.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from contributors.calendars import feed_links
from contributors.handoffs import handoffs
from contributors.links import links
from contributors.models import Acknowledgement, CoverRequest, Handoff, Link
from contributors.readiness import acknowledgements
from contributors.swaps import cover_requests
from hypercare.models import User

VIA = "link"


@transaction.atomic
def acknowledge(membership_id: int, *, link: Link | None, by: User, at: datetime, **answer: Any) -> Acknowledgement:
    """Answer whether one is ready, by link or signed in (None); who is ready gets a calendar of their shifts.

    Raises what `acknowledgements.acknowledge` raises.
    """
    given = acknowledgements.acknowledge(membership_id, **answer, by=by, at=at, via=VIA if link else "")
    if link is not None:
        links.mark_used(link, at=at, outcome=acknowledgements.describe_answer(given, by))
    if given.state == Acknowledgement.State.READY:
        feed_links.ensure_link(by, at=at)
    return given


@transaction.atomic
def answer_cover(request_id: int, *, takes_it: bool, link: Link, at: datetime) -> CoverRequest:
    """Take a duty, or say that one can't. Raises what `cover_requests.accept` and `cover_requests.refuse` raise."""
    answer = cover_requests.accept if takes_it else cover_requests.refuse
    request = answer(request_id, by=link.user, at=at, via=VIA)
    links.mark_used(link, at=at, outcome="You answered.")
    return request


@transaction.atomic
def accept_handoff(handoff_id: int, *, link: Link, at: datetime) -> Handoff:
    """Take over. Raises what `handoffs.accept` raises."""
    taken = handoffs.accept(handoff_id, by=link.user, at=at, via=VIA)
    links.mark_used(link, at=at, outcome=handoffs.describe_acceptance(taken))
    return taken
