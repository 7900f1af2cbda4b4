"""Every link, view, date, filter, sort and panel: of the demo, of an empty installation, of periods through their life.

Each answers, leads nowhere its reader may not go, and says nothing that nobody wrote. `make crawl` runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from contributors.links import links
from contributors.models import Link
from hypercare.models import User
from periods.models import Period
from periods.template_files.kinds import BUILT_IN
from tests.crawl.spider import Spider
from tests.crawl.stage import BANDS, Life, make_cast
from tests.factories import make_member, make_user
from tests.hypercare.scene import signed_in
from tests.test_every_address import OF_A_PERIOD

pytestmark = [pytest.mark.crawl, pytest.mark.django_db]

DAYS = (-20, -1, 1, 28, 45, 84)
DEMO = ("BILL26", "MOB70", "SCAN26")
GO_LIVE = datetime(2027, 3, 15, 6, tzinfo=UTC)  # two weeks before the clocks change, a year's quarter inside
# One life for each built-in template and for each band; what follows the days that are planned is different each time.
LIVES = {
    "standard": ("minimal", 3, "closed"),
    "minor-release": ("low", 10, "extended"),
    "data-migration": ("moderate", 14, "rolled_back"),
    "major-release": ("high", 45, "closed"),
    "erp-cut-over": ("very_high", 84, "closed"),
    "infrastructure-move": ("moderate", 14, "cancelled"),
}
OTHERS = ("sponsor", "bau_owner", "contributor", "rollback", "viewer", "planner", "admin", "nobody")
Noted = Callable[[str, Any], None]


def of_period(key: str) -> list[str]:
    """Every address that a period's key alone makes, offered or not."""
    return [f"/{route.replace('<str:key>', key)}" for route in OF_A_PERIOD if route.count("<") == 1]


def public_links() -> list[str]:
    """One link of each kind that was mailed to somebody."""
    newest = (
        Link.objects.filter(purpose=purpose, revoked_at=None).order_by("-created_at").first()
        for purpose in ("acknowledge", "page", "cover", "handoff", "calendar")
    )
    return ["/" + links.url_of(one).split("/", 3)[3] for one in newest if one]


@contextmanager
def told_about(spider: Spider, note: Noted, roles: set[str], days: set[str]) -> Iterator[None]:
    """Keep the counts, whatever comes of it."""
    try:
        yield
    finally:
        note("asked", spider.asked)
        for name, words in (("routes", spider.routes), ("roles", roles), ("days", days)):
            note(name, "\n".join(sorted(words)))


def must_hold(spider: Spider) -> None:
    """Fail with every fault on a line of its own."""
    found = dict.fromkeys(map(str, spider.faults))
    if found:
        pytest.fail("\n".join([f"{len(found)} faults", *found]), pytrace=False)


@pytest.mark.parametrize("who", ["maja", "tomasz", "kavya", "rachel", "admin", "viewer", "stranger", "nobody"])
def test_the_demo_holds_for(who: str, told: None, record_property: Noted) -> None:
    spider = Spider(keys=frozenset(DEMO))
    viewer = make_user("Viewer", email="viewer@northlane.example")
    for key in DEMO[:2]:
        make_member(Period.objects.get(key=key), viewer, right="viewer")
    make_user("Stranger", email="stranger@northlane.example", may_plan=True)

    with told_about(spider, record_property, {who}, set()):
        if who == "nobody":
            spider.walk(who, Client(), ["/", "/status/billing/", *public_links()], signed_in=False)
        else:
            also = [one for key in DEMO for one in of_period(key)] if who == "maja" else []
            spider.walk(who, signed_in(User.objects.get(email=f"{who}@northlane.example")), ["/"], also=also)

    must_hold(spider)


def test_an_empty_installation_holds_for_everybody(record_property: Noted) -> None:
    spider = Spider()
    people = {
        "admin": make_user("Astrid", is_staff=True, is_superuser=True, may_plan=True),
        "planner": make_user("Maja", may_plan=True),
        "newcomer": make_user("Olga"),
    }

    with told_about(spider, record_property, {*people, "nobody"}, set()):
        for who, person in people.items():
            spider.walk(who, signed_in(person), ["/"])
        spider.walk("nobody", Client(), ["/"], signed_in=False)

    must_hold(spider)


@pytest.mark.parametrize("template", LIVES)
def test_a_period_holds_on_each_day_of_its_life_for_everybody(template: str, record_property: Noted) -> None:
    band, length, ending = LIVES[template]
    life = Life("LIFE", template, band, make_cast(), GO_LIVE, length, ending)
    people = {
        "lead": life.cast.lead,
        "sponsor": life.cast.sponsor,
        "bau_owner": life.cast.bau_owner,
        "contributor": life.cast.team[0],
        "rollback": life.cast.rollback,
        "viewer": life.cast.viewer,
        "planner": make_user("Somebody else", may_plan=True),
        "nobody": None,
        "admin": make_user("Astrid", is_staff=True, is_superuser=True, may_plan=True),
    }
    # One of each view is enough here: filters, sorts and dates are tried on the demo.
    spider, first = Spider(keys=frozenset(("LIFE",)), words=False), list(LIVES).index(template)

    with told_about(spider, record_property, set(people), set(map(str, DAYS))):
        for n, day in enumerate(DAYS):
            at = life.on(day)
            spider.on(str(day))
            with time_machine.travel(at, tick=False):
                life.until(at)
                # Every second day the lead, and each day one of the others: over the lives, each day is walked by
                # the lead three times and by six of the others.
                for who in (*(("lead",) if (first + n) % 2 == 0 else ()), OTHERS[(first + n) % len(OTHERS)]):
                    walk_as(spider, who, people[who])

    must_hold(spider)


def walk_as(spider: Spider, who: str, person: User | None) -> None:
    """One person's walk through the only period there is."""
    if person is None:
        # The page is not up before go-live, and a link ends with what it is about.
        spider.walk(who, Client(), ["/"], also=["/status/life/", *public_links()], signed_in=False)
    else:
        inside = [] if who in ("planner", "admin") else ["/p/LIFE/"]
        spider.walk(who, signed_in(person), ["/", *inside], also=of_period("LIFE") if who == "lead" else [])


@pytest.mark.parametrize("template", BUILT_IN)
def test_every_template_in_every_band_shows_its_pages_on_each_day(template: str, record_property: Noted) -> None:
    cast, spider = make_cast(4), Spider()
    lives = [
        Life(f"BAND{n}", template, band, cast, GO_LIVE, length, every=9)
        for n, (band, length) in enumerate(zip(BANDS, (3, 7, 28, 45, 84), strict=True))
        if LIVES[template][0] != band
    ]
    pages = [
        f"/p/{life.key}/{page}"
        for life in lives
        for page in ("", "coverage/", "readiness/", "exit/", "incidents/", "plan/review/")
    ]

    with told_about(spider, record_property, {"lead"}, set(map(str, DAYS))):
        for day in DAYS:
            at = lives[0].on(day)
            spider.on(f"{day}, {template}")
            with time_machine.travel(at, tick=False):
                for life in lives:
                    life.until(at)
                spider.look_at("lead", signed_in(cast.lead), pages)

    must_hold(spider)
