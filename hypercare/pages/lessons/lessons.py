"""The library of lessons: find one, read it, write one, make it a check, add that check to a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors.models import Membership
from contributors.people.permissions import RIGHTS
from hypercare.database.numbers import number_of
from hypercare.exceptions import Refused
from hypercare.models import User
from hypercare.pages.lessons.lesson_forms import (
    LessonCheckForm,
    LessonForm,
    NewLessonForm,
    lesson_check_initial,
    lesson_initial,
)
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest, next_url
from incidents.models import Incident
from periods.access.access import period_or_404
from periods.lessons import lessons, search
from periods.lessons.search import FACETS, SORTS, LessonQuery
from periods.models import Lesson, LessonUse, Period
from periods.template_files.checklist import ROLES

PER_PAGE: Final = 20
EXCERPT: Final = 240
ACTIONS: Final[dict[str, tuple[Callable[..., Lesson], str]]] = {
    "publish": (lessons.publish, "Published. Every signed-in person reads it now."),
    "withdraw": (lessons.withdraw, "A draft again. Checks made from it stay."),
    "make-check": (lessons.suggest_as_check, "Suggested as a check to every new plan."),
    "no-check": (lessons.stop_suggesting, "No longer suggested. Checks made from it stay."),
}


@dataclass(frozen=True)
class LessonHit:
    """A lesson as the list shows it to one person."""

    lesson: Any
    excerpt: str
    origin: str
    origin_url: str
    incident: str
    plans: list[Period]
    may_publish: bool


# --- The library --------------------------------------------------------------------------------


@login_required
@require_safe
def list_lessons(request: SignedInRequest) -> HttpResponse:
    """Lessons for `?q=` and the chosen facets."""
    user, query = request.user, query_of(request)
    page = Paginator(search.search_lessons(user, query), PER_PAGE).get_page(request.GET.get("page"))
    rights = _rights(user)
    plans = search.plans_by_lesson(user, list(page))
    visible = Lesson.objects.visible_to(user)
    drafts = search.drafts_of(user)
    context = {
        "query": query,
        "page": page,
        "hits": [_hit(row, user, rights, plans, query) for row in page],
        "facets": search.facets(user, query),
        "sorts": SORTS,
        "show": request.GET.get("show", ""),
        "matching": search.count_matching(user, query) if query.words else 0,
        "totals": visible.aggregate(lessons=Count("pk", distinct=True), periods=Count("period", distinct=True)),
        "recurring": search.recurring_tags(user),
        "drafts": drafts[:3],
        "drafts_count": drafts.count(),
        "themes": [] if page.object_list else search.nearest_themes(user),
        "chips": _chips(request, query),
        "tag": _first(query.chosen.get("tag", ())),
        "more": urlencode([pair for pair in _pairs(request) if pair[0] != "page"]),
    }
    return render(request, "hypercare/lessons/list.html", context)


def query_of(request: SignedInRequest) -> LessonQuery:
    """What the address of the library asks for."""
    chosen: dict[str, Sequence[str]] = {name: request.GET.getlist(name)[:20] for name in FACETS}
    chosen = {name: [value[:80].replace("\x00", "") for value in values if value] for name, values in chosen.items()}
    if tag := request.GET.get("tag", "").strip().replace("\x00", ""):
        chosen["tag"] = [tag[:40]]
    if request.GET.get("show") == "drafts":
        chosen["status"] = ["draft"]
    sort = request.GET.get("sort", "best")
    return LessonQuery(request.GET.get("q", "").strip()[:100], chosen, sort if sort in SORTS else "best")


def _pairs(request: SignedInRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.GET.lists() for value in values if value]


def _chips(request: SignedInRequest, query: LessonQuery) -> list[dict[str, str]]:
    """What is chosen, each with the address that lets it go."""
    labels = {**dict(Lesson.Phase.choices), "draft": "Drafts"}
    pairs, chips = _pairs(request), []
    for name, values in query.chosen.items():
        for value in values:
            gone = ("show", "drafts") if name == "status" else (name, value)
            rest = urlencode([pair for pair in pairs if pair != gone and pair[0] != "page"])
            chips.append({"label": str(labels.get(value, value)), "url": f"?{rest}"})
    return chips


def _first(values: Sequence[str]) -> str:
    return values[0] if values else ""


def _rights(user: User) -> dict[int, str]:
    """Period → right of the person. One query."""
    return dict(Membership.objects.filter(user=user, left_at__isnull=True).values_list("period_id", "right"))


def _hit(row: Any, user: User, rights: dict[int, str], plans: dict[int, list[Period]], query: LessonQuery) -> LessonHit:
    publishes = rights.get(row.period_id, "") in RIGHTS["lessons.publish"] if row.period_id else user.may_plan
    return LessonHit(
        row,
        _excerpt(row, query.words),
        _origin(row),
        row.origin.get_absolute_url() if row.origin else "",
        row.incident_key,
        plans.get(row.pk, []),
        publishes,
    )


def _origin(row: Any) -> str:
    """Where it comes from; the name of a period is for its members."""
    if row.period_id is None:
        return f"{row.created_at:%b %Y}"
    return f"{row.origin.name if row.origin else 'Another period'}, {row.origin_live_at:%b %Y}"


def _excerpt(row: Lesson, words: Sequence[str]) -> str:
    """A stretch of the text around the first word that was looked for."""
    text = " ".join(f"{row.happened} {row.learnt}".split())
    places = [at for word in words if (at := text.casefold().find(word.casefold())) >= 0]
    start = max(0, min(places, default=0) - EXCERPT // 2) if len(text) > EXCERPT else 0
    start = text.rfind(" ", 0, start) + 1 if start else 0
    part = text[start : start + EXCERPT]
    if start + EXCERPT < len(text):
        part = part.rsplit(" ", 1)[0] + " …"
    return f"… {part}" if start else part


# --- One lesson ---------------------------------------------------------------------------------


@login_required
@require_safe
def show_lesson(request: SignedInRequest, pk: int) -> HttpResponse:
    """One lesson."""
    return _page(request, _lesson_or_404(request, pk))


def _lesson_or_404(request: SignedInRequest, pk: int) -> Lesson:
    rows = Lesson.objects.visible_to(request.user).with_origin(request.user).select_related("author", "published_by")
    return get_object_or_404(rows.prefetch_related("tags"), pk=pk)


def _page(request: SignedInRequest, lesson: Lesson, *, status: int = 200, check_form: Any = None) -> HttpResponse:
    user, rights = request.user, _rights(request.user)
    inside = lesson.period_id in rights
    everywhere = LessonUse.objects.filter(lesson=lesson).order_by("-at", "-id")
    uses = list(everywhere.filter(period__in=rights).select_related("period")[:200])
    used = everywhere.count()
    publishes = (inside or lesson.period_id is None) and lessons.may_publish(lesson, user)
    context = {
        "lesson": lesson,
        "origin": _origin(lesson),
        "inside": inside,
        "uses": uses,
        "elsewhere": used - len(uses),
        "used": used,
        "may_edit": publishes or lesson.author_id == user.pk,
        "may_publish": publishes,
        "check_owner": ROLES.get(lesson.check_owner_role, "Nobody yet"),
        "check_form": (check_form or LessonCheckForm(initial=lesson_check_initial(lesson))) if publishes else None,
        "plans": _open_plans(rights, uses) if lesson.is_check else [],
    }
    return render(request, "hypercare/lessons/lesson.html", context, status=status)


def _open_plans(rights: dict[int, str], uses: Sequence[LessonUse]) -> list[Period]:
    """The person's own plans that could take the check."""
    mine = {period for period, right in rights.items() if right in RIGHTS["checks.manage"]}
    taken = {use.period_id for use in uses}
    plans = Period.objects.filter(pk__in=mine - taken, status__in=Period.PRE_LIVE)
    return list(plans.order_by("go_live_at", "id")[:20])


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def write_lesson(request: SignedInRequest) -> HttpResponse:
    """A new lesson, from nowhere, a period, an incident or a debrief."""
    form = NewLessonForm(request.user, request.POST if request.method == "POST" else None, initial=_from(request))
    status = 422 if form.is_bound and not form.is_valid() else 200
    if form.is_bound and status == 200:
        try:
            lesson = lessons.write(
                **form.cleaned_data, at_once="publish" in request.POST, by=request.user, at=timezone.now()
            )
            messages.success(request, "Published." if lesson.status == "published" else "Draft saved.")
            return redirect(lesson)
        except Refused as error:
            status = add_errors(form, error)
    return render(request, "hypercare/lessons/edit.html", {"form": form, **_known(request.user)}, status=status)


def _from(request: SignedInRequest) -> dict[str, Any]:
    """What the address says about where the lesson comes from."""
    key = request.GET.get("period", "").upper()
    period = Period.objects.visible_to(request.user).filter(key=key.replace("\x00", "")).first() if key else None
    if period is None:
        return {}
    after = {"exit_review": "exit", "closed": "exit"}.get(period.status, "live" if period.is_live else "preparation")
    return {
        **_from_incident(period, request.GET.get("incident", "")[:24]),
        "period": period.pk,
        "incident": request.GET.get("incident", "")[:24],
        "debrief": request.GET.get("debrief"),
        "phase": after,
        **({"component": period.systems[0]} if len(period.systems) == 1 else {}),
    }


def _from_incident(period: Period, key: str) -> dict[str, str]:
    """What an incident already says: its trouble and cause happened, and what ended it is what one would do again."""
    number = number_of(key.rpartition("-")[2])
    found = Incident.objects.filter(period=period, number=number or 0).first()
    if found is None:
        return {}
    happened = [found.title, f"Cause: {found.cause}" if found.cause else ""]
    ended = [found.resolution, f"Until then: {found.workaround}" if found.workaround else ""]
    return {
        "happened": "\n".join(line for line in happened if line)[: lessons.LONGEST["happened"]],
        "learnt": "\n".join(line for line in ended if line)[: lessons.LONGEST["learnt"]],
        "component": found.component,
    }


def _known(user: User) -> dict[str, Any]:
    """Themes and systems to choose from while typing."""
    mine = Period.objects.visible_to(user).values_list("systems", flat=True)[:100]
    systems = {name for names in mine for name in names}
    themes = dict.fromkeys((*lessons.THEMES, *search.nearest_themes(user, most=20)))
    return {"themes": list(themes), "systems": sorted(systems)}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change what a lesson says."""
    lesson = _lesson_or_404(request, pk)
    form = LessonForm(request.POST if request.method == "POST" else None, initial=lesson_initial(lesson))
    status = 422 if form.is_bound and not form.is_valid() else 200
    if form.is_bound and status == 200:
        try:
            lessons.edit(lesson.pk, **form.cleaned_data, by=request.user, at=timezone.now())
            messages.success(request, "Saved.")
            return redirect(lesson)
        except Refused as error:
            status = add_errors(form, error)
    context = {"form": form, "lesson": lesson, **_known(request.user)}
    return render(request, "hypercare/lessons/edit.html", context, status=status)


@login_required
@require_POST
def edit_check(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change the check that a lesson suggests."""
    lesson, form = _lesson_or_404(request, pk), LessonCheckForm(request.POST)
    if not form.is_valid():
        return _page(request, lesson, status=422, check_form=form)
    lessons.edit(lesson.pk, **form.cleaned_data, by=request.user, at=timezone.now())
    messages.success(request, "The check is saved. Checks made before stay as they are.")
    return redirect(lesson)


@login_required
@require_POST
def act_on_lesson(request: SignedInRequest, pk: int, name: str) -> HttpResponse:
    """One of `ACTIONS`, then back to where the button was."""
    if name not in ACTIONS:
        raise Http404("No such action.")
    lesson, (function, said) = _lesson_or_404(request, pk), ACTIONS[name]
    function(lesson.pk, by=request.user, at=timezone.now())
    messages.success(request, said)
    return redirect(next_url(request, lesson.get_absolute_url()))


@login_required
@require_POST
def add_lesson_check(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Add a lesson's check to a plan."""
    period = period_or_404(request.user, key, may="checks.manage")
    item = lessons.add_to_plan(_lesson_or_404(request, pk).pk, period.pk, by=request.user, at=timezone.now())
    messages.success(request, f"“{item.title}” is a check of {period.name} now.")
    return redirect(next_url(request, reverse("period_readiness", kwargs={"key": period.key})))
