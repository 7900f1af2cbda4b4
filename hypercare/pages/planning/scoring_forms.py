"""The figures of a scoring model as a form. It parses; `scoring_model.find_problems` judges."""

from __future__ import annotations

from typing import Any

from django import forms

from hypercare.pages.planning.plan_forms import KeptChoice
from periods.planning import scoring_model
from periods.planning.scoring_model import (
    BAND_KEYS,
    BAND_LABELS,
    CADENCES,
    COVERS,
    FACTORS,
    FLOORS,
    ComplexityModel,
    cover_words,
)

FIGURES = ("lowest", "shortest", "days", "longest")


def _whole(label: str) -> forms.IntegerField:
    wrong = {"invalid": f"{label}: give a whole number.", "required": f"{label}: give a whole number."}
    return forms.IntegerField(label=label, error_messages=wrong, widget=forms.NumberInput(attrs={"min": 0}))


class UseForm(forms.Form):
    """Why a version is taken into use again."""

    reason = forms.CharField(
        label="Why go back to it?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why; it is kept with the change."},
    )


class ScoringForm(forms.Form):
    """Weights, bands, floors and the margin after critical dates, as one version."""

    based_on = forms.IntegerField(widget=forms.HiddenInput)
    cycle_days = _whole("Working days after a critical date")
    reason = forms.CharField(
        label="Why does the model change?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept with the version.",
        error_messages={"required": "Say why the model changes; it is kept with the version."},
    )

    def __init__(self, *args: Any, model: ComplexityModel, **kwargs: Any) -> None:
        """A field a figure, filled with those of the model in use. Only making it needs a reason."""
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = not self.is_bound or "make" in self.data
        for factor in FACTORS:
            self.fields[f"weight_{factor.key}"] = _whole(factor.label)
        for key, label in BAND_LABELS.items():
            self._add_band(key, label)
        bands = [("", "No floor"), *BAND_LABELS.items()]
        for floor in FLOORS:
            self.fields[f"floor_{floor.key}"] = KeptChoice(label=floor.reason.rstrip("."), choices=bands)
        self.initial = {"based_on": model.version, **_flat(scoring_model.to_data(model))}

    def _add_band(self, key: str, label: str) -> None:
        for name, word in zip(FIGURES, ("begins at", "shortest", "usual days", "longest"), strict=True):
            self.fields[f"{key}_{name}"] = _whole(f"{label}, {word}")
        self.fields[f"{key}_cadence"] = forms.ChoiceField(label=f"{label}, debriefs", choices=list(CADENCES.items()))
        self.fields[f"{key}_cover"] = forms.ChoiceField(
            label=f"{label}, cover", choices=[(one, cover_words(one)) for one in COVERS]
        )

    def clean(self) -> dict[str, Any]:
        """One sentence per problem, beside its figure; the total beside all weights."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            for name, sentence in scoring_model.find_problems(self.data_of()).items():
                self.add_error(name if name in self.fields else None, sentence)
        return cleaned

    def data_of(self) -> dict[str, Any]:
        """The figures in the shape of `scoring_model.to_data`; those that are no figure are missing."""
        data = getattr(self, "cleaned_data", {})
        return {
            "weights": {factor.key: data.get(f"weight_{factor.key}") for factor in FACTORS},
            "bands": [
                {"key": key, **{name: data.get(f"{key}_{name}") for name in (*FIGURES, "cadence", "cover")}}
                for key in BAND_KEYS
            ],
            "floors": {floor.key: data.get(f"floor_{floor.key}", "") for floor in FLOORS},
            "cycle_days": data.get("cycle_days"),
        }

    def total(self) -> int:
        """What the weights on the page total, as far as they are numbers."""
        values = (self[f"weight_{factor.key}"].value() for factor in FACTORS)
        return sum(int(value) for value in values if str(value).isdecimal())

    def weights(self) -> list[tuple[Any, str]]:
        """For the page: each weight with its question."""
        return [(self[f"weight_{factor.key}"], factor.question) for factor in FACTORS]

    def bands(self) -> list[dict[str, Any]]:
        """For the page: the figures of each band."""
        names = (*FIGURES, "cadence", "cover")
        return [
            {"label": label, **{name: self[f"{key}_{name}"] for name in names}} for key, label in BAND_LABELS.items()
        ]

    def floors(self) -> list[Any]:
        """For the page: the floors."""
        return [self[f"floor_{floor.key}"] for floor in FLOORS]


def _flat(data: dict[str, Any]) -> dict[str, Any]:
    flat = {f"weight_{key}": value for key, value in data["weights"].items()}
    flat |= {f"floor_{key}": value for key, value in data["floors"].items()}
    for row in data["bands"]:
        flat |= {f"{row['key']}_{name}": row[name] for name in (*FIGURES, "cadence", "cover")}
    return {**flat, "cycle_days": data["cycle_days"]}
