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
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors.models import Membership
from contributors.permissions import RIGHTS
from hypercare.errors import Refused
from hypercare.http import SignedInRequest
from hypercare.models import User
from hypercare.pages.lesson_forms import CheckForm, LessonForm, NewLessonForm, check_initial_of, initial_of
from hypercare.pages.plan_forms import explain
from periods import lessons, library
from periods.access import period_or_404
from periods.library import FACETS, SORTS, Query
from periods.models import Lesson, LessonUse, Period
from periods.templates_library.checklist import ROLES

PER_PAGE: Final = 20
LARGEST_ID: Final = 2**62
EXCERPT: Final = 240
ACTIONS: Final[dict[str, tuple[Callable[..., Lesson], str]]] = {
    "publish": (lessons.publish, "Published. Every signed-in person reads it now."),
    "withdraw": (lessons.withdraw, "A draft again. Checks made from it stay."),
    "make-check": (lessons.suggest, "Suggested as a check to every new plan."),
    "no-check": (lessons.suggest_no_more, "No longer suggested. Checks made from it stay."),
}


@dataclass(frozen=True)
class Hit:
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
def listing(request: SignedInRequest) -> HttpResponse:
    """Lessons for `?q=` and the chosen facets."""
    user, query = request.user, query_of(request)
    page = Paginator(library.found(user, query), PER_PAGE).get_page(request.GET.get("page"))
    rights = _rights(user)
    plans = library.in_plans_of(user, list(page))
    visible = Lesson.objects.visible_to(user)
    drafts = library.drafts(user)
    context = {
        "query": query, "page": page, "hits": [_hit(row, user, rights, plans, query) for row in page],
        "facets": library.facets(user, query), "sorts": SORTS, "show": request.GET.get("show", ""),
        "matching": library.counted(user, query) if query.words else 0,
        "totals": visible.aggregate(lessons=Count("pk", distinct=True), periods=Count("period", distinct=True)),
        "recurring": library.recurring(user), "drafts": drafts[:3], "drafts_count": drafts.count(),
        "themes": [] if page.object_list else library.nearest_themes(user),
        "chips": _chips(request, query), "tag": _first(query.chosen.get("tag", ())),
        "more": urlencode([pair for pair in _pairs(request) if pair[0] != "page"]),
    }  # fmt: skip
    return render(request, "hypercare/lessons/list.html", context)


def query_of(request: SignedInRequest) -> Query:
    """What the address of the library asks for."""
    chosen: dict[str, Sequence[str]] = {name: request.GET.getlist(name)[:20] for name in FACETS}
    chosen = {
        name: [value[:80].replace("\x00", "") for value in values if value] for name, values in chosen.items()
    }
    if tag := request.GET.get("tag", "").strip().replace("\x00", ""):
        chosen["tag"] = [tag[:40]]
    if request.GET.get("show") == "drafts":
        chosen["status"] = ["draft"]
    sort = request.GET.get("sort", "best")
    return Query(request.GET.get("q", "").strip()[:100], chosen, sort if sort in SORTS else "best")


def _pairs(request: SignedInRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.GET.lists() for value in values if value]


def _chips(request: SignedInRequest, query: Query) -> list[dict[str, str]]:
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


def _hit(row: Any, user: User, rights: dict[int, str], plans: dict[int, list[Period]], query: Query) -> Hit:
    inside = row.period_id in rights
    publishes = rights.get(row.period_id, "") in RIGHTS["lessons.publish"] if row.period_id else user.may_plan
    return Hit(
        row, _excerpt(row, query.words), _origin(row, seen=inside), row.period.get_absolute_url() if inside else "",
        row.incident_key if inside else "", plans.get(row.pk, []), publishes,
    )  # fmt: skip


def _origin(row: Lesson, *, seen: bool) -> str:
    """Where it comes from; the name of a period is for its members."""
    if row.period is None:
        return f"{row.created_at:%b %Y}"
    return f"{row.period.name if seen else 'Another period'}, {row.period.go_live_at:%b %Y}"


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
def read(request: SignedInRequest, pk: int) -> HttpResponse:
    """One lesson."""
    return _page(request, _lesson_or_404(request, pk))


def _lesson_or_404(request: SignedInRequest, pk: int) -> Lesson:
    rows = Lesson.objects.visible_to(request.user).select_related(
        "period", "author", "published_by", "debrief"
    )
    found: Lesson | None = rows.prefetch_related("tags").filter(pk=pk).first() if pk < LARGEST_ID else None
    if found is None:
        raise Http404("No such lesson.")
    return found


def _page(
    request: SignedInRequest, lesson: Lesson, *, status: int = 200, check_form: Any = None
) -> HttpResponse:
    user, rights = request.user, _rights(request.user)
    inside = lesson.period_id in rights
    uses = list(LessonUse.objects.filter(lesson=lesson).select_related("period").order_by("-at", "-id")[:200])
    publishes = lessons.may_publish(lesson, user)
    context = {
        "lesson": lesson, "origin": _origin(lesson, seen=inside), "inside": inside,
        "uses": [use for use in uses if use.period_id in rights],
        "elsewhere": sum(use.period_id not in rights for use in uses), "used": len(uses),
        "may_edit": lessons.may_edit(lesson, user), "may_publish": publishes,
        "check_owner": ROLES.get(lesson.check_owner_role, "Nobody yet"),
        "check_form": (check_form or CheckForm(initial=check_initial_of(lesson))) if publishes else None,
        "plans": _open_plans(rights, uses) if lesson.is_check else [],
    }  # fmt: skip
    return render(request, "hypercare/lessons/lesson.html", context, status=status)


def _open_plans(rights: dict[int, str], uses: Sequence[LessonUse]) -> list[Period]:
    """The person's own plans that could take the check."""
    mine = {period for period, right in rights.items() if right in RIGHTS["checks.manage"]}
    taken = {use.period_id for use in uses}
    plans = Period.objects.filter(pk__in=mine - taken, status__in=Period.PRE_LIVE)
    return list(plans.order_by("go_live_at", "id")[:20])


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: SignedInRequest) -> HttpResponse:
    """A new lesson, from nowhere, a period, an incident or a debrief."""
    form = NewLessonForm(
        request.user, request.POST if request.method == "POST" else None, initial=_from(request)
    )
    status = 422 if form.is_bound and not form.is_valid() else 200
    if form.is_bound and status == 200:
        try:
            lesson = lessons.write(
                **form.cleaned_data, at_once="publish" in request.POST, by=request.user, at=timezone.now()
            )
            messages.success(request, "Published." if lesson.status == "published" else "Draft saved.")
            return redirect(lesson)
        except Refused as error:
            status = explain(form, error)
    return render(
        request, "hypercare/lessons/edit.html", {"form": form, **_known(request.user)}, status=status
    )


def _from(request: SignedInRequest) -> dict[str, Any]:
    """What the address says about where the lesson comes from."""
    key = request.GET.get("period", "").upper()
    period = (
        Period.objects.visible_to(request.user).filter(key=key.replace("\x00", "")).first() if key else None
    )
    if period is None:
        return {}
    after = {"exit_review": "exit", "closed": "exit"}.get(
        period.status, "live" if period.is_live else "preparation"
    )
    return {
        "period": period.pk, "incident": request.GET.get("incident", "")[:24], "debrief": request.GET.get("debrief"),
        "phase": after, "component": period.systems[0] if len(period.systems) == 1 else "",
    }  # fmt: skip


def _known(user: User) -> dict[str, Any]:
    """Themes and systems to choose from while typing."""
    mine = Period.objects.visible_to(user).values_list("systems", flat=True)[:100]
    systems = {name for names in mine for name in names}
    themes = dict.fromkeys((*lessons.THEMES, *library.nearest_themes(user, most=20)))
    return {"themes": list(themes), "systems": sorted(systems)}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change what a lesson says."""
    lesson = _lesson_or_404(request, pk)
    form = LessonForm(request.POST if request.method == "POST" else None, initial=initial_of(lesson))
    status = 422 if form.is_bound and not form.is_valid() else 200
    if form.is_bound and status == 200:
        try:
            lessons.edit(lesson.pk, **form.cleaned_data, by=request.user, at=timezone.now())
            messages.success(request, "Saved.")
            return redirect(lesson)
        except Refused as error:
            status = explain(form, error)
    context = {"form": form, "lesson": lesson, **_known(request.user)}
    return render(request, "hypercare/lessons/edit.html", context, status=status)


@login_required
@require_POST
def edit_check(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change the check that a lesson suggests."""
    lesson, form = _lesson_or_404(request, pk), CheckForm(request.POST)
    if not form.is_valid():
        return _page(request, lesson, status=422, check_form=form)
    lessons.edit(lesson.pk, **form.cleaned_data, by=request.user, at=timezone.now())
    messages.success(request, "The check is saved. Checks made before stay as they are.")
    return redirect(lesson)


@login_required
@require_POST
def act(request: SignedInRequest, pk: int, name: str) -> HttpResponse:
    """One of `ACTIONS`, then back to where the button was."""
    if name not in ACTIONS:
        raise Http404("No such action.")
    lesson, (function, said) = _lesson_or_404(request, pk), ACTIONS[name]
    function(lesson.pk, by=request.user, at=timezone.now())
    messages.success(request, said)
    return redirect(_back(request, lesson.get_absolute_url()))


@login_required
@require_POST
def add(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Add a lesson's check to a plan."""
    period = period_or_404(request.user, key, may="checks.manage")
    item = lessons.add_to(_lesson_or_404(request, pk).pk, period.pk, by=request.user, at=timezone.now())
    messages.success(request, f"“{item.title}” is a check of {period.name} now.")
    return redirect(_back(request, reverse("period_readiness", kwargs={"key": period.key})))


def _back(request: SignedInRequest, otherwise: str) -> str:
    """The page the form named, when it is one of ours."""
    wanted = request.POST.get("next", "")
    ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if ours else otherwise
