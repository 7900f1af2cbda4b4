"""Browser and API do the same things by the same functions: read from their sources, routes and operation tables."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver

from contributors.handoffs.web import operations as handoffs_operations
from contributors.people.permissions import RIGHTS
from contributors.people.web import operations as people_operations
from contributors.shifts.web import operations as shifts_operations
from contributors.swaps.web import operations as swaps_operations
from hypercare.pages.period.activity import journal_kinds
from hypercare.web.operations import Operation, index_by_name
from incidents.triage.permissions import ASSIGN, HANDLE, NAMED
from incidents.triage.web import operations as of_incidents
from periods.checklist.web import operations as checklist_operations
from periods.debriefs.web import operations as debriefs_operations
from periods.planning.web import operations as planning_operations
from tests import edges
from tests.edges import Edge, Module, Name

# Every table there is, with the ways from a row to its two routes.
TABLES: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "incident": (of_incidents.OPERATIONS, of_incidents.page_route_of, of_incidents.api_route_of),
    "period": (planning_operations.PERIOD, attrgetter("page"), planning_operations.api_route_of_step),
    "check": (checklist_operations.CHECKS, attrgetter("page"), checklist_operations.api_route_of_check),
    "debrief": (debriefs_operations.DEBRIEFS, attrgetter("page"), debriefs_operations.api_route_of_debrief),
    "people": (people_operations.PEOPLE, attrgetter("page"), attrgetter("api")),
    "shifts": (shifts_operations.SHIFTS, attrgetter("page"), attrgetter("api")),
    "hand-off": (handoffs_operations.HANDOFFS, attrgetter("page"), attrgetter("api")),
    "cover": (swaps_operations.COVER, swaps_operations.page_route_of, swaps_operations.api_route_of),
}
ROWS = [
    pytest.param(row, page_of(row), api_of(row), id=f"{aggregate}.{name}")
    for aggregate, (table, page_of, api_of) in TABLES.items()
    for name, row in table.items()
]
# Rights that follow from more than a row of the matrix: from what is one's own, or from being named.
IN_WORDS = {
    ASSIGN,
    HANDLE,
    NAMED,
    checklist_operations.MINE,
    debriefs_operations.OWNER,
    planning_operations.MAY_PLAN,
    people_operations.THEMSELF,
    people_operations.LEAD,
    handoffs_operations.HOLDER,
    swaps_operations.ASKED,
    swaps_operations.ASKER,
    swaps_operations.APPROVES,
    handoffs_operations.NEXT,
    "one's own, checks.manage on any",
}
PEOPLE = {"sponsor", "lead", "bau_owner", "rollback_authority"}

# What only the browser does, and why.
OF_BROWSERS = {
    "contributors.one_tap.answers.acknowledge": (
        "a link's first use, or the calendar made beside it: readiness.acknowledge"
    ),
    "contributors.one_tap.answers.answer_cover": "the use of a link, beside cover.accept and cover.refuse",
    "contributors.one_tap.answers.accept_handoff": "the use of a link, beside handoffs.accept",
    "contributors.messaging.preferences.turn_off": (
        "behind the link in a mail, without signing in; me/messages/ has the choice"
    ),
    "contributors.messaging.preferences.turn_on": "the same, taken back at once",
    "contributors.channels.push.webpush.public_key": "a browser asks for it before it subscribes itself",
    "contributors.messaging.delivery.history.retry_any": (
        "administrators of the installation, who look at all periods at once"
    ),
    "hypercare.accounts.first_administrator.make_first_administrator": (
        "before anybody has an account there is no token; a script has manage.py createsuperuser"
    ),
    "hypercare.accounts.second_step.confirm_turned_on": (
        "signing in is for people; a token stands for what they proved before"
    ),
    "hypercare.accounts.second_step.use_code": "the same",
    "hypercare.accounts.sessions.end_all": "sessions are a browser's",
    "incidents.intake.ingest.receive_alerts": "alerts come in at /hooks/ in the sender's own words",
    "incidents.intake.ingest.keep_rejected": "the same, where the words can't be read",
    "incidents.intake.mail.mail_store.read_again": (
        "administrators of the installation, who look at the mailbox of all periods"
    ),
    "incidents.intake.mail.mail_store.set_aside": "the same",
    "incidents.stakeholders.reports.submit_report": "people outside, who have no account",
    "incidents.stakeholders.reports.add_reply": "the same",
    "incidents.stakeholders.reports.stop_mails": "the same",
    "incidents.stakeholders.subscribers.request_subscription": "the same",
    "incidents.stakeholders.subscribers.confirm": "the same",
    "incidents.triage.page_links.acknowledge": (
        "the link in a page, without signing in; the API acknowledges the incident"
    ),
    "incidents.triage.page_links.pass_on": "the same, to the next person",
    "incidents.lists.saved_filters.save": "filters of a list that a person named: scripts name theirs in the query",
    "incidents.lists.saved_filters.forget": "the same",
}
# What only the API does, and why: nothing.
OF_SCRIPTS: dict[str, str] = {}


# --- One domain call ----------------------------------------------------------------------------


def test_an_edge_makes_one_domain_call() -> None:
    several = {edge.name: count for edge in edges.edges() if (count := edges.longest(edge.node, edge.module)) > 1}

    assert several == {}


def test_an_edge_writes_no_row_itself() -> None:
    rows = [
        (edge.name, ast.unparse(call))
        for edge in edges.edges()
        for call in edges.calls(edge.node)
        if edges.is_row_write(call) and not edges.known(edges.looked_up(call.func, edge.module))
    ]

    assert [row for row in rows if "transaction" not in row[1]] == []


PLANTED = {
    "one after the other": "planning.update(1, by=2, at=3)\n planning.answer_questions(1, by=2, at=3)",
    "in a loop": "for one in x:\n  planning.update(one, by=2, at=3)",
    "for each of a list": "[planning.update(one, by=2, at=3) for one in x]",
    "behind a condition": "if x:\n  planning.update(1, by=2, at=3)\n planning.answer_questions(1, by=2, at=3)",
    "by a table": "planning.update(1, by=2, at=3)\n table[x].run(1, by=2, at=3)",
    "by a row": "planning.update(1, by=2, at=3)\n x.save(update_fields=['name'])",
}
FINE = {
    "one or the other": (
        "if x:\n  return planning.update(1, by=2, at=3)\n return planning.answer_questions(1, by=2, at=3)"
    ),
    "one of two": "planning.update(1, by=2, at=3) if x else planning.answer_questions(1, by=2, at=3)",
    "one that failed": (
        "try:\n  planning.update(1, by=2, at=3)\n except Invalid:\n  planning.answer_questions(1, by=2, at=3)"
    ),
    "of what came back": "[one for one in planning.update(1, by=2, at=3)]",
    "a question beside it": "planning.recommendation(1)\n planning.update(1, by=2, at=3)",
}


def counted(body: str) -> int:
    """Writes of a view with this body, among the names of the plan's API."""
    function = ast.parse(f"def view(x):\n {body}").body[0]
    assert isinstance(function, ast.FunctionDef)
    return edges.longest(function, edges.modules()["periods.planning.web.api"])


@pytest.mark.parametrize("body", PLANTED.values(), ids=PLANTED)
def test_a_second_call_is_found_wherever_it_is_planted(body: str) -> None:
    assert counted(body) > 1


@pytest.mark.parametrize("body", FINE.values(), ids=FINE)
def test_one_call_is_one_whichever_way_is_taken(body: str) -> None:
    assert counted(body) == 1


# --- Both edges ---------------------------------------------------------------------------------


def name_of(function: Any) -> Name:
    bare = inspect.unwrap(function)
    return bare.__module__, bare.__qualname__


def named_by(*, rest: bool) -> set[str]:
    """Domain functions that one of the edges names, by itself or through a table; `module.function`."""
    listed = {
        name_of(row.run)
        for table, page_of, api_of in TABLES.values()
        for row in table.values()
        if (api_of(row) if rest else page_of(row))
    }
    views = (module for module in edges.modules().values() if module.is_edge and module.is_rest == rest)
    return {".".join(one) for one in listed.union(*map(edges.written_by, views))}


def test_what_the_browser_can_do_a_script_can_do() -> None:
    alone = named_by(rest=False) - named_by(rest=True)

    assert alone - set(OF_BROWSERS) == set()
    assert set(OF_BROWSERS) - alone == set(), "no longer an exception"


def test_what_a_script_can_do_the_browser_can_do() -> None:
    alone = named_by(rest=True) - named_by(rest=False)

    assert alone - set(OF_SCRIPTS) == set()
    assert set(OF_SCRIPTS) - alone == set(), "no longer an exception"


# --- The tables ---------------------------------------------------------------------------------


def routes() -> Iterator[tuple[str, URLPattern]]:
    """Every route by its full name."""

    def walk(resolver: Any, before: str) -> Iterator[tuple[str, URLPattern]]:
        for one in resolver.url_patterns:
            if isinstance(one, URLPattern):
                yield f"{before}{one.name}", one
            else:
                yield from walk(one, f"{before}{one.namespace}:" if one.namespace else before)

    yield from walk(get_resolver(), "")


ROUTES = dict(routes())


def view_of(route: str) -> Edge:
    callback = inspect.unwrap(ROUTES[route].callback)
    module = edges.modules()[callback.__module__]
    return Edge(module, module.functions[callback.__name__])


def takes_post(route: str) -> bool:
    """Whether a page takes a form, as its decorators say."""
    said = " ".join(ast.unparse(one) for one in view_of(route).node.decorator_list)
    return "require_POST" in said or "'POST'" in said


def api_methods(route: str) -> set[str]:
    view = ROUTES[route].callback
    return {name.upper() for name in ("post", "put", "patch", "delete") if hasattr(view.cls, name)}


@pytest.mark.parametrize(("row", "page", "api"), ROWS)
def test_an_operation_has_a_page_and_an_address_or_says_why_not(row: Operation, page: str, api: str) -> None:
    assert bool(row.alone) == (not page or not api)
    if page:
        assert takes_post(page), f"{page} takes no form"
    if api:
        method, _, route = api.partition(" ")
        assert method in api_methods(route), f"{route} takes no {method}"


@pytest.mark.parametrize(("row", "page", "api"), ROWS)
def test_an_operation_names_a_right_a_domain_function_and_journal_kinds_there_are(
    row: Operation, page: str, api: str
) -> None:
    found = edges.known(row.run)

    assert row.right in IN_WORDS or set(row.right.split(" or ")) <= {*RIGHTS, *PEOPLE}
    assert found is not None
    assert not found[0].is_edge
    assert edges.writes(found[0].name, found[1])
    assert set(row.kinds) <= set(journal_kinds())


def reached(module: Module) -> set[Name]:
    """What a view's module can change: by its own calls, its helpers', and the tables that it looks up."""
    found = set()
    for one in edges.helpers_of(module):
        found |= edges.written_by(one)
        tables = (thing for thing in vars(one.live).values() if isinstance(thing, dict))
        found |= {name_of(row.run) for table in tables for row in table.values() if isinstance(row, Operation)}
    return found


@pytest.mark.parametrize(("row", "page", "api"), ROWS)
def test_what_a_row_says_is_what_its_views_call(row: Operation, page: str, api: str) -> None:
    run = name_of(row.run)

    for route in filter(None, (page, api.partition(" ")[2])):
        callback = inspect.unwrap(ROUTES[route].callback)
        named = reached(edges.modules()[callback.__module__])
        assert any(run in edges.below(one) or one in edges.below(run) for one in named), route


def changing_pages(prefix: str) -> set[str]:
    return {route for route in ROUTES if route.startswith(prefix) and takes_post(route)}


def changing_addresses(prefix: str) -> set[str]:
    return {f"{method} {route}" for route in ROUTES if route.startswith(prefix) for method in api_methods(route)}


@pytest.mark.parametrize("pages", ["incidents:", "contributors:check_", "debrief_"])
def test_a_page_that_changes_something_is_in_a_table(pages: str) -> None:
    listed = {page_of(row) for table, page_of, _ in TABLES.values() for row in table.values()}

    assert changing_pages(pages) - listed - set(ELSEWHERE) == set()


@pytest.mark.parametrize(
    "api",
    [
        "api_incident",
        "api_period",
        "api_check",
        "api_debrief",
        "api_action",
        "api_contributor",
        "api_shift",
        "api_cover",
        "api_duty_role",
        "api_rotation/",
        "api_handoff",
        "api_accepted_gap",
        "api_roster",
    ],
)
def test_an_address_that_changes_something_is_in_a_table(api: str) -> None:
    listed = {api_of(row) for table, _, api_of in TABLES.values() for row in table.values()}

    assert changing_addresses(api) - listed - set(ELSEWHERE) == set()


# Beside the operations of a table: what they change is something else, or the same by a second address.
ELSEWHERE = {
    "incidents:policy": "the period's policy",
    "incidents:policy_reset": "the same",
    "incidents:policy_rollback": "the same",
    "incidents:policy_ladder": "the same",
    "incidents:pattern": "a problem record of many",
    "incidents:save_view": "a person's own list",
    "incidents:forget_view": "the same",
    "PATCH api_check": "the same as assigning",
    "POST api_check_junit": "evidence, read as a test report",
}


def test_two_operations_of_one_name_are_refused() -> None:
    row = next(iter(of_incidents.OPERATIONS.values()))

    with pytest.raises(ValueError, match="two operations"):
        index_by_name([row, row])
