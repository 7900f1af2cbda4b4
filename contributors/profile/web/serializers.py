"""REST shapes of what the API says of oneself."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from contributors.people.web.serializers import PersonInZone
from contributors.shifts.web.serializers import DutyOut


class NeedOut(serializers.Serializer[Any]):
    """Something that waits for me."""

    kind = serializers.CharField()
    period = serializers.CharField()
    title = serializers.CharField()
    due_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()


class MeOut(serializers.Serializer[Any]):
    """Me: my duties now and next, and what needs me."""

    user = PersonInZone()
    on_now = DutyOut(many=True)
    next = DutyOut(many=True)
    needs = NeedOut(many=True)
