"""Every kind of message can be written, whatever people wrote into what it tells."""

from __future__ import annotations

import email
import email.policy
import re
from typing import Any

import pytest
from django.core.management import call_command

from contributors.channels.email import transport
from contributors.messaging import message_templates, rendering
from contributors.messaging.message_templates import samples

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", message_templates.KINDS)
def test_every_kind_can_be_written_and_names_a_full_address_in_its_text(kind: str) -> None:
    message = rendering.render(samples.sample_delivery(kind))

    assert message.subject == rendering.one_line(message.subject)
    assert "http://127.0.0.1:8000/" in message.text
    for part in (message.text, message.html):
        assert "None" not in part
        assert "{{" not in part
    assert "<img" not in message.html
    assert "max-width:600px" in message.html


def test_the_preview_writes_each_kind_twice(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("preview_messages", "--to", str(tmp_path))

    assert {file.stem for file in tmp_path.iterdir()} == {*message_templates.KINDS, "index"}
    index = (tmp_path / "index.html").read_text()
    assert all(f'href="{kind}.{end}"' in index for kind in message_templates.KINDS for end in ("html", "txt"))
    assert f"{len(message_templates.KINDS)} messages" in capsys.readouterr().out


# --- Text from people ---------------------------------------------------------------------------

HOSTILE = "Bad\r\nBcc: eve@example.test\r\n\r\n<script>alert(1)</script>\u2028<img src=x onerror=alert(1)>"


def spoilt(value: Any) -> Any:
    """The same snapshot with hostile words wherever people write; moments, links and names of things stay."""
    if isinstance(value, dict):
        return {name: each if name in KEPT else spoilt(each) for name, each in value.items()}
    if isinstance(value, list):
        return [spoilt(each) for each in value]
    is_words = isinstance(value, str) and not re.match(r"\d{4}-\d{2}-\d{2}(T|$)|https?://", value)
    return f"{value} {HOSTILE}" if is_words else value


KEPT = {
    "link",
    "rung",
    "clock",
    "how",
    "what",
    "kind",
    "severity",
    "key",
    "code",
    "confirm",
    "leave",
    "page_slug",
    "receipt",
}


@pytest.mark.parametrize("kind", message_templates.KINDS)
def test_no_words_of_people_become_a_header_or_markup(kind: str) -> None:
    row = samples.sample_delivery(kind)
    row.context = spoilt(row.context)
    for thing in (row.period, row.recipient, row.period.lead if row.period else None):
        if thing is not None:
            thing.name = f"{thing.name} {HOSTILE}"

    message = rendering.render(row)
    sent = transport.compose_mail(row, message).message().as_bytes()
    mail = email.message_from_bytes(sent, policy=email.policy.default)

    assert mail["Bcc"] is None
    assert mail.get_all("To") == ["tomasz@northlane.example"]
    assert len(mail.get_all("Subject") or []) == 1
    assert "<script" not in message.html
    assert "<img" not in message.html
    assert not mail.defects
