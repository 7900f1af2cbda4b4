"""Finding lessons: words, facets with counts, what keeps coming back, and which ones a plan should be offered.

Words are looked for everywhere in a lesson and must all be there; the title counts most. Works the same on SQLite
and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Lower

from hypercare.models import User
from periods.models import Lesson, LessonTag, LessonUse, Period

FACETS: Final = {"phase": "Phase", "theme": "Theme", "component": "System"}
SORTS: Final = {"best": "Best match", "newest": "Newest", "used": "Most used"}
MOST_WORDS: Final = 8
MOST_VALUES: Final = 12
_WHERE: Final = ("title", "learnt", "happened", "theme", "component", "tags__name")
_WEIGHT: Final = {"title": 8, "learnt": 3, "happened": 2, "theme": 2, "component": 2}


@dataclass(frozen=True, slots=True)
class LessonQuery:
    """What somebody looks for."""

    text: str = ""
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sort: str = "best"

    @property
    def words(self) -> list[str]:
        """The words, each once."""
        return list(dict.fromkeys(self.text.replace("\x00", "").split()))[:MOST_WORDS]

    @property
    def narrowed(self) -> bool:
        """Whether a facet is chosen."""
        return any(self.chosen.values())


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet, with how many lessons choosing it would show."""

    value: str
    label: str
    count: int
    chosen: bool


def search_lessons(user: User, query: LessonQuery) -> QuerySet[Any]:
    """The lessons a person sees for a query, best first, with author and origin loaded and `used_in` counted."""
    rows = _narrowed(_matching(Lesson.objects.visible_to(user), query), query)
    rows = rows.with_origin(user).annotate(used_in=Count("uses__period", distinct=True)).select_related("author")
    return _ordered(rows, query).prefetch_related("tags")


def count_matching(user: User, query: LessonQuery) -> int:
    """How many match the words, whatever is chosen besides. One query."""
    return _matching(Lesson.objects.visible_to(user), query).count()


def facets(user: User, query: LessonQuery) -> list[tuple[str, str, list[FacetValue]]]:
    """(name, label, values): each counted under the words and the other facets. One query a facet."""
    return [(name, label, _values(user, query, name)) for name, label in FACETS.items()]


def _values(user: User, query: LessonQuery, name: str) -> list[FacetValue]:
    others = LessonQuery(query.text, {facet: values for facet, values in query.chosen.items() if facet != name})
    rows = _narrowed(_matching(Lesson.objects.visible_to(user), others), others)
    counts = dict(
        rows.exclude(**{name: ""})
        .order_by()
        .values_list(name)
        .annotate(n=Count("pk", distinct=True))
        .values_list(name, "n")
    )
    chosen = list(query.chosen.get(name, ()))
    values = Lesson.Phase.values if name == "phase" else _most(counts, chosen)
    labels = dict(Lesson.Phase.choices) if name == "phase" else {}
    return [FacetValue(value, str(labels.get(value, value)), counts.get(value, 0), value in chosen) for value in values]


def _most(counts: Mapping[str, int], chosen: Sequence[str]) -> list[str]:
    """The most frequent values, and whatever is chosen so that it can be let go."""
    often = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]
    return often + [value for value in chosen if value not in often]


def _matching(rows: QuerySet[Any], query: LessonQuery) -> QuerySet[Any]:
    for word in query.words:
        anywhere = Q()
        for place in _WHERE:
            anywhere |= Q(**{f"{place}__icontains": word})
        rows = rows.filter(pk__in=Lesson.objects.filter(anywhere).values("pk"))
    return rows


def _narrowed(rows: Any, query: LessonQuery) -> Any:
    for name, values in query.chosen.items():
        if name in FACETS and values:
            rows = rows.filter(**{f"{name}__in": list(values)})
        if name == "status" and values:
            rows = rows.filter(status__in=list(values))
        if name == "tag" and values:
            rows = rows.filter(tags__name__iexact=values[0])
    return rows


def _ordered(rows: QuerySet[Any], query: LessonQuery) -> QuerySet[Any]:
    if query.sort == "newest":
        return rows.order_by("-updated_at", "-id")
    if query.sort == "best" and not query.words:
        return rows.order_by("-status", "-updated_at", "-id")  # drafts after what is published
    if query.sort == "used":
        return rows.order_by("-used_in", "-updated_at", "-id")
    rank: Any = Value(0, output_field=IntegerField())
    for word in query.words:
        for place, weight in _WEIGHT.items():
            rank = rank + Case(
                When(**{f"{place}__icontains": word}, then=Value(weight)), default=Value(0), output_field=IntegerField()
            )
    best: QuerySet[Any] = rows.annotate(rank=rank).order_by("-rank", "-used_in", "-updated_at", "-id")
    return best


# --- Beside the hits ----------------------------------------------------------------------------


def recurring_tags(user: User, *, most: int = 4) -> list[dict[str, Any]]:
    """Tags that came up in more than one period: name, periods, and their share of the most frequent one. One query."""
    rows = (
        LessonTag.objects.filter(lesson__in=Lesson.objects.visible_to(user))
        .annotate(folded=Lower("name"))
        .values("folded")
        .annotate(periods=Count("lesson__period", distinct=True))
        .filter(periods__gt=1)
        .order_by("-periods", "folded")[:most]
    )
    top = max((row["periods"] for row in rows), default=1)
    return [{"name": row["folded"].capitalize(), "periods": row["periods"], "top": top} for row in rows]


def nearest_themes(user: User, *, most: int = 4) -> list[str]:
    """The themes with the most lessons, for whoever found nothing. One query."""
    rows = (
        Lesson.objects.visible_to(user)
        .exclude(theme="")
        .values("theme")
        .annotate(n=Count("pk"))
        .order_by("-n", "theme")
    )
    return [row["theme"] for row in rows[:most]]


def drafts_of(user: User) -> QuerySet[Any]:
    """Drafts a person sees, newest first."""
    rows: QuerySet[Any] = Lesson.objects.visible_to(user).filter(status=Lesson.Status.DRAFT)
    return rows.select_related("author").order_by("-updated_at", "-id")


def plans_by_lesson(user: User, lessons: Sequence[Lesson]) -> dict[int, list[Period]]:
    """Lesson → the coming periods of a person that have its check. One query."""
    rows = (
        LessonUse.objects.filter(
            lesson__in=[lesson.pk for lesson in lessons],
            period__in=Period.objects.visible_to(user),
            period__status__in=Period.PRE_LIVE,
        )
        .select_related("period")
        .order_by("period__go_live_at", "id")
    )
    plans: dict[int, list[Period]] = {}
    for use in rows:
        plans.setdefault(use.lesson_id, []).append(use.period)
    return plans


# --- What a plan is offered ---------------------------------------------------------------------


def suggest_lessons(period: Period, *, most: int = 8) -> list[Any]:
    """Lessons marked as checks that the period has not taken: those about its systems first, then the most used."""
    rows = (
        Lesson.objects.filter(is_check=True, status=Lesson.Status.PUBLISHED)
        .exclude(uses__period=period)
        .annotate(
            used_in=Count("uses__period", distinct=True),
            ours=Case(
                When(component__in=period.systems or [""], then=Value(1)), default=Value(0), output_field=IntegerField()
            ),
        )
    )
    return list(rows.order_by("-ours", "-used_in", "-updated_at", "-id")[:most])
