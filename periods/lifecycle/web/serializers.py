"""REST shapes of the steps of a period."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from hypercare.api.strict import NothingIn as NothingIn
from hypercare.api.strict import StrictSerializer as StrictSerializer
from periods.web.serializers import REASON, PersonField, PersonOut


class PeriodReasonIn(StrictSerializer):
    """One sentence that says why; it is kept in the journal."""

    reason = serializers.CharField(max_length=REASON)


class PostponeIn(PeriodReasonIn):
    """The new go-live; the end and the checks move along."""

    go_live_at = serializers.DateTimeField()


class StartIn(StrictSerializer):
    """What the smoke test showed, and when users really came on if not now."""

    smoke_test = serializers.CharField(max_length=REASON)
    went_live_at = serializers.DateTimeField(required=False)


class ExtendIn(PeriodReasonIn):
    """The new end, by 14 days at most."""

    ends_at = serializers.DateTimeField()


class CloseIn(StrictSerializer):
    """A last word on how it went."""

    summary = serializers.CharField(max_length=REASON, required=False, allow_blank=True)


class RollBackIn(PeriodReasonIn):
    """Why, who advises it, and that the point of no return is ahead where its time is not recorded."""

    advised_by = PersonField(required=False, allow_null=True, default=None)
    before_no_return = serializers.BooleanField(required=False, default=False)


class ReopenIn(PeriodReasonIn):
    """What came back: a P1 of the release, or a rate above normal."""

    cause = serializers.ChoiceField(choices=["p1", "rate"], default="p1")
    ends_at = serializers.DateTimeField(required=False)


class ObjectionOut(serializers.Serializer[Any]):
    """What stands in the way, and where it is put right."""

    code = serializers.CharField()
    key = serializers.CharField()
    text = serializers.CharField()
    url = serializers.CharField()
    owner = PersonOut(allow_null=True)
