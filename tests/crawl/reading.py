"""What one page says: the addresses it leads to, and what is wrong with it whatever it is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
MAY_STAY_OPEN = frozenset(
    ("li", "p", "dt", "dd", "option", "optgroup", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup")
)
UNSEEN = frozenset(("script", "style", "template", "textarea", "code", "pre"))
PRESSED = ("a", "button")
NOTHING = frozenset(("muted", "soft", "nav-none"))  # how our templates set apart that there is nothing
NAMES_ANOTHER = ("for", "list", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns")

MANY = "days|hours|minutes|people|checks|incidents|issues|notes|shifts|weeks|lessons|times"

# What no reader should ever meet, whatever the page is about. The second group are words that disagree with themselves.
LEFTOVERS = tuple(
    (re.compile(pattern), why)
    for pattern, why in (
        (r"\{\{|\}\}|\{%|%\}|%\(\w+\)[sd]", "a piece of a template"),
        (r"(?:^|[\s:·(“])(?:None(?!, our own)|nan|NaN|undefined|inf)(?:$|[.,:·)”]| (?:to|–) )", "a value that is none"),
        (r"<[A-Za-z_.]+ object at|<Query|datetime\.|Decimal\(|__\w+__", "an object of the program"),
        (r"&(?:amp|lt|gt|quot|#x?\d+);", "an escape that was escaped again"),
        (r"\b(\w[\w/]+(?: \w+)?) · \1(?: ·|$)", "the same word twice"),
        (r"(?<!at )\b[Aa]ll 0 [a-z]", "all of nothing"),  # “All 0” alone is a view with its count
        (r"\bChoose: |\bChosen:\s*$", "a word of the program’s own"),
        (r"\b(\w{3} \d{1,2} \w{3}) \d\d:\d\d (?:to|–|until) \1\b", "one day named twice"),
        (rf"(?<![\w.,:+−-])1 (?:{MANY})\b", "one of many"),
        (r"(?<![\d,.])-\d+ (?:days?|hours?|minutes?|h|min|%)(?!\w)", "less than nothing"),
    )
)
OUT_OF = re.compile(r"\b[Dd]ay (\d+) of (\d+)\b")
PERCENT = re.compile(r"(?<![\d.,])(\d+) ?%")


@dataclass
class Form:
    """A form that asks: where it goes, and what each of its fields can say."""

    action: str
    asks: bool
    fields: dict[str, list[str]] = field(default_factory=dict)  # name → every value that can be chosen
    chosen: dict[str, list[str]] = field(default_factory=dict)  # name → what it says when nobody touches it

    def addresses(self) -> Iterator[str]:
        """As it stands, then with each other choice of each field."""
        yield self._with({})
        for name, values in self.fields.items():
            for value in values:
                if [value] != self.chosen.get(name):
                    yield self._with({name: [value]})

    def _with(self, other: dict[str, list[str]]) -> str:
        pairs = [(name, value) for name, values in {**self.chosen, **other}.items() for value in values]
        return f"{self.action.split('?')[0].split('#')[0]}?{urlencode(pairs)}"

    def add(self, name: str, value: str, *, chosen: bool) -> None:
        """One value that a field can have."""
        self.fields.setdefault(name, [])
        if value not in self.fields[name]:
            self.fields[name].append(value)
        if chosen:
            self.chosen.setdefault(name, []).append(value)


@dataclass
class Open:
    """An element that has not ended."""

    tag: str
    attributes: dict[str, str]
    said: list[str] = field(default_factory=list)


class Reading(HTMLParser):
    """A page or a panel, read once from top to bottom."""

    def __init__(self, html: str, address: str) -> None:
        """Read it; `address` is where relative links start from."""
        super().__init__(convert_charrefs=True)
        self.address = address
        self.whole = html.lstrip()[:9].lower() == "<!doctype"
        self.links: list[str] = []  # to follow by GET
        self.panels: list[str] = []  # to ask for as the page's own script does
        self.sent_to: list[str] = []  # where forms post to
        self.files: list[str] = []  # pictures, scripts, style sheets
        self.ids: Counter[str] = Counter()
        self.named: list[tuple[str, str]] = []  # attribute, id that must exist
        self.found: list[str] = []
        self.forms: dict[str, Form] = {}
        self.texts: list[str] = []
        self._open: list[Open] = []
        self._loose: list[tuple[str, str, str, bool]] = []
        self._select: tuple[str, str] | None = None
        self._form: str | None = None
        self._hidden = 0
        self._text: list[str] = []
        self.feed(html)
        self.close()
        self._end()

    # --- elements

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what it leads to, and what is wrong with how it is written."""
        given = {name: value or "" for name, value in attrs}
        for name in {name for name, n in Counter(name for name, _ in attrs).items() if n > 1}:
            self.found.append(f"<{tag}> has two {name}")
        if tag in PRESSED and any(one.tag in PRESSED for one in self._open):
            self.found.append(f"<{tag}> inside another: {given.get('href', '')}")
        if tag not in ("span", "b", "i", "em", "strong", "small", "time", "abbr", "a", "mark", "bdi", "wbr"):
            self._say()
        self._note(tag, given)
        if tag == "form":
            self._begin_form(given)
        elif tag in ("input", "select", "button", "option"):
            self._note_field(tag, given)
        if tag not in VOID:
            self._open.append(Open(tag, given))
            self._hidden += tag in UNSEEN

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<path/>` of a drawing ends at once."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """End it, and what may end with it."""
        if tag in VOID:
            return
        if tag not in ("span", "b", "i", "em", "strong", "small", "time", "abbr", "a", "mark", "bdi"):
            self._say()
        while self._open and self._open[-1].tag != tag and self._open[-1].tag in MAY_STAY_OPEN:
            self._leave(self._open.pop())
        if not self._open or self._open[-1].tag != tag:
            self.found.append(f"</{tag}> ends what is not open: {' '.join(one.tag for one in self._open[-3:])}")
            return
        self._leave(self._open.pop())

    def _leave(self, one: Open) -> None:
        self._hidden -= one.tag in UNSEEN
        if one.tag == "form":
            self._form = None
        if one.tag == "select":
            self._select = None
        if one.tag in PRESSED and "aria-label" in one.attributes:
            self._two_names(one)
        if self._open:
            self._open[-1].said += one.said

    def _two_names(self, one: Open) -> None:
        """Who speaks to the page says what they see (WCAG 2.5.3): the spoken name holds the words that are shown."""
        seen, spoken = (re.findall(r"\w+", text.lower()) for text in (" ".join(one.said), one.attributes["aria-label"]))
        shown = [word for word in seen if len(word) > 1]
        if shown and not set(shown) & set(spoken):
            self.found.append(f"{one.tag} shows “{' '.join(shown)}” and is called “{one.attributes['aria-label']}”")

    def _note(self, tag: str, given: dict[str, str]) -> None:
        if "id" in given:
            self.ids[given["id"]] += 1
        self.named += [(name, one) for name in NAMES_ANOTHER if name in given for one in given[name].split()]
        href, src = given.get("href"), given.get("src")
        if tag == "a" and href is not None:
            self.links.append(href)
        elif tag == "link" and href is not None:
            where = self.links if "alternate" in given.get("rel", "") else self.files
            where.append(href)
        elif tag in ("use", "image") and href is not None:
            self.files.append(href)
        if tag in ("img", "script", "source", "iframe") and src is not None:
            self.files.append(src)
        if "hx-get" in given:
            self.panels.append(given["hx-get"])
        self.sent_to += [given[name] for name in ("hx-post", "formaction") if name in given]
        for name in ("aria-label", "title", "placeholder", "alt"):
            if given.get(name):
                self._check(given[name], f"{name} ")

    # --- forms

    def _begin_form(self, given: dict[str, str]) -> None:
        self._form = given.get("id") or f"form {len(self.forms)}"
        asks = given.get("method", "get").lower() == "get"
        self.forms[self._form] = Form(given.get("action") or self.address, asks)
        if given.get("method", "get").lower() == "post":
            self.sent_to.append(given.get("action") or self.address)

    def _note_field(self, tag: str, given: dict[str, str]) -> None:
        form = given.get("form") or self._form or ""
        if tag == "select":
            self._select = (form, given.get("name", ""))
        elif tag == "option":
            if self._select and self._select[1]:
                self._loose.append((*self._select, given.get("value", ""), "selected" in given))
        elif given.get("name") and "disabled" not in given:
            kind = given.get("type", "submit" if tag == "button" else "text")
            picked = kind in ("checkbox", "radio")
            sent = "checked" in given if picked else kind not in ("submit", "file", "image")
            self._loose.append((form, given["name"], given.get("value", "on" if picked else ""), sent))

    # --- words

    def handle_data(self, data: str) -> None:
        """Words between two tags."""
        if self._hidden or not data.strip():
            if data and not self._hidden:
                self._text.append(" ")
            return
        self._text.append("Nothing" if data.strip() == "None" and self._says_none() else data)
        if self._open:
            self._open[-1].said.append(data)

    def _says_none(self) -> bool:
        """Whether none is what is meant: a choice, or a word that is set apart as saying that there is nothing."""
        around = self._open[-2:]
        classes = {name for one in around for name in one.attributes.get("class", "").split()}
        return bool(classes & NOTHING) or any(one.tag in ("option", "label") for one in around)

    def _say(self) -> None:
        text = " ".join("".join(self._text).split())
        self._text.clear()
        if text:
            self.texts.append(text)
            self._check(text)

    def _check(self, text: str, where: str = "") -> None:
        for pattern, why in LEFTOVERS:
            if match := pattern.search(text):
                around = text[max(0, match.start() - 30) : match.end() + 30]
                self.found.append(f"{why}: {where}“{around}”")
        for day, days in OUT_OF.findall(text):
            if int(day) > int(days):
                self.found.append(f"more than all: {where}“day {day} of {days}”")

    # --- the whole

    def _end(self) -> None:
        self._say()
        while self._open and self._open[-1].tag in MAY_STAY_OPEN:
            self._leave(self._open.pop())
        self.found += [f"<{one.tag}> never ends" for one in self._open if one.tag not in ("html", "body", "main")]
        self.found += [f"{n} elements have the id {name}" for name, n in self.ids.items() if n > 1]
        for form, name, value, chosen in self._loose:
            if form in self.forms:
                self.forms[form].add(name, value, chosen=chosen)
        if not self.whole:
            return
        self.found += [
            f"{attribute} names {one}, which is not there" for attribute, one in self.named if one not in self.ids
        ]
        self.found += [
            f"a link leads to {link}, which is not on the page"
            for link in set(self.links)
            if link.startswith("#") and link[1:] not in self.ids and link != "#"
        ]

    def asked(self) -> Iterator[str]:
        """Every address a reader can come to from here, whole."""
        for link in self.links:
            yield urljoin(self.address, link)
        for form in self.forms.values():
            if form.asks:
                yield from (urljoin(self.address, one) for one in form.addresses())
