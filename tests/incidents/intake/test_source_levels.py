"""What the severity words of an alert source count as: seen as unknown, said once, known from then on."""

import pytest
from django.test import Client

from hypercare.exceptions import Invalid
from incidents.intake import alert_sources, ingest
from incidents.intake.sources import ReportedAlert
from incidents.models import Incident
from periods.models import JournalEntry
from tests.factories import NOW, make_member, make_period

pytestmark = pytest.mark.django_db

SETTINGS = "/p/BILL/settings/"
SOURCES = "/api/v1/periods/BILL/alert-sources/"


@pytest.fixture
def period():
    return make_period(key="BILL")


@pytest.fixture
def source(period):
    made, _token = alert_sources.create(period.pk, kind="alertmanager", name="Prometheus", by=period.lead, at=NOW)
    return made


@pytest.fixture
def lead(period) -> Client:
    client = Client()
    client.force_login(period.lead)
    return client


def fire(source, *levels, left_out=0):
    source.refresh_from_db()
    told = [
        ReportedAlert(f"f{level}", "Stopped", firing=True, started_at=NOW, level=level, left_out=left_out)
        for level in levels
    ]
    ingest.receive_alerts(source, told, at=NOW)


def test_the_settings_page_names_what_is_unknown_and_what_was_cut_off(source, lead):
    fire(source, "page-me", "critical", "", left_out=400)

    page = " ".join(lead.get(SETTINGS).content.decode().split())

    assert "unknown severity: page-me, counts as P2" in page
    assert "unknown severity: none given, counts as P2" in page
    assert "unknown severity: critical" not in page
    assert "400 alerts of one group were cut off" in page


def test_saying_what_a_word_means_makes_it_known_and_stays_to_be_changed(source, lead):
    fire(source, "page-me")
    prefix = f"levels-{source.pk}-word-"

    answer = lead.post(f"{SETTINGS}sources/{source.pk}/levels/", {f"{prefix}pageme": "P1"}, follow=True)

    page = answer.content.decode()
    assert "unknown severity" not in page
    assert f'name="{prefix}pageme"' in page
    source.refresh_from_db()
    assert source.levels == {"pageme": "P1"}
    entry = JournalEntry.objects.latest("seq")
    assert (entry.kind, entry.data["after"], entry.actor) == ("source.mapped", {"pageme": "P1"}, source.created_by)


def test_a_severity_that_is_none_is_refused_beside_its_word(source, lead):
    fire(source, "page-me")

    answer = lead.post(f"{SETTINGS}sources/{source.pk}/levels/", {f"levels-{source.pk}-word-pageme": "P9"})

    assert answer.status_code == 422
    source.refresh_from_db()
    assert source.levels == {}


def test_saying_the_same_again_writes_nothing(source):
    for _ in range(2):
        alert_sources.map_levels(source.pk, words={"Page-Me": "P1"}, by=source.created_by, at=NOW)

    assert JournalEntry.objects.filter(kind="source.mapped").count() == 1


@pytest.mark.parametrize("words", [{"a": "P0"}, {f"w{n}": "P1" for n in range(101)}])
def test_what_cannot_be_a_map_is_refused(source, words):
    with pytest.raises(Invalid):
        alert_sources.map_levels(source.pk, words=words, by=source.created_by, at=NOW)


def test_the_incident_shows_the_mark_until_the_word_is_mapped(source, lead):
    fire(source, "page-me")
    address = Incident.objects.select_related("period").get().get_absolute_url()
    assert "unknown severity: page-me" in lead.get(address).content.decode()

    alert_sources.map_levels(source.pk, words={"page-me": "P1"}, by=source.created_by, at=NOW)

    assert "unknown severity: page-me" not in lead.get(address).content.decode()


def test_the_api_lists_unknown_words_and_takes_the_map(source, lead):
    fire(source, "page-me", "", left_out=7)
    [shown] = lead.get(SOURCES).json()["results"]
    assert (sorted(shown["unknown_levels"]), shown["levels"], shown["left_out"]) == (["", "page-me"], {}, 7)

    answer = lead.patch(
        f"{SOURCES}{source.pk}/", {"levels": {"page-me": "P1", "": "P4"}}, content_type="application/json"
    )

    assert (answer.status_code, answer.json()["levels"]) == (200, {"pageme": "P1", "": "P4"})
    assert answer.json()["unknown_levels"] == []
    wrong = lead.patch(f"{SOURCES}{source.pk}/", {"levels": {"x": "bad"}}, content_type="application/json")
    assert (wrong.status_code, "levels" in wrong.json()["detail"] or "levels" in str(wrong.json())) == (422, True)


def test_only_who_manages_sources_may_say_it(source, period):
    stranger = Client()
    stranger.force_login(make_member(period).user)

    assert stranger.post(f"{SETTINGS}sources/{source.pk}/levels/", {}).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_one_question_for_all_unknown_words(source, period, lead, count, django_assert_num_queries):
    for n in range(count):
        made, _token = alert_sources.create(period.pk, kind="alertmanager", name=f"AM {n}", by=period.lead, at=NOW)
        fire(made, "page-me")
    sources = list(period.alert_sources.all())

    with django_assert_num_queries(1):
        alert_sources.mark_unknown_levels(sources)
