"""Reports of mail servers: what bounced is marked once, and nothing else is touched."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from contributors.messaging import bounces, outbox
from contributors.models import Delivery
from hypercare.engine import timers
from tests.factories import NOW, make_member, make_period, make_user

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=3)


def sent() -> Delivery:
    period = make_period()
    row = outbox.notify(
        user=make_member(period, make_user("Anna Berg")).user,
        kind="period_started",
        period=period,
        subject="",
        context={"by": "Maja", "at": NOW.isoformat(), "ends_at": NOW.isoformat()},
        at=NOW,
        key="k",
        urgency=Delivery.Urgency.NORMAL,
    )
    assert row
    Delivery.objects.update(state="sent", sent_at=NOW, settled_at=NOW)
    return row


def report(row: Delivery, *, action: str = "failed", host: str = "127.0.0.1", inside: str = "message/rfc822") -> bytes:
    return f"""From: MAILER-DAEMON@mx.example.test
To: hypercare@example.test
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.test

Final-Recipient: rfc822; anna@example.test
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such
 person here

--b
Content-Type: {inside}

Message-ID: <{row.pk}@{host}>
Subject: Live

--b--
""".replace("\n", "\r\n").encode()


@pytest.mark.parametrize("inside", ["message/rfc822", "text/rfc822-headers"])
def test_a_bounce_is_marked_once_with_its_reason_and_the_lead_is_told(inside: str) -> None:
    row = sent()

    assert bounces.apply_report(report(row, inside=inside), at=LATER) == row
    assert bounces.apply_report(report(row, inside=inside), at=LATER) is None

    row.refresh_from_db()
    assert (row.state, row.last_error) == ("bounced", "550 5.1.1 no such person here")
    assert [line.outcome for line in row.tries.all()] == ["bounced"]
    timers.fire_due(at=LATER)
    assert row.period
    assert Delivery.objects.get(kind="undelivered").recipient == row.period.lead


@pytest.mark.parametrize(
    "raw",
    [
        lambda row: report(row, action="delayed"),
        lambda row: report(row, host="elsewhere.example.test"),
        lambda row: report(row).replace(b"multipart/report", b"multipart/mixed"),
        lambda row: report(row).split(b"Message-ID")[0],
        lambda row: b"\xff\x00 no mail at all",
        lambda row: b"",
    ],
)
def test_whatever_is_no_bounce_of_ours_changes_nothing(raw: Any) -> None:
    row = sent()

    assert bounces.apply_report(raw(row), at=LATER) is None

    row.refresh_from_db()
    assert row.state == "sent"


def test_a_report_of_success_marks_it_delivered_once_and_a_bounce_after_it_still_counts() -> None:
    row = sent()

    assert bounces.apply_report(report(row, action="delivered"), at=LATER) is not None
    assert bounces.apply_report(report(row, action="delivered"), at=LATER) is None
    row.refresh_from_db()
    assert (row.state, row.last_error) == ("delivered", "")
    assert list(row.tries.values_list("outcome", flat=True)) == ["delivered"]
    timers.fire_due(at=LATER)
    assert not Delivery.objects.filter(kind="undelivered").exists()

    bounces.apply_report(report(row), at=LATER)
    row.refresh_from_db()
    assert row.state == "bounced"


def test_the_command_reads_files_and_maildirs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = sent()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1").write_bytes(report(row))
    (tmp_path / "other").write_bytes(b"Subject: Hello\r\n\r\n")

    call_command("read_bounces", str(tmp_path), str(tmp_path / "other"))

    assert "2 read, 1 marked as bounced" in capsys.readouterr().out
    with pytest.raises(CommandError, match="does not exist"):
        call_command("read_bounces", str(tmp_path / "missing"))


def test_a_report_that_can_t_be_read_does_not_hold_up_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = sent()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1").write_bytes(b"Content-Type: " + b"(" * 5000 + b"\r\n\r\n")
    (tmp_path / "new" / "2").write_bytes(report(row))

    call_command("read_bounces", str(tmp_path))

    assert "2 read, 1 marked as bounced, 1 not to be read" in capsys.readouterr().out
    row.refresh_from_db()
    assert row.state == "bounced"
