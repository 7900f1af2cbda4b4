"""A long list of checks is cut into pages."""

from __future__ import annotations

from periods.checklist import pages
from periods.models import ChecklistItem


def checks(count: int) -> list[ChecklistItem]:
    return [ChecklistItem(position=n) for n in range(count)]


def test_nothing_is_one_empty_page() -> None:
    page = pages.cut_page([], number=1)

    assert (page.number, page.pages, page.first, page.last) == (1, 1, 0, 0)


def test_every_check_is_on_one_page_and_every_category_on_each() -> None:
    groups = [("A", checks(30)), ("B", []), ("C", checks(90)), ("D", checks(pages.SIZE))]
    found = [pages.cut_page(groups, number=n) for n in range(1, 5)]

    assert [page.pages for page in found] == [4] * 4
    assert [[part.name for part in page.parts] for page in found] == [["A", "B", "C", "D"]] * 4
    assert [sum(len(part.rows) for part in page.parts) for page in found] == [50, 50, 50, 20]
    for place, (_, rows) in enumerate(groups):
        assert [one for page in found for one in page.parts[place].rows] == rows


def test_a_category_says_how_many_match_and_where_it_begins() -> None:
    page = pages.cut_page([("A", checks(60)), ("B", checks(45))], number=1)

    assert [(part.matching, len(part.rows), part.page) for part in page.parts] == [(60, 50, 1), (45, 0, 2)]


def test_a_number_beyond_the_last_page_is_the_last() -> None:
    groups = [("A", checks(51))]

    assert [pages.cut_page(groups, number=n).number for n in (0, 1, 2, 99)] == [1, 1, 2, 2]
    assert pages.cut_page(groups, number=2).first == pages.cut_page(groups, number=2).last == 51
