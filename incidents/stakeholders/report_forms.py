"""A period's public form: off until the lead opens it, at an address that can be given up for another."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from contributors.links import links
from hypercare.exceptions import Invalid, Refused
from hypercare.models import User
from incidents.models import ReportForm
from periods.journal import journal
from periods.models import Period

LONGEST_TITLE: Final = 80
LONGEST_PROMISE: Final = 40
LONGEST_NOTE: Final = 2000
USUAL_NOTE: Final = (
    "What you write, the picture you add and your address are read by the people who work on this launch, to solve the "
    "problem and to tell you about it. They are used for nothing else, passed to nobody else, and deleted with the "
    "launch's records."
)


def form_of(period: Period) -> ReportForm | None:
    """The form of a period; None while nobody has set one up. One query."""
    return ReportForm.objects.filter(period=period).first()


def find(token: str) -> ReportForm | None:
    """The form behind an address, open or closed, its period loaded; None for one that ended or never was."""
    if "\x00" in token:
        return None
    return ReportForm.objects.select_related("period").filter(token_hash=links.hash_of(token)).first()


def token_of(form: ReportForm) -> str:
    """What stands in the address."""
    return links.token_of(form.secret)


def url_of(form: ReportForm) -> str:
    """The full address of the form."""
    return f"{settings.BASE_URL}{reverse('report', kwargs={'token': token_of(form)})}"


def takes_reports(form: ReportForm | None) -> bool:
    """Whether it is open and its period is live: before go-live there is nothing to report, after it nobody to read."""
    return form is not None and form.is_open and form.period.is_live


@transaction.atomic
def configure(
    period_id: int,
    *,
    is_open: bool,
    title: str,
    answer_within: str,
    data_note: str,
    by: User,
    at: datetime,
    via: str = "",
) -> ReportForm:
    """Open or close the form and say what it says. Raises Invalid for words that can't stand."""
    period = Period.objects.locked().get(pk=period_id)
    title, answer_within = " ".join(title.split()), " ".join(answer_within.split())
    _check(title, answer_within, data_note)
    form = form_of(period) or _fresh(period)
    form.is_open, form.title, form.answer_within, form.data_note = (is_open, title, answer_within, data_note.strip())
    form.updated_at, form.updated_by = at, by
    form.save()
    journal.record(period, "report_form.changed", by=by, at=at, via=via, title=title, is_open=is_open)
    return form


@transaction.atomic
def renew_address(period_id: int, *, by: User, at: datetime, via: str = "") -> ReportForm:
    """A new address; the old one ends at once. Raises Refused where there is no form yet."""
    period = Period.objects.locked().get(pk=period_id)
    form = form_of(period)
    if form is None:
        raise Refused("There is no form yet. Set it up first.")
    form.secret = uuid.uuid4()
    form.token_hash = links.hash_of(links.token_of(form.secret))
    form.updated_at, form.updated_by = at, by
    form.save(update_fields=["secret", "token_hash", "updated_at", "updated_by"])
    journal.record(period, "report_form.renewed", by=by, at=at, via=via, title=form.title)
    return form


def _fresh(period: Period) -> ReportForm:
    secret = uuid.uuid4()
    return ReportForm(period=period, secret=secret, token_hash=links.hash_of(links.token_of(secret)))


def _check(title: str, answer_within: str, data_note: str) -> None:
    complaints = {
        "title": "" if 0 < len(title) <= LONGEST_TITLE else "Say in at most 80 characters what people outside call it.",
        "answer_within": "Shorten it to 40 characters." if len(answer_within) > LONGEST_PROMISE else "",
        "data_note": f"Shorten it to {LONGEST_NOTE:,} characters." if len(data_note) > LONGEST_NOTE else "",
    }
    if any(complaints.values()):
        raise Invalid({name: said for name, said in complaints.items() if said})
