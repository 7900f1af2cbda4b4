"""Bytes that nobody would write, seeded changes of real mails: each ends somewhere, and none stops the next.

MAIL_MUTATIONS=20000 .venv/bin/python -m pytest tests/incidents/intake/test_mail_mutations.py -q
"""

from __future__ import annotations

import os
import random
from collections import Counter
from email.message import EmailMessage
from typing import Final

import pytest

from incidents.intake.mail import mail_store, mailbox
from incidents.models import InboundMail, StoredMail
from tests.factories import NOW
from tests.incidents.mails import POISON, written
from tests.incidents.stakeholders.test_reports import PNG

pytestmark = pytest.mark.django_db

MUTATIONS: Final = int(os.environ.get("MAIL_MUTATIONS", "200"))
SEED: Final = int(os.environ.get("MAIL_MUTATIONS_SEED", "20261130"))
A_BOX: Final = 100
# What breaks readers: ends and beginnings of everything, words that programs take for more than words.
PIECES: Final = (
    b"\x00",
    b"\xff\xfe",
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"--BB",
    b"--BB--",
    b"=?utf-8?b?////?=",
    b"=?x?q?=00?=",
    b"(" * 40,
    b"<" * 40,
    b'"',
    b"\\",
    b";",
    b"=",
    b"*0*=undefined''%ff",
    b"filename*=idna''%00",
    b" charset=undefined",
    b" charset=punycode",
    b' charset="utf-7"',
    b"boundary=",
    b"multipart/report",
    b"multipart/mixed",
    b"message/rfc822",
    b"message/delivery-status",
    b"text/html",
    b"Content-Transfer-Encoding: uuencode\r\n",
    b"base64",
    b"+2AA-",
    b"From: a@b@c\r\n",
    b"Message-ID: <\r\n",
    b"References: " + b"<a@b>" * 50 + b"\r\n",
    b"\xe2\x99\xa5",
)


def _with_files(address: str) -> bytes:
    mail: EmailMessage = written(address, "With a picture.", In_Reply_To="<x@y>")
    mail.add_alternative("<p>With <b>a</b> picture.</p>", "html")
    mail.add_attachment(PNG, maintype="image", subtype="png", filename="sch\u00f6n.png")
    mail.add_attachment("a,b", subtype="csv", filename="a.csv")
    return mail.as_bytes()


def _report() -> bytes:
    return (
        b"From: mailer@x.example\r\nContent-Type: multipart/report; boundary=BB\r\n\r\n--BB\r\nContent-Type: "
        b"message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: failed\r\n\r\n--BB\r\nContent-Type: "
        b"message/rfc822\r\n\r\nMessage-ID: <x@localhost>\r\n\r\n--BB--\r\n"
    )


def _mutated(raw: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """One to six changes: bytes flipped, cut out, doubled, put in; two mails grown together."""
    data = bytearray(raw)
    for _ in range(rng.randint(1, 6)):
        # Headers are where most goes wrong.
        start = rng.randrange(max(1, min(len(data), 900) if rng.random() < 0.7 else len(data)))
        length = rng.randint(1, 40)
        match rng.randrange(6):
            case 0:
                data[start : start + 1] = bytes([rng.randrange(256)])
            case 1:
                del data[start : start + length]
            case 2:
                data[start:start] = data[start : start + length] * rng.randint(1, 5)
            case 3 | 4:
                data[start:start] = rng.choice(PIECES)
            case 5:
                other = rng.choice(others)
                data[start:] = other[rng.randrange(max(1, len(other))) :]
    return bytes(data)


def test_whatever_comes_ends_somewhere_and_stops_nothing(imap, address):
    deep = "2,000 parts in one another"  # takes seconds to make
    roots = [written(address).as_bytes(), _with_files(address), _report()]
    roots += [raw.replace(b"ADDRESS", address.encode()) for name, raw in POISON.items() if name != deep]
    rng = random.Random(SEED)  # noqa: S311  no secret
    ends: Counter[str] = Counter()
    for first in range(0, MUTATIONS, A_BOX):
        mails = [_mutated(rng.choice(roots), rng, roots) for _ in range(min(A_BOX, MUTATIONS - first))]
        server = imap(*mails, written(address, f"Behind {first}.").as_bytes())

        for _ in range(A_BOX // mailbox.A_TURN + 1):
            mailbox.poll(at=NOW)

        assert sorted(server.seen) == list(range(1, len(mails) + 2)), f"seed {SEED}, from {first}"
        kept = {bytes(raw) for raw in StoredMail.objects.values_list("raw", flat=True)}
        assert kept.issuperset(mails)
        assert not StoredMail.objects.filter(state="waiting").exists()
        assert InboundMail.objects.filter(text=f"Behind {first}.").exists()
        ends.update(_ends())
        StoredMail.objects.all().delete()
    print(f"{MUTATIONS} mails of seed {SEED}: {dict(ends)}")  # noqa: T201  shown with -s, and for the record
    assert ends["report"]
    assert ends["quarantined"] < MUTATIONS / 2


def _ends() -> Counter[str]:
    """Where mails ended: what became of those that were read, or quarantine."""
    rows = StoredMail.objects.values_list("state", "mail__outcome")
    return Counter(outcome or state for state, outcome in rows)


def test_quarantine_looks_for_two_lines_in_any_bytes():
    rng = random.Random(SEED)  # noqa: S311
    for _ in range(200):
        raw = rng.randbytes(rng.randrange(400)) + b"\nFrom: " + rng.randbytes(20)

        assert mail_store._line(raw, b"from:").isprintable()
