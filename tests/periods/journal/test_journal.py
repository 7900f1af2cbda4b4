"""The journal can't be altered unnoticed, and hands everything on."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from hypercare import registry
from hypercare.models import Setback, Timer
from periods.journal import journal
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_period

pytestmark = pytest.mark.django_db

protection = importlib.import_module("periods.migrations.0002_what_must_stay_as_written")


class Statements:
    """As much of a schema editor as the migration needs. Both databases undo it with the test's transaction."""

    connection = connection

    def execute(self, statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture
def no_triggers() -> None:
    """What somebody with the database's password can do: take the protection away first."""
    protection.release(None, Statements())


@pytest.fixture
def triggers(no_triggers: None) -> None:
    """The protection as the migration makes it, whatever the test run took away."""
    protection.protect(None, Statements())


def make_entries(count: int = 3, period: Period | None = None) -> Period:
    period = period or make_period()
    for number in range(1, count + 1):
        journal.record(period, "test.happened", by=period.lead, at=NOW, subject=f"thing:{number}", number=number)
    return period


# --- Recording ----------------------------------------------------------------------------------


def test_entries_are_numbered_without_gap_and_chained() -> None:
    period = make_entries(3)

    entries = list(JournalEntry.objects.filter(period=period).order_by("seq"))

    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert [entry.prev_hash for entry in entries] == ["", entries[0].hash, entries[1].hash]
    period.refresh_from_db()
    assert (period.journal_seq, period.journal_head) == (3, entries[2].hash)


def test_each_period_has_a_chain_of_its_own() -> None:
    one, other = make_entries(2), make_entries(1)

    assert (one.journal_seq, other.journal_seq) == (2, 1)
    assert list(journal.verify_chain(one)) == list(journal.verify_chain(other)) == []


def test_an_entry_stands_or_falls_with_the_change_it_tells_of() -> None:
    period = make_entries(1)

    with transaction.atomic():
        journal.record(period, "test.happened", by=None, at=NOW)
        transaction.set_rollback(True)

    period.refresh_from_db()
    assert period.journal_seq == 1
    assert list(journal.verify_chain(period)) == []


def test_what_is_read_back_has_the_hash_it_was_written_with() -> None:
    period = make_period()
    journal.record(
        period,
        "test.happened",
        by=None,
        at=NOW.astimezone(period.zone).replace(microsecond=123),
        text="naïve ✓",
        deep={"b": (1, 2.5, None), "a": True},
        by_number={2: "two", 10: "ten"},
    )

    assert list(journal.verify_chain(period)) == []


# --- Append-only --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "test.other"},
        {"subject": "thing:9"},
        {"data": {}},
        {"at": NOW.replace(year=2025)},
        {"seq": 99},
        {"actor": None},
        {"hash": "0" * 64},
        {"prev_hash": "0" * 64},
        {"via": "link"},
    ],
)
def test_the_database_refuses_to_change_an_entry(triggers: None, change: dict[str, Any]) -> None:
    period = make_entries(1)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        JournalEntry.objects.filter(period=period).update(**change)

    assert list(journal.verify_chain(period)) == []


def test_the_database_refuses_to_remove_an_entry(triggers: None) -> None:
    period = make_entries(1)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        JournalEntry.objects.filter(period=period).delete()

    assert JournalEntry.objects.filter(period=period).count() == 1


def test_only_the_dispatch_mark_may_be_set(triggers: None) -> None:
    period = make_entries(1)

    assert JournalEntry.objects.filter(period=period).update(dispatched_at=NOW) == 1


# --- The chain ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"data": {"number": 22}}, "entry 2 (test.happened) was altered"),
        ({"kind": "test.other"}, "entry 2 (test.other) was altered"),
        ({"actor": None}, "entry 2 (test.happened) was altered"),
        ({"at": NOW.replace(year=2025)}, "entry 2 (test.happened) was altered"),
    ],
)
def test_an_edited_entry_breaks_the_chain(no_triggers: None, change: dict[str, Any], complaint: str) -> None:
    period = make_entries(3)

    JournalEntry.objects.filter(period=period, seq=2).update(**change)

    assert list(journal.verify_chain(period)) == [f"{period.key}: {complaint}."]


def test_an_edit_with_its_hash_made_anew_still_breaks_the_chain(no_triggers: None) -> None:
    period = make_entries(3)
    entry = JournalEntry.objects.get(period=period, seq=2)
    entry.data = {"number": 22}
    JournalEntry.objects.filter(pk=entry.pk).update(data=entry.data, hash=journal.digest(entry))

    assert list(journal.verify_chain(period)) == [f"{period.key}: entry 3 (test.happened) was altered."]


def test_a_removed_entry_breaks_the_chain(no_triggers: None) -> None:
    period = make_entries(3)

    JournalEntry.objects.filter(period=period, seq=2).delete()

    assert f"{period.key}: entry 2 is missing." in list(journal.verify_chain(period))


def test_a_cut_off_tail_breaks_the_chain(no_triggers: None) -> None:
    period = make_entries(3)

    JournalEntry.objects.filter(period=period, seq=3).delete()

    assert list(journal.verify_chain(period)) == [f"{period.key}: the last entries are missing."]


def test_two_entries_that_changed_places_break_the_chain(no_triggers: None) -> None:
    period = make_entries(3)
    for before, after in ((2, 99), (3, 2), (99, 3)):
        JournalEntry.objects.filter(period=period, seq=before).update(seq=after)

    assert list(journal.verify_chain(period))


def test_the_command_is_content_with_a_whole_journal(capsys: pytest.CaptureFixture[str]) -> None:
    make_entries(2)

    call_command("verify_journal")

    assert "2 entries in 1 period: unaltered" in capsys.readouterr().out


def test_the_command_fails_on_an_altered_journal_and_names_the_place(
    no_triggers: None, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, altered = make_entries(2), make_entries(2)
    JournalEntry.objects.filter(period=altered, seq=1).update(data={})

    with pytest.raises(CommandError) as failure:
        call_command("verify_journal")

    assert failure.value.returncode == 1
    assert f"{altered.key}: entry 1 (test.happened) was altered." in capsys.readouterr().err
    call_command("verify_journal", whole.key)


def test_the_command_refuses_a_period_that_does_not_exist() -> None:
    with pytest.raises(CommandError, match="NOPE"):
        call_command("verify_journal", "NOPE")


# --- Handing on ---------------------------------------------------------------------------------

FAILING: set[int] = set()
Heard = Callable[[], list[tuple[str, int]]]


def note(who: str, entry: JournalEntry) -> None:
    """A row, as all that consumers do are rows: what is undone was not heard, and the key lets nobody hear twice."""
    Timer.objects.create(key=f"{who}:{entry.seq}", kind="heard", due_at=NOW)


def first(entry: JournalEntry, *, at: Any) -> None:
    note("first", entry)


def idle(entry: JournalEntry, *, at: Any) -> None:
    """Most consumers have nothing to do with most entries."""


def second(entry: JournalEntry, *, at: Any) -> None:
    if entry.seq in FAILING:
        Period.objects.filter(pk=entry.period_id).update(summary="half done")
        raise RuntimeError("not now")
    note("second", entry)


def heard() -> list[tuple[str, int]]:
    """Who heard of which entry, in the order they did."""
    keys = Timer.objects.filter(kind="heard").order_by("id").values_list("key", flat=True)
    return [(who, int(seq)) for who, _, seq in (key.partition(":") for key in keys)]


@pytest.fixture
def listeners(monkeypatch: pytest.MonkeyPatch) -> Heard:
    FAILING.clear()
    monkeypatch.setattr(registry, "JOURNAL_CONSUMERS", (f"{__name__}.first", f"{__name__}.second"))
    return heard


def test_every_consumer_gets_every_entry_once_and_in_order(listeners: Heard) -> None:
    make_entries(2)

    assert journal.dispatch_entries(at=NOW) == 2
    assert journal.dispatch_entries(at=NOW) == 0

    assert listeners() == [("first", 1), ("second", 1), ("first", 2), ("second", 2)]


def test_handing_on_costs_each_consumer_no_statement_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def statements(consumers: int) -> int:
        monkeypatch.setattr(registry, "JOURNAL_CONSUMERS", (f"{__name__}.idle",) * consumers)
        make_entries(1)
        with CaptureQueriesContext(connection) as asked:
            journal.dispatch_entries(at=NOW)
        return len(asked)

    assert statements(20) == statements(2)


def test_handing_on_neighbours_of_a_period_costs_as_much_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "JOURNAL_CONSUMERS", (f"{__name__}.idle",))

    def statements(entries: int) -> int:
        make_entries(entries)
        with CaptureQueriesContext(connection) as asked:
            assert journal.dispatch_entries(at=NOW) == entries
        return len(asked)

    assert statements(journal.TOGETHER) == statements(1)


def test_a_consumer_that_fails_gets_the_entry_again_and_leaves_nothing_half_done(listeners: Heard) -> None:
    period = make_entries(2)
    FAILING.add(1)

    assert journal.dispatch_entries(at=NOW) == 2
    period.refresh_from_db()
    assert period.summary == ""
    FAILING.clear()
    assert journal.dispatch_entries(at=NOW + timedelta(seconds=2)) == 1

    assert listeners() == [("first", 1), ("first", 2), ("second", 2), ("second", 1)]
    assert not Setback.objects.exists()


def test_a_consumer_that_keeps_failing_is_asked_ever_less_often_and_is_seen(listeners: Heard) -> None:
    make_entries(1)
    FAILING.add(1)
    asked = []

    for second in range(60):
        before = Setback.objects.values_list("attempts", flat=True).first() or 0
        journal.dispatch_entries(at=NOW + timedelta(seconds=second))
        if (Setback.objects.get().attempts) > before:
            asked.append(second)

    assert asked == [0, 2, 6, 14, 30]
    assert Setback.objects.get().last_error == "RuntimeError: not now"
    assert listeners() == [("first", 1)]


def test_newest_first_in_the_timeline_and_only_the_subject_asked_for() -> None:
    period = make_entries(3)

    assert [entry.seq for entry in journal.newest_entries(period)] == [3, 2, 1]
    assert [entry.seq for entry in journal.newest_entries(period, subject="thing:2")] == [2]
