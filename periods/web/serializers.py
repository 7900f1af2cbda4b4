"""Shapes of the period API: people, the plan and its steps. They validate and render; they never save.

Those of checks, debriefs, actions and the exit are in the rooms of these.
"""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hypercare.api.strict import NothingIn as NothingIn
from hypercare.api.strict import StrictSerializer as StrictSerializer
from hypercare.models import User
from periods.models import JournalEntry, Period

LONG = 20_000
REASON = 5_000


class PersonOut(serializers.ModelSerializer[User]):
    """Somebody, as others of the period see them."""

    class Meta:
        model = User
        fields: ClassVar = ["id", "name"]


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}], "description": "Id or e-mail address."})
class PersonField(serializers.Field[User, Any, Any, Any]):
    """Somebody by id or e-mail address."""

    def to_internal_value(self, data: Any) -> User:
        """The active person; the same sentence whether they are unknown or gone."""
        people = User.objects.filter(is_active=True)
        found = None
        if isinstance(data, int) and not isinstance(data, bool) and 0 < data < 2**63:
            found = people.filter(pk=data).first()
        elif isinstance(data, str):
            found = people.filter(email=data.strip().lower()).first()
        if found is None:
            raise serializers.ValidationError("There is no such person. Give an id or an e-mail address.")
        return found

    def to_representation(self, value: User) -> dict[str, Any]:
        """Id and name."""
        return {"id": value.pk, "name": value.name}


class PeriodOut(serializers.ModelSerializer[Period]):
    """A period. `version` counts what happened in it."""

    lead = PersonOut(read_only=True, allow_null=True)
    sponsor = PersonOut(read_only=True, allow_null=True)
    bau_owner = PersonOut(read_only=True, allow_null=True)
    rollback_authority = PersonOut(read_only=True, allow_null=True)
    version = serializers.IntegerField(source="journal_seq", read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)
    starts_at = serializers.DateTimeField(read_only=True)
    days = serializers.IntegerField(read_only=True)
    day = serializers.SerializerMethodField()
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Period
        fields: ClassVar = [
            "key",
            "name",
            "summary",
            "systems",
            "status",
            "status_since",
            "timezone",
            "country",
            "subdivision",
            "go_live_at",
            "starts_at",
            "ends_at",
            "planned_ends_at",
            "extensions",
            "day",
            "days",
            "went_live_at",
            "smoke_test",
            "stabilised_at",
            "ended_at",
            "lead",
            "sponsor",
            "bau_owner",
            "rollback_authority",
            "war_room_url",
            "runbook_url",
            "point_of_no_return",
            "point_of_no_return_at",
            "answers",
            "critical_cycles",
            "first_release",
            "emergency",
            "score",
            "band",
            "scoring_version",
            "recommended_days",
            "days_override_reason",
            "debrief_cadence",
            "cadence_override_reason",
            "cover",
            "cover_override_reason",
            "baseline_issues",
            "baseline_days",
            "tolerable_per_day",
            "created_at",
            "version",
            "updated_at",
            "url",
        ]

    def get_day(self, period: Period) -> int:
        """Day of the period at the moment of the request; 0 before go-live."""
        return period.window_day(self.context["at"]).number


class JournalOut(serializers.ModelSerializer[JournalEntry]):
    """One thing that happened; `hash` covers it and the entry before."""

    actor = PersonOut(read_only=True, allow_null=True)

    class Meta:
        model = JournalEntry
        fields: ClassVar = ["seq", "kind", "subject", "actor", "via", "at", "data", "prev_hash", "hash"]
