"""Every page that people reach, looked at by axe: at a desk and on a phone, by day and by night, nothing serious."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from tests.journeys.conftest import DESK, ROOT, Product, Visitor

pytestmark = pytest.mark.journey

Visit = Callable[..., Visitor]
STILL: dict[str, Any] = {**DESK, "reduced_motion": "reduce"}
WIDTHS: dict[str, Any] = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
SCHEMES: tuple[Any, ...] = ("light", "dark")
NO_PAGE = re.compile(r"\.(csv|ics|svg|json|atom|js)|export/|logout/|/files/|api/|_(live|preview|now)/")
LINKS = "all => all.filter(one => one.origin === location.origin).map(one => one.pathname + one.search)"
LINKS_IN_USE = """
from contributors.links import links
from contributors.messaging import categories, unsubscribe
from contributors.models import Link
from hypercare.models import User
from incidents.models import Subscriber
for purpose in (Link.Purpose.PAGE, Link.Purpose.COVER, Link.Purpose.HANDOFF):
    print(links.url_of(Link.objects.filter(purpose=purpose, revoked_at=None).latest("created_at")))
print(unsubscribe.unsubscribe_url(User.objects.get(email="maja@northlane.example"), categories.BY_NAME["today"]))
print(f"/updates/{links.token_of(Subscriber.objects.latest('pk').secret)}/")
"""
# Contrast is what takes axe long, so it judges one text of each kind: colours under and over it, large or not.
LOOK = """async ({full, known}) => {
    const seen = new Set(known), fresh = [];
    const kind = node => {
        const {color, fontSize, fontWeight} = getComputedStyle(node), size = parseFloat(fontSize);
        const kinds = [color, size >= 24 || (size >= 18.66 && fontWeight >= 700)];
        for (let at = node; at; at = at.parentElement) {
            const {backgroundColor, backgroundImage, opacity} = getComputedStyle(at);
            if (backgroundColor !== 'rgba(0, 0, 0, 0)') kinds.push(backgroundColor);
            if (backgroundImage !== 'none') kinds.push(backgroundImage);
            if (opacity !== '1') kinds.push(opacity);
            if (backgroundColor.startsWith('rgb(')) break;
        }
        return kinds.join('|');
    };
    for (const node of document.body.querySelectorAll('*')) {
        const says = [...node.childNodes].some(one => one.nodeType === Node.TEXT_NODE && one.data.trim());
        if (!says || !node.checkVisibility()) continue;
        const found = kind(node);
        if (!seen.has(found)) { seen.add(found); fresh.push(node); }
    }
    const serious = ['critical', 'serious'], problems = [];
    const judge = async (context, options) => {
        const {violations} = await axe.run(context, {preload: false, resultTypes: ['violations'], ...options});
        for (const {id, impact, nodes} of violations) {
            if (!serious.includes(impact)) continue;
            for (const node of nodes) problems.push(`${id}: ${node.target.join(' ')} ${node.html.slice(0, 120)}`);
        }
    };
    if (full) await judge(document, {rules: {'color-contrast': {enabled: false}}});
    if (fresh.length) await judge({include: fresh}, {runOnly: ['color-contrast', 'link-in-text-block']});
    return {problems, known: [...seen]};
}"""


def problems_of(page: Page, known: set[str]) -> list[str]:
    """What axe calls serious or critical on the open page, in its four looks. Adds to the kinds of text it knows."""
    found: list[str] = []
    page.evaluate(AXE_SCRIPT)
    for width, viewport in WIDTHS.items():
        page.set_viewport_size(viewport)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            answer = page.evaluate(LOOK, {"full": scheme == "light", "known": sorted(known)})
            known.update(answer["known"])
            found += [f"{width}, {scheme}: {problem}" for problem in answer["problems"]]
    page.set_viewport_size(WIDTHS["desk"])
    return found


def route_of(address: str) -> str:
    """The route that serves an address here; empty for files, feeds and what the product does not know."""
    path = urlsplit(address).path
    try:
        return "" if NO_PAGE.search(path) else resolve(path).route
    except Resolver404:
        return ""


def pages_from(visitor: Visitor, *seeds: str) -> Iterator[str]:
    """Open the seeds, then by their links one page of every route that can be reached; the visitor stands on each."""
    waiting = list(seeds)
    met = {route_of(path) for path in seeds}
    while waiting:
        path = waiting.pop(0)
        visitor.go(path)
        links = visitor.page.eval_on_selector_all("a[href]", LINKS)
        yield path
        for link in links:
            route = route_of(link)
            if route and route not in met:
                met.add(route)
                waiting.append(link)


def walk(visitor: Visitor, *seeds: str) -> tuple[list[str], list[str]]:
    """The pages walked, and every problem with where it is."""
    known: set[str] = set()
    walked, found = [], []
    for path in pages_from(visitor, *seeds):
        walked.append(path)
        found += [f"{path} {problem}" for problem in problems_of(visitor.page, known)]
    return walked, found


def test_every_page_inside_can_be_used_by_everyone(visit: Visit) -> None:
    maja = visit(**STILL).sign_in("maja")

    walked, found = walk(maja, "/", "/p/BILL26/", "/p/MOB70/go-no-go/", "/p/MOB70/plan/risk/", "/periods/new/")

    assert found == []
    assert len(walked) > 80


def test_every_page_without_an_account_can_be_used_by_everyone(visit: Visit, product: Product) -> None:
    somebody = visit(**STILL)

    walked, found = walk(somebody, "/accounts/login/", "/status/billing/", *links_of(product))

    assert found == []
    assert len(walked) > 10


def links_of(product: Product) -> list[str]:
    """One link of each purpose that the demo gave to people, and the address where a subscriber ends the mails."""
    environment = {
        **os.environ,
        "HYPERCARE_ENV": "embedded",
        "HYPERCARE_VAR": str(product.log.parent),
        "BASE_URL": product.address,
    }
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", LINKS_IN_USE]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True)
    return [line.removeprefix(product.address) for line in done.stdout.split()]
