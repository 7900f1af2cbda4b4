"""The public form: three questions, a receipt that shows only one's own report, and words about progress."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from contributors.models import Delivery
from hypercare.engine import timers
from hypercare.exceptions import Invalid, Refused, TooMany
from incidents.models import Attachment, Comment, Incident, Report, ReportForm, Subscriber
from incidents.stakeholders import known_errors, report_forms, reports
from incidents.stakeholders.reports import ReportText
from incidents.triage import merge, queues, triage
from periods.checklist.evidence import EvidenceUpload
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user
from tests.incidents.browsing import reported, text
from tests.incidents.outdoors import ANNA, path_in, posted, told, with_page

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
SAID = {"text": "I got two invoices for October.", "stops": "around", "email": ANNA}


def with_form(period: Period, **fields: Any) -> ReportForm:
    said = {"is_open": True, "title": "Northlane billing", "answer_within": "2 hours", "data_note": "", **fields}
    form = report_forms.configure(period.pk, **said, by=period.lead, at=timezone.now())
    form.period = period
    return form


@pytest.fixture
def form(period: Period) -> ReportForm:
    return with_form(period)


@pytest.fixture
def address(form: ReportForm) -> str:
    return report_forms.url_of(form).removeprefix("http://127.0.0.1:8000")


@pytest.fixture
def outside() -> Client:
    return Client()


def send(
    form: ReportForm, at: Any = None, picture: EvidenceUpload | None = None, came_from: str = "", **words: str
) -> Report:
    said = ReportText(**{**SAID, **words})
    return reports.submit_report(form, said, picture=picture, came_from=came_from, at=at or timezone.now())


# --- The form -------------------------------------------------------------------------------------


def test_the_form_is_closed_until_the_lead_opens_it(outside, period):
    row = with_form(period, is_open=False)
    url = report_forms.url_of(row).removeprefix("http://127.0.0.1:8000")

    assert outside.get(url).status_code == 410
    assert outside.post(url, SAID).status_code == 410
    assert outside.get("/report/billing/").status_code == 404
    with pytest.raises(Refused):
        send(row)
    with_form(period)
    assert outside.get(url).status_code == 200


def test_a_report_becomes_an_incident_and_leads_to_its_receipt(outside, address, period):
    answer = outside.post(address, SAID)

    incident = Incident.objects.get()
    assert (incident.title, incident.severity, incident.source) == ("I got two invoices for October.", "P3", "form")
    assert (incident.reported_by, incident.description) == (None, SAID["text"])
    page = text(outside.get(answer["Location"]))
    report = Report.objects.get()
    assert report.reference in page
    assert "We have it. Somebody looks at it soon." in page
    for hidden in ("BILL", incident.severity, period.name, period.lead.name):
        assert hidden not in page
    assert outside.get(address)["X-Robots-Tag"] == "noindex, nofollow"
    assert not answer.cookies


@pytest.mark.parametrize(("stops", "severity"), [("blocked", "P2"), ("around", "P3"), ("small", "P4")])
def test_how_much_it_stops_them_decides_the_severity_and_nobody_outside_opens_a_p1(form, stops, severity):
    assert send(form, stops=stops).incident.severity == severity


def test_somebody_who_cannot_go_on_pages_whoever_is_on_shift(form, period):
    role, person = make_role(period), make_user("Tomasz Wójcik")
    make_member(period, person)
    make_shift(role, person, starts_at=timezone.now() - timedelta(hours=1))

    send(form, stops="blocked")

    timers.fire_due(at=timezone.now())
    assert Delivery.objects.filter(kind="page", recipient=person).exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": ""}, "Tell us what went wrong"),
        ({"text": "x" * 5001}, "Shorten it to 5,000 characters"),
        ({"stops": ""}, "Choose how much it stops you"),
        ({"stops": "p1"}, "Choose how much it stops you"),
        ({"email": "anna.berg@"}, "Enter an email address like name@example.com"),
    ],
)
def test_bad_input_is_named_twice_and_what_was_typed_stays(outside, address, change, said):
    answer = outside.post(address, {**SAID, **change})

    page = text(answer)
    assert answer.status_code == 422
    assert page.count(said) == 2  # in the summary, and beside the field
    assert "There is a problem" in page
    assert "<title>Error:" in page
    assert (change.get("email") or SAID["email"]) in page
    assert not Incident.objects.exists()


def test_a_program_that_fills_in_everything_reports_nothing(outside, address):
    answer = outside.post(address, {**SAID, "website": "https://spam.example"}, follow=True)

    assert "We have your report." in text(answer)
    assert not Incident.objects.exists()


def test_one_place_and_one_address_have_ten_an_hour(form, outside, address):
    now = timezone.now()
    for n in range(reports.MOST_FROM_ONE_PLACE):
        send(form, now, came_from="here", email=f"p{n}@example.com")

    with pytest.raises(TooMany):
        send(form, now, came_from="here", email="")
    send(form, now, came_from="elsewhere", email="")
    send(form, now + timedelta(minutes=61), came_from="here", email="")
    for n in range(reports.MOST_FROM_ONE_PLACE):
        send(form, now, came_from=f"place {n}", email=ANNA)
    answer = outside.post(address, SAID)
    assert answer.status_code == 429
    assert SAID["text"] in text(answer)


def test_a_period_that_is_not_live_takes_no_reports(lead):
    with pytest.raises(Refused, match="no reports"):
        send(with_form(make_period("closed", lead=lead, ended_at=NOW)))


def test_a_new_address_ends_the_old_one_and_receipts_go_on(browser, outside, address, period):
    receipt = outside.post(address, SAID)["Location"]

    browser.post("/p/BILL/comms/report-form/renew/")

    assert outside.get(address).status_code == 404
    assert outside.get(receipt).status_code == 200


def test_only_owners_set_the_form_up(browser, period):
    person = make_user()
    make_member(period, person, right="support")
    support = Client()
    support.force_login(person)
    said = {"is_open": "on", "title": "Northlane billing", "answer_within": "", "data_note": ""}

    assert support.post("/p/BILL/comms/report-form/", said).status_code == 403
    assert support.post("/p/BILL/comms/report-form/renew/").status_code == 403
    assert browser.post("/p/BILL/comms/report-form/", {**said, "title": ""}).status_code == 422
    assert browser.post("/p/BILL/comms/report-form/", said).status_code == 302
    assert ReportForm.objects.get().is_open


def test_what_people_write_is_text_everywhere(outside, address, browser, form):
    receipt = outside.post(address, {**SAID, "text": XSS})["Location"]
    outside.post(receipt, {"text": XSS})
    incident = Incident.objects.get()

    for page in (outside.get(receipt), browser.get(incident.get_absolute_url())):
        assert "<script>alert" not in page.content.decode()
        assert "<img src=x" not in page.content.decode()
    ((_, mail),) = told()
    assert "<script>alert" not in mail.html


def test_the_form_is_light_and_constant(outside, address, period, django_assert_num_queries):
    with_page(period)
    for _ in range(3):
        posted(period)

    with django_assert_num_queries(4):  # form, page, notices, known errors
        answer = outside.get(address)
    assert len(answer.content) < 30_000


# --- A picture ------------------------------------------------------------------------------------


def test_a_screenshot_is_kept_and_given_back_to_members_alone(outside, address, browser, period):
    file = SimpleUploadedFile("screen shot.png", PNG, content_type="text/html")

    outside.post(address, {**SAID, "picture": file})

    row = Attachment.objects.get()
    assert (row.file_name, row.media_type, row.size) == ("screen shot.png", "image/png", len(PNG))
    url = f"{row.incident.get_absolute_url()}files/{row.pk}/"
    given = browser.get(url)
    assert b"".join(given.streaming_content) == PNG
    assert given["Content-Disposition"].startswith("attachment")
    assert "sandbox" in given["Content-Security-Policy"]
    assert outside.get(url).status_code == 302
    stranger = Client()
    stranger.force_login(make_user())
    assert stranger.get(url).status_code == 404


@pytest.mark.parametrize("data", [b"<svg onload=alert(1)>", b"%PDF-1.7", b"MZ\x00\x01", b"GIF8"])
def test_what_is_no_picture_is_refused_whatever_it_claims(outside, address, data):
    file = SimpleUploadedFile("screen.png", data, content_type="image/png")

    answer = outside.post(address, {**SAID, "picture": file})

    assert answer.status_code == 422
    assert "Choose a PNG, JPEG, GIF or WebP picture" in text(answer)
    assert not Incident.objects.exists()


def test_a_picture_has_five_megabytes_at_most_and_leaves_nothing_behind(form, settings):
    with pytest.raises(Invalid, match="5 MB"):
        send(form, picture=EvidenceUpload("a.png", PNG + b"0" * 5_000_000))
    settings.EVIDENCE_QUOTA = 10
    folder = settings.EVIDENCE_DIR
    folder.mkdir(parents=True, exist_ok=True)
    before = {path for path in folder.rglob("*") if path.is_file()}

    with pytest.raises(Invalid, match="No more pictures"):
        send(form, picture=EvidenceUpload("a.png", PNG))

    assert {path for path in folder.rglob("*") if path.is_file()} == before
    assert not Incident.objects.exists()


# --- What is known already ------------------------------------------------------------------------


def test_the_form_says_first_what_is_known_and_lets_people_follow_it(outside, address, period):
    with_page(period)
    notice = posted(period).notice
    known_errors.add(
        period.pk,
        title="Export lacks a column",
        workaround="Use the old export.",
        shown_outside=True,
        by=period.lead,
        at=timezone.now(),
    )
    known_errors.add(period.pk, title="Kept inside", workaround="", by=period.lead, at=timezone.now())

    page = text(outside.get(address))
    outside.post(f"{address}follow/{notice.pk}/", {"email": ANNA})

    assert page.index("We already know about") < page.index("What went wrong?")
    assert "Some invoices were sent twice" in page
    assert "Use the old export." in page
    assert "Kept inside" not in page
    assert Subscriber.objects.get().notice == notice
    ((_, mail),) = told()
    assert "Some invoices were sent twice" in mail.subject
    assert outside.post(f"{address}follow/{notice.pk}/", {"email": "x"}).status_code == 422
    assert outside.get(f"{address}follow/4711/").status_code == 404


def test_notices_stay_inside_while_the_status_page_is_for_members(outside, address, period):
    with_page(period, "members")
    notice = posted(period).notice

    assert "We already know about" not in text(outside.get(address))
    assert outside.get(f"{address}follow/{notice.pk}/").status_code == 404


# --- The receipt, and what the reporter hears -------------------------------------------------------


def test_the_reporter_hears_when_it_is_taken_returned_solved_and_open_again(form, period, lead):
    incident = send(form).incident
    heard = [mail.subject for _, mail in told()]
    triage.acknowledge(incident.pk, by=lead, at=timezone.now())
    queues.pause_clocks(incident.pk, note="Which browser do you use?", by=lead, at=timezone.now())
    triage.resolve(incident.pk, ending="fixed", resolution="Maja restarted db-7.", by=lead, at=timezone.now())
    triage.reopen(incident.pk, reason="It came back.", by=None, at=timezone.now())
    mails = told()

    reference = Report.objects.get().reference
    assert heard == [f"We have your report {reference}"]
    assert [mail.subject for _, mail in mails] == [
        f"{words}: your report {reference}"
        for words in ("Being worked on", "We need an answer from you", "Solved", "Open again")
    ]
    assert "Which browser do you use?" in mails[1][1].text
    assert "It is fixed." in mails[2][1].text
    assert all("Maja" not in mail.text and "BILL" not in mail.text for _, mail in mails)
    assert told() == []


def test_whoever_leaves_no_address_hears_nothing(form, lead):
    incident = send(form, email="").incident
    triage.acknowledge(incident.pk, by=lead, at=timezone.now())

    assert told() == []


def test_a_receipt_stops_its_mails_with_one_click_and_forgets_the_address(outside, form, lead):
    incident = send(form).incident
    ((_, mail),) = told()
    link = mail.off_url.removeprefix("http://127.0.0.1:8000")

    assert outside.get(link).status_code == 200
    assert Report.objects.get().email == ANNA  # a GET changes nothing
    assert outside.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    triage.acknowledge(incident.pk, by=lead, at=timezone.now())

    assert told() == []
    assert Report.objects.get().email == ""


def test_a_receipt_shows_one_report_and_no_other(outside, form):
    first, second = send(form), send(form, text="The portal is slow.")

    page = text(outside.get(f"/report/receipt/{reports.token_of(first)}/"))

    assert first.reference in page
    assert second.reference not in page
    assert "The portal is slow." not in page
    assert outside.get("/report/receipt/never/").status_code == 410


def test_what_the_reporter_adds_is_told_to_the_owner_and_ends_the_wait(outside, form, period, lead):
    report = send(form)
    queues.pause_clocks(report.incident.pk, note="Which browser?", by=lead, at=timezone.now())
    url = f"/report/receipt/{reports.token_of(report)}/"

    assert "Which browser?" in text(outside.get(url))
    assert outside.post(url, {"text": "  "}).status_code == 422
    outside.post(url, {"text": "Firefox."})

    report.incident.refresh_from_db()
    assert report.incident.queue == ""
    assert Comment.objects.get().body == "Firefox."
    assert Delivery.objects.filter(kind="incident_replied", recipient=lead).count() == 1
    assert JournalEntry.objects.filter(kind="incident.replied", actor=None).count() == 1
    assert "Firefox." in text(outside.get(url))


def test_the_incident_says_who_reported_it_and_quotes_what_they_added(browser, form):
    report = send(form)
    reports.add_reply(report.pk, text="It happens every day.", at=timezone.now())

    page = text(browser.get(report.incident.get_absolute_url()))

    assert report.reference in page
    assert ANNA in page
    assert "Somebody outside" in page
    assert "It happens every day." in page


def test_the_reporter_of_a_duplicate_hears_about_the_incident_that_stays(form, period, lead):
    duplicate, stays = send(form).incident, reported(period)
    told()

    merge.merge_into(duplicate.pk, into=stays.pk, by=lead, at=timezone.now())
    triage.acknowledge(stays.pk, by=lead, at=timezone.now())
    triage.resolve(stays.pk, ending="fixed", resolution="Done.", by=lead, at=timezone.now())

    assert [mail.subject.partition(":")[0] for _, mail in told()] == ["Being worked on", "Solved"]


def test_the_mail_leads_to_the_receipt(outside, form):
    send(form)
    ((address, mail),) = told()

    assert address == ANNA
    assert outside.get(path_in(mail, "/report/receipt/")).status_code == 200


@time_machine.travel(NOW, tick=False)
def test_a_long_first_line_is_cut_at_a_word(form):
    assert reports.title_of("\n\n  two   words \nmore") == "two words"
    title = reports.title_of("word " * 60)
    assert len(title) <= reports.LONGEST_TITLE + 1
    assert title.endswith("word…")


def test_a_reference_read_out_on_the_phone_leads_to_the_incident(browser, form):
    report = send(form)
    stranger = Client()
    stranger.force_login(make_user())

    answer = browser.get("/search/", {"q": report.reference.lower()})

    assert answer["Location"] == report.incident.get_absolute_url()
    assert stranger.get("/search/", {"q": report.reference}).status_code == 200
