"""The exit review page: evidence first, two signatures, and nothing closes while something stands in the way."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from periods.exit import readings
from periods.models import ExitCriterion, ExitSignature, Period
from periods.template_files.criteria import CRITERIA
from tests.factories import days_later, make_incident, make_member, make_period, make_user
from tests.hypercare.scene import words

pytestmark = pytest.mark.django_db


def in_review() -> Period:
    now = timezone.now()
    period = make_period("exit_review", key="BILL", go_live_at=days_later(now, -14), ends_at=now - timedelta(hours=1))
    for row in CRITERIA:
        ExitCriterion.objects.create(
            period=period,
            position=row.number,
            code=row.code,
            title=row.title,
            mandatory=row.mandatory,
            automatic=row.automatic,
            threshold=row.threshold,
        )
    return period


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_stranger_finds_no_exit_review():
    in_review()

    assert signed_in(make_user()).get("/p/BILL/exit/").status_code == 404


def test_a_viewer_reads_the_scorecard_and_gets_no_decision_to_make():
    period, viewer = in_review(), make_user()
    make_member(period, viewer, right="viewer")

    page = signed_in(viewer).get("/p/BILL/exit/").content.decode()

    assert "Scorecard" in page
    assert "exit/close/" not in page
    assert "exit/sign/" not in page


def test_closing_is_refused_while_signatures_are_missing():
    period = in_review()

    answer = signed_in(period.lead).post("/p/BILL/exit/close/")

    period.refresh_from_db()
    assert answer.status_code in {403, 409}
    assert period.status == "exit_review"


def test_a_signature_without_a_reason_for_what_is_unmet_comes_back_with_the_field():
    period = in_review()

    answer = signed_in(period.sponsor).post("/p/BILL/exit/sign/sponsor/", {"comment": ""})

    assert answer.status_code == 422
    assert not ExitSignature.objects.exists()


def test_the_sponsor_signs_with_a_reason():
    period = in_review()

    answer = signed_in(period.sponsor).post("/p/BILL/exit/sign/sponsor/", {"comment": "Small, and BAU agrees."})

    assert answer.status_code == 302
    assert ExitSignature.objects.get().role == "sponsor"
    page = signed_in(period.lead).get("/p/BILL/exit/").content.decode()
    assert "“Small, and BAU agrees.”" in page


def test_a_team_is_named_for_what_stays_open():
    period = in_review()
    incident = make_incident(period)

    signed_in(period.lead).post(f"/p/BILL/exit/hand-over/{incident.number}/", {"team": "Billing backlog"})

    incident.refresh_from_db()
    assert incident.handed_to == "Billing backlog"


def test_invariant_7_the_page_costs_the_same_queries_with_1_and_20_open_incidents():
    period = in_review()
    client = signed_in(period.lead)
    make_incident(period)
    client.get("/p/BILL/exit/")

    with CaptureQueriesContext(connection) as one:
        client.get("/p/BILL/exit/")
    for _ in range(19):
        make_incident(period)
    with CaptureQueriesContext(connection) as twenty:
        client.get("/p/BILL/exit/")

    assert len(one) == len(twenty)


def test_the_scorecard_says_what_meets_a_criterion_and_draws_its_days():
    period = in_review()
    for days_ago in (2, 1):
        at = timezone.now() - timedelta(days=days_ago)
        readings.record_day(period, read_at=at, at=at)

    answer = signed_in(period.lead).get("/p/BILL/exit/")

    assert "≥ 90" in words(answer)
    assert 'class="spark"' in answer.content.decode()
    assert "From 0 to 0" in words(answer)


def test_a_criterion_decided_too_early_is_unknown_again_and_needs_no_evidence_for_that():
    period = make_period(key="BILL")
    row = ExitCriterion.objects.create(period=period, position=1, code="own", title="Own", automatic=False)
    browser, address = Client(), f"/p/BILL/exit/criteria/{row.pk}/"
    browser.force_login(period.lead)
    assert 'value="unknown">Unknown' in words(browser.get("/p/BILL/exit/"))

    without = browser.post(address, {"verdict": "pass"})
    browser.post(address, {"verdict": "pass", "evidence": "Seen."})
    assert ExitCriterion.objects.get().verdict == "pass"
    browser.post(address, {"verdict": "unknown"})

    assert (without.status_code, ExitCriterion.objects.get().verdict) == (422, "unknown")
    assert "Say what shows it" in words(without)
