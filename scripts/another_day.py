"""Run a command on another day: its clock, that of every process it starts, and PostgreSQL's are moved.

    python -m scripts.another_day 2027-03-27T22:30 [--postgres] -- -m pytest -k name
    python -m scripts.another_day --draw 3f2a9c          one of the days below, the same for the same word
    python -m scripts.another_day --days                 all of them

The command is one of Python's. The moment is read as UTC where it names no offset, and the clock goes on from there.
`--postgres` starts a server on that day, named by DATABASE_URL, which is gone afterwards. Redis needs none: it is told
how long to keep a thing, never until when.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks._servers import Postgres

# Days on which something ends, begins, comes twice or is left out. In UTC, and half an hour before a midnight of the
# zones that the tests and the demo live in: a run that passes it would fail on a day of its own.
ZONES = (ZoneInfo("Europe/Copenhagen"), ZoneInfo("UTC"))
DAYS = {
    "2026-12-31T22:20": "the last evening of a year, in week 53",
    "2027-01-01T00:10": "the first minutes of a year",
    "2027-03-14T02:30": "the eve of the clocks going forward in New York",
    "2027-03-27T22:20": "the eve of the clocks going forward in Europe",
    "2027-04-03T11:30": "the eve of the clocks going back in Sydney",
    "2027-04-04T01:30": "the eve of the clocks going back in Santiago",
    "2027-06-19T21:15": "a Saturday night",
    "2027-08-31T21:20": "a month's last evening",
    "2027-09-05T02:30": "the eve of the clocks going forward in Santiago",
    "2027-10-02T12:30": "the eve of the clocks going forward in Sydney",
    "2027-10-30T21:20": "the eve of the clocks going back in Europe",
    "2027-11-07T01:30": "the eve of the clocks going back in New York",
    "2028-02-29T12:00": "a leap day",
}
MOVED = Path(__file__).resolve().parent / "moved"  # what Python imports when it starts there
LIBRARIES = tuple(f"{folder}/faketime/libfaketimeMT.so.1" for folder in ("/usr/lib/*", "/usr/lib*", "/usr/local/lib"))
MISSING = "Moving the clock needs libfaketime. Install it (Debian, Ubuntu: apt install libfaketime) and try again."


def environment(seconds: float) -> dict[str, str]:
    """What a process must be started with to be so many seconds ahead of this one; the steady clock is left alone.

    It is an offset, so all processes started with it agree, whenever they start. Stops where the library is missing.
    """
    own = float(os.environ.get("FAKETIME", "0").rstrip("s"))
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME": f"{own + seconds:+.0f}s",
        # Its name is the second in newer releases.
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # Or threads wait for Python's lock for ever and a day: a time-out by the steady clock would be shifted, too.
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        # What lies on the disk keeps its time: compiled modules would be taken for stale.
        "NO_FAKE_STAT": "1",
        "PYTHONPATH": os.pathsep.join([str(MOVED), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }


def library() -> Path:
    """Return where the library for programs with threads lies; stop with a sentence where it does not."""
    return found() or sys.exit(MISSING)


def found() -> Path | None:
    """Where the library lies, if it does."""
    places = (place for pattern in LIBRARIES for place in sorted(Path("/").glob(pattern.lstrip("/"))))
    return next((place for place in places if place.is_file()), None)


def moment(text: str) -> datetime:
    """Read a moment, in UTC where it names no offset."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is not a moment: write it as 2027-03-27T22:30, in UTC"
        raise argparse.ArgumentTypeError(message) from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def drawn(word: str) -> str:
    """One of the days, the same for the same word."""
    number = int(hashlib.sha256(word.encode()).hexdigest(), 16)
    return list(DAYS)[number % len(DAYS)]


@contextmanager
def postgres(env: dict[str, str]) -> Iterator[dict[str, str]]:
    """A server with the same clock; the environment that names it."""
    with tempfile.TemporaryDirectory() as directory:
        server = Postgres(Path(directory), env=env, durable=False)
        server.start()
        try:
            yield {**env, "DATABASE_URL": server.url}
        finally:
            server.stop("immediate")


def run(command: list[str], env: dict[str, str]) -> int:
    """Run a command of Python's; its exit code."""
    return subprocess.run([sys.executable, *command], env={**os.environ, **env}, check=False).returncode


def main(arguments: list[str]) -> int:
    """Do what was asked for; the command's exit code."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("at", type=moment, nargs="?", metavar="MOMENT")
    parser.add_argument("--draw", metavar="WORD")
    parser.add_argument("--days", action="store_true")
    parser.add_argument("--postgres", action="store_true")
    options, command = parser.parse_args(arguments[:end]), arguments[end + 1 :]
    if options.days or options.draw:
        print("\n".join(DAYS if options.days else [drawn(options.draw)]))
        return 0
    if not options.at or not command:
        parser.error("name a moment and, after --, a command")
    env = environment((options.at - datetime.now(UTC)).total_seconds())
    print(f"The clock says {options.at:%A %d %B %Y %H:%M} {options.at.tzname()}", flush=True)
    if not options.postgres:
        return run(command, env)
    with postgres(env) as named:
        return run(command, named)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
