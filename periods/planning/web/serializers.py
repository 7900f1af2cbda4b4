"""REST shapes of a plan and of the suggested length."""

from __future__ import annotations

from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hypercare.api.strict import NothingIn as NothingIn
from hypercare.api.strict import StrictSerializer as StrictSerializer
from periods.planning import complexity
from periods.planning.plan_checks import LATEST_YEAR
from periods.planning.scoring_model import CADENCES, COVERS
from periods.web.serializers import LONG, REASON, PersonField

MOST_ANSWERS = 20


class CycleSerializer(serializers.Serializer[Any]):
    """A date that must not be missed: month-end, payroll."""

    name = serializers.CharField(max_length=80)
    on = serializers.DateField()

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """As it is stored: ISO text."""
        value = super().to_internal_value(data)
        # A change of the period need not name every field; a date in it must.
        if missing := [str(name) for name in self.fields if name not in value]:
            raise serializers.ValidationError(dict.fromkeys(missing, "This field is required."))
        return {"name": value["name"], "on": value["on"].isoformat()}

    def to_representation(self, instance: dict[str, str]) -> dict[str, str]:
        """As it is stored."""
        return dict(instance)


class AnswersField(serializers.DictField):
    """Answers 0 to 4 by factor; the domain judges them, this bounds them."""

    child = serializers.IntegerField()

    def to_internal_value(self, data: Any) -> dict[str, int]:
        """Refuse a heap before looking at each."""
        if isinstance(data, dict) and len(data) > MOST_ANSWERS:
            raise serializers.ValidationError("Give one answer a question, and nothing else.")
        value: dict[str, int] = super().to_internal_value(data)
        return value


class PeriodPatchIn(StrictSerializer):
    """Fields of the plan that may change. Once readiness is open the dates move by a postponement."""

    name = serializers.CharField(max_length=120, required=False)
    summary = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    systems = serializers.ListField(child=serializers.CharField(max_length=80), required=False, max_length=50)
    timezone = serializers.CharField(max_length=64, required=False)
    country = serializers.CharField(max_length=2, required=False, allow_blank=True)
    subdivision = serializers.CharField(max_length=20, required=False, allow_blank=True)
    go_live_at = serializers.DateTimeField(required=False)
    ends_at = serializers.DateTimeField(required=False)
    lead = PersonField(required=False, allow_null=True)
    sponsor = PersonField(required=False, allow_null=True)
    bau_owner = PersonField(required=False, allow_null=True)
    rollback_authority = PersonField(required=False, allow_null=True)
    war_room_url = serializers.URLField(required=False, allow_blank=True)
    runbook_url = serializers.URLField(required=False, allow_blank=True)
    point_of_no_return = serializers.CharField(max_length=REASON, required=False, allow_blank=True)
    point_of_no_return_at = serializers.DateTimeField(required=False, allow_null=True)
    critical_cycles = CycleSerializer(many=True, required=False)
    baseline_issues = serializers.IntegerField(min_value=0, max_value=10**9, required=False, allow_null=True)
    baseline_days = serializers.IntegerField(min_value=1, max_value=3660, required=False, allow_null=True)
    tolerable_per_day = serializers.FloatField(required=False, allow_null=True)
    days_override_reason = serializers.CharField(max_length=REASON, required=False, allow_blank=True)
    debrief_cadence = serializers.CharField(max_length=10, required=False, help_text=f"One of {', '.join(CADENCES)}.")
    cadence_override_reason = serializers.CharField(max_length=REASON, required=False, allow_blank=True)
    cover = serializers.CharField(max_length=10, required=False, help_text=f"One of {', '.join(COVERS)}.")
    cover_override_reason = serializers.CharField(max_length=REASON, required=False, allow_blank=True)
    answers = AnswersField(required=False)
    first_release = serializers.BooleanField(required=False)
    emergency = serializers.BooleanField(required=False)


class CreateIn(PeriodPatchIn):
    """A new plan. `answers` are scored at once."""

    key = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=120)
    timezone = serializers.CharField(max_length=64, default="UTC")
    go_live_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    with_checklist = serializers.BooleanField(default=True)
    template = serializers.CharField(max_length=60, required=False, help_text="Key of a template to start from.")
    template_version = serializers.IntegerField(min_value=1, max_value=32000, required=False)
    from_period = serializers.CharField(max_length=12, required=False, help_text="Key of an earlier period.")


class ComplexityIn(StrictSerializer):
    """Answers 0 to 4 by factor; dates, and a country with its public holidays, to work out the end."""

    answers = AnswersField()
    first_release = serializers.BooleanField(default=False)
    emergency = serializers.BooleanField(default=False)
    go_live_on = serializers.DateField(required=False, help_text="Without it there is no `ends_on`.")
    critical_cycles = CycleSerializer(many=True, required=False)
    country = serializers.CharField(
        max_length=2, required=False, allow_blank=True, default="", help_text="ISO code, such as DK."
    )
    subdivision = serializers.CharField(
        max_length=20, required=False, allow_blank=True, default="", help_text="ISO code of a region, such as BY."
    )
    version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="Of the scoring model; the one in use without it."
    )

    def validate_go_live_on(self, day: date) -> date:
        """Days are added to it."""
        if day.year > LATEST_YEAR:
            raise serializers.ValidationError(f"Choose a day before {LATEST_YEAR}.")
        return day


class ContributionOut(serializers.Serializer[Any]):
    """What one answer adds to the score, or a floor (of kind `floor`) to the days."""

    key = serializers.CharField()
    kind = serializers.ChoiceField(choices=["factor", "floor"])
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name, not the field's label
    answer = serializers.IntegerField()
    answer_label = serializers.CharField()
    weight = serializers.IntegerField()
    points = serializers.IntegerField()
    days = serializers.IntegerField()


class FloorOut(serializers.Serializer[Any]):
    """Why the band can't be lower."""

    key = serializers.CharField()
    reason = serializers.CharField()
    band = serializers.CharField()


class CoverOut(serializers.Serializer[Any]):
    """Cover from one day to another."""

    first_day = serializers.IntegerField()
    last_day = serializers.IntegerField(allow_null=True)
    pattern = serializers.CharField()
    words = serializers.CharField()
    p1_on_call = serializers.BooleanField()


class HolidayOut(serializers.Serializer[Any]):
    """A public holiday that moved the end."""

    on = serializers.DateField()
    name = serializers.CharField()


class EndOut(serializers.Serializer[complexity.PlanEnd]):
    """Why the period ends when it does: by the score, or after a critical cycle and its working days."""

    by_score = serializers.DateField()
    moved = serializers.BooleanField()
    cycle = serializers.CharField()
    cycle_on = serializers.DateField(allow_null=True)
    working_days = serializers.IntegerField(source="margin")
    holidays = serializers.SerializerMethodField()

    @extend_schema_field(HolidayOut(many=True))
    def get_holidays(self, end: complexity.PlanEnd) -> list[dict[str, str]]:
        """Public holidays left out while counting."""
        return [{"on": day.isoformat(), "name": name} for day, name in end.holidays]


class ComplexityOut(serializers.Serializer[complexity.Recommendation]):
    """A recommendation and what it is made of. The points total the score; `end` is null without a go-live."""

    version = serializers.IntegerField()
    score = serializers.IntegerField()
    band = serializers.CharField()
    band_label = serializers.CharField()
    score_band = serializers.CharField(help_text="The band before the floors.")
    days = serializers.IntegerField()
    day_range = serializers.ListField(child=serializers.IntegerField())
    contributions = ContributionOut(many=True)
    floors = FloorOut(many=True)
    debrief_cadence = serializers.CharField()
    coverage = CoverOut(many=True)
    ends_on = serializers.SerializerMethodField()
    end = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "format": "date", "nullable": True})
    def get_ends_on(self, _: complexity.Recommendation) -> str | None:
        """The last date, when a go-live was given."""
        end: complexity.PlanEnd | None = self.context.get("end")
        return end.on.isoformat() if end else None

    @extend_schema_field(EndOut(allow_null=True))
    def get_end(self, _: complexity.Recommendation) -> dict[str, Any] | None:
        """Its reasons."""
        end: complexity.PlanEnd | None = self.context.get("end")
        return EndOut(end).data if end else None
