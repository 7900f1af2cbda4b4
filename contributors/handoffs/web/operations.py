"""What can be done to a hand-off."""

from __future__ import annotations

from typing import Final

from contributors.handoffs import handoffs
from hypercare.web.operations import Operation, index_by_name

HOLDER: Final = "one's own shift, shifts.manage on any"
NEXT: Final = "whoever takes over, shifts.manage for them"
HANDOFFS: Final = index_by_name(
    (
        Operation(
            name="hand-over",
            run=handoffs.begin,
            right=HOLDER,
            kinds=(),
            page="contributors:begin_handoff",
            api="POST api_shift_hand_over",
        ),
        Operation(
            name="write-note",
            run=handoffs.write,
            right=HOLDER,
            kinds=("handoff.written",),
            page="contributors:write_handoff",
            api="POST api_handoff_write",
        ),
        Operation(
            name="accept-note",
            run=handoffs.accept,
            right=NEXT,
            kinds=("handoff.accepted",),
            page="contributors:accept_handoff",
            api="POST api_handoff_accept",
        ),
    )
)
