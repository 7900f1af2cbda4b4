"""A plan's first content: from a built-in template, an own one, or an earlier period.

What was chosen is kept with the period as it was that day. Nobody is told anything: duties are made, people are not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from hypercare import registry
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from periods import checklist
from periods.access.access import require_right
from periods.documents import documents
from periods.journal import journal
from periods.lessons import lessons
from periods.models import ChecklistItem, ExitCriterion, Lesson, Period, PeriodOrigin, PeriodTemplate, TemplateVersion
from periods.planning import planning, template_policy, templates
from periods.template_files.checklist import BuiltInCheck
from periods.template_files.content import TemplateCheck, TemplateContent, content_as_data
from periods.template_files.kinds import BUILT_IN, STANDARD

# Texts of an earlier period that say how one works; they are taken where the new plan says nothing.
TEXTS: Final = ("war_room_url", "runbook_url", "point_of_no_return")
MOST_LESSONS: Final = 100


@dataclass(frozen=True, slots=True)
class PlanStart:
    """Where a plan starts from."""

    label: str
    content: TemplateContent
    version: TemplateVersion | None = None
    earlier: Period | None = None


def start_from_template(key: str, *, version: int | None = None) -> PlanStart:
    """A built-in template or an own one, its newest version unless told. Raises Invalid for one that is not offered."""
    if key in BUILT_IN:
        return PlanStart(BUILT_IN[key].name, BUILT_IN[key])
    template = PeriodTemplate.objects.filter(key=key, archived_at__isnull=True).first()
    versions = TemplateVersion.objects.filter(template=template).order_by("-number")
    chosen = (versions.filter(number=version) if version else versions).first() if template else None
    if template is None or chosen is None:
        raise Invalid({"template": f"There is no template “{key}” to start from. Choose one under Templates."})
    return PlanStart(f"{template.name}, version {chosen.number}", templates.content_of(chosen), chosen)


def start_from_earlier(key: str, *, by: User) -> PlanStart:
    """An earlier period one is part of. Raises Invalid for any other, whether or not it exists."""
    period = Period.objects.visible_to(by).filter(key=key.upper()).first() if "\x00" not in key else None
    if period is None:
        raise Invalid({"from_period": f"You are not part of a period {key.upper()[:12]}. Choose one of yours."})
    return PlanStart(f"{period.name} ({period.key})", templates.content_from_period(period), earlier=period)


@transaction.atomic
def create_period(
    *, start: PlanStart | None, by: User, at: datetime, with_checklist: bool = False, via: str = "", **plan: Any
) -> Period:
    """A draft as `planning.create_period` makes it, with what the start brings, then scored and decided as it says.

    The plan may have the fields of `planning.ASKED` and `planning.CHOICES`, too. Raises what `planning.update` raises.
    """
    decided = {name: plan.pop(name) for name in (*planning.ASKED, *planning.CHOICES) if name in plan}
    period = planning.create_period(**plan, with_checklist=with_checklist and start is None, by=by, at=at, via=via)
    if start is not None:
        apply_start(period.pk, start, by=by, at=at, via=via)
    if start is not None and with_checklist:
        make_checks(period.pk, by=by, at=at, via=via)
    # The end was given: it does not follow the answers.
    planning.update(period.pk, **decided, ends_at=period.ends_at, by=by, at=at, via=via)
    period.refresh_from_db()
    return period


@transaction.atomic
def apply_start(period_id: int, start: PlanStart, *, by: User, at: datetime, via: str = "") -> PeriodOrigin:
    """Exit criteria, duties, policy and texts of a start, into a draft that has none of its own yet.

    Raises NotAllowed, Refused when the period was started from something already or has a checklist.
    """
    period: Period = Period.objects.locked().get(pk=period_id)
    require_right(by, period, "period.plan")
    _check_fresh(period)
    content = start.content
    origin = PeriodOrigin.objects.create(
        period=period,
        label=start.label[:160],
        version=start.version,
        earlier=start.earlier,
        content=content_as_data(content),
    )
    _replace_criteria(period, content)
    registry.resolve(registry.ADD_PLANNED_ROLES)(period.pk, content.roles, by=by, at=at, via=via)
    if start.earlier is not None:
        _take_texts(period, start.earlier, by=by, at=at, via=via)
    journal.record(
        period,
        "plan.started_from",
        by=by,
        at=at,
        via=via,
        title=start.label,
        checks=len(content.checklist),
        criteria=len(content.exit_criteria),
        duties=len(content.roles),
        version=start.version.number if start.version else None,
    )
    return origin


def _check_fresh(period: Period) -> None:
    if period.status != Period.Status.DRAFT or period.checklist.exists():
        raise Refused(f"{period.name} has its checks already, so it keeps what it started from.")
    if PeriodOrigin.objects.filter(period=period).exists():
        raise Refused(f"{period.name} was started from {period.origin.label} already.")


def _replace_criteria(period: Period, content: TemplateContent) -> None:
    """A template without criteria leaves the usual ones."""
    if not content.exit_criteria:
        return
    period.exit_criteria.all().delete()
    ExitCriterion.objects.bulk_create(
        ExitCriterion(
            period=period,
            position=position,
            code=rule.code,
            title=rule.title,
            mandatory=rule.mandatory,
            automatic=rule.automatic,
            threshold=rule.threshold,
            unit=rule.unit,
        )
        for position, rule in enumerate(content.exit_criteria, start=1)
    )


def _take_texts(period: Period, earlier: Period, *, by: User, at: datetime, via: str) -> None:
    taken = {name: getattr(earlier, name) for name in TEXTS if getattr(earlier, name) and not getattr(period, name)}
    if taken:
        planning.update(period.pk, **taken, by=by, at=at, via=via)
    documents.copy_from_earlier(period.pk, earlier, by=by, at=at, via=via)


# --- The checks it brings -----------------------------------------------------------------------


def checks_for(period: Period) -> tuple[TemplateCheck, ...]:
    """The checks that making the checklist would bring: of what the period started from, else the standard ones."""
    content = template_policy.started_from(period.pk)
    return content.checklist if content and content.checklist else BUILT_IN[STANDARD].checklist


@transaction.atomic
def make_checks(
    period_id: int,
    *,
    by: User,
    at: datetime,
    keep: Collection[int] | None = None,
    from_lessons: Iterable[int] = (),
    via: str = "",
) -> list[ChecklistItem]:
    """Make the checklist from those items, or only from the ones whose place in the list is in `keep`.

    `from_lessons` are lessons that become checks, too; one that became one already is left out. Raises NotAllowed,
    Invalid when nothing is left, AlreadyDone when the period has checks.
    """
    period: Period = Period.objects.locked().get(pk=period_id)
    require_right(by, period, "period.plan")
    chosen = [item for place, item in enumerate(checks_for(period)) if keep is None or place in keep]
    if not chosen:
        raise Invalid({"keep": "Keep at least one check."})
    made = checklist.make_checklist(
        period, by=by, at=at, via=via, checks=[_check(n, item) for n, item in enumerate(chosen)]
    )
    _add_lessons(period, from_lessons, by=by, at=at, via=via)
    return made


def _add_lessons(period: Period, chosen: Iterable[int], *, by: User, at: datetime, via: str) -> None:
    found = Lesson.objects.visible_to(by).filter(pk__in=list(chosen), is_check=True).order_by("id")
    for lesson in found[:MOST_LESSONS]:
        with suppress(AlreadyDone):
            lessons.add_to_plan(lesson.pk, period.pk, by=by, at=at, via=via)


def _check(number: int, item: TemplateCheck) -> BuiltInCheck:
    return BuiltInCheck(
        number + 1,
        item.category,
        item.title,
        item.owner_role,
        item.evidence,
        item.blocking,
        item.due_days,
        item.evidence_kind,
    )
