"""REST shape of a word to people outside."""

from __future__ import annotations

from typing import ClassVar

from rest_framework import serializers

from incidents.models import Update
from periods.web.serializers import PersonOut


class UpdateOut(serializers.ModelSerializer[Update]):
    """What was said about a notice, with the notice as it is now."""

    notice = serializers.IntegerField(source="notice_id", read_only=True)
    title = serializers.CharField(source="notice.title", read_only=True)
    components = serializers.ListField(source="notice.components", child=serializers.CharField(), read_only=True)
    incident = serializers.SerializerMethodField()
    by = PersonOut(read_only=True)
    solved = serializers.SerializerMethodField(help_text="Whether the notice is solved by now.")

    class Meta:
        model = Update
        fields: ClassVar = [
            "id",
            "notice",
            "number",
            "title",
            "components",
            "incident",
            "state",
            "text",
            "audience",
            "next_by",
            "at",
            "by",
            "solved",
        ]

    def get_incident(self, row: Update) -> str | None:
        """The incident behind it, by its key."""
        found = row.notice.incident
        return f"{row.notice.period.key}-{found.number}" if found else None

    def get_solved(self, row: Update) -> bool:
        """Whether nothing more comes."""
        return row.notice.resolved_at is not None
