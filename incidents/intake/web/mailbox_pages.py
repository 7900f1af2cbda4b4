"""The mailbox, for administrators, because mail for no period is there too: how it is read, and what came of each."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from hypercare.web.requests import SignedInRequest, require_administrator
from incidents.intake.mail import mail_store, mailbox_health
from incidents.models import InboundMail, StoredMail
from periods.checklist import downloads

PER_PAGE: Final = 50
MOST_QUARANTINED: Final = 50


@login_required
@require_safe
def mailbox(request: SignedInRequest) -> HttpResponse:
    """How reading goes, what could not be read, and what became of the rest."""
    require_administrator(request.user)
    kept = StoredMail.objects.filter(state=StoredMail.State.READ).defer("raw").order_by("id")
    mails = InboundMail.objects.select_related("period").prefetch_related(Prefetch("originals", kept))
    rows = mail_store.quarantined_mails()
    context = {
        "page": Paginator(mails.order_by("-at", "-id"), PER_PAGE).get_page(request.GET.get("page")),
        "address": settings.MAILBOX_ADDRESS,
        "health": mailbox_health.read_status(at=timezone.now()),
        "quarantined": rows[:MOST_QUARANTINED],
        "kept_days": settings.MAIL_KEPT_DAYS,
    }
    return render(request, "incidents/intake/mailbox.html", context)


@login_required
@require_safe
def original(request: SignedInRequest, pk: int) -> FileResponse:
    """A mail as it came, as a file of plain text that no browser or mail program renders."""
    require_administrator(request.user)
    row = get_object_or_404(StoredMail.objects.exclude(raw=b""), pk=pk)
    return downloads.bytes_response(bytes(row.raw), file_name=f"mail-{row.pk}.txt", media_type="text/plain")


@login_required
@require_POST
def read_again(request: SignedInRequest, pk: int) -> HttpResponse:
    """Read a quarantined mail once more."""
    require_administrator(request.user)
    try:
        row = mail_store.read_again(pk, by=request.user, at=timezone.now())
    except StoredMail.DoesNotExist as error:
        raise Http404("There is no such mail.") from error
    if row.mail:
        messages.success(request, f"Read: {row.mail.get_outcome_display().lower()}.")
    else:
        messages.error(request, f"It still can't be read. {row.why}")
    return redirect("mailbox")


@login_required
@require_POST
def set_aside(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say that nothing is to be done about a quarantined mail."""
    require_administrator(request.user)
    try:
        mail_store.set_aside(pk, by=request.user, at=timezone.now())
    except StoredMail.DoesNotExist as error:
        raise Http404("There is no such mail.") from error
    messages.success(request, "Set aside.")
    return redirect("mailbox")
