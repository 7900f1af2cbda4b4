"""A number is what a column can hold, written in digits, and nothing else."""

import pytest

from hypercare.database.numbers import number_of


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("36", 36), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_digits_are_a_number(text: str, number: int) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize("text", ["", "-1", "1.5", " 1", "1_000", "²", "٣", "None", "9" * 19, "9" * 5000])
def test_anything_else_is_none(text: str) -> None:
    assert number_of(text) is None
