"""How releases are scored: every version of the model, a new one, and which is in use."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as drf
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.api import IDEMPOTENCY, idempotent, person
from hypercare.api.strict import StrictSerializer, validate_input
from periods.planning import scoring, scoring_model
from periods.planning.scoring_model import BAND_KEYS, CADENCES, COVERS
from periods.web import serializers

TAGS: Final = ["scoring"]


class BandShape(StrictSerializer):
    """A band: from which score on, how long the window is, how often to debrief and who covers."""

    key = drf.ChoiceField(choices=list(BAND_KEYS))
    lowest = drf.IntegerField()
    days = drf.IntegerField()
    shortest = drf.IntegerField()
    longest = drf.IntegerField()
    cadence = drf.CharField(max_length=10, help_text=f"One of {', '.join(CADENCES)}.")
    cover = drf.CharField(max_length=10, help_text=f"One of {', '.join(COVERS)}.")


class ScoringModelShape(StrictSerializer):
    """What may differ between versions."""

    weights = drf.DictField(child=drf.IntegerField(), help_text="Factor → weight; they total 25.")
    bands = BandShape(many=True)
    floors = drf.DictField(
        child=drf.CharField(max_length=20, allow_blank=True), help_text="Rule → the band it asks for, or none."
    )
    cycle_days = drf.IntegerField()


class ScoringModelOut(drf.Serializer[Any]):
    """A version: who made it, when and why (the built-in one: nobody), and how many periods were scored by it."""

    version = drf.IntegerField(source="number")
    in_use = drf.BooleanField()
    periods = drf.IntegerField()
    made_by = serializers.PersonOut(source="made.made_by", default=None, allow_null=True)
    made_at = drf.DateTimeField(source="made.made_at", default=None, allow_null=True)
    reason = drf.CharField(source="made.reason", default="")
    model = drf.SerializerMethodField()

    def get_model(self, version: scoring.ModelVersion) -> dict[str, Any]:
        """Its figures, as a new version takes them."""
        return scoring_model.to_data(scoring.model_of_version(version.number))


class ScoringModelIn(StrictSerializer):
    """A new version, made from the one in use and in use at once."""

    model = ScoringModelShape()
    based_on = drf.IntegerField(help_text="The version in use when you read it; 409 when it is another by now.")
    reason = drf.CharField(max_length=scoring.LONGEST_REASON)


class ScoringUseIn(StrictSerializer):
    """Why an earlier version is better."""

    reason = drf.CharField(max_length=scoring.LONGEST_REASON)


@extend_schema(methods=["GET"], responses=ScoringModelOut(many=True), operation_id="scoring_models_list", tags=TAGS)
@extend_schema(
    methods=["POST"],
    parameters=[IDEMPOTENCY],
    request=ScoringModelIn,
    responses={201: ScoringModelOut},
    operation_id="scoring_models_make",
    tags=TAGS,
)
@api_view(["GET", "POST"])
@idempotent
def models(request: Request) -> Response:
    """Every version, the newest first; POST makes one (administrators). Few by nature: not paged."""
    if request.method == "POST":
        data = validate_input(ScoringModelIn, request)
        made = scoring.make_version(
            data["model"], reason=data["reason"], based_on=data["based_on"], by=person(request), at=timezone.now()
        )
        return _shown(made.version, status=201)
    return Response(ScoringModelOut(scoring.versions(), many=True).data)


@extend_schema(responses=ScoringModelOut, operation_id="scoring_models_read", tags=TAGS)
@api_view(["GET"])
def model(request: Request, version: int) -> Response:  # noqa: ARG001  everybody who signed in may read it
    """One version as it was made."""
    return _shown(version)


@extend_schema(request=ScoringUseIn, responses=ScoringModelOut, operation_id="scoring_models_use", tags=TAGS)
@api_view(["POST"])
def use(request: Request, version: int) -> Response:
    """Return to a version that was made before (administrators)."""
    data = validate_input(ScoringUseIn, request)
    scoring.use_version(version, **data, by=person(request), at=timezone.now())
    return _shown(version)


def _shown(number: int, *, status: int = 200) -> Response:
    found = next((one for one in scoring.versions() if one.number == number), None)
    if found is None:
        raise Http404
    return Response(ScoringModelOut(found).data, status=status)
