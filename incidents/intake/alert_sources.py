"""Who may push alerts into a period: made with a token that is shown once, revoked when no longer trusted."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from string import Template
from typing import Final

from django.conf import settings
from django.db import transaction

from contributors.links import links
from hypercare import registry
from hypercare.exceptions import AlreadyDone, Invalid
from hypercare.models import User
from incidents.intake import severity_words
from incidents.intake.sources import find_tool
from incidents.models import Alert, AlertSource
from incidents.shared.severity import SEVERITIES
from periods.journal import journal
from periods.models import Period

PREFIX = 8
MOST_LEVELS: Final = 100


@transaction.atomic
def create(period_id: int, *, kind: str, name: str, by: User, at: datetime, via: str = "") -> tuple[AlertSource, str]:
    """A new source and its token. Only the token's hash is kept, so this is the one time it can be shown."""
    period = Period.objects.locked().get(pk=period_id)
    name = " ".join(name.split())
    if not 0 < len(name) <= 80:
        raise Invalid({"name": "Name the source in at most 80 characters."})
    if kind not in registry.ALERT_SOURCES:
        raise Invalid({"kind": f"Choose {', '.join(registry.ALERT_SOURCES)}."})
    token = secrets.token_urlsafe(32)
    source = AlertSource.objects.create(
        period=period,
        kind=kind,
        name=name,
        token_hash=links.hash_of(token),
        token_prefix=token[:PREFIX],
        created_by=by,
        created_at=at,
    )
    _journal(source, "source.added", by, at, via)
    return source, token


@transaction.atomic
def revoke(source_id: int, *, by: User, at: datetime, via: str = "") -> AlertSource:
    """End a source: its token stops working at once, its alerts stay. Raises AlreadyDone the second time."""
    period_id = AlertSource.objects.values_list("period_id", flat=True).get(pk=source_id)
    period = Period.objects.locked().get(pk=period_id)
    source = AlertSource.objects.select_for_update().get(pk=source_id)
    source.period = period
    if source.revoked_at:
        raise AlreadyDone(f"{source.name} was revoked before. Nothing was changed.")
    source.revoked_at = at
    source.save(update_fields=["revoked_at"])
    _journal(source, "source.revoked", by, at, via)
    return source


@transaction.atomic
def map_levels(source_id: int, *, words: Mapping[str, str], by: User, at: datetime, via: str = "") -> AlertSource:
    """Say what severity words of this source count as, from its next alert on; words left out lose their place.

    An empty word stands for alerts without one. Nothing is written when nothing differs. Raises Invalid.
    """
    period_id = AlertSource.objects.values_list("period_id", flat=True).get(pk=source_id)
    period = Period.objects.locked().get(pk=period_id)
    source = AlertSource.objects.select_for_update().get(pk=source_id)
    source.period = period
    wanted = _checked(words)
    before = source.levels
    if wanted != before:
        source.levels = wanted
        source.save(update_fields=["levels"])
        _journal(source, "source.mapped", by, at, via, before=before, after=wanted)
    return source


def _checked(wanted: Mapping[str, str]) -> dict[str, str]:
    if len(wanted) > MOST_LEVELS:
        raise Invalid({"levels": f"{MOST_LEVELS} words are the most."})
    wrong = sorted({severity for severity in wanted.values() if severity not in SEVERITIES})
    if wrong:
        raise Invalid({"levels": f"“{wrong[0]}” is not a severity. Choose {', '.join(SEVERITIES)}."})
    return {severity_words.normalise_word(word): severity for word, severity in wanted.items()}


def mark_unknown_levels(sources: Sequence[AlertSource]) -> Sequence[AlertSource]:
    """Set `unknown_levels` on each: severity words it told that nobody has mapped, as told. One query for all."""
    told = Alert.objects.filter(source__in=[source.pk for source in sources]).values_list("source", "level")
    words: dict[int, dict[str, str]] = defaultdict(dict)
    for source_id, word in told.distinct().order_by("source", "level"):
        words[source_id].setdefault(severity_words.normalise_word(word), word)
    for source in sources:
        found = words[source.pk].values()
        unknown = [word for word in found if not severity_words.read_from(source, word).is_known]
        source.unknown_levels = unknown  # type: ignore[attr-defined]
    return sources


def hook_url(source: AlertSource, token: str) -> str:
    """The address to give to the monitoring tool."""
    return f"{settings.BASE_URL}/hooks/{source.kind}/{token}/"


def set_up(source: AlertSource, token: str) -> str:
    """What to write into the monitoring tool's own configuration; empty where there is nothing to say."""
    return Template(find_tool(source.kind).set_up).safe_substitute(hook_url=hook_url(source, token))


def _journal(source: AlertSource, kind: str, by: User, at: datetime, via: str, **more: object) -> None:
    journal.record(
        source.period,
        kind,
        by=by,
        at=at,
        subject=f"source:{source.pk}",
        via=via,
        title=source.name,
        kind_of=source.kind,
        **more,
    )
