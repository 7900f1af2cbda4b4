"""What people write is shown as written, and nothing they write can run."""

from __future__ import annotations

import re

import pytest

from periods.documents import markdown

# Each tries to get script, style, a frame or a foreign address past the renderer or past the cleaner.
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;avascript&colon;alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](file:///etc/passwd)",
    "![x](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    '![x" onerror="alert(1)](x)',
    '[x](https://a.example "title\\" onmouseover=\\"alert(1)")',
    '[x](https://a.example" onclick="alert(1))',
    "<javascript:alert(1)>",
    '<https://a.example/"onclick=alert(1)>',
    "[a]: javascript:alert(1)\n\n[a]",
    "# <script>alert(1)</script>",
    '# x" id="main" onclick="alert(1)',
    "| <img src=x onerror=alert(1)> | b |\n|---|---|\n| <script>1</script> | c |",
    "- [ ] <img src=x onerror=alert(1)>",
    "- [x] [y](javascript:alert(1))",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "`<script>alert(1)</script>`",
    "<style>body{display:none}</style>",
    "<form action='https://evil.example'><input name=password></form>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<!--><script>alert(1)</script-->",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "https://a.example/<script>alert(1)</script>",
    'https://a.example/"onmouseover="alert(1)',
    "\x00<script\x00>alert(1)</script>",
    "<a id=main name=main>clobber</a>",
    "**<b onclick=alert(1)>x</b>**",
    "~~<u style='position:fixed'>x</u>~~",
    '[x](//evil.example" style="x)',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]
ALLOWED = re.compile(
    r"</?(?:[hH][2-6](?: id=\"s-[a-z0-9-]+\")?|p|br|hr|ul|ol(?: start=\"\d+\")?|li(?: class=\"is-task\")?"
    r"|blockquote|code|em|strong|s|table|thead|tbody|tr|th|td|span(?: class=\"(?:task|task task--done|vh)\")?"
    r"|pre(?: role=\"group\" aria-label=\"Code\" tabindex=\"0\")?"
    r"|div(?: class=\"doc-table\" role=\"group\" aria-label=\"Table\" tabindex=\"0\")?"
    r"|a(?: href=\"(?:https?:|mailto:|tel:|#|/|[^\":]*\")[^\"<>]*\"?)?(?: title=\"[^\"<>]*\")?"
    r"(?: rel=\"noopener noreferrer nofollow\")?)>"
)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_comes_through(text: str) -> None:
    html = markdown.render(text)

    tags = re.findall(r"<[^>]*>", html)
    assert [tag for tag in tags if not ALLOWED.fullmatch(tag)] == []
    assert not re.search(r"href=\"\s*(javascript|vbscript|data|file):", html, re.IGNORECASE)


@pytest.mark.parametrize("text", HOSTILE)
def test_cleaning_alone_would_stop_it_too(text: str) -> None:
    html = markdown._clean(text)

    assert not re.search(r"<(script|style|iframe|svg|img|form|input|base|meta|math)\b", html, re.IGNORECASE)
    assert not re.search(r"<[^>]*\son\w+\s*=", html, re.IGNORECASE)


def test_what_people_use_is_shown() -> None:
    html = markdown.render(
        "# Restart\n\nRun `systemctl`, **then** ~~wait~~ look at https://grafana.example/d/1.\n\n"
        "- [ ] Told the lead\n- [x] Took a backup\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nmake restart\n```\n"
    )

    assert '<h2 id="s-restart">Restart</h2>' in html
    assert '<a href="https://grafana.example/d/1" rel="noopener noreferrer nofollow">' in html
    assert '<li class="is-task"><span class="task"></span><span class="vh">To do: </span>Told the lead' in html
    assert '<span class="task task--done"></span><span class="vh">Done: </span>Took a backup' in html
    assert "<td>1</td>" in html
    assert "><code>make restart\n</code></pre>" in html


def test_tables_and_code_that_scroll_sideways_can_be_reached_with_the_keyboard() -> None:
    html = markdown.render("| a |\n|---|\n| 1 |\n\n```\nmake restart\n```\n")

    assert re.search(r'<div [^>]*aria-label="Table" tabindex="0"><table>.*</table></div>', html, re.DOTALL)
    assert re.search(r'<pre [^>]*aria-label="Code" tabindex="0"><code>', html)


def test_a_picture_becomes_a_link_because_nothing_is_loaded_from_outside() -> None:
    html = markdown.render("![The map](https://wiki.example/map.png)")

    assert "<img" not in html
    assert '<a href="https://wiki.example/map.png" rel="noopener noreferrer nofollow">The map</a>' in html


def test_headings_start_below_the_page_s_own_and_every_anchor_is_its_own() -> None:
    found = markdown.headings("# Vor dem Start\n## Größe\n## Größe\n###### deep\n# 日本")

    assert [(heading.level, heading.anchor) for heading in found] == [
        (2, "s-vor-dem-start"),
        (3, "s-groe"),
        (3, "s-groe-2"),
        (6, "s-deep"),
        (2, "s-section"),
    ]


@pytest.mark.parametrize(("words", "minutes"), [(0, 1), (200, 1), (1200, 6)])
def test_reading_takes_a_minute_for_200_words(words: int, minutes: int) -> None:
    assert markdown.reading_minutes("word " * words) == minutes


@pytest.mark.parametrize("text", ["[" * 100_000, "> " * 100_000, "*a " * 60_000, "<" * 100_000, "| a " * 50_000])
def test_the_largest_page_of_nonsense_is_still_shown(text: str) -> None:
    assert isinstance(markdown.render(text), str)
