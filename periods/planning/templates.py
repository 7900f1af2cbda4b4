"""Own templates: a period saved as one, a file imported, versions that never change, and what differs between two.

A template belongs to no period, so its versions are its history: who made each, when, from what. Saving one from a
period is also told in that period's journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.text import slugify

from hypercare import registry
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed
from hypercare.models import User
from periods.access.access import require_right
from periods.calendar import wallclock
from periods.journal import journal
from periods.models import Period, PeriodTemplate, TemplateVersion
from periods.planning import template_policy
from periods.template_files.checklist import CHECKLIST, EACH, ROLES, EvidenceKind
from periods.template_files.content import KINDS, ExitRule, TemplateCheck, TemplateContent, content_as_data
from periods.template_files.kinds import BUILT_IN
from periods.template_files.reading import read_content

RESERVED: Final = frozenset({*BUILT_IN, "new", "import", "built-in"})
LONGEST_NOTE: Final = 200


def content_of(version: TemplateVersion) -> TemplateContent:
    """What a stored version brings."""
    return read_content(version.content)[0]


def newest_version(template: PeriodTemplate) -> TemplateVersion:
    """Its last version."""
    return template.versions.select_related("made_by", "made_from", "template").order_by("-number")[0]


# --- Saving -------------------------------------------------------------------------------------


@transaction.atomic
def save_version(
    content: TemplateContent,
    *,
    by: User,
    at: datetime,
    into: PeriodTemplate | None = None,
    note: str = "",
    made_from: Period | None = None,
) -> TemplateVersion:
    """A new template, or the next version of one. `content` is checked again, whatever made it.

    Raises NotAllowed for somebody who may not plan, Invalid with every problem or for a name that is taken,
    AlreadyDone when the newest version says the same.
    """
    _require_planner(by)
    content = _checked(content)
    note = " ".join(note.split())
    if len(note) > LONGEST_NOTE:
        raise Invalid({"note": f"Say what is new in at most {LONGEST_NOTE} characters."})
    template = _renamed(into, content) if into else _new(content, by=by, at=at)
    number = (template.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    return TemplateVersion.objects.create(
        template=template,
        number=number,
        content=content_as_data(content),
        note=note,
        made_by=by,
        made_at=at,
        made_from=made_from,
    )


def _checked(content: TemplateContent) -> TemplateContent:
    clean, problems = read_content(content_as_data(content))
    if problems:
        raise Invalid({"/".join(map(str, one.path)) or "template": one.text for one in problems})
    return clean


def _new(content: TemplateContent, *, by: User, at: datetime) -> PeriodTemplate:
    return _insert(
        PeriodTemplate(key=_free_key(content.name), name=content.name, kind=content.kind, created_by=by, created_at=at)
    )


def _renamed(template: PeriodTemplate, content: TemplateContent) -> PeriodTemplate:
    """The template locked, named as its newest version will be."""
    template = PeriodTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
    if template.archived_at:
        raise AlreadyDone(f"{template.name} is archived. Restore it first, or save under a new name.")
    if content_of(newest_version(template)) == content:
        raise AlreadyDone(f"The newest version of {template.name} says the same. Nothing was saved.")
    template.name, template.kind = content.name, content.kind
    return _insert(template)


def _insert(template: PeriodTemplate) -> PeriodTemplate:
    """Save; a name that is taken, also by somebody at the same moment, is said beside the field."""
    name = " ".join(template.name.split())
    if name.casefold() in {one.name.casefold() for one in BUILT_IN.values()}:
        raise Invalid({"name": f"{name} is a built-in template. Choose another name."})
    try:
        with transaction.atomic():
            if template.pk:
                template.save(update_fields=["name", "kind"])
            else:
                template.save(force_insert=True)
    except IntegrityError as error:
        raise Invalid({"name": f"There is a template called {name} already. Save a new version of it."}) from error
    return template


def _free_key(name: str) -> str:
    """A word for addresses: from the name, with a number when it is taken."""
    stem = slugify(name)[:50].strip("-") or "template"
    taken = {*PeriodTemplate.objects.filter(key__startswith=stem).values_list("key", flat=True), *RESERVED}
    return next(key for n in range(1, len(taken) + 2) if (key := stem if n == 1 else f"{stem}-{n}") not in taken)


@transaction.atomic
def save_period(
    period_id: int,
    *,
    name: str,
    kind: str,
    by: User,
    at: datetime,
    summary: str = "",
    into: PeriodTemplate | None = None,
    note: str = "",
    via: str = "",
) -> TemplateVersion:
    """A period as a template: its checks, criteria, duties and policy, without its people, dates and evidence.

    For owners of the period who may plan. Raises what `save_version` raises.
    """
    period: Period = Period.objects.locked().get(pk=period_id)
    require_right(by, period, "period.plan")
    content = content_from_period(period, name=name, kind=kind, summary=summary)
    version = save_version(content, by=by, at=at, into=into, note=note, made_from=period)
    journal.record(
        period,
        "template.saved",
        by=by,
        at=at,
        via=via,
        subject=f"template:{version.template.key}",
        title=version.template.name,
        version=version.number,
        checks=len(content.checklist),
    )
    return version


@transaction.atomic
def archive(template_id: int, *, by: User, at: datetime) -> PeriodTemplate:
    """No longer offered to new plans; its versions and what was started from them stay. Raises AlreadyDone."""
    template = _locked(template_id, by)
    if template.archived_at:
        raise AlreadyDone(f"{template.name} was archived by {template.archived_by}.")
    template.archived_at, template.archived_by = at, by
    template.save(update_fields=["archived_at", "archived_by"])
    return template


@transaction.atomic
def restore(template_id: int, *, by: User) -> PeriodTemplate:
    """Offer it again. Raises AlreadyDone when it is offered."""
    template = _locked(template_id, by)
    if not template.archived_at:
        raise AlreadyDone(f"{template.name} is not archived.")
    template.archived_at, template.archived_by = None, None
    template.save(update_fields=["archived_at", "archived_by"])
    return template


def _locked(template_id: int, by: User) -> PeriodTemplate:
    _require_planner(by)
    found = PeriodTemplate.objects.select_for_update(of=("self",)).select_related("archived_by")
    return found.get(pk=template_id)


def _require_planner(by: User) -> None:
    if not by.may_plan:
        raise NotAllowed("Templates are changed by people who may plan. Ask an administrator for that right.")


# --- A period as a template ---------------------------------------------------------------------


def content_from_period(period: Period, *, name: str = "", kind: str = "", summary: str = "") -> TemplateContent:
    """What a period could pass on: dates become days from go-live, people become owner codes and duties."""
    base = template_policy.started_from(period.pk)
    return TemplateContent(
        name=" ".join(name.split()) or period.name,
        kind=kind or (base.kind if base else "other"),
        summary=summary or (base.summary if base else ""),
        checklist=tuple(_items(period, base)),
        exit_criteria=tuple(
            ExitRule(row.code, row.title, row.mandatory, row.threshold, row.unit)
            for row in period.exit_criteria.order_by("position", "id")
        ),
        roles=tuple(registry.resolve(registry.ROLES_AS_PLANNED)(period)),
        escalation=base.escalation if base else (),
        debriefs=base.debriefs if base else (),
    )


def _items(period: Period, base: TemplateContent | None) -> Iterable[TemplateCheck]:
    """The checks that apply. A title that is there twice is taken once, the blocking one first."""
    kinds: dict[str, EvidenceKind] = {check.title: check.evidence_kind for check in CHECKLIST}
    kinds |= {item.title: item.evidence_kind for item in base.checklist} if base else {}
    go_live_day = wallclock.local_day(period.go_live_at, period.zone)
    seen = set[str]()
    for row in period.checklist.exclude(status="not_applicable").order_by("position", "id"):
        title = " ".join(row.title.split())
        if title.casefold() in seen:
            continue
        seen.add(title.casefold())
        days = (wallclock.local_day(row.due_at, period.zone) - go_live_day).days
        yield TemplateCheck(
            title,
            row.category,
            row.owner_role if row.owner_role in (*ROLES, EACH) else "",
            max(-365, min(0, days)),
            row.evidence_wanted,
            kinds.get(row.title, "link"),
            row.blocking,
        )


# --- What differs -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, old and new, in words."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class TemplateDifference:
    """One thing that was added, removed or changed between two versions."""

    section: str
    what: str  # added, removed, changed
    title: str
    changes: tuple[FieldChange, ...] = ()


SECTIONS: Final[tuple[tuple[str, str, str], ...]] = (
    ("Checks", "checklist", "title"),
    ("Exit criteria", "exit_criteria", "code"),
    ("Duties", "roles", "name"),
    ("Paging", "escalation", "severity"),
    ("Debriefs", "debriefs", "first_day"),
)


def differences(old: TemplateContent, new: TemplateContent) -> list[TemplateDifference]:
    """What the new one adds, drops and changes, section by section; empty when both say the same."""
    head = tuple(
        FieldChange(label, _words(before), _words(after))
        for label, before, after in (
            ("name", old.name, new.name),
            ("kind", KINDS[old.kind], KINDS[new.kind]),
            ("summary", old.summary, new.summary),
        )
        if before != after
    )
    found = [TemplateDifference("Template", "changed", new.name, head)] if head else []
    for section, attribute, identity in SECTIONS:
        found += _compared(section, identity, getattr(old, attribute), getattr(new, attribute))
    return found


def _compared(section: str, identity: str, old: Sequence[Any], new: Sequence[Any]) -> list[TemplateDifference]:
    def key(row: Any) -> str:
        return str(getattr(row, identity)).casefold()

    before, after = {key(row): row for row in old}, {key(row): row for row in new}
    added = [TemplateDifference(section, "added", _title(row)) for row in new if key(row) not in before]
    removed = [TemplateDifference(section, "removed", _title(row)) for row in old if key(row) not in after]
    changed = [
        TemplateDifference(section, "changed", _title(row), _changes(before[key(row)], row))
        for row in new
        if key(row) in before and before[key(row)] != row
    ]
    return added + removed + changed


def _changes(old: Any, new: Any) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(one.name.replace("_", " "), _words(getattr(old, one.name)), _words(getattr(new, one.name)))
        for one in fields(new)
        if getattr(old, one.name) != getattr(new, one.name)
    )


def _title(row: Any) -> str:
    for name in ("title", "name", "severity"):
        if hasattr(row, name):
            return str(getattr(row, name))
    return f"From day {row.first_day}"


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(f"{rung.words} at {rung.after_min} min" for rung in value)
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value in (None, "") else str(value)
