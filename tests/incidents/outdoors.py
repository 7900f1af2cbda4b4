"""What tests about people outside say often."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from contributors.channels import Message
from contributors.messaging import rendering
from contributors.models import Delivery
from incidents.models import StatusPage, Update
from incidents.stakeholders import status_pages, updates
from incidents.stakeholders.updates import UpdateText
from periods.journal import journal
from periods.models import Period

ANNA = "anna.berg@nordhus.example"


def with_page(period: Period, visibility: str = "public", **fields: Any) -> StatusPage:
    """The period's status page, called Northlane billing at /status/billing/."""
    said = {"slug": "billing", "title": "Northlane billing", "about": "", **fields}
    return status_pages.configure(
        period.pk, visibility=visibility, **said, by=period.lead, at=said.pop("at", timezone.now())
    )


def posted(period: Period, at: datetime | None = None, **fields: Any) -> Update:
    """An update from the domain; a new notice about the billing engine unless told otherwise."""
    about = {name: fields.pop(name) for name in ("notice_id", "incident_id") if name in fields}
    said = {
        "text": "We are looking into it.",
        "state": "investigating",
        "title": "Some invoices were sent twice",
        "components": ("Billing engine",),
        **fields,
    }
    return updates.post(period.pk, UpdateText(**said), by=period.lead, at=at or timezone.now(), **about)


def told(at: datetime | None = None) -> list[tuple[str, Message]]:
    """Hand on what happened; to whom outside which mail goes since the last time, the oldest first."""
    now = at or timezone.now()
    journal.dispatch_entries(at=now)
    rows = list(Delivery.objects.filter(state="due", recipient=None).order_by("next_at", "created_at", "address"))
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(state="sent", sent_at=now)
    return [(row.address, rendering.render(row)) for row in rows]


def path_in(message: Message, prefix: str) -> str:
    """The path of the first address in a mail that begins with a prefix."""
    start = message.text.index(f"{settings.BASE_URL}{prefix}") + len(settings.BASE_URL)
    return message.text[start:].split()[0]
