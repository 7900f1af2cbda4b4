"""What a template brings to a period: checks, exit criteria, duties, who is paged, and the rhythm of debriefs.

Pure and frozen. `content_as_data` is the one plain form: it is stored with a version, sent by the API and written as
YAML.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from periods.template_files.checklist import BuiltInCheck, EvidenceKind
from periods.template_files.criteria import BY_CODE
from periods.template_files.rhythm import Cadence, CadenceStretch

FORMAT: Final = 1
KINDS: Final[dict[str, str]] = {
    "minor_release": "Minor release",
    "major_release": "Major release",
    "data_migration": "Data migration",
    "erp_cutover": "ERP cut-over",
    "infrastructure_move": "Infrastructure move",
    "other": "Other",
}
COVERS: Final[dict[str, str]] = {
    "24x7": "24 h",
    "12x7": "08 to 20 every day",
    "business": "Weekdays 09 to 17",
    "none": "No fixed cover",
}
PAGED: Final[dict[str, str]] = {"on_shift": "On shift", "deputy": "Deputy", "lead": "Lead", "sponsor": "Sponsor"}
PAGED_SEVERITIES: Final = ("P1", "P2")
CADENCES: Final[tuple[Cadence, ...]] = ("twice daily", "daily", "alternate", "3/wk")
Who = Literal["on_shift", "deputy", "lead", "sponsor"]


@dataclass(frozen=True, slots=True)
class TemplateCheck:
    """One check of a template. `due_days` counts from the go-live day: -7 is a week before it."""

    title: str
    category: str
    owner_role: str = ""
    due_days: int = 0
    evidence: str = ""
    evidence_kind: EvidenceKind = "link"
    blocking: bool = False


@dataclass(frozen=True, slots=True)
class ExitRule:
    """One exit criterion: a built-in one by code, or an own one, which a person decides."""

    code: str
    title: str
    mandatory: bool = False
    threshold: float | None = None
    unit: str = ""

    @property
    def automatic(self) -> bool:
        """Whether the data answer it."""
        return self.code in BY_CODE and BY_CODE[self.code].automatic


@dataclass(frozen=True, slots=True)
class RolePlan:
    """One duty. `until_day` is the last day its cover is needed, None the end of the period."""

    name: str
    code: str
    cover: str = "business"
    until_day: int | None = None
    people: int = 1
    required: bool = True
    deputy: bool = False
    answers_pages: bool = False

    @property
    def cover_words(self) -> str:
        """The cover as people say it."""
        return COVERS[self.cover]


@dataclass(frozen=True, slots=True)
class TemplateStep:
    """Who is paged, so many minutes after nobody took it."""

    page: Who
    after_min: int

    @property
    def words(self) -> str:
        """Who, in words."""
        return PAGED[self.page]


@dataclass(frozen=True, slots=True)
class TemplateLadder:
    """Who is paged about a severity, in order."""

    severity: str
    rungs: tuple[TemplateStep, ...]


@dataclass(frozen=True, slots=True)
class TemplateContent:
    """A whole template. No ladder means the usual ones, no debriefs the rhythm that the risk suggests."""

    name: str
    kind: str
    summary: str = ""
    checklist: tuple[TemplateCheck, ...] = ()
    exit_criteria: tuple[ExitRule, ...] = ()
    roles: tuple[RolePlan, ...] = ()
    escalation: tuple[TemplateLadder, ...] = ()
    debriefs: tuple[CadenceStretch, ...] = ()

    @property
    def kind_words(self) -> str:
        """The kind as people say it."""
        return KINDS[self.kind]

    @property
    def blocking(self) -> int:
        """How many checks stop a go."""
        return sum(item.blocking for item in self.checklist)


def content_as_data(content: TemplateContent) -> dict[str, Any]:
    """The plain form, keys in the order people read them; what needs no saying is left out."""
    return {
        "hypercare_template": FORMAT,
        "name": content.name,
        "kind": content.kind,
        "summary": content.summary,
        "checklist": [_item_data(item) for item in content.checklist],
        "exit_criteria": [_rule_data(rule) for rule in content.exit_criteria],
        "roles": [_role_data(role) for role in content.roles],
        "escalation": {
            ladder.severity: [{"page": rung.page, "after_min": rung.after_min} for rung in ladder.rungs]
            for ladder in content.escalation
        },
        "debriefs": [
            {"from_day": one.first_day, "to_day": one.last_day, "cadence": one.cadence} for one in content.debriefs
        ],
    }


def _item_data(item: TemplateCheck) -> dict[str, Any]:
    return {
        "title": item.title,
        "category": item.category,
        "owner_role": item.owner_role,
        "due_days": item.due_days,
        "evidence": item.evidence,
        "evidence_kind": item.evidence_kind,
        "blocking": item.blocking,
    }


def _rule_data(rule: ExitRule) -> dict[str, Any]:
    return {
        "code": rule.code,
        "title": rule.title,
        "mandatory": rule.mandatory,
        "threshold": rule.threshold,
        "unit": rule.unit,
    }


def _role_data(role: RolePlan) -> dict[str, Any]:
    return {
        "name": role.name,
        "code": role.code,
        "cover": role.cover,
        "until_day": role.until_day,
        "people": role.people,
        "required": role.required,
        "deputy": role.deputy,
        "answers_pages": role.answers_pages,
    }


def template_check_of(check: BuiltInCheck) -> TemplateCheck:
    """A check of the built-in list as one of a template."""
    return TemplateCheck(
        check.title,
        check.category,
        check.owner_role,
        check.due_days,
        check.evidence,
        check.evidence_kind,
        check.blocking,
    )
