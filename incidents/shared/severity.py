"""Severity from impact and urgency, as one table.

Pure: no models, no clock. Impact is how much is harmed, urgency how soon it hurts; neither alone decides.
"""

from __future__ import annotations

from typing import Final, Literal

Severity = Literal["P1", "P2", "P3", "P4"]

SEVERITIES: Final[tuple[Severity, ...]] = ("P1", "P2", "P3", "P4")
LEVELS: Final = ("high", "medium", "low")

# What a reporter may say instead of a level: not known yet, so the higher level is assumed.
_IN_DOUBT: Final = frozenset({None, "", "unknown"})

MATRIX: Final[dict[tuple[str, str], Severity]] = {
    ("high", "high"): "P1",
    ("high", "medium"): "P2",
    ("medium", "high"): "P2",
    ("medium", "medium"): "P3",
    ("high", "low"): "P3",
    ("low", "high"): "P3",
    ("medium", "low"): "P4",
    ("low", "medium"): "P4",
    ("low", "low"): "P4",
}

MEANINGS: Final[dict[Severity, str]] = {
    "P1": "A critical process stopped, or data, security or safety harmed, with no workaround.",
    "P2": "A major function or many people are impaired, and the workaround is poor.",
    "P3": "Limited impact, and there is a workaround.",
    "P4": "Cosmetic, or a question.",
}


def severity_for(impact: str | None, urgency: str | None) -> Severity:
    """The severity of an incident with this impact and urgency ("high", "medium" or "low").

    In doubt the higher level counts: None, "" and "unknown" are read as "high".
    Raises ValueError naming the field and the value when it is anything else.
    """
    return MATRIX[_level("impact", impact), _level("urgency", urgency)]


def _level(field: str, value: str | None) -> str:
    if value in _IN_DOUBT:
        return "high"
    if value in LEVELS:
        return str(value)
    raise ValueError(f"{field}: {value!r} is not a level. Choose high, medium or low.")


# What a severity chosen directly says about impact and urgency: the plainest pair of its row in the table.
PAIRS: Final[dict[Severity, tuple[str, str]]] = {
    "P1": ("high", "high"),
    "P2": ("high", "medium"),
    "P3": ("medium", "medium"),
    "P4": ("low", "low"),
}


def levels_for(severity: str) -> tuple[str, str]:
    """Impact and urgency that stand for a severity chosen directly. Raises KeyError for an unknown one."""
    return PAIRS[severity]  # type: ignore[index]  # the key is what is being checked
