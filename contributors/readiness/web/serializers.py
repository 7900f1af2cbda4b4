"""REST shapes of acknowledging."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from hypercare.api.strict import IdField, StrictSerializer


class SeenPagesIn(StrictSerializer):
    """Versions of pages that were read."""

    runbook = serializers.IntegerField(min_value=0, required=False)
    how_we_work = serializers.IntegerField(min_value=0, required=False)


class SeenIn(StrictSerializer):
    """What was read before answering; what is left out is not compared."""

    pages = SeenPagesIn(required=False)
    go_live_at = serializers.DateTimeField(required=False)


class AcknowledgeIn(StrictSerializer):
    """I am ready: all four statements, or after a change those it concerns."""

    statements = serializers.ListField(child=serializers.CharField(max_length=20), max_length=10)
    seen = SeenIn(required=False)


def read_seen(data: dict[str, Any] | None) -> dict[str, Any] | None:
    """The fingerprint that somebody names in part."""
    if data is None:
        return None
    found = {"pages": dict(data["pages"]), "partial": True} if "pages" in data else {}
    moment = data.get("go_live_at")
    return {**found, "go_live_at": moment.isoformat()} if moment else found


class ReplyIn(StrictSerializer):
    """What was done about it."""

    text = serializers.CharField(max_length=2000)


class DeclineIn(StrictSerializer):
    """Something is missing."""

    note = serializers.CharField(max_length=2000, help_text="What is missing.")
    statements = serializers.ListField(child=serializers.CharField(max_length=20), max_length=10, default=list)
    cannot = serializers.ListField(
        child=IdField(), max_length=200, default=list, help_text="Ids of one's own shifts that one can't work."
    )
