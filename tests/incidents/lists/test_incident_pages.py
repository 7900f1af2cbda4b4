"""Lists, the board, the incident page and what is done on them, as people see it in a browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from hypercare.engine import engine
from hypercare.models import User
from incidents.models import Comment, Incident
from incidents.triage import queues, triage
from periods.models import JournalEntry, Period
from tests.factories import make_incident, make_member, make_period, make_user
from tests.hypercare.scene import signed_in
from tests.incidents.browsing import HTMX, reported, text

pytestmark = pytest.mark.django_db


# --- The list --------------------------------------------------------------------------------------


def test_the_list_groups_incidents_by_what_they_need(browser: Client, period: Period) -> None:
    reported(period, "Webhooks time out")
    worked = reported(period, "Dunning mails")
    triage.assign(worked.pk, owner=period.lead, by=period.lead, at=timezone.now())
    watched = reported(period, "Cards declined")
    triage.set_status(watched.pk, status="monitoring", by=period.lead, at=timezone.now())

    groups = browser.get("/p/BILL/incidents/").context["groups"]

    titles = {group.title: [row.incident.title for row in group.rows] for group in groups}
    assert titles == {
        "Needs triage": ["Webhooks time out"],
        "Being worked": ["Dunning mails"],
        "Watching": ["Cards declined"],
    }


def test_within_a_group_the_next_deadline_comes_first(browser: Client, period: Period) -> None:
    reported(period, "P1 now", impact="high", urgency="high", minutes=1)
    reported(period, "P2 long ago", impact="high", urgency="medium", minutes=28)

    groups = browser.get("/p/BILL/incidents/").context["groups"]

    assert [row.incident.title for row in groups[0].rows] == ["P2 long ago", "P1 now"]


def test_filters_live_in_the_address_and_unknown_ones_are_ignored(browser: Client, period: Period) -> None:
    reported(period, "Payments down", impact="high", urgency="high")
    reported(period, "Typo in footer", impact="low", urgency="low")

    by_severity = browser.get("/p/BILL/incidents/?sev=P1,P9")
    by_words = browser.get("/p/BILL/incidents/?q=typo")
    by_number = browser.get("/p/BILL/incidents/?q=BILL-1")
    nonsense = browser.get("/p/BILL/incidents/?status=sideways&owner=x&after=~~~&view=pie")

    assert "Payments down" in text(by_severity)
    assert "Typo in footer" not in text(by_severity)
    assert [row.incident.number for row in by_words.context["rows"]] == [2]
    assert [row.incident.number for row in by_number.context["rows"]] == [1]
    assert len(nonsense.context["rows"]) == 2


@pytest.mark.parametrize("name", ["q", "system", "after", "owner", "sev", "type", "status", "view"])
def test_a_nul_in_the_address_of_the_list_is_left_out(browser: Client, period: Period, name: str) -> None:
    assert browser.get(f"/p/BILL/incidents/?{name}=1%00~P1~2").status_code == 200


def test_no_match_says_how_many_there_are_without_the_filter(browser: Client, period: Period) -> None:
    reported(period)

    page = text(browser.get("/p/BILL/incidents/?sev=P1&system=Payments"))

    assert "No P1 incidents in Payments" in page
    assert "1 incident is open without this filter." in page
    assert "Clear filters" in page


def test_an_empty_period_is_good_news(browser: Client, period: Period) -> None:
    page = text(browser.get("/p/BILL/incidents/"))

    assert "Nothing open" in page
    assert "New alerts and reports appear here by themselves." in page


def test_mine_unowned_and_resolved_are_one_press_away(browser: Client, period: Period) -> None:
    mine, ended = reported(period, "Mine"), reported(period, "Ended")
    reported(period, "Nobody's")
    triage.assign(mine.pk, owner=period.lead, by=period.lead, at=timezone.now())
    triage.resolve(ended.pk, ending="fixed", resolution="Done", by=period.lead, at=timezone.now())

    shown = {
        group: [row.incident.title for row in browser.get(f"/p/BILL/incidents/?status={group}").context["rows"]]
        for group in ("open", "mine", "no-owner", "resolved")
    }

    assert sorted(shown["open"]) == ["Mine", "Nobody's"]
    assert shown["mine"] == ["Mine"]
    assert shown["no-owner"] == ["Nobody's"]
    assert shown["resolved"] == ["Ended"]


@pytest.mark.parametrize("group", ["open", "resolved"])
def test_pages_by_key_show_every_incident_exactly_once(browser: Client, period: Period, group: str) -> None:
    at = timezone.now()
    for n in range(120):
        ended = {"status": "resolved", "resolved_at": at - timedelta(minutes=n // 3)} if group == "resolved" else {}
        severity = f"P{n % 4 + 1}"
        make_incident(period, severity=severity, reported_at=at - timedelta(minutes=n // 3), updated_at=at, **ended)

    numbers: list[int] = []
    address = f"?status={group}"
    while address:
        context = browser.get(f"/p/BILL/incidents/{address}").context
        numbers += [row.incident.number for row in context["rows"]]
        address = context["next"]

    assert sorted(numbers) == list(range(1, 121))


@pytest.mark.parametrize(
    ("address", "most", "headers"),
    [
        ("/p/BILL/incidents/", 10, {}),
        ("/p/BILL/incidents/?view=board", 11, {}),
        ("/incidents/", 10, {}),
        ("/p/BILL/_incidents/", 7, HTMX),
        ("/p/BILL/_incidents/?view=board", 9, HTMX),
    ],
)
def test_a_list_costs_the_same_queries_with_1_row_and_with_50(
    browser: Client,
    period: Period,
    address: str,
    most: int,
    headers: dict[str, str],
    django_assert_max_num_queries: Any,
    django_assert_num_queries: Any,
) -> None:
    engine.record_beat("engine", timezone.now())
    make_incident(period, reported_at=timezone.now(), owner=period.lead)
    browser.get(address, **headers)
    with django_assert_max_num_queries(most) as one:
        browser.get(address, **headers)
    for n in range(49):
        owner = make_user() if n % 2 else None
        ended = {"status": "resolved", "resolved_at": timezone.now()} if n % 5 == 4 else {}
        make_incident(period, reported_at=timezone.now(), owner=owner, **ended)

    with django_assert_num_queries(len(one)):
        browser.get(address, **headers)


def test_the_board_has_one_column_a_status_and_todays_resolved(browser: Client, period: Period) -> None:
    reported(period, "Fresh")
    at_work, ended = reported(period, "At work"), reported(period, "Ended")
    triage.set_status(at_work.pk, status="investigating", by=period.lead, at=timezone.now())
    triage.resolve(ended.pk, ending="fixed", resolution="Done", by=period.lead, at=timezone.now())

    columns = browser.get("/p/BILL/incidents/?view=board").context["columns"]

    cards = {column.label: [row.incident.title for row in column.cards] for column in columns}
    assert cards == {
        "New": ["Fresh"],
        "Acknowledged": [],
        "Investigating": ["At work"],
        "Mitigated": [],
        "Monitoring": [],
        "Resolved": ["Ended"],
    }


def test_incidents_across_periods_show_only_ones_own(browser: Client, period: Period, lead: User) -> None:
    other, foreign = make_period(key="WARE", lead=lead, name="Warehouse scanners"), make_period(key="SECRET")
    reported(period, "In billing")
    make_incident(other, title="In the warehouse", reported_at=timezone.now())
    make_incident(foreign, title="Not for me", reported_at=timezone.now())

    page = text(browser.get("/incidents/"))

    assert "In billing" in page
    assert "In the warehouse" in page
    assert "Not for me" not in page


def test_what_people_typed_is_escaped_everywhere(browser: Client, period: Period) -> None:
    period.systems = ["<b>Billing</b>"]
    period.name = "<script>name</script>"
    period.save(update_fields=["systems", "name"])
    attack = "<script>alert(1)</script>"
    incident = triage.report(
        period.pk,
        title=attack,
        description=attack,
        component="<b>Billing</b>",
        impact="high",
        urgency="high",
        by=period.lead,
        at=timezone.now(),
    )
    for kind in Comment.Kind.values:
        triage.comment(incident.pk, body=attack, kind=kind, by=period.lead, at=timezone.now())
    addresses = (
        "/p/BILL/incidents/",
        "/p/BILL/incidents/?view=board",
        f"/p/BILL/incidents/?q={attack}",
        "/incidents/",
        "/p/BILL/incidents/new/",
        "/i/BILL-1/",
        "/i/BILL-1/_preview/",
        "/i/BILL-1/edit/",
    )

    pages = [browser.get(address).content.decode() for address in addresses]
    resolved = browser.post("/i/BILL-1/resolve/", {"ending": "fixed", "resolution": attack, "cause": attack})
    ended = browser.get("/i/BILL-1/").content.decode()

    assert resolved.status_code == 302
    for page in [*pages, ended]:
        assert "<script>alert" not in page
        assert "<script>name" not in page
        assert "<b>Billing" not in page


# --- Live fragments --------------------------------------------------------------------------------


@pytest.mark.usefixtures("frozen")
def test_the_list_fragment_is_204_until_something_happens(browser: Client, period: Period) -> None:
    reported(period)
    version = browser.get("/p/BILL/incidents/").context["version"]

    same = browser.get(f"/p/BILL/_incidents/?v={version}", **HTMX)
    reported(period, "Another one")
    changed = browser.get(f"/p/BILL/_incidents/?v={version}", **HTMX)

    assert same.status_code == 204
    assert changed.status_code == 200
    assert "Another one" in text(changed)
    assert "<html" not in text(changed)
    assert 'id="toolbar" hx-swap-oob="true"' in text(changed)


def test_a_page_asked_for_by_htmx_still_has_its_log_form(browser: Client, period: Period) -> None:
    page = browser.get("/p/BILL/incidents/", **HTMX)

    assert 'id="log-form"' in text(page)


def test_a_fragment_is_a_whole_page_without_htmx(browser: Client, period: Period) -> None:
    reported(period)

    for address in ("/p/BILL/_incidents/", "/i/BILL-1/_live/", "/i/BILL-1/_preview/"):
        assert "<html" in text(browser.get(address)), address


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("part", "root"),
    [("head", "incident-head"), ("clocks", "incident-clocks"), ("story", "incident-story"), ("rail", "incident-rail")],
)
def test_each_part_of_an_incident_refreshes_by_itself(browser: Client, period: Period, part: str, root: str) -> None:
    incident = reported(period)
    version = browser.get("/i/BILL-1/").context["version"]

    same = browser.get(f"/i/BILL-1/_live/?part={part}&v={version}", **HTMX)
    triage.set_status(incident.pk, status="investigating", by=period.lead, at=timezone.now())
    changed = browser.get(f"/i/BILL-1/_live/?part={part}&v={version}", **HTMX)

    assert same.status_code == 204
    assert text(changed).startswith("<div")
    assert f'id="{root}"' in text(changed)


def test_the_preview_offers_one_key_actions_and_says_who_is_paged_next(browser: Client, period: Period) -> None:
    reported(period, impact="high", urgency="high", minutes=0)

    page = text(browser.get("/i/BILL-1/_preview/", **HTMX))

    for key in ("a", "o", "s", "1", "2", "3", "4", "e"):
        assert f'data-key="{key}"' in page
    assert "Pages <strong>" in page


# --- Logging ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "pair"),
    [("P1", ("high", "high")), ("P2", ("high", "medium")), ("P3", ("medium", "medium")), ("P4", ("low", "low"))],
)
def test_two_fields_log_an_incident(browser: Client, period: Period, severity: str, pair: tuple[str, str]) -> None:
    answer = browser.post("/p/BILL/incidents/new/", {"title": "  Payments   down ", "severity": severity})

    incident = Incident.objects.get()
    assert answer.headers["Location"] == "/i/BILL-1/"
    assert (incident.title, incident.severity, (incident.impact, incident.urgency)) == ("Payments down", severity, pair)
    assert JournalEntry.objects.filter(kind="incident.reported").count() == 1


def test_impact_and_urgency_said_by_name_win(browser: Client, period: Period) -> None:
    sent = {"title": "Slow", "severity": "P1", "impact": "low", "urgency": "low", "component": "Payments"}

    browser.post("/p/BILL/incidents/new/", sent)

    incident = Incident.objects.get()
    assert (incident.severity, incident.component) == ("P4", "Payments")


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"title": "", "severity": "P1"}, "Say in one line what is wrong."),
        ({"title": "Kept title"}, "Choose how bad it is"),
        ({"title": "Kept title", "severity": "P7"}, "Choose P1, P2, P3 or P4."),
        ({"title": "x" * 201, "severity": "P1"}, "under 200 characters"),
        ({"title": "Kept title", "severity": "P1", "component": "Moon"}, "Choose one of the period&#x27;s systems."),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_bad_log_form_comes_back_with_its_input(
    browser: Client, period: Period, sent: dict[str, str], sentence: str, headers: dict[str, str]
) -> None:
    answer = browser.post("/p/BILL/incidents/new/", sent, **headers)

    assert answer.status_code == 422
    assert sentence in text(answer)
    assert "There is a problem" in text(answer)
    assert sent["title"] in text(answer)
    assert not Incident.objects.exists()


def test_logging_from_the_dialog_leads_to_the_incident(browser: Client, period: Period) -> None:
    answer = browser.post("/p/BILL/incidents/new/", {"title": "Down", "severity": "P1"}, **HTMX)

    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/i/BILL-1/"


def test_nothing_is_logged_before_go_live(browser: Client, period: Period) -> None:
    Period.objects.filter(pk=period.pk).update(status=Period.Status.READY)

    answer = browser.post("/p/BILL/incidents/new/", {"title": "Early", "severity": "P3"})

    assert answer.status_code == 409
    assert "is not live yet" in text(answer)
    assert not Incident.objects.exists()


def test_a_target_is_said_in_its_own_measure_whatever_a_pause_did(browser: Client, period: Period) -> None:
    incident = reported(period, minutes=30, impact="high", urgency="high")
    queues.pause_clocks(incident.pk, note="Which?", by=period.lead, at=timezone.now() - timedelta(minutes=20))
    queues.end_wait(incident.pk, by=period.lead, at=timezone.now() - timedelta(minutes=10))
    triage.set_status(incident.pk, status="mitigated", by=period.lead, at=timezone.now())

    page = text(browser.get("/i/BILL-1/"))

    assert "target 4 h" in page
    assert "working hours" not in page


# --- Logging from anywhere ------------------------------------------------------------------------


def test_where_to_log_is_the_period_one_came_from_or_the_only_one_else_a_choice(lead: User, period: Period) -> None:
    browser = signed_in(lead)
    assert browser.get("/incidents/new/").headers["Location"] == "/p/BILL/incidents/new/"

    other = make_period(key="MOB", lead=lead)
    make_period("closed", key="OLD", lead=lead)
    watched = make_period(key="SEEN")
    make_member(watched, lead, right="viewer")

    page = browser.get("/incidents/new/")
    assert {one.key for one in page.context["periods"]} == {period.key, other.key}
    assert browser.get("/incidents/new/?in=MOB").headers["Location"] == "/p/MOB/incidents/new/"
    assert browser.get("/incidents/new/?in=SEEN").status_code == 200
    assert "/incidents/new/?in=BILL" in browser.get("/p/BILL/readiness/").content.decode()


def test_who_may_log_nowhere_is_told(db: None) -> None:
    page = signed_in(make_user("Stranger")).get("/incidents/new/")

    assert (page.status_code, page.context["periods"]) == (200, [])
