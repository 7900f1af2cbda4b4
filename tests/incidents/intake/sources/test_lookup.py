"""Rows outlive tools: what is left of one that an installation no longer takes alerts of."""

from __future__ import annotations

import pytest
from django.test import Client

from incidents.intake import alert_sources, severity_words
from incidents.intake.sources import UnexpectedPayload, find_tool, lookup
from incidents.models import AlertSource
from tests.factories import NOW, make_period
from tests.hypercare.scene import signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> AlertSource:
    period = make_period(key="BILL")
    made, _token = alert_sources.create(period.pk, kind="alertmanager", name="Old bell", by=period.lead, at=NOW)
    AlertSource.objects.update(kind="doorbell", levels={"ding": "P1"})
    made.refresh_from_db()
    return made


def test_its_address_is_none_any_more(source: AlertSource) -> None:
    answer = Client().post("/hooks/doorbell/token/", "{}", content_type="application/json")

    assert answer.status_code == 404
    with pytest.raises(UnexpectedPayload, match=lookup.MISSING):
        find_tool("doorbell").parse({})


def test_it_stays_listed_under_its_name_with_its_words_until_it_is_revoked(source: AlertSource) -> None:
    browser = signed_in(source.period.lead)

    assert "Old bell" in words(browser.get("/p/BILL/settings/"))
    assert severity_words.read_from(source, "Ding").severity == "P1"
    assert alert_sources.set_up(source, "token") == ""
    assert browser.post(f"/p/BILL/settings/sources/{source.pk}/revoke/").status_code == 302
