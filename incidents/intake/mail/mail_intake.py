"""A mail from outside → a report, a reply to one, or a row that says why it was not taken.

Whom it is for stands behind the plus of the address (`report+…@`), which belongs to a period's form like its page
does; what it answers stands in its references, which name the mails we sent. Reading a mail again changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from email.utils import parseaddr
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from contributors.channels.email.transport import message_id_host
from contributors.messaging import bounces, external_recipients
from contributors.models import Delivery
from hypercare.database.numbers import number_of
from hypercare.exceptions import Invalid, Refused
from incidents.intake.mail import mail_parts
from incidents.intake.mail.mail_parts import Mail, MailPicture, UnreadableMail
from incidents.models import InboundMail, Report, ReportForm
from incidents.stakeholders import report_forms, reports
from incidents.stakeholders.reports import ReportText
from periods.checklist import evidence
from periods.checklist.evidence import EvidenceUpload

Outcome = InboundMail.Outcome
__all__ = ["LARGEST", "UnreadableMail", "address_of", "receive_mail"]
MOST_PICTURES: Final = 3
LARGEST: Final = 15_000_000  # bytes of a mail that are read at all


def receive_mail(raw: bytes, *, at: datetime) -> InboundMail:
    """Take one mail in; the row of what became of it, the same row when it was read before. Raises Unreadable.

    It may raise anything else as well, because mails are made by anybody: `mail_store` is who calls it.
    """
    mail = mail_parts.parse(raw[:LARGEST])
    known = InboundMail.objects.filter(key=mail.key).first()
    return known or _receive(mail, raw, at)


@transaction.atomic
def _receive(mail: Mail, raw: bytes, at: datetime) -> InboundMail:
    row, is_new = InboundMail.objects.get_or_create(
        key=mail.key,
        defaults={
            "sender": mail.sender,
            "subject": mail.subject,
            "text": mail.text,
            "at": at,
            "outcome": Outcome.UNKNOWN,
        },
    )
    if is_new:
        said = _sort(mail, raw, at)
        InboundMail.objects.filter(pk=row.pk).update(**said)
        row.refresh_from_db()
    return row


def _sort(mail: Mail, raw: bytes, at: datetime) -> dict[str, Any]:
    """What becomes of a mail that is new."""
    if mail.is_report:
        bounces.apply_report(raw, at=at)
        return {"outcome": Outcome.BOUNCE}
    if mail.is_automatic or mail.sender in _own_addresses() or not mail.sender:
        return {"outcome": Outcome.AUTOMATIC}
    try:
        answered = _answered(mail)
        if answered is not None:
            return _reply(answered, mail, at)
        form = _form(mail)
        return (
            _report(form, mail, at) if form else {"outcome": Outcome.UNKNOWN, "why": ", ".join(mail.recipients)[:300]}
        )
    except Refused as error:
        return {"outcome": Outcome.REFUSED, "why": " ".join(error.reasons)[:300], "period": _period(mail)}


def _own_addresses() -> set[str]:
    addresses = (settings.DEFAULT_FROM_EMAIL, settings.MAILBOX_ADDRESS)
    return {parseaddr(address)[1].lower() for address in addresses if address}


def _answered(mail: Mail) -> Report | None:
    """The report behind one of our mails that this one answers."""
    ours = [name.partition("@") for name in mail.references]
    keys = [_uuid(key) for key, _, place in ours if place.lower() == message_id_host()]
    sent = Delivery.objects.filter(pk__in=[key for key in keys if key], subject__startswith="report:")
    subject = sent.order_by("-created_at").values_list("subject", flat=True).first()
    return Report.objects.filter(pk=int(subject.partition(":")[2])).first() if subject else None


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _form(mail: Mail) -> ReportForm | None:
    """The form whose tag stands in an address of the mail."""
    for tag in mail.tags[:10]:
        number = number_of(tag.partition("-")[0])
        form = ReportForm.objects.select_related("period").filter(pk=number).first() if number else None
        if form is not None and external_recipients.tag_matches(tag, form.pk, form.secret):
            return form
    return None


def _period(mail: Mail) -> Any:
    answered, form = _answered(mail), _form(mail)
    return answered.period if answered else form.period if form else None


def _report(form: ReportForm, mail: Mail, at: datetime) -> dict[str, Any]:
    pictures, named = _sorted_files(mail)
    text = _with_named(mail.text or mail.subject, named)
    words = ReportText(text, Report.Stops.WORKED_AROUND, mail.sender, mail.subject)
    report = reports.submit_report(form, words, at=at, via=Report.Via.MAIL)
    why = _keep(report, pictures, at)
    return {"outcome": Outcome.REPORT, "period": form.period, "report": report, "why": why}


def _reply(report: Report, mail: Mail, at: datetime) -> dict[str, Any]:
    pictures, named = _sorted_files(mail)
    reports.add_reply(report.pk, text=_with_named(mail.text or mail.subject, named), at=at, via=Report.Via.MAIL)
    why = _keep(report, pictures, at)
    return {"outcome": Outcome.REPLY, "period": report.period, "report": report, "why": why}


def _sorted_files(mail: Mail) -> tuple[list[MailPicture], list[str]]:
    """Pictures that can be kept, and the names of everything else."""
    kept = [one for one in mail.pictures if reports.is_picture(one.data)][:MOST_PICTURES]
    return kept, [*(one.name for one in mail.pictures if one not in kept), *mail.others]


def _with_named(text: str, names: Sequence[str]) -> str:
    return f"{text}\n\nAttached and not kept: {', '.join(names)}" if names else text


def _keep(report: Report, pictures: Sequence[MailPicture], at: datetime) -> str:
    """Keep the pictures; what could not be kept, in a sentence."""
    for picture in pictures:
        try:
            stored = reports.keep_picture(EvidenceUpload(picture.name, picture.data))
        except Invalid as error:
            return str(error)
        try:
            with transaction.atomic():
                reports.attach_picture(report, stored, at=at)
        except Invalid as error:
            evidence.discard_file(stored.stored_as)
            return str(error)
    return ""


def address_of(form: ReportForm) -> str:
    """Where mails for a period go; empty while no mailbox is read or the form takes nothing."""
    return external_recipients.plus_address(form.pk, form.secret) if report_forms.takes_reports(form) else ""
