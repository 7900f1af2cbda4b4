"""The public form: three questions, a receipt, and following what is known already. No cookie is read or set."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from hypercare.exceptions import AlreadyDone, Invalid, Refused, TooMany
from hypercare.web.forms import add_errors
from incidents.models import Comment, Notice, Report, ReportForm
from incidents.stakeholders import known_errors, report_forms, reports, status_pages, subscribers
from incidents.stakeholders.web import public_forms, public_responses

REPLIES_SHOWN: Final = 20


@csrf_exempt  # no cookie is read: there is no session that a foreign page could use
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, token: str) -> HttpResponse:
    """The form; POST reports a problem and leads to the receipt. One that is closed says so."""
    form_row = _form_or_404(token)
    if not report_forms.takes_reports(form_row):
        return _shown("incidents/stakeholders/report_closed.html", {"form_row": form_row}, form_row, status=410)
    if request.method != "POST":
        return _page(form_row, token, public_forms.PublicReportForm())
    if request.POST.get("website"):  # A field no person sees: only a program fills it in.
        return public_responses.mark_secret(redirect("report_thanks", token=token))
    form = public_forms.PublicReportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(form_row, token, form, status=422)
    try:
        made = reports.submit_report(
            form_row,
            form.words,
            picture=form.upload,
            came_from=public_responses.hash_address(request),
            at=timezone.now(),
        )
    except (Invalid, TooMany) as error:
        add_errors(form, error, file="picture")
        return _page(form_row, token, form, status=429 if isinstance(error, TooMany) else 422)
    return public_responses.mark_secret(redirect(_receipt_url(made)))


@require_safe
def thanks(request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG001  the address says it all
    """What a program that filled in everything reads."""
    return _shown("incidents/stakeholders/report_thanks.html", {}, _form_or_404(token))


@require_safe
def data_note(request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG001  the address says it all
    """How their data is used."""
    form_row = _form_or_404(token)
    context = {"note": form_row.data_note or report_forms.USUAL_NOTE, "back": _url(token)}
    return _shown("incidents/stakeholders/data_note.html", context, form_row)


@csrf_exempt  # no cookie is read, and whoever is named must confirm by mail
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """Hear about one thing that is known: asks for an address, and never says whether it was known."""
    form_row = _form_or_404(token)
    page = status_pages.status_page_of(form_row.period)
    if page is None or not status_pages.is_open(page) or not report_forms.takes_reports(form_row):
        raise Http404("Nothing to follow.")
    page.period = form_row.period
    notice = get_object_or_404(Notice, pk=pk, period=form_row.period, resolved_at__isnull=True)
    context: dict[str, Any] = {"notice": notice, "back": _url(token)}
    if request.method == "POST":
        typed, status = request.POST.get("email", "")[:300], 422
        try:
            if not request.POST.get("website"):
                came_from, now = public_responses.hash_address(request), timezone.now()
                subscribers.request_subscription(page, typed, notice=notice, came_from=came_from, at=now)
            return _shown("incidents/stakeholders/asked.html", context, form_row)
        except Refused as error:
            said = error.errors["email"][0] if isinstance(error, Invalid) else str(error)
            status = 429 if isinstance(error, TooMany) else status
            context |= {"problem": said, "typed": typed}
            return _shown("incidents/stakeholders/follow.html", context, form_row, status=status)
    return _shown("incidents/stakeholders/follow.html", context, form_row)


@csrf_exempt  # the token in the address is the only credential; no cookie is read (RFC 8058 asks for that)
@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """One's own report: where it stands, something to add, and no more mails. A GET changes nothing."""
    found = reports.find(token)
    form = public_forms.ReporterReplyForm()
    if request.method == "POST":
        form = public_forms.ReporterReplyForm(request.POST)
        done = _act(request, found, form)
        if done and "List-Unsubscribe" not in request.POST:  # A mail program must not be redirected (RFC 8058 §3.1).
            return public_responses.mark_secret(redirect("receipt", token=token))
        found, form = reports.find(token), public_forms.ReporterReplyForm() if done else form
    form_row = report_forms.form_of(found.period)
    title = form_row.title if form_row else found.period.name
    replies = Comment.objects.filter(report=found).order_by("at", "id")[:REPLIES_SHOWN]
    context = {
        "report": found,
        "progress": reports.progress_of(found.incident),
        "form": form,
        "replies": replies,
        "title": title,
        "pictures": found.attachments.order_by("id"),
    }
    status = 422 if form.errors else 200
    return public_responses.mark_secret(
        public_responses.render_public(
            "incidents/stakeholders/receipt.html", context, period=found.period, brand=title, status=status
        )
    )


def _act(request: HttpRequest, found: Report, form: public_forms.ReporterReplyForm) -> bool:
    """Do what was asked; False when the form has to be shown again."""
    now = timezone.now()
    if request.POST.get("answer") == "quiet" or "List-Unsubscribe" in request.POST:
        try:
            reports.stop_mails(found.pk, at=now)
        except AlreadyDone:
            return True  # The page says how it is.
        return True
    if not form.is_valid():
        return False
    try:
        reports.add_reply(found.pk, text=form.cleaned_data["text"], at=now)
    except (Invalid, TooMany) as error:
        add_errors(form, error, file="picture")
        return False
    return True


# --- What they share ----------------------------------------------------------------------------


def _form_or_404(token: str) -> ReportForm:
    form_row = report_forms.find(token)
    if form_row is None:
        raise Http404("No such form.")
    return form_row


def _page(form_row: ReportForm, token: str, form: public_forms.PublicReportForm, *, status: int = 200) -> HttpResponse:
    known = known_errors.public_issues(form_row.period) if status == 200 else []
    context = {"form": form, "form_row": form_row, "known": known, "token": token}
    return _shown("incidents/stakeholders/report.html", context, form_row, status=status)


def _shown(template: str, context: dict[str, Any], form_row: ReportForm, *, status: int = 200) -> HttpResponse:
    answer = public_responses.render_public(
        template, context, period=form_row.period, brand=form_row.title, status=status
    )
    return public_responses.mark_secret(answer)


def _url(token: str) -> str:
    return reverse("report", kwargs={"token": token})


def _receipt_url(made: Report) -> str:
    return reverse("receipt", kwargs={"token": reports.token_of(made)})
