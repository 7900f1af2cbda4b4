"""`/metrics` for Prometheus: how the engine is, for whoever sends the token of the setting METRICS_TOKEN."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from contributors.messaging.delivery import breakers
from contributors.models import Delivery
from hypercare.database import db_clock
from hypercare.engine import engine, watched
from hypercare.models import Heartbeat

BUCKETS = (0.5, 1, 2, 5, 10, 30, 60, 300, 1800)
WINDOW = timedelta(hours=1)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Text exposition format 0.0.4. 404 without the token, and where none is set."""
    if not _allowed(request):
        raise Http404("Nothing here.")
    text = "\n".join(_lines(db_clock.now())) + "\n"
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _allowed(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted = settings.METRICS_TOKEN
    return bool(wanted) and scheme.lower() == "bearer" and secrets.compare_digest(token.encode(), wanted.encode())


def _lines(now: datetime) -> Iterator[str]:
    found = engine.read_condition(at=now)
    age = (now - found.beat_at).total_seconds() if found.beat_at else -1
    auditor = Heartbeat.objects.filter(name=engine.AUDITOR).values_list("beat_at", flat=True).first()
    yield from _gauge("engine_tick_age_seconds", "Since the last tick ended; -1 before the first.", age)
    audited = (now - auditor).total_seconds() if auditor else -1
    yield from _gauge("engine_audit_age_seconds", "Since the auditor last looked; -1 before the first.", audited)
    yield from _gauge("engine_oldest_due_seconds", "How long the oldest due row waits.", found.overdue.total_seconds())
    yield from _gauge("engine_paused", "1 while the engine is paused.", int(found.paused_at is not None))
    yield from _gauge("engine_setbacks", "Pieces of work that fail and are tried again.", found.setbacks)
    yield from _gauge("breakers_open", "Destinations left alone because they do not answer.", breakers.count_open(now))
    yield from _beside(now)
    yield from _states()
    yield from _lateness(now)


def _beside(now: datetime) -> Iterator[str]:
    """What is watched beside the engine, under its own name."""
    for one in watched.read_watched(at=now):
        for fact in one.facts:
            name = f"{one.name}_{fact.name.removesuffix('_s')}{'_seconds' if fact.name.endswith('_s') else ''}"
            yield from _gauge(name, fact.help, -1 if fact.value is None else fact.value)


def _gauge(name: str, help_: str, value: float) -> Iterator[str]:
    yield f"# HELP hypercare_{name} {help_}"
    yield f"# TYPE hypercare_{name} gauge"
    yield f"hypercare_{name} {value:g}"


def _states() -> Iterator[str]:
    yield "# HELP hypercare_deliveries Messages by state."
    yield "# TYPE hypercare_deliveries gauge"
    by_state = dict(Delivery.objects.order_by().values_list("state").annotate(count=Count("pk")))
    for state in Delivery.State.values:
        yield f'hypercare_deliveries{{state="{state}"}} {by_state.get(state, 0)}'
    uncertain = Delivery.objects.filter(uncertain=True).count()
    yield from _gauge("deliveries_uncertain", "Messages that may have come twice.", uncertain)


def _lateness(now: datetime) -> Iterator[str]:
    """Of the last hour, as a gauge by upper bound: the rows are the truth, so nothing is counted beside them."""
    late = F("sent_at") - F("intended_at")
    within = {f"b{n}": Count("pk", filter=Q(late__lte=timedelta(seconds=top))) for n, top in enumerate(BUCKETS)}
    rows = Delivery.objects.filter(created_at__gt=now - 2 * WINDOW, sent_at__gt=now - WINDOW)
    found = rows.annotate(late=late).aggregate(all=Count("pk"), **within)
    yield "# HELP hypercare_lateness_last_hour Messages accepted in the last hour, by how late in seconds."
    yield "# TYPE hypercare_lateness_last_hour gauge"
    for number, top in enumerate(BUCKETS):
        yield f'hypercare_lateness_last_hour{{le="{top:g}"}} {found[f"b{number}"]}'
    yield f'hypercare_lateness_last_hour{{le="+Inf"}} {found["all"]}'
