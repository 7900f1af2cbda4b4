"""What a new plan starts from, as the wizard offers it: a kind, an own template, or an earlier period."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from hypercare.errors import AlreadyDone, Invalid
from hypercare.http import SignedInRequest
from hypercare.models import User
from hypercare.pages.templates import by_category
from periods import lessons, library, starting
from periods.models import Lesson, Period, PeriodOrigin, PeriodTemplate, PlanDraft
from periods.templates_library.kinds import BUILT_IN

MOST = 100


def options(request: SignedInRequest, draft: PlanDraft | None = None) -> dict[str, Any]:
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


def create(request: SignedInRequest, make: Callable[[datetime], Period], *, at: datetime) -> Period:
    """The draft that `make` makes, with what was chosen. Raises Invalid when that is not there to start from."""
    start = _start(request.POST.get("start", ""), request.user)
    with transaction.atomic():
        period = make(at)
        if start is not None:
            starting.apply(period.pk, start, by=request.user, at=at)
    return period


def _start(choice: str, by: User) -> starting.Start | None:
    """The standard template is what every plan has anyway."""
    where, _, key = choice.partition(":")
    if not choice or key == "standard":
        return None
    if where == "period":
        return starting.from_earlier(key, by=by)
    if where == "template":
        return starting.from_template(key)
    raise Invalid({"template": "Choose what to start from."})


# --- The step of the checks ---------------------------------------------------------------------


def brings(period: Period) -> dict[str, Any]:
    """What making the checklist would bring, each check to keep or drop, and lessons that could be checks."""
    origin = PeriodOrigin.objects.filter(period=period).first()
    return {
        "origin": origin, "groups": by_category(starting.items_for(period)), "lesson_checks": library.suggested(period),
    }  # fmt: skip


@transaction.atomic
def make_checks(period: Period, sent: Mapping[str, Any], by: User, at: datetime) -> None:
    """Make the checklist from what was kept, and the checks of the lessons that were ticked."""
    values: Any = getattr(sent, "getlist", lambda _: [])
    keep = {int(place) for place in values("keep") if place.isdigit()} if "choosing" in sent else None
    starting.make_checks(period.pk, by=by, at=at, keep=keep)
    chosen = [int(pk) for pk in values("lesson") if pk.isdigit() and len(pk) < 18]
    for lesson in Lesson.objects.visible_to(by).filter(pk__in=chosen, is_check=True).order_by("id")[:MOST]:
        try:
            lessons.add_to(lesson.pk, period.pk, by=by, at=at)
        except AlreadyDone:
            continue
