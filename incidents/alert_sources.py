"""Who may push alerts into a period: made with a token that is shown once, revoked when no longer trusted."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction

from contributors import links
from hypercare.errors import AlreadyDone, Invalid
from hypercare.models import User
from incidents.models import AlertSource
from periods import journal
from periods.models import Period

PREFIX = 8


@transaction.atomic
def create(
    period_id: int, *, kind: str, name: str, by: User, at: datetime, via: str = ""
) -> tuple[AlertSource, str]:
    """A new source and its token. Only the token's hash is kept, so this is the one time it can be shown."""
    period = Period.objects.locked().get(pk=period_id)
    name = " ".join(name.split())
    if not 0 < len(name) <= 80:
        raise Invalid({"name": "Name the source in at most 80 characters."})
    if kind not in AlertSource.Kind:
        raise Invalid({"kind": f"Choose {', '.join(AlertSource.Kind.values)}."})
    token = secrets.token_urlsafe(32)
    source = AlertSource.objects.create(
        period=period, kind=kind, name=name, token_hash=links.hash_of(token),
        token_prefix=token[:PREFIX], created_by=by, created_at=at,
    )  # fmt: skip
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


def hook_url(source: AlertSource, token: str) -> str:
    """The address to give to the monitoring tool."""
    return f"{settings.BASE_URL}/hooks/{source.kind}/{token}/"


def _journal(source: AlertSource, kind: str, by: User, at: datetime, via: str) -> None:
    subject = f"source:{source.pk}"
    journal.record(
        source.period, kind, by=by, at=at, subject=subject, via=via, title=source.name, kind_of=source.kind
    )
