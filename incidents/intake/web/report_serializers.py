"""Shapes of the API of the public form, known errors and stakeholder reports. They validate and render."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hypercare.api.strict import StrictSerializer
from incidents.intake.mail import mail_intake
from incidents.models import KnownError, ReportForm, StakeholderReport
from incidents.stakeholders import report_forms
from incidents.stakeholders.known_errors import LONGEST_WORKAROUND
from periods.web.serializers import PersonOut


class ReportFormOut(serializers.ModelSerializer[ReportForm]):
    """The public form. `mail_address` is empty while no mailbox is read."""

    url = serializers.SerializerMethodField()
    mail_address = serializers.SerializerMethodField()

    class Meta:
        model = ReportForm
        fields: ClassVar = ["is_open", "title", "answer_within", "data_note", "url", "mail_address", "updated_at"]

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, row: ReportForm) -> str:
        """Where it is, open or closed."""
        return report_forms.url_of(row)

    def get_mail_address(self, row: ReportForm) -> str:
        """Where mails for the period go."""
        return mail_intake.address_of(row)


class ReportFormIn(StrictSerializer):
    """Whether the form takes reports, and what it says."""

    is_open = serializers.BooleanField()
    title = serializers.CharField(max_length=80)
    answer_within = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    data_note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class KnownErrorOut(serializers.ModelSerializer[KnownError]):
    """A known error that still holds."""

    incident = serializers.SerializerMethodField()

    class Meta:
        model = KnownError
        fields: ClassVar = [
            "id",
            "title",
            "workaround",
            "component",
            "shown_outside",
            "incident",
            "created_at",
            "updated_at",
        ]

    @extend_schema_field(OpenApiTypes.STR)
    def get_incident(self, row: KnownError) -> str | None:
        """The incident it came from, by its key."""
        return f"{self.context['period'].key}-{row.incident.number}" if row.incident else None


class KnownErrorIn(StrictSerializer):
    """A known error in a few plain words."""

    title = serializers.CharField(max_length=120)
    workaround = serializers.CharField(max_length=LONGEST_WORKAROUND, required=False, allow_blank=True, default="")
    component = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    shown_outside = serializers.BooleanField(required=False, default=False)


class KnownErrorOfIn(StrictSerializer):
    """What the incident's known error is called and how people get by; what is left out comes from the incident."""

    title = serializers.CharField(max_length=120, required=False, allow_blank=True)
    workaround = serializers.CharField(max_length=LONGEST_WORKAROUND, required=False, allow_blank=True)
    shown_outside = serializers.BooleanField(required=False)


class StakeholderReportOut(serializers.ModelSerializer[StakeholderReport]):
    """One day's report. `sent_at` is null while it is a draft."""

    edited_by = PersonOut(read_only=True, allow_null=True)
    sent_by = PersonOut(read_only=True, allow_null=True)

    class Meta:
        model = StakeholderReport
        fields: ClassVar = [
            "on",
            "colour",
            "reason",
            "impact",
            "issues",
            "decisions",
            "figures",
            "drafted_at",
            "edited_at",
            "edited_by",
            "sent_at",
            "sent_by",
            "version",
        ]


class StakeholderReportIn(StrictSerializer):
    """Other words for a draft; what is left out stays. `version` is the one that was read."""

    version = serializers.IntegerField()
    colour = serializers.ChoiceField(choices=StakeholderReport.Colour.choices, required=False)
    reason = serializers.CharField(max_length=200, required=False)
    impact = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    issues = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    decisions = serializers.CharField(max_length=2000, required=False, allow_blank=True)
