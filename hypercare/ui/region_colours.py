"""The tints of the world's sites: people of one region share a colour, on their avatar and on their bars."""

from __future__ import annotations

from typing import Final

TINTS: Final = {
    "Europe": 1,
    "Africa": 1,
    "Atlantic": 1,
    "Asia": 2,
    "Australia": 2,
    "Indian": 2,
    "Pacific": 2,
    "America": 3,
    "US": 3,
    "Canada": 3,
}


def tint_of(zone_name: str) -> int:
    """1 to 3 for a zone such as `Asia/Kolkata`; a region that is not known shares the first."""
    return TINTS.get(zone_name.partition("/")[0], 1)
