"""What can be done to a request for cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contributors.swaps import cover_requests
from hypercare.web.operations import Operation, index_by_name

HOLDER: Final = "one's own shift, shifts.manage on any"
ASKED: Final = "whoever was asked"
ASKER: Final = "whoever asked"
APPROVES: Final = "lead or shifts.manage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverAnswer(Operation):
    """An answer to a request for cover, and what is said to whoever gave it."""

    said: str


COVER_ANSWERS: Final = index_by_name(
    (
        CoverAnswer(
            name="accept",
            run=cover_requests.accept,
            right=ASKED,
            kinds=("cover.accepted", "shift.covered"),
            said="You have it",
        ),
        CoverAnswer(
            name="refuse",
            run=cover_requests.refuse,
            right=ASKED,
            kinds=("cover.refused",),
            said="Thank you for saying so",
        ),
        CoverAnswer(
            name="approve", run=cover_requests.approve, right=APPROVES, kinds=("shift.covered",), said="Approved"
        ),
        CoverAnswer(
            name="decline",
            run=cover_requests.decline,
            right=APPROVES,
            kinds=("cover.declined",),
            said="Not approved; the plan stays",
        ),
        CoverAnswer(
            name="withdraw",
            run=cover_requests.withdraw,
            right=ASKER,
            kinds=("cover.withdrawn",),
            said="Request withdrawn",
        ),
    )
)
COVER: Final = index_by_name(
    (
        Operation(
            name="ask",
            run=cover_requests.ask,
            right=HOLDER,
            kinds=("cover.asked",),
            page="contributors:ask_cover",
            api="POST api_cover_requests",
        ),
        *COVER_ANSWERS.values(),
    )
)


def page_route_of(row: Operation) -> str:
    """The name of its route in the browser."""
    return "contributors:answer_cover" if isinstance(row, CoverAnswer) else row.page


def api_route_of(row: Operation) -> str:
    """Method and name of its route in the API."""
    return f"POST api_cover_{row.name}" if isinstance(row, CoverAnswer) else row.api
