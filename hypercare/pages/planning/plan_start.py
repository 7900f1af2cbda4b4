"""What a new plan starts from, as the wizard offers it: a kind, an own template, or an earlier period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hypercare.database.numbers import number_of
from hypercare.exceptions import Invalid
from hypercare.models import User
from hypercare.pages.planning.templates import group_by_category
from hypercare.web.requests import SignedInRequest
from periods.lessons import search
from periods.models import Period, PeriodOrigin, PeriodTemplate, PlanDraft
from periods.planning import from_template
from periods.template_files.kinds import BUILT_IN

MOST = 100


def start_options(request: SignedInRequest, draft: PlanDraft | None = None) -> dict[str, Any]:
    """Choices of “Start from”, and the one that is chosen: sent, asked for, or typed before. Two queries."""
    own = PeriodTemplate.objects.filter(archived_at__isnull=True).order_by("name", "id")[:MOST]
    earlier = Period.objects.visible_to(request.user).order_by("-go_live_at", "-id")[:MOST]
    groups = [
        ("Kind of change", [(f"template:{key}", content.name) for key, content in BUILT_IN.items()]),
        ("Own templates", [(f"template:{one.key}", one.name) for one in own]),
        ("Earlier periods", [(f"period:{one.key}", f"{one.name} ({one.key})") for one in earlier]),
    ]
    sent = request.POST if request.method == "POST" else request.GET
    typed = (draft.data.get("start") if draft else None) or ["template:standard"]
    chosen = sent.get("start") or str(typed[0])
    return {"start_groups": [group for group in groups if group[1]], "start": chosen}


def create_draft(choice: str, plan: Mapping[str, Any], *, by: User, at: datetime) -> Period:
    """The draft of the plan, with what was chosen. Raises Invalid when that is not there to start from."""
    return from_template.create_period(start=_start(choice, by), **plan, by=by, at=at)


def _start(choice: str, by: User) -> from_template.PlanStart | None:
    """The standard template is what every plan has anyway."""
    where, _, key = choice.partition(":")
    if not choice or key == "standard":
        return None
    if where == "period":
        return from_template.start_from_earlier(key, by=by)
    if where == "template":
        return from_template.start_from_template(key)
    raise Invalid({"template": "Choose what to start from."})


# --- The step of the checks ---------------------------------------------------------------------


def preview_checklist(period: Period) -> dict[str, Any]:
    """What making the checklist would bring, each check to keep or drop, and lessons that could be checks."""
    origin = PeriodOrigin.objects.filter(period=period).first()
    return {
        "origin": origin,
        "groups": group_by_category(from_template.checks_for(period)),
        "lesson_checks": search.suggest_lessons(period),
    }


def read_kept(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Which checks were kept, and which lessons are to become checks, as `from_template.make_checks` takes them."""
    values: Any = getattr(sent, "getlist", lambda _: [])
    numbers = {name: [number_of(text) for text in values(name)] for name in ("keep", "lesson")}
    keep = {place for place in numbers["keep"] if place is not None} if "choosing" in sent else None
    chosen = [pk for pk in numbers["lesson"] if pk]
    return {"keep": keep, "from_lessons": chosen}
