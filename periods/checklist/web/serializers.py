"""Shapes of checks, their evidence and rehearsals. They validate and render; they never save."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hypercare.api.strict import IdField
from periods.checklist import due_dates, rehearsals
from periods.checklist.bulk import ACTIONS, MOST
from periods.checklist.evidence import LONGEST_TEXT
from periods.lifecycle.web.serializers import PeriodReasonIn
from periods.models import ChecklistItem, Evidence, Rehearsal
from periods.web.serializers import LONG, PersonField, PersonOut, StrictSerializer


class TestsOut(serializers.Serializer[Any]):
    """Counts of a test report; `failing` names the first cases that failed or broke."""

    total = serializers.IntegerField()
    passed = serializers.IntegerField()
    failed = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # the metaclass takes declared fields away
    skipped = serializers.IntegerField()
    bad = serializers.IntegerField(help_text="Failed and errors together.")
    duration_s = serializers.FloatField(allow_null=True)
    failing = serializers.ListField(child=serializers.CharField())


class EvidenceOut(serializers.ModelSerializer[Evidence]):
    """One piece of evidence; a file is fetched at `…/evidence/{id}/file/`."""

    added_by = PersonOut(read_only=True, allow_null=True)
    removed_by = PersonOut(read_only=True, allow_null=True)
    tests = TestsOut(read_only=True, allow_null=True)

    class Meta:
        model = Evidence
        fields: ClassVar = [
            "id",
            "kind",
            "text",
            "file_name",
            "media_type",
            "size",
            "sha256",
            "tests",
            "added_at",
            "added_by",
            "removed_at",
            "removed_by",
        ]


class CheckOut(serializers.ModelSerializer[ChecklistItem]):
    """One check. `due_at` is `due_days` from the go-live day at `due_time` of the period's zone (null: go-live's)."""

    owner = PersonOut(read_only=True, allow_null=True)
    done_by = PersonOut(read_only=True, allow_null=True)
    failed_by = PersonOut(read_only=True, allow_null=True)
    waived_by = PersonOut(read_only=True, allow_null=True)
    status = serializers.SerializerMethodField()
    late = serializers.SerializerMethodField()
    evidence = serializers.SerializerMethodField()

    class Meta:
        model = ChecklistItem
        fields: ClassVar = [
            "id",
            "position",
            "category",
            "title",
            "owner_role",
            "owner",
            "due_at",
            "due_days",
            "due_time",
            "blocking",
            "evidence_wanted",
            "evidence",
            "status",
            "late",
            "done_at",
            "done_by",
            "failure",
            "failed_at",
            "failed_by",
            "waived_by",
            "waiver_reason",
            "waiver_expires_at",
        ]

    @extend_schema_field(serializers.ChoiceField(choices=ChecklistItem.Status.choices))
    def get_status(self, item: ChecklistItem) -> str:
        """Its status at the moment of the request: a waiver that has ended leaves it open."""
        return str(item.status_at(self.context["at"]).value)

    def get_late(self, item: ChecklistItem) -> bool:
        """Still to be done past its due time at the moment of the request."""
        return item.is_late(self.context["at"])

    @extend_schema_field(EvidenceOut(many=True))
    def get_evidence(self, item: ChecklistItem) -> Any:
        """What stands; removed evidence is in the check's own list of evidence."""
        return EvidenceOut([row for row in item.evidence.all() if row.removed_at is None], many=True).data


class DueIn(StrictSerializer):
    """Due as a moment (`due_at`), or as `due_days` from the go-live day with `due_time` in the period's zone."""

    due_at = serializers.DateTimeField(required=False)
    due_days = serializers.IntegerField(required=False, min_value=-due_dates.FURTHEST, max_value=due_dates.FURTHEST)
    due_time = serializers.TimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One way of saying it, not both."""
        days, clock = attrs.pop("due_days", None), attrs.pop("due_time", None)
        if days is None and clock is None:
            return attrs
        if "due_at" in attrs or days is None:
            raise serializers.ValidationError({"due_days": "Give due_at, or due_days with or without due_time."})
        return {**attrs, "due": due_dates.DueDate(days, clock or (due_dates.USUAL_TIME if days else None))}


class CheckIn(DueIn):
    """A new check, due at go-live unless told."""

    title = serializers.CharField(max_length=200)
    category = serializers.CharField(max_length=40, default="Preparation")
    owner = PersonField(required=False, allow_null=True)
    owner_role = serializers.CharField(max_length=4, required=False, allow_blank=True)
    blocking = serializers.BooleanField(default=False)
    evidence_wanted = serializers.CharField(max_length=80, required=False, allow_blank=True)


class CheckAssignIn(DueIn):
    """Who does it (null is nobody), and by when. What is left out stays."""

    owner = PersonField(required=False, allow_null=True)


class EvidenceIn(StrictSerializer):
    """A link or a note; as multipart also a `file`."""

    evidence = serializers.CharField(max_length=LONGEST_TEXT, required=False, allow_blank=True)
    file = serializers.FileField(required=False)


class CompleteIn(StrictSerializer):
    """A link or a note that shows it, where there is some."""

    evidence = serializers.CharField(max_length=LONGEST_TEXT, required=False, allow_blank=True)


class TestReportIn(StrictSerializer):
    """A JUnit XML report of at most 5 MB and 10,000 cases."""

    file = serializers.FileField()
    evidence = serializers.CharField(max_length=LONGEST_TEXT, required=False, allow_blank=True)


class FailIn(StrictSerializer):
    """What failed."""

    note = serializers.CharField(max_length=LONG)


class WaiveIn(PeriodReasonIn):
    """Why it can wait, and until when."""

    expires_at = serializers.DateTimeField()


class MakeIn(StrictSerializer):
    """Which checks are kept, by their place in what the plan started from, and which lessons become checks, too."""

    keep = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=10_000),
        max_length=500,
        required=False,
        allow_null=True,
        help_text="Places from 0 on; all of them when left out.",
    )
    from_lessons = serializers.ListField(child=IdField(), max_length=100, required=False, help_text="Ids of lessons.")


class BulkIn(CheckAssignIn):
    """The same change to several checks: assign (owner, due), set-aside (reason) or reopen. All or none."""

    checks = serializers.ListField(child=IdField(), min_length=1, max_length=MOST)
    action = serializers.ChoiceField(choices=list(ACTIONS))
    reason = serializers.CharField(max_length=LONG, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Each action takes its own values."""
        attrs = super().validate(attrs)
        allowed = {"assign": {"owner", "due_at", "due"}, "set-aside": {"reason"}, "reopen": set()}[attrs["action"]]
        given = set(attrs) - {"checks", "action"}
        if given - allowed or (attrs["action"] != "reopen" and not given):
            names = ", ".join(sorted(allowed)) or "nothing more"
            raise serializers.ValidationError({"action": f"{attrs['action']} takes {names}."})
        return attrs


class BulkOut(serializers.Serializer[Any]):
    """How many changed, and the journal entry by which all of it is undone."""

    changed = serializers.IntegerField()
    seq = serializers.IntegerField()


class CheckUndoIn(StrictSerializer):
    """The number of the journal entry whose change is taken back."""

    seq = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class UndoOut(serializers.Serializer[Any]):
    """The checks that are as they were."""

    checks = serializers.ListField(child=serializers.CharField())


class RehearsalOut(serializers.ModelSerializer[Rehearsal]):
    """A rehearsal with what it took, in seconds; null while it runs."""

    by = PersonOut(read_only=True, allow_null=True)
    took_s = serializers.SerializerMethodField()
    over = serializers.BooleanField(source="is_over")

    class Meta:
        model = Rehearsal
        fields: ClassVar = [
            "id",
            "kind",
            "box_minutes",
            "started_at",
            "ended_at",
            "took_s",
            "over",
            "outcome",
            "notes",
            "by",
        ]

    def get_took_s(self, row: Rehearsal) -> int | None:
        """The measured time in seconds."""
        return int(row.took.total_seconds()) if row.took else None


class RehearsalIn(StrictSerializer):
    """Without `took_minutes` and `outcome` a rehearsal starts now; with them it is recorded."""

    kind = serializers.ChoiceField(choices=Rehearsal.Kind.choices)
    box_minutes = serializers.IntegerField(min_value=1, max_value=int(rehearsals.LONGEST.total_seconds() // 60))
    took_minutes = serializers.IntegerField(
        required=False, min_value=1, max_value=int(rehearsals.LONGEST.total_seconds() // 60)
    )
    ended_at = serializers.DateTimeField(required=False)
    outcome = serializers.ChoiceField(choices=Rehearsal.Outcome.choices, required=False)
    notes = serializers.CharField(max_length=LONG, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Both of the measured values, or neither."""
        missing = [name for name in ("took_minutes", "outcome") if name not in attrs]
        if len(missing) == 1 or (missing and ("ended_at" in attrs or "notes" in attrs)):
            raise serializers.ValidationError({missing[0]: "Say what it took and how it went, or neither to start."})
        return attrs


class StopIn(StrictSerializer):
    """How it went."""

    outcome = serializers.ChoiceField(choices=Rehearsal.Outcome.choices)
    notes = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
