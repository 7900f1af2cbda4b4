"""What changed is told line by line, with the words that differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from periods.documents import text_diff
from periods.documents.text_diff import TextDifference


def shape(found: TextDifference) -> list[tuple[str, int | None, int | None]]:
    return [(row.kind, row.left_no, row.right_no) for row in found.rows]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a", "a", [("same", 1, 1)]),
        ("", "a", [("added", None, 1)]),
        ("a", "", [("removed", 1, None)]),
        ("one\ntwo", "one\nthree", [("same", 1, 1), ("removed", 2, None), ("added", None, 2)]),
        ("stop the old jobs", "stop all old jobs", [("changed", 1, 1)]),
        ("a\nb", "a\nb\nc", [("same", 1, 1), ("same", 2, 2), ("added", None, 3)]),
    ],
)
def test_lines_come_go_and_change(old, new, expected):
    assert shape(text_diff.compare_texts(old, new)) == expected


def test_only_the_words_that_differ_are_marked():
    row = text_diff.compare_texts("Wait 5 min, then call Priya.", "Wait 15 min, then call Priya.").rows[0]

    assert [piece.text.strip() for piece in row.left if piece.differs] == ["5"]
    assert [piece.text.strip() for piece in row.right if piece.differs] == ["15"]


def test_unchanged_stretches_fold_but_keep_three_lines_around():
    old = "\n".join(f"line {n}" for n in range(30))

    found = text_diff.compare_texts(old, old.replace("line 15", "something else entirely"))

    assert [(row.kind, row.count) for row in found.rows if row.kind == "folded"] == [("folded", 12), ("folded", 11)]
    assert sum(row.kind == "same" for row in found.rows) == 6
    assert (found.added, found.removed) == (1, 1)


def test_the_same_text_is_no_difference():
    found = text_diff.compare_texts("a\nb", "a\nb")

    assert (found.added, found.removed) == (0, 0)


LINES = st.lists(st.sampled_from(["", "a", "b", "stop the job", "stop all jobs", "go"]), max_size=12)


@given(LINES, LINES)
def test_both_texts_can_be_read_off_the_rows(old: list[str], new: list[str]) -> None:
    rows = text_diff.compare_texts("\n".join(old), "\n".join(new)).rows

    changed = [row for row in rows if row.kind in ("added", "removed", "changed")]
    for side, lines, number in (
        ("left", "\n".join(old).splitlines(), "left_no"),
        ("right", "\n".join(new).splitlines(), "right_no"),
    ):
        for row in (row for row in rows if getattr(row, number)):
            assert "".join(piece.text for piece in getattr(row, side)) == lines[getattr(row, number) - 1]
    assert bool(changed) == ("\n".join(old).splitlines() != "\n".join(new).splitlines())


def test_long_lines_cost_no_more_than_they_may():
    found = text_diff.compare_texts("x " * 1000, "y " * 900 + "x" * 100)

    assert [row.kind for row in found.rows] == ["removed", "added"]
