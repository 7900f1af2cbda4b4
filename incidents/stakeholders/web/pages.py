"""The communication tab: what people outside are told, who gets it by mail, and where they look."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hypercare.database.numbers import number_of
from hypercare.exceptions import Invalid, Refused
from hypercare.security import limits
from hypercare.web import csvfile
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest
from incidents.intake.mail import mail_intake
from incidents.models import InboundMail, Incident, Notice, ReportForm, StakeholderReport, Subscriber
from incidents.stakeholders import known_errors, report_forms, status_pages, subscribers, updates
from incidents.stakeholders.web.update_forms import StatusPageForm, UpdateForm, status_page_initial, update_initial
from incidents.triage.web.loading import comms_page
from periods.access.access import is_allowed, period_or_404
from periods.models import Period

PER_PAGE: Final = 50
SOLVED_SHOWN: Final = 20
MOST_OPEN: Final = 50
MAILS_SHOWN: Final = 20


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def comms(request: SignedInRequest, key: str) -> HttpResponse:
    """The hub; POST says something outside. `?notice=` goes on with one, `?incident=` begins one about an incident."""
    may = "updates.post" if request.method == "POST" else "period.view"
    period = period_or_404(request.user, key, may=may)
    if request.method != "POST":
        return _page(request, period)
    now, incident = timezone.now(), _incident(request, period)
    form = UpdateForm(request.POST, period=period, notices=_open(period))
    status = 422
    if form.is_valid():
        try:
            update = updates.post(
                period.pk,
                form.words(now),
                notice_id=form.notice_id,
                by=request.user,
                at=now,
                incident_id=incident.pk if incident else None,
            )
            messages.success(request, f"Update {update.number} is out.")
            return redirect("period_comms", key=period.key)
        except Refused as error:
            status = add_errors(form, error, next_by="promise")
    return _page(request, period, status=status, form=form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def status_settings(request: SignedInRequest, key: str) -> HttpResponse:
    """Set the status page up."""
    period = period_or_404(request.user, key, may="outside.manage")
    page = status_pages.status_page_of(period)
    form, status = StatusPageForm(request.POST or None, initial=status_page_initial(period, page)), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                status_pages.configure(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
                messages.success(request, "The status page is as you said.")
                return redirect("period_comms", key=period.key)
            except Invalid as error:
                status = add_errors(form, error, next_by="promise")
    context = {"form": form, "page": page, **_address(period)}
    return comms_page(request, "incidents/stakeholders/settings.html", period, context, status=status)


@login_required
@require_POST
def renew_link(request: SignedInRequest, key: str) -> HttpResponse:
    """A new secret address; the old one ends."""
    period = period_or_404(request.user, key, may="outside.manage")
    status_pages.renew_link(period.pk, by=request.user, at=timezone.now())
    messages.success(request, "The status page has a new link. The old one has ended.")
    return redirect("comms:settings", key=period.key)


@login_required
@require_safe
def subscriber_list(request: SignedInRequest, key: str) -> HttpResponse:
    """Who gets the updates by mail."""
    period = period_or_404(request.user, key, may="outside.manage")
    page = Paginator(subscribers.confirmed_subscribers(period), PER_PAGE).get_page(request.GET.get("page"))
    return comms_page(request, "incidents/stakeholders/subscribers.html", period, {"page": page})


@login_required
@require_safe
def subscriber_export(request: SignedInRequest, key: str) -> HttpResponse:
    """The same as a file for a spreadsheet; no cell of it is a formula."""
    period = period_or_404(request.user, key, may="outside.manage")
    limits.count_or_refuse("exports", request.user.pk, at=timezone.now())
    rows = subscribers.confirmed_subscribers(period).values_list("email", "confirmed_at")[
        : subscribers.MOST_OF_A_PERIOD
    ]
    file = csvfile.csv_lines(["email", "confirmed_at"], rows)
    response = HttpResponse(file, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{period.key}-subscribers.csv"'
    return response


@login_required
@require_POST
def subscriber_remove(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Take one off the list; the address is forgotten."""
    period = period_or_404(request.user, key, may="outside.manage")
    row = get_object_or_404(Subscriber, pk=pk, period=period)
    subscribers.end_subscription(row.pk, by=request.user, at=timezone.now(), via="")
    messages.success(request, "Removed. The address is forgotten.")
    return redirect("comms:subscribers", key=period.key)


# --- What they share ----------------------------------------------------------------------------


def _page(
    request: SignedInRequest, period: Period, *, status: int = 200, form: UpdateForm | None = None
) -> HttpResponse:
    incident, notices = _incident(request, period), _open(period)
    may_post = is_allowed(request.user, period, "updates.post")
    chosen = next((one for one in notices if str(one.pk) == request.GET.get("notice")), None)
    form = form or UpdateForm(initial=update_initial(chosen, incident), period=period, notices=notices)
    solved = Notice.objects.filter(period=period, resolved_at__isnull=False).order_by("-updated_at", "-id")
    context: dict[str, Any] = {
        "form": form,
        "incident": incident,
        "notices": notices,
        "solved": solved[:SOLVED_SHOWN],
        "subscribers": subscribers.confirmed_subscribers(period).count(),
        "may_post": may_post,
        "drafts": _drafts(chosen, incident),
        "may_manage": is_allowed(request.user, period, "outside.manage"),
        **_address(period),
        **_intake(period, may_post=may_post),
    }
    return comms_page(request, "incidents/stakeholders/comms.html", period, context, status=status)


def _address(period: Period) -> dict[str, Any]:
    page = status_pages.status_page_of(period)
    shown = page is not None and page.visibility != page.Visibility.OFF
    return {"status_page": page, "status_url": status_pages.url_of(page) if page and shown else ""}


def _intake(period: Period, *, may_post: bool) -> dict[str, Any]:
    form = report_forms.form_of(period)
    return {
        "report_form": form,
        "report_url": report_forms.url_of(form) if form and form.is_open else "",
        "takes_reports": report_forms.takes_reports(form),
        "known_count": known_errors.current_errors(period).count(),
        "mails": _mails(period),
        "briefing": _briefing(period, may_post=may_post),
        "mail_address": _mail_address(form, period),
    }


def _briefing(period: Period, *, may_post: bool) -> StakeholderReport | None:
    """The newest report this person may read: drafts are for those who write them."""
    found = StakeholderReport.objects.filter(period=period).order_by("-on", "-id")
    return (found if may_post else found.filter(sent_at__isnull=False)).first()


def _mails(period: Period) -> list[InboundMail]:
    """Mails to the period's address that were not taken, the newest first."""
    found = InboundMail.objects.filter(period=period, outcome=InboundMail.Outcome.REFUSED)
    return list(found.order_by("-at", "-id")[:MAILS_SHOWN])


def _mail_address(form: ReportForm | None, period: Period) -> str:
    if form is None:
        return ""
    form.period = period
    return mail_intake.address_of(form)


def _open(period: Period) -> list[Notice]:
    """What is open, the oldest promise first."""
    found = Notice.objects.filter(period=period, resolved_at__isnull=True).select_related("incident")
    return sorted(found.order_by("-updated_at", "-id")[:MOST_OPEN], key=_promise)


def _promise(notice: Notice) -> tuple[bool, Any]:
    return notice.next_by is None, notice.next_by or notice.updated_at


def _incident(request: SignedInRequest, period: Period) -> Incident | None:
    """The incident the page was opened for."""
    number = number_of(request.GET.get("incident", "")) or 0
    found: Incident | None = Incident.objects.filter(period=period, number=number).first()
    if found is not None:
        found.period = period
    return found


def _drafts(notice: Notice | None, incident: Incident | None) -> list[tuple[str, str]]:
    """First words for each state, to start from."""
    about = notice.components if notice else [incident.component] if incident and incident.component else []
    return [(str(Notice.State(state).label), text) for state, text in updates.first_drafts(about).items()]
