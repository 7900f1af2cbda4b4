"""The engine's brake: a paused engine sends nothing, fires nothing and loses nothing."""

from __future__ import annotations

from datetime import datetime

from hypercare.models import Installation

_ROW = 1


def installation() -> Installation:
    """The one row; made when it is asked for first."""
    return Installation.objects.get_or_create(pk=_ROW)[0]


def pause_state() -> tuple[datetime | None, str]:
    """Since when the engine stands still and why; (None, "") while it runs. One query."""
    row = Installation.objects.filter(pk=_ROW).values_list("paused_at", "paused_why").first()
    return row or (None, "")


def is_paused() -> bool:
    """Whether the engine stands still."""
    return pause_state()[0] is not None


def pause(*, why: str, at: datetime) -> bool:
    """Stand still from the next tick on; False when it did already. What is being sent is finished."""
    installation()
    running = Installation.objects.filter(pk=_ROW, paused_at__isnull=True)
    return running.update(paused_at=at, paused_why=why[:200]) == 1


def resume() -> bool:
    """Run again from the next tick on; False when it ran."""
    paused = Installation.objects.filter(pk=_ROW, paused_at__isnull=False)
    return paused.update(paused_at=None, paused_why="") == 1
