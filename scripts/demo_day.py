"""Make the demo in an empty database and open its pages as its lead; name those that do not answer.

python -m scripts.demo_day                                               today
python -m scripts.another_day 2028-02-29T12:00 -- -m scripts.demo_day    on another day
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from datetime import UTC, datetime
from html import unescape
from io import StringIO
from pathlib import Path
from urllib.parse import parse_qs, urldefrag, urljoin, urlsplit

import django
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import Resolver404, resolve

from tests import tables

LINK = re.compile(r'<a\b[^>]*?\shref="([^"]+)"|\shx-get="([^"]+)"')


def seed() -> None:
    """Tables and the demo, in a database of their own."""
    connection.ensure_connection()
    tables.restore(connection.connection)
    call_command("migrate", verbosity=0)
    tables.keep(connection.connection)
    call_command("seed_demo", stdout=StringIO())


def kind(address: str) -> tuple[str, ...] | None:
    """What pages alike have in common: view, period and parameters; None where it is no page of the product."""
    parts = urlsplit(address)
    try:
        found = resolve(parts.path)
    except Resolver404:
        return None
    return found.view_name, str(found.kwargs.get("key", "")), *sorted(parse_qs(parts.query))


def links(page: str, address: str) -> list[str]:
    """Where a page leads to, within the product."""
    found = [unescape(plain or swapped) for plain, swapped in LINK.findall(page)]
    there = [urldefrag(urljoin(address, one)).url for one in found]
    return [one for one in there if one.startswith("/") and kind(one)]


def walk(client: Client) -> tuple[int, list[str]]:
    """Open Home, what it leads to and what that leads to, one page of a kind; how many, and which did not answer."""
    opened, wrong, waiting = {kind("/")}, [], ["/"]
    for last in (False, False, True):
        following: dict[tuple[str, ...] | None, str] = {}
        for address in waiting:
            answer = client.get(address, follow=True)
            if answer.status_code != 200:
                wrong.append(f"{address}: {answer.status_code}")
            if not last and not answer.streaming and answer["Content-Type"].startswith("text/html"):
                following |= {kind(one): one for one in links(answer.content.decode(), address)}
        waiting = [one for alike, one in following.items() if alike not in opened]
        opened |= set(following)
    return len(opened), wrong


def main() -> int:
    """Make the demo and walk; 1 when a page did not answer."""
    with tempfile.TemporaryDirectory() as directory:
        database = Path(directory) / "demo.sqlite3"
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "hypercare.settings",
            "HYPERCARE_VAR": directory,
            "HYPERCARE_ENV": "embedded",
            "DATABASE_URL": f"sqlite:///{database}",
            "REDIS_URL": "",
            "LIMITS": "reads=1000000,exports=1000000",
        }
        django.setup()
        seed()
        opened, wrong = walk(lead())
    print(f"{datetime.now(UTC):%a %d %b %Y %H:%M} UTC: the demo and {opened} of its pages", *wrong, sep="\n  ")
    return 1 if wrong else 0


def lead() -> Client:
    """A browser in which the demo's lead is signed in; a page that fails answers 500, as it would for them."""
    client = Client(raise_request_exception=False, SERVER_NAME="127.0.0.1")
    client.force_login(django.contrib.auth.get_user_model().objects.get(email="maja@northlane.example"))
    return client


if __name__ == "__main__":
    sys.exit(main())
