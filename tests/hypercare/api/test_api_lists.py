"""Lists of the API: as CSV files, and with no filter that nobody reads."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from hypercare.models import User
from hypercare.web import csvfile
from incidents.models import Incident
from periods.models import Period
from tests import ROOT
from tests.factories import make_incident, make_member, make_period, make_user
from tests.hypercare.scene import signed_in
from tests.test_every_address import ROUTES, address

pytestmark = pytest.mark.django_db

LIST = "/api/v1/periods/BILL/incidents/"
AS_JSON = {"Accept": "application/vnd.oai.openapi+json"}
OWN_DOCUMENT = ("api/v1/schema/", "api/v1/docs/")
GETS = [route for route in ROUTES if route.startswith("api/v1/") and route not in OWN_DOCUMENT]


@pytest.fixture
def lead() -> User:
    return make_user("Maja Lindqvist")


@pytest.fixture
def period(lead: User) -> Period:
    return make_period(key="BILL", lead=lead, status="hypercare")


@pytest.fixture
def api(lead: User, period: Period) -> Client:
    return signed_in(lead)


def read(answer: Any) -> list[dict[str, str]]:
    """The rows of a file."""
    assert answer["Content-Type"] == "text/csv; charset=utf-8", answer.content
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith(csvfile.MARK)
    return list(csv.DictReader(StringIO(text.removeprefix(csvfile.MARK))))


def as_csv(document: Any) -> list[str]:
    """The addresses, as the document writes them, of lists that it says answer as CSV."""
    return [
        path
        for path, operations in document["paths"].items()
        if "text/csv" in operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
    ]


def plain(path: str) -> str:
    """An address without the names of its arguments, which routes and the document write differently."""
    return re.sub(r"<[^>]+>|\{[^}]+\}", "{}", path)


def test_a_list_is_a_file_with_the_filters_of_the_list_and_no_formulas(api: Client, period: Period, lead: User) -> None:
    make_incident(period, title="=HYPERLINK(1)", owner=lead)
    make_incident(period, title="Nobody's")

    for answer in (
        api.get(LIST, {"format": "csv", "owner": "me"}),
        api.get(LIST, {"owner": "me"}, headers={"Accept": "text/csv"}),
    ):
        rows = read(answer)

        assert [(row["title"], row["owner.name"]) for row in rows] == [("'=HYPERLINK(1)", "Maja Lindqvist")]
        assert answer["Content-Disposition"] == 'attachment; filename="BILL-incidents.csv"'


def test_the_file_says_what_the_list_says(api: Client, period: Period) -> None:
    make_incident(period, title="Down")

    row, said = read(api.get(LIST, {"format": "csv"}))[0], api.get(LIST).json()["results"][0]

    assert (row["key"], row["reported_at"], row["number"]) == (said["key"], said["reported_at"], "1")
    assert (row["owner.name"], row["handed_to"], row["missed"]) == ("", "", "")


def test_a_list_without_rows_still_has_its_columns(api: Client) -> None:
    text = b"".join(api.get(LIST, {"format": "csv"}).streaming_content).decode()

    assert text.startswith(f"{csvfile.MARK}key,period,number,title,")


def test_the_file_is_bounded(api: Client, period: Period, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvfile, "MOST", 2)
    for _ in range(3):
        make_incident(period)

    text = b"".join(api.get(LIST, {"format": "csv"}).streaming_content).decode()

    assert "Only the first 2 rows" in text.splitlines()[-1]


@pytest.mark.parametrize("count", [1, 50])
def test_a_file_costs_the_same_queries_however_long(
    api: Client, period: Period, django_assert_max_num_queries: Any, count: int
) -> None:
    for _ in range(count):
        make_incident(period)

    with django_assert_max_num_queries(6):
        assert len(read(api.get(LIST, {"format": "csv"}))) == count


def test_a_refusal_stays_a_problem_document(api: Client, period: Period) -> None:
    viewer, stranger = signed_in(make_user("Viewer")), signed_in(make_user("Stranger"))
    make_member(period, User.objects.get(name="Viewer"), right="viewer")

    refusals = [
        stranger.get(LIST, {"format": "csv"}),
        viewer.get("/api/v1/periods/BILL/deliveries/", {"format": "csv"}),
        api.get(LIST, {"format": "csv", "severity": "P9"}),
        api.get(LIST, {"format": "csv", "page_size": "10"}),
        api.get("/api/v1/periods/BILL/", {"format": "csv"}),
        api.get("/api/v1/periods/BILL/", headers={"Accept": "text/csv"}),
        api.get(LIST, {"format": "xml"}),
        api.post(LIST, {"title": "x"}, content_type="application/json", headers={"Accept": "text/csv"}),
    ]

    assert [one.status_code for one in refusals] == [404, 403, 422, 422, 406, 406, 406, 406]
    assert {one["Content-Type"] for one in refusals} == {"application/problem+json"}
    assert not Incident.objects.exists()


@pytest.fixture
def demo(told: None, settings) -> Client:
    settings.LIMITS = dict.fromkeys(settings.LIMITS, 10_000)  # nobody asks for every list in a minute
    return signed_in(User.objects.get(email="maja@northlane.example"))


def test_every_list_answers_as_csv_as_many_rows_as_it_has(demo: Client) -> None:
    lists = as_csv(demo.get("/api/v1/schema/", headers=AS_JSON).json())
    routes = {plain(f"/{route}"): route for route in GETS}
    wrong, served = [], 0

    for path in lists:
        place = address(routes[plain(path)])
        answer, page = demo.get(place, {"format": "csv"}), demo.get(place, {"page_size": 200}).json()
        if answer.status_code == 404:  # a list inside a row of which the demo has none
            continue
        rows, served = read(answer), served + 1
        if len(rows) < len(page["results"]) or (page["next"] is None and len(rows) > len(page["results"])):
            wrong.append((path, len(rows), len(page["results"])))

    assert wrong == []
    assert served > len(lists) - 3
    assert {"/api/v1/periods/{key}/known-errors/", "/api/v1/periods/{key}/deliveries/"} <= set(lists)


def test_a_filter_that_nobody_reads_is_400_and_named_everywhere(demo: Client) -> None:
    wrong = []

    for route in GETS:
        answer = demo.get(address(route), {"no_such_filter": "1"})
        named = answer.status_code == 400 and answer.json()["errors"][0]["pointer"] == "/no_such_filter"
        if not named and answer.status_code != 405:
            wrong.append((route, answer.status_code))

    assert wrong == []


ODD = ("a\x00b", "\x00", "2026-02-30T25:00:00Z", "9" * 40, "٣", "-1", "é" * 300, ",,", "a b+c&d")


def test_no_value_of_a_filter_is_too_odd_to_be_answered(demo: Client) -> None:
    """Whatever stands in a query string is read, cut or refused in words; a database never sees what it can't hold."""
    asked = 0

    for route in GETS:
        refusal = demo.get(address(route), {"no_such_filter": "1"})
        if refusal.status_code == 405:
            continue
        for name in re.findall(r"[\w-]+", refusal.json()["detail"].partition(" Use ")[2]):
            for value in ODD:
                answer = demo.get(address(route), {name: value})
                asked += 1
                assert answer.status_code in (200, 404, 406, 422), (route, name, value, answer.status_code)

    assert asked > 1000


def test_what_a_query_string_asks_for_is_read_at_one_place() -> None:
    """Each kind of value has its reader in `hypercare.api.query`; a list of its own readers forgets a kind of text."""
    of_its_own = [
        str(path.relative_to(ROOT))
        for app in ("hypercare", "periods", "contributors", "incidents")
        for path in sorted((ROOT / app).rglob("*.py"))
        if not path.is_relative_to(ROOT / "hypercare" / "api")
        and re.search(r"query_params(?:\[|\.get)", path.read_text())
    ]

    assert of_its_own == []


def test_the_refusal_names_the_filters_there_are(api: Client) -> None:
    problem = api.get(LIST, {"sevrity": "P1", "page_size": "5"}).json()

    assert problem["detail"].startswith("“sevrity” is not known here. Use cursor, format, ordering, owner,")
    assert api.get("/api/v1/periods/BILL/", {"full": "1"}).json()["detail"].endswith("Nothing can be chosen here.")
