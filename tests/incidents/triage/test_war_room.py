"""Working on one incident together: parts, tasks, links, what resolving asks, and the pages and API for it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contributors.models import Delivery
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from incidents.intake import alert_sources, ingest
from incidents.intake.sources import ReportedAlert
from incidents.lists import timeline
from incidents.models import Incident, IncidentRole, KnownError, Relation
from incidents.reporting import debrief_sections
from incidents.triage import tasks, triage, war_room
from periods.debriefs import actions
from periods.journal import journal
from periods.models import Action, JournalEntry, Lesson, Period
from tests.factories import make_member, make_user
from tests.incidents.browsing import HTMX, reported, text

pytestmark = pytest.mark.django_db

PAGE, ONE = "/i/BILL-1/", "/api/v1/incidents/BILL-1/"
HIGH = {"impact": "high", "urgency": "high"}


@pytest.fixture
def kavya(period: Period) -> User:
    person = make_user("Kavya Nair")
    make_member(period, person, right="support")
    return person


def take(incident: Incident, who: User | None, *, instead_of: User | None = None, by: User, minutes: int = 0) -> None:
    war_room.give_part(
        incident.pk,
        part="commander",
        user=who,
        instead_of=instead_of,
        by=by,
        at=timezone.now() + timedelta(minutes=minutes),
    )


def story(incident: Incident, viewer: User) -> list[str]:
    now = timezone.now() + timedelta(hours=6)
    found = Incident.objects.select_related("period", "owner").get(pk=incident.pk)
    moments = timeline.read_timeline(found, viewer=viewer, notes=True, at=now, zone=found.period.zone)
    return [" ".join(part for part in (line.who, line.words, line.text) if part) for line in moments]


# --- Parts ----------------------------------------------------------------------------------------


def test_a_part_is_taken_handed_over_and_given_back(period: Period, lead: User, kavya: User) -> None:
    incident = reported(period)

    take(incident, lead, by=lead)
    take(incident, kavya, instead_of=lead, by=lead, minutes=1)
    take(incident, None, instead_of=kavya, by=kavya, minutes=2)

    assert war_room.part_holders(incident) == {}
    assert IncidentRole.objects.filter(until__isnull=False).count() == 2
    assert story(incident, lead)[:3] == [
        "Kavya Nair gave the part of incident commander back was Kavya Nair",
        "You made Kavya Nair incident commander was Maja Lindqvist",
        "You took the part of incident commander",
    ]


def test_who_comes_second_hears_who_has_the_part(period: Period, lead: User, kavya: User) -> None:
    incident = reported(period)
    take(incident, lead, by=lead)

    with pytest.raises(AlreadyDone, match="Maja Lindqvist is incident commander of BILL-1 since"):
        take(incident, kavya, by=kavya)
    with pytest.raises(AlreadyDone, match="no longer comms lead"):
        war_room.give_part(incident.pk, part="comms", user=lead, instead_of=kavya, by=lead, at=timezone.now())
    with pytest.raises(Invalid):
        war_room.give_part(incident.pk, part="cook", user=lead, instead_of=None, by=lead, at=timezone.now())
    with pytest.raises(Invalid):
        take(incident, make_user("Stranger"), instead_of=lead, by=lead)


def test_whoever_is_given_a_part_is_told(period: Period, lead: User, kavya: User) -> None:
    incident = reported(period)
    take(incident, kavya, by=lead)
    journal.dispatch_entries(at=timezone.now())

    assert Delivery.objects.get(kind="incident_role").recipient == kavya


def test_a_p1_that_goes_on_needs_different_people_and_a_rested_commander(period: Period, lead: User) -> None:
    incident = reported(period, minutes=20, **HIGH)
    triage.acknowledge(incident.pk, by=lead, at=timezone.now())
    take(incident, lead, by=lead)
    held = list(war_room.part_holders(incident).values())
    incident.refresh_from_db()

    now = timezone.now()
    assert war_room.find_concerns(incident, held, at=now) == []
    assert len(war_room.find_concerns(incident, held, at=now + timedelta(minutes=15))) == 1
    assert len(war_room.find_concerns(incident, held, at=now + timedelta(hours=5))) == 2


# --- Tasks and links ------------------------------------------------------------------------------


def test_a_task_is_an_action_of_the_period_and_stands_in_the_story(period: Period, lead: User, kavya: User) -> None:
    incident, now = reported(period), timezone.now()

    tasks.add(incident.pk, title="Stop the scheduler", owner=kavya, due_at=now + timedelta(hours=1), by=lead, at=now)
    actions.complete(Action.objects.get().pk, by=kavya, at=now)

    assert [task.action.done_by for task in tasks.tasks_of(incident)] == [kavya]
    assert story(incident, lead)[:2] == [
        "Kavya Nair finished a task Stop the scheduler",
        "You gave Kavya Nair a task Stop the scheduler",
    ]


def test_an_incident_that_ended_takes_no_task(period: Period, lead: User) -> None:
    incident, now = reported(period), timezone.now()
    triage.resolve(incident.pk, ending="fixed", resolution="Done", by=lead, at=now)

    with pytest.raises(Refused, match="Reopen it first"):
        tasks.add(incident.pk, title="Look", owner=lead, due_at=now + timedelta(hours=1), by=lead, at=now)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://a.example/", "/local", "https://", "data:text/html,x"])
def test_only_addresses_a_browser_may_follow_are_links(period: Period, lead: User, url: str) -> None:
    incident = reported(period)

    with pytest.raises(Invalid) as refusal:
        tasks.add_link(incident.pk, label="Runbook", url=url, by=lead, at=timezone.now())

    assert list(refusal.value.errors) == ["url"]


# --- Resolving ------------------------------------------------------------------------------------


def test_resolving_keeps_the_workaround_and_tells_whom_it_was_asked_to(
    browser: Client, period: Period, lead: User, kavya: User
) -> None:
    now = timezone.now()
    triage.report(period.pk, title="Cards declined", by=kavya, at=now, **HIGH)
    said = {
        "ending": "workaround",
        "resolution": "Manual run",
        "cause": "Two schedulers",
        "workaround": "Call us",
        "tell": ["reporter"],
        "debrief": "on",
    }

    browser.post(f"{PAGE}resolve/", said)
    journal.dispatch_entries(at=timezone.now())

    incident = Incident.objects.get()
    assert (incident.workaround, incident.cause) == ("Call us", "Two schedulers")
    assert Delivery.objects.filter(kind="incident_resolved").values_list("recipient", flat=True).get() == kavya.pk
    section = debrief_sections.decisions_section(period, now - timedelta(days=1), timezone.now())
    assert [(line.text, line.note) for line in section.items] == [("Cards declined", "BILL-1, resolved: workaround")]
    assert "Workaround: Call us" in story(incident, lead)[0]


def test_a_workaround_is_kept_as_a_known_error(browser: Client, period: Period) -> None:
    reported(period)

    browser.post(
        f"{PAGE}resolve/",
        {"ending": "workaround", "resolution": "Later", "workaround": "Use the old page", "known_error": "on"},
    )

    known = KnownError.objects.get()
    assert (known.incident.number, known.workaround) == (1, "Use the old page")


def test_everybody_hears_of_it_when_asked(browser: Client, period: Period, lead: User, kavya: User) -> None:
    reported(period)
    browser.post(f"{PAGE}resolve/", {"ending": "fixed", "resolution": "Done", "tell": ["everyone"]})
    journal.dispatch_entries(at=timezone.now())

    told = set(Delivery.objects.filter(kind="incident_resolved").values_list("recipient__name", flat=True))
    assert told == {"Kavya Nair", "Sponsor", "Bau Owner"}


def test_decisions_on_incidents_stand_on_the_agenda(period: Period, lead: User) -> None:
    incident, now = reported(period), timezone.now()
    triage.comment(incident.pk, body="Pause the old scheduler", kind="decision", by=lead, at=now)
    triage.comment(incident.pk, body="Hm", kind="note", by=lead, at=now)

    section = debrief_sections.decisions_section(period, now - timedelta(days=1), now)

    assert [(line.text, line.note, line.url) for line in section.items] == [
        ("Pause the old scheduler", "BILL-1, Maja L.", PAGE)
    ]


def test_the_form_warns_of_what_still_fires_also_without_javascript_and_with_errors(
    browser: Client, period: Period, lead: User
) -> None:
    now = timezone.now()
    source, _token = alert_sources.create(period.pk, kind="alertmanager", name="AM", by=lead, at=now)
    ingest.receive_alerts(source, [ReportedAlert("aa11", "InvoiceIssueRateHigh", firing=True, started_at=now)], at=now)

    shown = text(browser.get(f"{PAGE}resolve/"))
    again = browser.post(f"{PAGE}resolve/", {"ending": "fixed", "resolution": "", "tell": ["boss"]}, **HTMX)

    assert "1 linked alert is still firing" in shown
    assert "1 linked alert is still firing" in text(browser.get(PAGE))
    assert again.status_code == 422
    assert "1 linked alert is still firing" in text(again)
    assert "Choose from the list." in text(again)


def test_what_was_resolved_is_closed_once_its_result_was_checked(browser: Client, period: Period, lead: User) -> None:
    incident, now = reported(period), timezone.now()
    assert browser.post(f"{PAGE}close/").status_code == 409
    triage.resolve(incident.pk, ending="fixed", resolution="Done", by=lead, at=now)

    browser.post(f"{PAGE}close/")
    page = text(browser.get(PAGE))

    incident.refresh_from_db()
    assert (incident.status, incident.resolved_at) == ("closed", now)
    assert "checked the result and closed it" in page
    assert send(browser, "POST", f"{ONE}close/").status_code == 409
    browser.post(f"{PAGE}reopen/", {"reason": "Again"})
    assert Incident.objects.get().status == "new"


def test_a_lesson_is_written_while_it_is_fresh(browser: Client, period: Period) -> None:
    reported(period)

    answer = browser.post(f"{PAGE}resolve/", {"ending": "fixed", "resolution": "Done", "lesson": "on"})

    assert answer["Location"] == "/lessons/new/?period=BILL&incident=BILL-1"
    assert browser.get(answer["Location"]).status_code == 200
    assert not Lesson.objects.exists()


def test_an_ending_stays_in_the_story_when_it_comes_back(period: Period, lead: User) -> None:
    incident, now = reported(period), timezone.now()
    triage.resolve(incident.pk, ending="fixed", resolution="Switched off", cause="Two of them", by=lead, at=now)
    triage.reopen(incident.pk, reason="Again", by=lead, at=now)

    told = story(incident, lead)
    assert told[0] == "You reopened it Again"
    assert told[1] == "You resolved it, fixed Switched off Cause: Two of them"


def test_when_it_is_over_the_parts_are_history_and_nobody_takes_one(
    browser: Client, period: Period, lead: User, kavya: User
) -> None:
    incident, now = reported(period), timezone.now()
    for who, seen, minutes in ((kavya, None, 4), (lead, kavya, 2)):
        war_room.give_part(
            incident.pk, part="commander", user=who, instead_of=seen, by=lead, at=now - timedelta(minutes=minutes)
        )
    triage.resolve(incident.pk, ending="fixed", resolution="Done", by=lead, at=now)

    page = text(browser.get(PAGE))
    held = war_room.part_history(Incident.objects.get())

    assert [(role.user, role.until) for role in held] == [(kavya, now - timedelta(minutes=2)), (lead, now)]
    assert page.count("Incident commander, ") == 2
    assert "Incident commander, since" not in page
    assert f"{PAGE}part/" not in page
    assert "You command" not in page


# --- Pages ----------------------------------------------------------------------------------------


def test_the_war_room_works_without_javascript(browser: Client, period: Period, lead: User, kavya: User) -> None:
    reported(period)
    reported(period, "Invoices doubled")

    browser.post(f"{PAGE}part/", {"part": "commander", "user": lead.pk, "was": ""})
    browser.post(f"{PAGE}task/", {"title": "Call the bank", "owner": kavya.pk, "due": "30m"})
    browser.post(f"{PAGE}add-link/", {"label": "Dashboard", "url": "https://grafana.example/d/1"})
    browser.post(f"{PAGE}link/", {"how": "related", "other": "bill-2"})
    browser.post(f"{PAGE}follow/", {"on": "1"})
    page = text(browser.get(PAGE))

    told = [
        "You command",
        "Incident commander, since",
        "Call the bank",
        "Dashboard",
        "Invoices doubled",
        "1 follows it",
    ]
    assert [words for words in told if words not in page] == []
    task = Action.objects.get()
    browser.post(f"{PAGE}tasks/{task.pk}/", {"done": "1"})
    task.refresh_from_db()
    assert task.done_by == lead
    browser.post(f"{PAGE}tasks/{task.pk}/", {"done": ""})
    browser.post(f"{PAGE}unrelate/", {"other": "BILL-2"})
    browser.post(f"{PAGE}links/{Incident.objects.get(number=1).references.get().pk}/remove/")
    browser.post(f"{PAGE}follow/", {})
    page = text(browser.get(PAGE))
    assert "No duplicate, part or related incident." in page
    assert "Nobody else follows it" in page
    assert not Relation.objects.exists()


def test_a_merge_from_the_page_can_be_undone_from_its_toast(browser: Client, period: Period) -> None:
    reported(period, "Cards declined")
    reported(period, "Cards refused")

    answer = browser.post("/i/BILL-2/link/", {"how": "duplicate", "other": "BILL-1"}, follow=True)

    page = text(answer)
    assert "Merged into" in page
    seq = JournalEntry.objects.latest("seq").seq
    assert f"/p/BILL/incidents/undo/?of=2.{seq}" in page
    assert "merged BILL-2 into this" in text(browser.get(PAGE))
    browser.post(f"/p/BILL/incidents/undo/?of=2.{seq}")
    assert Incident.objects.get(number=2).status == "new"


def test_linking_offers_what_looks_alike_and_takes_it_by_one_choice(browser: Client, period: Period) -> None:
    for title in ("Cards declined at checkout", "Cards declined at the checkout", "Ledger is late"):
        reported(period, title)

    form = text(browser.get("/i/BILL-2/link/"))
    assert 'name="alike" value="BILL-1" autofocus' in form
    assert 'name="alike" value="BILL-2"' not in form
    assert 'name="alike" value="BILL-3"' not in form
    browser.post("/i/BILL-2/link/", {"how": "duplicate", "other": "", "alike": "BILL-1"})

    assert Incident.objects.get(number=2).duplicate_of == Incident.objects.get(number=1)


@pytest.mark.parametrize("other", ["", "BILL-99", "OTHER-1", "BILL-2", "x" * 30, "<b>", "9" * 12, "\x00"])
def test_a_link_to_what_is_not_there_says_what_to_name(browser: Client, period: Period, other: str) -> None:
    reported(period)
    reported(period)

    answer = browser.post("/i/BILL-2/link/", {"how": "duplicate", "other": other})

    assert answer.status_code == 422
    assert JournalEntry.objects.filter(kind="incident.merged").count() == 0


def test_a_watcher_sees_the_war_room_and_changes_nothing(period: Period, kavya: User) -> None:
    incident, viewer = reported(period), make_member(period, make_user("Viewer"), right="viewer").user
    tasks.add_link(incident.pk, label="Dashboard", url="https://a.example/", by=kavya, at=timezone.now())
    client, before = Client(), JournalEntry.objects.count()
    client.force_login(viewer)

    assert "Dashboard" in text(client.get(PAGE))
    posts = [
        ("part", {"part": "scribe", "user": viewer.pk}),
        ("task", {}),
        ("add-link", {}),
        ("link", {}),
        ("unrelate", {}),
        (f"links/{incident.references.get().pk}/remove", {}),
        ("tasks/1", {}),
    ]
    assert {client.post(f"{PAGE}{name}/", sent).status_code for name, sent in posts} == {403}
    assert client.post(f"{PAGE}follow/", {"on": "1"}).status_code == 302
    stranger = Client()
    stranger.force_login(make_user("Stranger"))
    assert {stranger.post(f"{PAGE}{name}/", sent).status_code for name, sent in [*posts, ("follow", {})]} == {404}
    assert JournalEntry.objects.count() == before


def test_two_who_take_a_part_in_the_browser_hear_who_was_first(browser: Client, period: Period, kavya: User) -> None:
    incident = reported(period)
    take(incident, kavya, by=kavya)

    answer = browser.post(f"{PAGE}part/", {"part": "commander", "user": period.lead_id, "was": ""}, **HTMX)

    assert (answer.status_code, answer["HX-Retarget"]) == (409, "#problem")
    assert "Kavya Nair is incident commander of BILL-1 since" in text(answer)


# --- API ------------------------------------------------------------------------------------------


def send(client: Client, method: str, address: str, body: Any = None) -> Any:
    return client.generic(method, address, json.dumps(body or {}), content_type="application/json")


def test_the_same_over_the_api(browser: Client, period: Period, lead: User, kavya: User) -> None:
    reported(period)
    reported(period)
    due = (timezone.now() + timedelta(hours=2)).isoformat()

    given = send(browser, "POST", f"{ONE}roles/", {"part": "commander", "user": "me"})
    taken = send(browser, "POST", f"{ONE}roles/", {"part": "commander", "user": kavya.email})
    task = send(browser, "POST", f"{ONE}tasks/", {"title": "Look", "owner": kavya.email, "due_at": due})
    link = send(browser, "POST", f"{ONE}links/", {"title": "Dashboard", "url": "https://a.example/"})
    bad = send(browser, "POST", f"{ONE}links/", {"title": "Dashboard", "url": "javascript:1"})

    assert [row["user"]["name"] for row in given.json()] == ["Maja Lindqvist"]
    assert (taken.status_code, task.status_code, link.status_code, bad.status_code) == (409, 201, 201, 422)
    assert task.json()[0]["owner"]["name"] == "Kavya Nair"
    assert send(browser, "DELETE", f"{ONE}links/{link.json()[0]['id']}/").status_code == 204
    assert send(browser, "PUT", f"{ONE}following/").json() == {"following": True}
    assert send(browser, "POST", f"{ONE}relate/", {"other": "BILL-2"}).status_code == 200
    assert send(browser, "POST", f"{ONE}unrelate/", {"other": "BILL-2"}).status_code == 200
    assert send(browser, "POST", f"{ONE}set-parent/", {"part_of": "BILL-2"}).json()["part_of"] == "BILL-2"
    assert send(browser, "POST", f"{ONE}set-parent/", {"part_of": None}).json()["part_of"] is None
    merged = send(browser, "POST", f"{ONE}merge/", {"into": "BILL-2"})
    assert (merged.json()["duplicate_of"], merged.json()["status"]) == ("BILL-2", "closed")
    assert send(browser, "POST", f"{ONE}merge/", {"into": "BILL-77"}).status_code == 422
    again = send(browser, "POST", f"{ONE}merge/", {"into": "BILL-2"})
    assert (again.status_code, "merged BILL-1 into BILL-2" in again.json()["detail"]) == (409, True)
