"""Shapes of the API of updates, subscribers and the status page. They validate and render; they never save."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hypercare.api.strict import StrictSerializer
from hypercare.database.numbers import number_of
from incidents.models import Incident, Notice, StatusPage, Subscriber, Update
from incidents.stakeholders import status_pages, updates
from incidents.stakeholders.updates import UpdateText


class UpdateIn(StrictSerializer):
    """Say something outside. Without `notice` it is the first word of a new one, which needs a title."""

    notice = serializers.IntegerField(required=False, allow_null=True, default=None)
    incident = serializers.CharField(
        required=False, allow_null=True, default=None, help_text="Key of the incident it is about."
    )
    title = serializers.CharField(required=False, allow_blank=True, default="", max_length=updates.LONGEST_TITLE)
    components = serializers.ListField(
        child=serializers.CharField(max_length=80), required=False, allow_null=True, default=None, max_length=50
    )
    state = serializers.ChoiceField(choices=Notice.State.choices)
    text = serializers.CharField(max_length=updates.LONGEST_TEXT)
    audience = serializers.ChoiceField(choices=Update.Audience.choices, default=Update.Audience.EVERYONE)
    next_by = serializers.DateTimeField(required=False, allow_null=True, default=None)

    def validate_incident(self, value: str | None) -> int | None:
        """An incident of the period, as its id."""
        if not value:
            return None
        key, _, number = value.rpartition("-")
        period = self.context["period"]
        found = Incident.objects.filter(period=period, number=number_of(number) or 0).first()
        if found is None or key.upper() != period.key:
            raise serializers.ValidationError("No incident of this period has that key.")
        return int(found.pk)

    def words(self) -> UpdateText:
        """What the domain is told."""
        data = self.validated_data
        named = data["components"]
        return UpdateText(
            text=data["text"],
            state=data["state"],
            title=data["title"],
            next_by=data["next_by"],
            audience=data["audience"],
            components=None if named is None else tuple(named),
        )


class SubscriberOut(serializers.ModelSerializer[Subscriber]):
    """An address that gets every update of the period."""

    class Meta:
        model = Subscriber
        fields: ClassVar = ["id", "email", "confirmed_at"]


class StatusPageOut(serializers.ModelSerializer[StatusPage]):
    """The page for people outside. `url` is null while nobody may see it."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = StatusPage
        fields: ClassVar = ["visibility", "slug", "title", "about", "url", "updated_at"]

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, row: StatusPage) -> str | None:
        """Where it is."""
        return status_pages.url_of(row) if row.visibility != StatusPage.Visibility.OFF else None


class StatusPageIn(StrictSerializer):
    """Who may see the page, where it is and what it is called."""

    visibility = serializers.ChoiceField(choices=StatusPage.Visibility.choices)
    slug = serializers.CharField(max_length=40)
    title = serializers.CharField(max_length=80)
    about = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
