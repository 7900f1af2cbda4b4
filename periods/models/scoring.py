"""The versions of the scoring model, and which of them was in use since when. Both are only ever added to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from hypercare.models import User


class ScoringModel(models.Model):
    """A version somebody made. Version 1 is built in (`scoring_model.STANDARD`) and has no row."""

    version = models.PositiveIntegerField(unique=True)
    data = models.JSONField(help_text="Weights, bands, floors and cycle days, as `scoring_model.to_data` gives them.")
    based_on = models.PositiveIntegerField(help_text="The version it was made from.")
    reason = models.TextField()
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(version__gte=2), name="scoring_version_1_is_built_in")
        ]


class ScoringUse(models.Model):
    """From when on new plans are scored by a version: the latest row says which."""

    version = models.PositiveIntegerField()
    reason = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
