"""Evidence: several pieces a check, files by content in a private folder, and a record that removal keeps."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from periods import checklist
from periods.checklist import evidence
from periods.checklist.evidence import EvidenceUpload
from periods.models import ChecklistItem, Evidence, JournalEntry, Period
from tests.factories import GO_LIVE, make_check, make_member, make_period

pytestmark = pytest.mark.django_db

AT = GO_LIVE - timedelta(days=3)
DAY = timedelta(days=1)
LOG = EvidenceUpload("restore.log", b"restored 48 tables\n")
FAILING = EvidenceUpload(
    "run.xml", b'<testsuite time="3"><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>'
)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path: Path) -> Path:
    settings.EVIDENCE_DIR = tmp_path / "evidence"
    return tmp_path / "evidence"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def item() -> ChecklistItem:
    return make_check(make_period(Period.Status.READINESS))


def attach(item: ChecklistItem, **given) -> Evidence:
    checklist.attach_evidence(item.pk, **{"by": item.period.lead, "at": AT, **given})
    found = item.evidence.order_by("-pk").first()
    assert found is not None
    return found


def test_a_check_holds_links_notes_and_files(item: ChecklistItem, folder: Path) -> None:
    attach(item, evidence="https://wiki.example/1")
    attach(item, evidence="Seen by both teams")
    row = attach(item, upload=LOG, evidence="The second run")

    assert list(item.evidence.order_by("pk").values_list("kind", flat=True)) == ["link", "note", "file"]
    assert (row.file_name, row.media_type, row.size, row.text) == ("restore.log", "text/plain", 19, "The second run")
    assert row.sha256 == hashlib.sha256(LOG.data).hexdigest()
    assert evidence.path_of(row.stored_as).read_bytes() == LOG.data
    assert evidence.path_of(row.stored_as).stat().st_mode & 0o777 == 0o600
    assert "restore" not in row.stored_as
    entry = JournalEntry.objects.latest("seq")
    assert (entry.kind, entry.data["sha256"]) == ("checklist.evidence", row.sha256)


@pytest.mark.parametrize(
    ("upload", "reason"),
    [
        (EvidenceUpload("a.txt", b""), "empty"),
        (EvidenceUpload("a.exe", b"MZ\x90\x00"), "not accepted"),
        (EvidenceUpload("a.txt", b"a" * 10_000_001), "more than 10 MB"),
        (EvidenceUpload("a.xml", b"<testsuite><broken></testsuite>"), "not XML"),
        (EvidenceUpload("a.txt", b"no report", is_report=True), "not XML"),
    ],
)
def test_a_file_that_can_not_be_taken_is_refused_and_leaves_nothing(
    item: ChecklistItem, folder: Path, upload: EvidenceUpload, reason: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        attach(item, upload=upload)

    assert reason in refusal.value.errors["file"][0]
    assert not Evidence.objects.exists()
    assert files(folder) == []


def test_a_refused_change_takes_its_file_away_again(item: ChecklistItem, folder: Path) -> None:
    stranger = make_member(item.period, right="viewer").user

    with pytest.raises(NotAllowed):
        attach(item, upload=LOG, by=stranger)

    assert files(folder) == []


def test_the_quota_of_a_period_counts_until_bytes_are_deleted(item: ChecklistItem, settings) -> None:
    settings.EVIDENCE_QUOTA = 40
    row = attach(item, upload=LOG)
    attach(item, upload=LOG)

    with pytest.raises(Invalid):
        attach(item, upload=LOG)
    checklist.remove_evidence(row.pk, by=item.period.lead, at=AT)
    with pytest.raises(Invalid):
        attach(item, upload=LOG)
    timers.fire_due(at=AT + DAY)

    assert attach(item, upload=LOG).size == 19


def test_removing_keeps_the_record_and_deletes_the_bytes_a_day_later(
    item: ChecklistItem, folder: Path, django_capture_on_commit_callbacks
) -> None:
    row = attach(item, upload=LOG)

    checklist.remove_evidence(row.pk, by=item.period.lead, at=AT)
    with django_capture_on_commit_callbacks(execute=True):
        timers.fire_due(at=AT + DAY - timedelta(seconds=1))
    assert len(files(folder)) == 1
    with django_capture_on_commit_callbacks(execute=True):
        timers.fire_due(at=AT + DAY)

    row.refresh_from_db()
    assert (row.file_name, row.sha256, row.stored_as) == ("restore.log", hashlib.sha256(LOG.data).hexdigest(), "")
    assert files(folder) == []
    assert JournalEntry.objects.filter(kind="checklist.evidence_removed").count() == 1
    with pytest.raises(AlreadyDone):
        checklist.remove_evidence(row.pk, by=item.period.lead, at=AT)


def test_who_added_it_or_an_owner_removes_it_and_nobody_else(item: ChecklistItem) -> None:
    one, other = make_member(item.period).user, make_member(item.period).user
    first, second = attach(item, evidence="a", by=one), attach(item, evidence="b", by=one)

    with pytest.raises(NotAllowed):
        checklist.remove_evidence(first.pk, by=other, at=AT)
    checklist.remove_evidence(first.pk, by=one, at=AT)
    checklist.remove_evidence(second.pk, by=item.period.lead, at=AT)

    assert Evidence.objects.filter(removed_at__isnull=False).count() == 2


def test_failing_tests_are_counted_and_never_tick_the_check(item: ChecklistItem) -> None:
    row = attach(item, upload=FAILING)

    item.refresh_from_db()
    assert row.tests is not None
    assert (row.tests["passed"], row.tests["failed"], row.tests["failing"], row.tests["duration_s"]) == (1, 1, ["b"], 3)
    assert item.status == "open"
    assert JournalEntry.objects.latest("seq").data["tests"] == {"passed": 1, "failed": 1, "errors": 0, "skipped": 0}


def test_nothing_given_is_refused(item: ChecklistItem) -> None:
    with pytest.raises(Invalid):
        checklist.attach_evidence(item.pk, evidence="  ", by=item.period.lead, at=AT)


def test_a_removal_is_undone_while_the_bytes_are_there(item: ChecklistItem, django_capture_on_commit_callbacks) -> None:
    row = attach(item, upload=LOG)
    checklist.remove_evidence(row.pk, by=item.period.lead, at=AT)
    seq = JournalEntry.objects.latest("seq").seq

    checklist.undo_change(item.period_id, seq, by=item.period.lead, at=AT)
    with django_capture_on_commit_callbacks(execute=True):
        timers.fire_due(at=AT + DAY)

    row.refresh_from_db()
    assert (row.removed_at, evidence.path_of(row.stored_as).exists()) == (None, True)
    checklist.remove_evidence(row.pk, by=item.period.lead, at=AT + DAY)
    seq = JournalEntry.objects.latest("seq").seq
    timers.fire_due(at=AT + 2 * DAY)
    with pytest.raises(Refused, match="deleted a day after"):
        checklist.undo_change(item.period_id, seq, by=item.period.lead, at=AT + 2 * DAY)
