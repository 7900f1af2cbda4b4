"""REST shapes of an incident, in and out."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hypercare.api.strict import NothingIn as NothingIn
from hypercare.api.strict import StrictSerializer
from hypercare.database.numbers import number_of
from hypercare.models import User
from incidents.models import Comment, Incident
from incidents.paging.sla import clocks_of, missed_deadlines
from incidents.paging.sla_clock import next_deadline
from incidents.shared.severity import levels_for
from incidents.triage.web.forms import LONGEST, find_named, workers_of
from periods.models import Period
from periods.web.serializers import PersonOut

NO_SEVERITY = "Choose P1, P2, P3 or P4, or give impact and urgency."


class DeadlineOut(serializers.Serializer[Any]):
    """The clock that runs out first."""

    kind = serializers.ChoiceField(choices=["acknowledge", "update", "mitigate", "resolve"])
    due_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=["running", "soon", "late"])


class MissedOut(serializers.Serializer[Any]):
    """A promise that was not kept, and under which severity it was made."""

    kind = serializers.ChoiceField(choices=["acknowledge", "update", "mitigate", "resolve"])
    severity = serializers.ChoiceField(choices=Incident.Severity.choices)
    due_at = serializers.DateTimeField()


class IncidentOut(serializers.ModelSerializer[Incident]):
    """An incident. `version` is what If-Match and conflict messages go by."""

    key = serializers.CharField(read_only=True)
    period = serializers.CharField(source="period.key", read_only=True)
    owner = PersonOut(read_only=True, allow_null=True)
    acknowledged_by = PersonOut(read_only=True, allow_null=True)
    resolved_by = PersonOut(read_only=True, allow_null=True)
    team = serializers.CharField(source="team.name", read_only=True, default=None, allow_null=True)
    caused_by_change = serializers.BooleanField(read_only=True, allow_null=True)
    duplicate_of = serializers.SerializerMethodField()
    part_of = serializers.SerializerMethodField()
    missed = serializers.SerializerMethodField()
    next_deadline = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = Incident
        fields: ClassVar = [
            "key",
            "period",
            "number",
            "title",
            "description",
            "component",
            "team",
            "impact",
            "urgency",
            "severity",
            "status",
            "source",
            "owner",
            "reported_at",
            "acknowledged_at",
            "acknowledged_by",
            "last_update_at",
            "mitigated_at",
            "resolved_at",
            "resolved_by",
            "ending",
            "resolution",
            "cause",
            "workaround",
            "kind",
            "verdict",
            "duplicate_of",
            "part_of",
            "caused_by_change",
            "queue",
            "queue_note",
            "queued_at",
            "snoozed_until",
            "missed",
            "reopened",
            "handed_to",
            "next_deadline",
            "version",
            "updated_at",
            "url",
        ]

    @extend_schema_field(DeadlineOut(allow_null=True))
    def get_next_deadline(self, incident: Incident) -> dict[str, Any] | None:
        """The open clock that is due first, at the moment of the request."""
        clock = next_deadline(clocks_of(incident, self.context["at"])) if incident.is_open else None
        return {"kind": clock.kind, "due_at": clock.due_at, "state": clock.state} if clock else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_duplicate_of(self, incident: Incident) -> str | None:
        """The key of the incident it was merged into."""
        return _key_beside(incident, incident.duplicate_of)

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_part_of(self, incident: Incident) -> str | None:
        """The key of the incident it is part of."""
        return _key_beside(incident, incident.parent)

    @extend_schema_field(MissedOut(many=True))
    def get_missed(self, incident: Incident) -> list[dict[str, Any]]:
        """Deadlines it missed since it was last opened, whatever its severity became."""
        return [{name: mark[name] for name in ("kind", "severity", "due_at")} for mark in missed_deadlines(incident)]

    def get_url(self, incident: Incident) -> str:
        """Its page."""
        return reverse("incident", kwargs={"key": incident.period.key, "number": incident.number})


class CommentOut(serializers.ModelSerializer[Comment]):
    """Something somebody wrote."""

    by = PersonOut(read_only=True, allow_null=True, help_text="Null where the reporter wrote it.")

    class Meta:
        model = Comment
        fields: ClassVar = ["id", "kind", "body", "by", "at"]


class SeverityIn(StrictSerializer):
    """A severity, or impact and urgency by name; the named levels win."""

    severity = serializers.ChoiceField(choices=Incident.Severity.choices, required=False)
    impact = serializers.ChoiceField(choices=Incident.Level.choices, required=False)
    urgency = serializers.ChoiceField(choices=Incident.Level.choices, required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Replace `severity` by the impact and urgency it stands for."""
        severity = data.pop("severity", None)
        if severity is None and not ("impact" in data and "urgency" in data):
            raise serializers.ValidationError({"severity": NO_SEVERITY})
        if severity is not None:
            impact, urgency = levels_for(severity)
            data.setdefault("impact", impact)
            data.setdefault("urgency", urgency)
        return data


class ComponentMixin(StrictSerializer):
    """Checks the component against the period in the context."""

    def validate_component(self, value: str) -> str:
        """One of the period's systems, or empty."""
        systems = self.context["period"].systems
        if value and value not in systems:
            raise serializers.ValidationError(f"Choose one of the period's systems: {', '.join(systems) or 'none'}.")
        return value


class ReportIn(ComponentMixin, SeverityIn):
    """A new incident."""

    title = serializers.CharField(max_length=200)
    description = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST)
    component = serializers.CharField(required=False, allow_blank=True, max_length=80)


class PatchIn(ComponentMixin):
    """Facts that may be corrected. Severity follows from impact and urgency."""

    title = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST)
    component = serializers.CharField(required=False, allow_blank=True, max_length=80)
    impact = serializers.ChoiceField(choices=Incident.Level.choices, required=False)
    urgency = serializers.ChoiceField(choices=Incident.Level.choices, required=False)
    kind = serializers.ChoiceField(choices=Incident.Kind.choices, required=False, allow_blank=True)
    verdict = serializers.ChoiceField(choices=Incident.Verdict.choices, required=False, allow_blank=True)


class AssignIn(StrictSerializer):
    """The new owner: a person's id or e-mail address, `me`, or null for nobody."""

    owner = serializers.CharField(allow_null=True, max_length=254)

    def validate_owner(self, value: str | None) -> User | None:
        """Somebody of the period who may work on incidents."""
        if value is None:
            return None
        return find_worker(value, self.context["period"], self.context["request"].user)


class StatusIn(StrictSerializer):
    """The next status, with a word on why."""

    status = serializers.ChoiceField(choices=Incident.Status.choices)
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class RegradeIn(SeverityIn):
    """Another severity."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


class ResolveIn(StrictSerializer):
    """How it ended."""

    ending = serializers.ChoiceField(choices=Incident.Ending.choices)
    resolution = serializers.CharField(max_length=LONGEST)
    cause = serializers.CharField(required=False, allow_blank=True, max_length=200)
    workaround = serializers.CharField(required=False, allow_blank=True, max_length=500)
    tell = serializers.ListField(
        child=serializers.ChoiceField(choices=[("reporter", "Reporter"), ("everyone", "Everybody in the period")]),
        required=False,
        max_length=2,
        help_text="Who hears of it beside the lead and those who follow it.",
    )
    debrief = serializers.BooleanField(required=False, help_text="Whether the next debrief talks about it.")
    known_error = serializers.BooleanField(required=False, help_text="Whether its workaround is kept as a known error.")
    verdict = serializers.ChoiceField(choices=Incident.Verdict.choices, required=False, allow_blank=True)
    caused_by_change = serializers.BooleanField(
        required=False, allow_null=True, help_text="The short form of a verdict: caused, or unrelated."
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """One verdict out of two ways to say it."""
        caused = data.pop("caused_by_change", None)
        if caused is not None and not data.get("verdict"):
            data["verdict"] = "caused" if caused else "unrelated"
        return data


class QueueIn(StrictSerializer):
    """Whom it waits for (empty is nobody), and what for."""

    queue = serializers.ChoiceField(choices=Incident.Queue.choices, allow_blank=True)
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)


class PauseIn(StrictSerializer):
    """What the reporter is to answer; the mitigate and resolve clocks stand until `resume`."""

    note = serializers.CharField(max_length=200)


class SnoozeIn(StrictSerializer):
    """Until when it stays out of the open list; null brings it back now."""

    until = serializers.DateTimeField(allow_null=True)


class UndoIn(StrictSerializer):
    """The journal entry (`seq`) of one's own action."""

    seq = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class ReasonIn(StrictSerializer):
    """One sentence that says why."""

    reason = serializers.CharField(max_length=2000)


class HandOverIn(StrictSerializer):
    """The team or person that takes over what is still open when the period ends."""

    team = serializers.CharField(max_length=120)


class OtherIn(StrictSerializer):
    """Another incident of the period, by its key."""

    other = serializers.CharField(max_length=24)

    def validate_other(self, value: str) -> int:
        """Its id."""
        return _id_of(value, self.context["period"])


class MergeIn(StrictSerializer):
    """The incident that stays, by its key. This one is closed as its duplicate."""

    into = serializers.CharField(max_length=24)

    def validate_into(self, value: str) -> int:
        """Its id."""
        return _id_of(value, self.context["period"])


class ParentIn(StrictSerializer):
    """The incident this one is part of, by its key; null for none."""

    part_of = serializers.CharField(source="parent", max_length=24, allow_null=True)

    def validate_part_of(self, value: str | None) -> int | None:
        """Its id."""
        return None if value is None else _id_of(value, self.context["period"])


class CommentIn(StrictSerializer):
    """A note, a stakeholder update or a decision."""

    kind = serializers.ChoiceField(choices=Comment.Kind.choices, default=Comment.Kind.NOTE)
    body = serializers.CharField(max_length=LONGEST)


def _key_beside(incident: Incident, other: Incident | None) -> str | None:
    """The key of another incident of the same period, without asking for its period again."""
    return f"{incident.period.key}-{other.number}" if other else None


def _id_of(key: str, period: Period) -> int:
    found = find_named(key, period)
    if found is None:
        raise serializers.ValidationError(f"There is no {key} in {period}. Give a key such as {period.key}-1.")
    return found.pk


def find_worker(value: str, period: Period, me: User) -> User:
    """Somebody of the period who works on incidents, by id, e-mail address or `me`. Raises ValidationError."""
    people = workers_of(period)
    if value == "me":
        found = people.filter(pk=me.pk).first()
    elif number := number_of(value):
        found = people.filter(pk=number).first()
    else:
        found = people.filter(email=value.strip().lower()).first()
    if not isinstance(found, User):
        raise serializers.ValidationError("Nobody in this period who works on incidents goes by that.")
    return found
