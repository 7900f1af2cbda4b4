"""The crawl notices what it is there for: each kind of fault is planted once, and found with the way there."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.crawl.broken_urls import BROKEN
from tests.crawl.reading import Form, Reading
from tests.crawl.spider import Spider, Step

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.crawl.broken_urls")]

SAID = {
    "raises": "answered 500: ValueError: planted",
    "not-there": "is offered, and answers 404",
    "option": "answered 500: ValueError: planted",
    "panel": "answered 500: ValueError: planted",
    "posts": "sent to /nowhere/, which nobody serves",
    "file": "#no-such-icon, which is not there",
    "template": "a piece of a template",
    "none": "a value that is none",
    "twice": "the same word twice",
    "nothing": "all of nothing",
    "day": "more than all",
    "same-day": "one day named twice",
    "ids": "2 elements have the id a",
    "ends": "</span> ends what is not open",
    "two-classes": "<p> has two class",
    "two-names": "button shows “send” and is called “Close”",
    "label": "for names no-field, which is not there",
    "anchor": "leads to #no-place, which is not on the page",
    "inside": "<button> inside another",
}


def walked(*seeds: str) -> Spider:
    spider = Spider()
    spider.walk("somebody", Client(), seeds, signed_in=False)
    return spider


@pytest.mark.parametrize("name", BROKEN)
def test_each_kind_of_fault_is_found_with_the_way_there(name: str) -> None:
    found = [str(one) for one in walked(f"/planted/{name}/").faults]

    assert len(found) == 1
    assert SAID[name] in found[0]
    assert re.match(rf"somebody: /\S+ \(from (the start|/planted/{name}/)\): ", found[0])


def test_a_page_that_is_sound_is_left_alone() -> None:
    assert walked("/planted/").faults == []


def test_what_nobody_offered_may_be_refused_but_not_break() -> None:
    spider = Spider()
    spider.walk("somebody", Client(), [], also=["/nowhere/", "/planted/boom/"], signed_in=False)

    assert [one.address for one in spider.faults] == ["/planted/boom/"]


def test_a_form_is_asked_with_each_choice_of_each_field() -> None:
    form = Form("/list/?old=1", asks=True)
    for name, value, chosen in (("sort", "age", True), ("sort", "name", False), ("open", "on", False), ("q", "", True)):
        form.add(name, value, chosen=chosen)

    assert list(form.addresses()) == ["/list/?sort=age&q=", "/list/?sort=name&q=", "/list/?sort=age&q=&open=on"]


def test_each_word_of_a_filter_is_tried_and_days_only_a_few_times() -> None:
    spider = Spider(often=1)
    news = [
        spider._is_news(Step(f"/planted/?{query}", "here"))
        for query in (
            "sort=age",
            "sort=name",
            "sort=age",
            "day=2026-11-01",
            "day=2026-11-02",
            "day=2026-11-03",
            "day=2026-11-04",
            "sort=age&v=9",
        )
    ]

    assert news == [True, True, False, True, True, True, False, False]


def test_words_of_a_page_are_read_across_the_elements_inside_a_line() -> None:
    page = Reading("<p>Owner: <b>None</b>.</p><p>UTC <span>·</span> UTC</p><p>None of them</p>", "/")

    assert page.found == ["a value that is none: “Owner: None.”", "the same word twice: “UTC · UTC”"]
