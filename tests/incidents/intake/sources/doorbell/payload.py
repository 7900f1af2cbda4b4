"""What the bell posts: one object, however often it is pressed."""

from __future__ import annotations

from datetime import datetime

from incidents.intake.sources import ReportedAlert, UnexpectedPayload


def parse(payload: object) -> list[ReportedAlert]:
    """One alert. Raises UnexpectedPayload."""
    if not isinstance(payload, dict) or not isinstance(payload.get("door"), str):
        raise UnexpectedPayload("door: expected the name of a door.")
    is_open = payload.get("answered_at") is None
    return [
        ReportedAlert(
            fingerprint=payload["door"],
            name=f"Somebody rings at the {payload['door']} door",
            firing=is_open,
            started_at=datetime.fromisoformat(payload["rung_at"]),
            ended_at=None if is_open else datetime.fromisoformat(payload["answered_at"]),
            level=str(payload.get("force", "")),
        )
    ]
