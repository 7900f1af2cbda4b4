"""Markdown to safe HTML: what people write in pages, as it may be shown.

Rendered without raw HTML, then cleaned against a list of what may be there, so that a fault of either alone lets
nothing through. Headings start at the second level, below the page's own, and carry anchors; boxes of task lists
become words and a sign; pictures become links, because the content policy loads none from outside.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

TAGS: Final = frozenset(
    {
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "br",
        "hr",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "em",
        "strong",
        "s",
        "a",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "span",
    }
)
ATTRIBUTES: Final[dict[str, set[str]]] = {
    "a": {"href", "title"},
    "ol": {"start"},
    **{f"h{level}": {"id"} for level in range(2, 7)},
}
CLASSES: Final[dict[str, set[str]]] = {"span": {"task", "task--done", "vh"}, "li": {"is-task"}}
SCHEMES: Final = {"http", "https", "mailto", "tel"}
# Anchors begin with this, so that no heading can pose as an element of ours.
ANCHOR: Final = "s-"
TASK: Final = re.compile(r"\[([ xX])\] +")
ADDRESS: Final = re.compile(r"https?://[^\s<>\[\]\"'`]+[^\s<>\[\]\"'`.,;:!?)]")
SCROLLABLE: Final = {
    "<table>": '<div class="doc-table" role="group" aria-label="Table" tabindex="0"><table>',
    "</table>": "</table></div>",
    "<pre>": '<pre role="group" aria-label="Code" tabindex="0">',
}
WORDS_A_MINUTE: Final = 200
DEEPEST: Final = 20


@dataclass(frozen=True)
class Heading:
    """A place in the page: its level (2 is the highest), its words and its anchor."""

    level: int
    text: str
    anchor: str


def _parser() -> MarkdownIt:
    options = {"html": False, "linkify": False, "typographer": False, "maxNesting": DEEPEST}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"])


def render(text: str) -> str:
    """Safe HTML of a Markdown text."""
    return _scrollable(_clean(_parser().renderer.render(_tokens(text), _parser().options, {})))


def headings(text: str) -> list[Heading]:
    """The headings of a text, in order."""
    tokens = _tokens(text)
    return [
        Heading(int(token.tag[1]), _plain(tokens[n + 1]), str(token.attrs["id"]))
        for n, token in enumerate(tokens)
        if token.type == "heading_open"
    ]


def reading_minutes(text: str) -> int:
    """How long it takes to read, in minutes, at least one."""
    return max(1, round(len(text.split()) / WORDS_A_MINUTE))


def _clean(html: str) -> str:
    cleaned: str = nh3.clean(
        html,
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return cleaned


def _scrollable(html: str) -> str:
    """Let the keyboard into what scrolls sideways. What people write holds none of these tags once it is clean."""
    for plain, ours in SCROLLABLE.items():
        html = html.replace(plain, ours)
    return html


def _tokens(text: str) -> list[Token]:
    tokens = _parser().parse(text)
    used: dict[str, int] = {}
    # The highest heading a writer uses stands right below the page's own, whether it was # or ##.
    shift = 2 - min((int(token.tag[1]) for token in tokens if token.type == "heading_open"), default=2)
    for n, token in enumerate(tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + shift)}"
        if token.type == "heading_open":
            token.attrSet("id", _anchor(_plain(tokens[n + 1]), used))
        if token.type == "inline":
            is_item = n > 1 and tokens[n - 2].type == "list_item_open"
            task = _take_task(token) if is_item else None
            token.children = list(_inline(token.children or []))
            if task is not None:
                tokens[n - 2].attrSet("class", "is-task")
                token.children.insert(0, _html(_box(done=task)))
    return tokens


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or [] if child.type in ("text", "code_inline"))


def _anchor(words: str, used: dict[str, int]) -> str:
    """`Point of no return` → `s-point-of-no-return`; a second one ends in `-2`."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "section"
    used[name] = used.get(name, 0) + 1
    return f"{ANCHOR}{name}" if used[name] == 1 else f"{ANCHOR}{name}-{used[name]}"


def _take_task(inline: Token) -> bool | None:
    """Whether the item is a task that is done; None when it is no task. Takes the box off its words."""
    if not inline.children or inline.children[0].type != "text":
        return None
    first = inline.children[0]
    found = TASK.match(first.content)
    if found is None:
        return None
    first.content = first.content[found.end() :]
    return found[1] != " "


def _box(*, done: bool) -> str:
    words = "Done: " if done else "To do: "
    return f'<span class="task{" task--done" if done else ""}"></span><span class="vh">{words}</span>'


def _html(content: str) -> Token:
    return Token("html_inline", "", 0, content=content)


def _inline(children: list[Token]) -> Iterator[Token]:
    """Pictures as links, and bare addresses as links where they do not stand in one."""
    depth = 0
    for child in children:
        depth += {"link_open": 1, "link_close": -1}.get(child.type, 0)
        if child.type == "image":
            address = str(child.attrs.get("src", ""))
            yield from _link(address, child.content or address) if not depth else [_text(child.content)]
        elif child.type == "text" and not depth:
            yield from _linked(child.content)
        else:
            yield child


def _linked(text: str) -> Iterator[Token]:
    end = 0
    for found in ADDRESS.finditer(text):
        yield _text(text[end : found.start()])
        yield from _link(found[0], found[0])
        end = found.end()
    yield _text(text[end:])


def _link(address: str, words: str) -> Iterator[Token]:
    attrs: dict[str, Any] = {"href": address}
    yield Token("link_open", "a", 1, attrs=attrs)
    yield _text(words)
    yield Token("link_close", "a", -1)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
