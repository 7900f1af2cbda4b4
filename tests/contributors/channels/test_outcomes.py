"""What the other side says of when to come back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contributors.channels import parse_retry_after


@pytest.mark.parametrize(
    ("text", "seconds"), [("30", 30), ("99999", 3600), ("", None), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)]
)
def test_retry_after_is_read_as_seconds_or_a_date(text, seconds):
    wait = parse_retry_after(text)

    assert wait == (None if seconds is None else timedelta(seconds=seconds))
