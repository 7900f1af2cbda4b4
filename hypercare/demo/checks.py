"""What the checks of the period that is getting ready rest on: files, a test report, rehearsals, a waiver that ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from hypercare.demo.script import Timeline
from hypercare.models import User
from periods import checklist
from periods.checklist import rehearsals
from periods.checklist.evidence import EvidenceUpload
from periods.models import ChecklistItem, Period

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KEY, DEPENDENCY = "MOB70", "Failed-dependency behaviour tested"
RESTORE_LOG = EvidenceUpload(
    "restore-drill.csv",
    b"step,started,took_s,result\nstop writes,22:00:00,41,ok\nrestore snapshot,22:00:41,1260,ok\n"
    b"replay log,22:21:41,388,ok\nrow counts agree,22:28:09,52,ok\n",
)
CASES = (
    *((f"checkout.Cart.case_{n}", "") for n in range(1, 97)),
    ("push.Quiet hours.keeps silent at night in the user's zone", "<failure>sent at 23:40</failure>"),
    ("offline.Sync.merges two edits of one address", "<failure>kept the older one</failure>"),
    ("push.Badge.clears on another device", "<skipped/>"),
)


def add_story(script: Timeline, people: dict[str, User]) -> None:
    """Add to the story the last days' work on the checks of the period that is in readiness."""
    maja, daniel, now = people["maja"], people["daniel"], script.now
    script.at(now - 3 * DAY, partial(_three_days_ago, maja, people["rachel"], now))
    script.at(
        now - 20 * HOUR,
        lambda at: checklist.fail(
            _one("Monitoring outage itself alerts"),
            by=daniel,
            at=at,
            note="The watchdog stayed silent for 11 minutes; its check runs every 15.",
        ),
    )
    script.at(now - 3 * HOUR, lambda at: checklist.attach_evidence(_one(DEPENDENCY), upload=_report(), by=maja, at=at))
    for kind, box, took, days, notes in (
        ("cutover", 150, 128, 4, "Store release in one go; two steps fewer than planned."),
        ("rollback", 60, 84, 3, "Restoring the push tokens took half of it."),
        ("rollback", 60, 47, 1, "Tokens are restored in parallel now."),
    ):
        script.at(now - days * DAY, partial(_rehearse, daniel, kind, box, took, notes))


def _one(title: str) -> int:
    return int(ChecklistItem.objects.get(period__key=KEY, title=title).pk)


def _three_days_ago(maja: User, rachel: User, now: datetime, at: datetime) -> None:
    checklist.attach_evidence(_one("Restore from backup proven"), upload=RESTORE_LOG, by=maja, at=at)
    checklist.reopen(_one(DEPENDENCY), by=maja, at=at)
    checklist.waive(
        _one("Privacy/legal review done"),
        by=rachel,
        at=at,
        expires_at=now + 20 * HOUR,
        reason="Nothing new is collected; the review of the push texts is booked for tomorrow.",
    )
    checklist.assign(_one("Peak-load test met targets"), by=maja, at=at, due_at=now - 26 * HOUR)


def _rehearse(by: User, kind: str, box: int, took: int, notes: str, at: datetime) -> None:
    rehearsals.record(
        Period.objects.get(key=KEY).pk,
        kind=kind,
        box_minutes=box,
        took_minutes=took,
        outcome="passed",
        by=by,
        at=at,
        notes=notes,
    )


def _report() -> EvidenceUpload:
    rows = "".join(
        f'<testcase classname="{name.rpartition(".")[0]}" name="{name.rpartition(".")[2]}" time="0.9">{said}</testcase>'
        for name, said in CASES
    )
    text = f'<?xml version="1.0" encoding="UTF-8"?><testsuite name="mobile" time="92.4">{rows}</testsuite>'
    return EvidenceUpload("mobile-integration.xml", text.encode(), is_report=True)
