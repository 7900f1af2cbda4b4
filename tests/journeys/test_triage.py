"""Triage with the keyboard alone, and texts that would like to be scripts, in a real browser."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import Product, Visitor

pytestmark = pytest.mark.journey

Visit = Callable[..., Visitor]
LIST = "/p/BILL26/incidents/"
PAYLOADS = (
    "<script>window.__ran=1;alert(1)</script>",
    '"><img src=x onerror="window.__ran=1;alert(1)">',
    "'><svg/onload=window.__ran=1>",
    "</textarea><script>window.__ran=1</script>",
    "</title><script>window.__ran=1</script>",
    "--><script>window.__ran=1</script><!--",
    "<details open ontoggle=window.__ran=1>x</details>",
    '<a href="javascript:window.__ran=1" autofocus onfocus=window.__ran=1>x</a>',
    "<iframe srcdoc='<script>parent.__ran=1</script>'></iframe>",
    "<style>*{display:none}</style><base href=//evil.example/>",
    "&lt;script&gt;window.__ran=1&lt;/script&gt;",
    "{{ 7|add:7 }}{% debug %}${window.__ran=1}",
    "javascript:window.__ran=1",
    "\u202e<img src=x onerror=window.__ran=1>",
)


def call(product: Product, token: str, path: str, body: dict[str, Any], *, method: str = "POST") -> dict[str, Any]:
    """One request to the API, a POST unless told; what it answers."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(  # noqa: S310  our own address
        f"{product.address}/api/v1/{path}", json.dumps(body).encode(), headers, method=method
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        found: dict[str, Any] = json.loads(answer.read() or b"{}")
        return found


def logged(product: Product, token: str, title: str, severity: str = "P3", **more: Any) -> str:
    """An incident's key."""
    said = {"title": title, "severity": severity, **more}
    return str(call(product, token, "periods/BILL26/incidents/", said)["key"])


# --- The keyboard ---------------------------------------------------------------------------------


def row_of(page: Page, key: str) -> Locator:
    return page.locator("#incidents [data-row]").filter(has_text=f"{key},")


def go_to(page: Page, key: str) -> None:
    """Press j, then k, until the row is chosen."""
    for step in "j" * 30 + "k" * 30:
        if row_of(page, key).get_attribute("aria-selected") == "true":
            return
        page.keyboard.press(step)
    pytest.fail(f"{key} was never reached")


def test_incidents_are_sorted_with_keys_alone(visit: Visit, product: Product, token: str) -> None:
    first, second = (logged(product, token, f"Sorted by keyboard {n}") for n in (1, 2))
    maja = visit().sign_in("maja")
    page = maja.page
    maja.go(LIST)
    page.evaluate("window.sameDocument = true")
    preview = page.locator("#preview")

    # Pressed before the preview has come: it waits for it, and means the row that is chosen.
    go_to(page, first)
    page.keyboard.press("4")
    expect(row_of(page, first)).to_contain_text("P4")
    expect(row_of(page, first)).to_have_attribute("aria-selected", "true")
    expect(preview.get_by_role("button", name="P4")).to_have_attribute("aria-pressed", "true")

    # And again at once: what one did oneself is no conflict.
    page.keyboard.press("2")
    expect(row_of(page, first)).to_contain_text("P2")
    expect(page.locator("#problem")).to_be_empty()

    # Undone in place: no reload, the same row chosen, the next key means it.
    page.keyboard.press("z")
    expect(row_of(page, first)).to_contain_text("P4")
    expect(row_of(page, first)).to_have_attribute("aria-selected", "true")
    assert page.evaluate("window.sameDocument") is True
    page.keyboard.press("a")
    expect(row_of(page, first)).to_contain_text("You")
    page.keyboard.press("z")
    expect(row_of(page, first)).to_contain_text("No owner")
    expect(row_of(page, first)).to_have_attribute("aria-selected", "true")

    # Several at once, and the keys that lead elsewhere.
    page.keyboard.press("x")
    expect(row_of(page, first).locator(".pick")).to_be_checked()
    page.keyboard.press("x")
    go_to(page, second)
    page.keyboard.press("s")
    expect(preview.get_by_role("button", name="Investigating")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name=f"Link {second}")
    offered = dialog.get_by_role("radio", name="Sorted by keyboard 1")
    expect(offered).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    expect(row_of(page, second)).to_have_count(0)
    page.keyboard.press("z")
    expect(row_of(page, second)).to_have_count(1)
    assert maja.complaints == []


def test_keys_open_what_they_are_said_to_open(visit: Visit) -> None:
    maja = visit().sign_in("maja")
    page = maja.page
    maja.go(LIST)

    for key, opened in (("c", "#log-dialog"), ("/", "#search-dialog")):
        page.keyboard.press(key)
        expect(page.locator(opened)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(opened)).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/i/BILL26-\d+/"))
    page.keyboard.press("u")
    expect(page.locator("#composer textarea")).to_be_focused()
    page.keyboard.type("1234asdxz")
    expect(page.locator("#composer textarea")).to_have_value("1234asdxz")
    expect(page.locator("#composer [value=update]")).to_be_checked()
    assert maja.complaints == []


# --- Texts that would like to be scripts ----------------------------------------------------------


def watched(visit: Visit) -> tuple[Visitor, list[str]]:
    """Maja, and every dialog that a script opened on her."""
    maja, opened = visit().sign_in("maja"), []
    maja.page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    return maja, opened


def ran(maja: Visitor, paths: list[str]) -> list[str]:
    """The pages on which a script of somebody's text ran, or left markup behind."""
    found = []
    for path in paths:
        maja.go(path)
        maja.page.wait_for_load_state("networkidle")
        traces = maja.page.evaluate(
            "[window.__ran, document.querySelector('img[src=x], iframe[srcdoc], base, a[href^=\"javascript:\"]')]"
            ".filter(Boolean).length"
        )
        found += [path] if traces else []
    return found


def test_no_text_of_an_incident_runs_as_a_script(visit: Visit, product: Product, token: str) -> None:
    pages = [LIST, f"{LIST}?view=board", "/p/BILL26/", "/p/BILL26/activity/", "/incidents/"]
    for payload in PAYLOADS:
        key = logged(product, token, payload[:200], description=payload)
        one = f"incidents/{key}/"
        for kind in ("note", "update", "decision"):
            call(product, token, f"{one}comment/", {"kind": kind, "body": payload})
        call(product, token, f"{one}pause/", {"note": payload})
        call(product, token, f"{one}links/", {"title": payload[:120], "url": f"https://a.example/?q={quote(payload)}"})
        task = {"title": payload[:200], "owner": "me", "due_at": "2099-01-01T00:00:00Z"}
        call(product, token, f"{one}tasks/", task)
        pages += [f"/i/{key}/", f"/i/{key}/_preview/", f"/i/{key}/resolve/", f"/i/{key}/edit/"]
    pages += [f"/search/?q={quote(payload)}" for payload in PAYLOADS]
    pages += ["/search/?q=script", "/search/?q=window", "/p/BILL26/debriefs/"]

    maja, opened = watched(visit)

    assert ran(maja, pages) == []
    assert opened == []
    assert maja.complaints == []


def test_no_ending_of_an_incident_runs_as_a_script(visit: Visit, product: Product, token: str) -> None:
    pages = [f"{LIST}?status=resolved", "/p/BILL26/activity/", "/p/BILL26/debriefs/"]
    for payload in PAYLOADS:
        kept, twin = (logged(product, token, payload[:200]) for _ in range(2))
        call(product, token, f"incidents/{kept}/relate/", {"other": twin})
        call(product, token, f"incidents/{twin}/merge/", {"into": kept})
        ending = {"ending": "workaround", "resolution": payload, "cause": payload[:200], "workaround": payload[:500]}
        call(product, token, f"incidents/{kept}/resolve/", {**ending, "debrief": True})
        call(product, token, f"incidents/{kept}/reopen/", {"reason": payload})
        pages += [f"/i/{kept}/", f"/i/{twin}/", f"/i/{kept}/resolve/"]

    maja, opened = watched(visit)

    assert ran(maja, pages) == []
    assert opened == []
    assert maja.complaints == []


def plan_of_payloads(product: Product, token: str) -> str:
    """A template whose every name is a payload, and the key of a period that was made from it."""
    shown = f"{PAYLOADS[1]}{PAYLOADS[0]}"
    template = {
        "hypercare_template": 1,
        "name": shown,
        "kind": "other",
        "summary": " ".join(PAYLOADS)[:1000],
        "roles": [{"name": payload[:60], "code": "EN", "cover": "none"} for payload in PAYLOADS],
        "checklist": [
            {"title": payload, "category": payload[:40], "due_days": -3, "evidence": payload[:80]}
            for payload in PAYLOADS
        ],
    }
    key = call(product, token, "templates/", {"content": template})["key"]
    call(
        product,
        token,
        "periods/",
        {
            "key": "TEXTS",
            "name": shown,
            "summary": shown,
            "systems": [payload[:80] for payload in PAYLOADS],
            "go_live_at": "2098-01-05T08:00:00Z",
            "ends_at": "2098-01-19T08:00:00Z",
            "template": key,
        },
    )
    return str(key)


def test_no_name_in_a_plan_runs_as_a_script(visit: Visit, product: Product, token: str) -> None:
    template = plan_of_payloads(product, token)
    one = "/p/TEXTS/"

    maja, opened = watched(visit)
    pages = [
        "/",
        "/periods/",
        f"/templates/{template}/",
        "/templates/",
        one,
        f"{one}readiness/",
        f"{one}activity/",
        f"{one}coverage/",
        f"{one}incidents/new/",
        f"{one}settings/",
        "/periods/new/",
    ]
    maja.go(one)
    links = maja.page.locator("main a[href^='/p/TEXTS/'], nav a[href^='/p/TEXTS/']").evaluate_all(
        "found => found.map(one => one.getAttribute('href').split('#')[0])"
    )
    there = {path for path in [*pages, *links] if ".csv" not in path and reached(maja, path)}

    assert len(there) > 9
    assert ran(maja, sorted(there)) == []
    assert opened == []
    assert maja.complaints == []


def reached(maja: Visitor, path: str) -> bool:
    """Whether there is such a page; looked at without opening it."""
    answer = maja.context.request.get(f"{maja.address}{path}")
    return answer.status == 200 and "text/html" in answer.headers["content-type"]


def test_no_text_for_people_outside_and_no_name_of_a_way_runs_as_a_script(
    visit: Visit, product: Product, token: str
) -> None:
    # Another period than the one whose outside the other journeys look at.
    page = {"visibility": "public", "slug": "texts", "title": PAYLOADS[1], "about": f"{PAYLOADS[0]}{PAYLOADS[2]}"}
    call(product, token, "periods/SCAN26/status-page/", page, method="PUT")
    form = {"is_open": True, "title": PAYLOADS[1], "answer_within": PAYLOADS[2][:40], "data_note": PAYLOADS[0]}
    call(product, token, "periods/SCAN26/report-form/", form, method="PUT")
    for payload in PAYLOADS:
        said = {"title": payload[:120], "state": "investigating", "text": payload, "audience": "everyone"}
        call(product, token, "periods/SCAN26/updates/", said)
        known = {"title": payload[:120], "workaround": payload, "shown_outside": True}
        call(product, token, "periods/SCAN26/known-errors/", known)
    for number, payload in enumerate(PAYLOADS[:6]):
        way = {"kind": "chat", "label": payload[:60], "target": f"ntfys://ntfy.example.com/texts-{number}"}
        call(product, token, "me/contact-points/", way)
    public = call(product, token, "periods/SCAN26/report-form/", {}, method="GET")["url"]

    maja, opened = watched(visit)

    assert (
        ran(
            maja,
            [
                "/status/texts/",
                str(public),
                "/p/SCAN26/comms/",
                "/p/SCAN26/comms/known-errors/",
                "/p/SCAN26/comms/status-page/",
                "/p/SCAN26/comms/report-form/",
                "/settings/contact/",
                "/p/SCAN26/activity/",
                "/p/SCAN26/deliveries/",
            ],
        )
        == []
    )
    assert opened == []
    assert maja.complaints == []
