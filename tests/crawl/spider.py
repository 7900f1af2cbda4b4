"""Follow everything the product offers somebody, without a browser, and say what is wrong and how one gets there.

Pages are endless (a plan has a view for every day), so an address is followed when it shows something new: a route
not seen often enough, or a word in an address (a filter, a sort, a step) that nobody has tried on that route.
"""

from __future__ import annotations

import json
import re
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from defusedxml import ElementTree
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import Resolver404, resolve

from tests.crawl.reading import Reading

VOLATILE = frozenset(("v", "next", "csrfmiddlewaretoken"))
NO_CELL = re.compile(r"\{\{|(?:^|[,:;])(?:None|nan)(?:$|[,;])", re.MULTILINE)
ADDRESS = re.compile(r"\d+(-\d+)*|[0-9a-f-]{32,}")  # a number, a day, a key of a row
LONGEST_WORD = 40
ENDS_IT = ("logout/", "accounts/second-step/")
SIGN_IN = "/accounts/"
FINE = (200, 204, 302, 301, 304)
OFTEN, DAYS = 2, 3  # how many of one shape are looked at, and of one that is paged by day


@dataclass(frozen=True)
class Fault:
    """What is wrong, where, for whom, and from which page one comes there."""

    who: str
    address: str
    come_from: str
    what: str

    def __str__(self) -> str:
        """One line that says all of it."""
        return f"{self.who}: {self.address} (from {self.come_from}): {self.what}"


@dataclass(frozen=True)
class Step:
    """An address to ask for. One that nobody offered may be refused; a panel is asked for as the script does."""

    address: str
    come_from: str
    panel: bool = False
    offered: bool = True


@dataclass
class Spider:
    """Walks for one person after another, and remembers what each has seen and what was wrong."""

    when: str = ""
    keys: frozenset[str] = frozenset()  # periods looked at whole; of all others, a few pages
    often: int = OFTEN
    words: bool = True  # whether a filter, a sort or a step that is new on its route is worth a look of its own
    asked: int = 0
    faults: list[Fault] = field(default_factory=list)
    routes: dict[str, str] = field(default_factory=dict)  # route → the first address of it that answered
    _seen: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _tried: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _files: set[str] = field(default_factory=set)

    def walk(
        self, who: str, client: Client, seeds: Iterable[str], *, also: Iterable[str] = (), signed_in: bool = True
    ) -> int:
        """Follow everything from the seeds; then ask for the addresses in `also`, which may say no but not break."""
        client.raise_request_exception = False
        before, self._seen = self.asked, Counter()
        for steps in (
            (Step(one, "the start") for one in seeds),
            (Step(one, "its name", offered=False) for one in also),
        ):
            waiting = deque(steps)
            while waiting:
                step = waiting.popleft()
                if self._is_news(step):
                    waiting.extend(self._look(who, client, step, signed_in=signed_in))
        return self.asked - before

    def on(self, day: str) -> None:
        """Another day: every word is worth trying once more, by whoever comes to it first."""
        self.when = f" on day {day}"
        self._tried.clear()

    def look_at(self, who: str, client: Client, pages: Iterable[str]) -> None:
        """Only these pages, where the period has them by now, and nowhere on from them."""
        client.raise_request_exception = False
        for page in pages:
            self._look(who, client, Step(page, "its name", offered=False), signed_in=True)

    # --- which are worth it

    def _is_news(self, step: Step) -> bool:
        itself = (_plain(step.address), "panel" if step.panel else "")
        self._seen[itself] += 1
        return self._seen[itself] == 1 and self._shows_more(step)

    def _shows_more(self, step: Step) -> bool:
        parts = urlsplit(step.address)
        try:
            found = resolve(parts.path)
        except Resolver404:
            return True
        if any(word in found.route for word in ENDS_IT):
            return False
        query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in VOLATILE]
        shape, most = self._shape(found.route, found.kwargs, query, step)
        tried = [
            (found.route, name, value)
            for name, value in query
            if not ADDRESS.fullmatch(value) and len(value) < LONGEST_WORD
        ]
        fresh = self._seen[shape] < most or (self.words and any(not self._tried[word] for word in tried))
        self._seen[shape] += 1
        self._tried.update(tried)
        return fresh

    def _shape(
        self, route: str, named: dict[str, Any], query: list[tuple[str, str]], step: Step
    ) -> tuple[tuple[str, ...], int]:
        """What kind of view an address shows, and how many of the kind are worth looking at."""
        key = str(named.get("key", ""))
        place = key if key in self.keys else "*" if key else ""
        words = [
            f"{name}={value}"
            for name, value in named.items()
            if name != "key" and "token" not in name and not ADDRESS.fullmatch(str(value))
        ]
        about = (route, place, *sorted(words), "panel" if step.panel else "")
        paged = any(ADDRESS.fullmatch(value) for _, value in query)
        most = 1 if step.panel or not self.words else DAYS if paged else self.often
        return (*about, *(sorted({name for name, _ in query}) if self.words else ())), most

    # --- looking

    def _look(self, who: str, client: Client, step: Step, *, signed_in: bool) -> list[Step]:
        self.asked += 1
        address = _plain(step.address)
        headers = {"HX-Request": "true"} if step.panel else {}
        answer: Any = client.get(address, headers=headers)

        def wrong(what: str) -> None:
            self.faults.append(Fault(f"{who}{self.when}", address, step.come_from, what))

        if answer.status_code >= 500 or getattr(answer, "exc_info", None):
            wrong(f"answered {answer.status_code}: {first_line(getattr(answer, 'exc_info', None))}")
            return []
        if answer.status_code in (301, 302):
            return self._led_on(step, answer["Location"], wrong, signed_in=signed_in)
        if answer.status_code not in FINE:
            if step.offered:
                wrong(f"is offered, and answers {answer.status_code}")
            return []
        body = b"".join(answer) if answer.streaming else answer.content
        self._note_route(address)
        return self._read(step, answer.get("Content-Type", ""), body, wrong)

    def _note_route(self, address: str) -> None:
        try:
            self.routes.setdefault(resolve(urlsplit(address).path).route, address)
        except Resolver404:
            return

    def _led_on(self, step: Step, to: str, wrong: Callable[[str], None], *, signed_in: bool) -> list[Step]:
        if signed_in and to.startswith(SIGN_IN + "login") and step.offered:
            wrong("is offered, and asks somebody who is signed in to sign in")
            return []
        return [Step(urljoin(step.address, to), step.address, offered=step.offered)]

    def _read(self, step: Step, kind: str, body: bytes, wrong: Callable[[str], None]) -> list[Step]:
        if kind.startswith("text/html"):
            return self._read_page(step, Reading(body.decode(), step.address), wrong)
        for what in broken_file(kind, body):
            wrong(what)
        return []

    def _read_page(self, step: Step, page: Reading, wrong: Callable[[str], None]) -> list[Step]:
        for what in dict.fromkeys(page.found):
            wrong(what)
        for where in dict.fromkeys(page.sent_to):
            if not leads_somewhere(urljoin(step.address, where)):
                wrong(f"has a form that is sent to {where}, which nobody serves")
        for one in set(page.files) - self._files:
            if not is_file(one):
                wrong(f"uses {one}, which is not there")
        self._files.update(page.files)
        return [
            *self._next(page.asked(), step, wrong),
            *self._next((urljoin(step.address, one) for one in page.panels), step, wrong, panel=True),
        ]

    def _next(
        self, addresses: Iterable[str], step: Step, wrong: Callable[[str], None], *, panel: bool = False
    ) -> Iterator[Step]:
        for address in dict.fromkeys(addresses):
            parts = urlsplit(address)
            if parts.scheme in ("mailto", "tel", "webcal", "data") or is_elsewhere(address):
                continue
            if parts.scheme not in ("", "http", "https"):
                wrong(f"has a link to {address}")
                continue
            yield Step(f"{parts.path or '/'}?{parts.query}".rstrip("?"), _plain(step.address), panel)


def _plain(address: str) -> str:
    """Without what changes from moment to moment."""
    parts = urlsplit(address)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "v"]
    return f"{parts.path}?{urlencode(query)}".rstrip("?")


def is_elsewhere(address: str) -> bool:
    """Whether it leaves the product."""
    own = ("", "testserver", urlsplit(settings.BASE_URL).netloc)
    return urlsplit(address).netloc not in own


def leads_somewhere(address: str) -> bool:
    """Whether anybody serves it."""
    if is_elsewhere(address):
        return True
    try:
        resolve(urlsplit(address).path)
    except Resolver404:
        return False
    return True


def is_file(address: str) -> bool:
    """Whether what a page uses is there: a file of ours with the piece that is named, or a picture of a person's."""
    parts = urlsplit(address)
    if is_elsewhere(address) or parts.scheme == "data" or (not parts.path and parts.fragment):
        return True
    if not parts.path.startswith(settings.STATIC_URL):
        return leads_somewhere(address)
    path = finders.find(parts.path.removeprefix(settings.STATIC_URL))
    if not path or not parts.fragment:
        return bool(path)
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  one line
        return f'id="{parts.fragment}"' in file.read()


def broken_file(kind: str, body: bytes) -> Iterator[str]:
    """What is wrong with an answer that is no page."""
    text = body.decode("utf-8", "replace")
    try:
        if "json" in kind:
            json.loads(text, parse_constant=_no_number)
        elif "xml" in kind:
            ElementTree.fromstring(text)
    except ValueError as error:
        yield f"is no {kind}: {error}"
    except ElementTree.ParseError as error:
        yield f"is no {kind}: {error}"
    if kind.startswith(("text/csv", "text/calendar")) and NO_CELL.search(text):
        yield "has a cell that says None"


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def first_line(exc_info: Any) -> str:
    """What was raised and where."""
    if not exc_info:
        return "nothing was raised"
    last = traceback.extract_tb(exc_info[2])[-1]
    return f"{exc_info[0].__name__}: {exc_info[1]} ({last.filename.rsplit('/', 2)[-1]}:{last.lineno} {last.name})"
