"""What the checks of the period that is getting ready rest on: files, a test report, rehearsals, a waiver that ends."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypercare.models import User
from periods import checklist, rehearsals
from periods.evidence import Upload
from periods.models import ChecklistItem, Period

DAY = timedelta(days=1)
RESTORE_LOG = Upload(
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


def tell(period: Period, people: dict[str, User], *, now: datetime) -> None:
    """The last days' work on the checks. The period is in readiness, its checks assigned."""
    maja, daniel = people["maja"], people["daniel"]
    at = now - 3 * DAY

    def one(title: str) -> ChecklistItem:
        return period.checklist.get(title=title)

    checklist.attach(one("Restore from backup proven").pk, upload=RESTORE_LOG, by=maja, at=at)
    report = one("Failed-dependency behaviour tested")
    checklist.reopen(report.pk, by=maja, at=at)
    checklist.attach(report.pk, upload=_report(), by=maja, at=now - timedelta(hours=3))
    checklist.fail(
        one("Monitoring outage itself alerts").pk, by=daniel, at=now - timedelta(hours=20),
        note="The watchdog stayed silent for 11 minutes; its check runs every 15.",
    )  # fmt: skip
    checklist.waive(
        one("Privacy/legal review done").pk, by=people["rachel"], at=at, expires_at=now + timedelta(hours=20),
        reason="Nothing new is collected; the review of the push texts is booked for tomorrow.",
    )  # fmt: skip
    checklist.assign(one("Peak-load test met targets").pk, by=maja, at=at, due_at=now - timedelta(hours=26))
    for kind, box, took, when, notes in (
        ("cutover", 150, 128, now - 4 * DAY, "Store release in one go; two steps fewer than planned."),
        ("rollback", 60, 84, now - 3 * DAY, "Restoring the push tokens took half of it."),
        ("rollback", 60, 47, now - DAY, "Tokens are restored in parallel now."),
    ):
        rehearsals.record(
            period.pk, kind=kind, box_minutes=box, took_minutes=took, outcome="passed", by=daniel, at=when, notes=notes
        )  # fmt: skip


def _report() -> Upload:
    rows = "".join(
        f'<testcase classname="{name.rpartition(".")[0]}" name="{name.rpartition(".")[2]}" time="0.9">{said}</testcase>'
        for name, said in CASES
    )
    text = f'<?xml version="1.0" encoding="UTF-8"?><testsuite name="mobile" time="92.4">{rows}</testsuite>'
    return Upload("mobile-integration.xml", text.encode(), is_report=True)
