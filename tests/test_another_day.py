"""Another day: the clock of a process, of what it starts and of SQLite is moved, and it goes on."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from scripts import another_day
from tests import ROOT

WHAT_TIME_IS_IT = """
import sqlite3, subprocess, sys, time
time.sleep(0.01)
print(sqlite3.connect(":memory:").execute("SELECT datetime('now')").fetchone()[0], flush=True)
subprocess.run([sys.executable, "-c", "import datetime; print(datetime.datetime.now(datetime.UTC))"], check=True)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.another_day", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not another_day.found(), reason="libfaketime is not installed")
@pytest.mark.parametrize("day", ["2028-02-29T12:00", "1999-12-31T23:00+01:00"])
def test_a_process_and_what_it_starts_live_on_that_day(day: str) -> None:
    done = run(day, "--", "-c", WHAT_TIME_IS_IT)

    said, *moments = done.stdout.splitlines()
    asked_for = another_day.moment(day)
    assert (done.returncode, done.stderr) == (0, "")
    assert said.startswith(f"The clock says {asked_for:%A %d %B %Y %H:%M}")
    assert len(moments) == 2
    for moment in moments:
        read = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        assert -timedelta(seconds=2) < read - asked_for < timedelta(hours=1)


@pytest.mark.skipif(not another_day.found(), reason="libfaketime is not installed")
def test_the_exit_code_is_that_of_the_command() -> None:
    assert run("2028-02-29T12:00", "--", "-c", "raise SystemExit(3)").returncode == 3


def test_without_the_library_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(another_day, "LIBRARIES", ("/nowhere",))

    with pytest.raises(SystemExit, match=r"needs libfaketime\. Install it .*apt install libfaketime"):
        another_day.environment(60)


@pytest.mark.parametrize("words", ["tomorrow", "2027-02-30T12:00"])
def test_a_moment_that_is_none_is_refused_with_one_that_is(words: str) -> None:
    assert f"'{words}' is not a moment: write it as 2027-03-27T22:30" in run(words, "--", "-V").stderr


def test_the_same_word_draws_the_same_day_and_every_day_is_drawn_by_some() -> None:
    drawn = [another_day.drawn(f"commit {n}") for n in range(500)]

    assert drawn == [another_day.drawn(f"commit {n}") for n in range(500)]
    assert set(drawn) == set(another_day.DAYS)


@pytest.mark.parametrize("day", list(another_day.DAYS))
def test_a_run_that_starts_on_one_of_the_days_has_half_an_hour_until_a_midnight_it_could_meet(day: str) -> None:
    begins = another_day.moment(day)

    for zone in another_day.ZONES:
        ends = begins + timedelta(minutes=30)
        assert begins.astimezone(zone).date() == ends.astimezone(zone).date(), zone
