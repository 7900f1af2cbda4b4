"""The product on a home screen: its manifest, its icons, and where both are named."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.factories import make_user
from tests.hypercare.scene import signed_in

pytestmark = pytest.mark.django_db


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height as the file itself says them."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def file_of(address: str) -> bytes:
    found = finders.find(address.removeprefix("/static/"))
    assert found, address
    return Path(found).read_bytes()


def test_anybody_gets_the_manifest_with_all_that_a_home_screen_asks_for() -> None:
    answer = Client().get("/app.webmanifest")

    said = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/manifest+json")
    assert (said["name"], said["short_name"], said["start_url"], said["display"]) == (
        "Hypercare",
        "Hypercare",
        "/",
        "standalone",
    )
    assert {icon["purpose"] for icon in said["icons"]} == {"any", "maskable"}


def test_the_icons_are_there_small_and_as_large_as_they_say() -> None:
    icons = Client().get("/app.webmanifest").json()["icons"]

    for icon in icons:
        png = file_of(icon["src"])
        assert "{}x{}".format(*size_of(png)) == icon["sizes"]
        assert len(png) < 20_000
    assert size_of(file_of("/static/icons/apple-touch-icon.png")) == (180, 180)


def test_its_colours_are_the_canvas_of_the_tokens() -> None:
    tokens = file_of("/static/css/tokens.css").decode()
    day, night = re.search(r"--canvas: light-dark\((#\w+), (#\w+)\)", tokens).groups()  # type: ignore[union-attr]

    said = Client().get("/app.webmanifest").json()
    page = signed_in(make_user("Maja")).get("/").content.decode()

    assert (said["theme_color"], said["background_color"]) == (day, day)
    assert re.findall(r'name="theme-color"[^>]*content="(#\w+)"', page) == [day, night]


def test_pages_that_people_keep_name_both_and_the_policy_lets_them_load() -> None:
    for client, path in ((signed_in(make_user("Maja")), "/"), (Client(), "/accounts/login/")):
        answer = client.get(path)
        page = answer.content.decode()
        assert '<link rel="manifest" href="/app.webmanifest">' in page
        assert 'rel="apple-touch-icon" href="/static/icons/apple-touch-icon' in page
        assert "manifest-src 'self'" in answer["Content-Security-Policy"]


def test_its_shortcuts_are_pages_of_ours() -> None:
    maja = signed_in(make_user("Maja"))

    for shortcut in Client().get("/app.webmanifest").json()["shortcuts"]:
        assert maja.get(shortcut["url"]).status_code == 200
