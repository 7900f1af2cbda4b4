"""REST shapes of alert sources."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from hypercare import registry
from hypercare.api.strict import NothingIn as NothingIn
from hypercare.api.strict import StrictSerializer
from incidents.models import AlertSource
from incidents.models.alert import tool_choices
from incidents.shared.severity import SEVERITIES


class AlertSourceOut(serializers.ModelSerializer[AlertSource]):
    """A monitoring tool that may push alerts. The token itself is never shown again."""

    levels = serializers.DictField(
        child=serializers.CharField(), help_text="Severity words of this tool and what they count as."
    )
    unknown_levels = serializers.ListField(
        child=serializers.CharField(allow_blank=True),
        read_only=True,
        help_text="Severity words it told that nobody has mapped; they count as P2. Empty: no word was told.",
    )

    class Meta:
        model = AlertSource
        fields: ClassVar = [
            "id",
            "kind",
            "name",
            "token_prefix",
            "created_at",
            "last_used_at",
            "revoked_at",
            "levels",
            "unknown_levels",
            "left_out",
            "left_out_at",
        ]


class AlertSourceChange(StrictSerializer):
    """What the severity words of a source count as, all of them."""

    levels = serializers.DictField(
        child=serializers.ChoiceField(choices=SEVERITIES), help_text="Word to severity; the empty word is none."
    )


class AlertSourceIn(StrictSerializer):
    """A new alert source."""

    name = serializers.CharField(max_length=80)

    def get_fields(self) -> dict[str, Any]:
        """The tools that there are; the first where none is named."""
        kind = serializers.ChoiceField(choices=tool_choices(), default=next(iter(registry.ALERT_SOURCES)))
        return {"kind": kind, **super().get_fields()}


class AlertSourceMade(AlertSourceOut):
    """A new alert source with its token, shown this once."""

    token = serializers.CharField()
    hook_url = serializers.URLField()

    class Meta(AlertSourceOut.Meta):
        fields: ClassVar = [*AlertSourceOut.Meta.fields, "token", "hook_url"]
