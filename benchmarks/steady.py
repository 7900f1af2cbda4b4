"""Lateness while messages are due at a steady rate, and G5: of single messages on an idle system.

    python -m benchmarks.steady [--database postgres://…|sqlite] [--redis redis://…] [--rate 50] [--seconds 20]

Prints median, p99 and maximum of how long after its time each mail arrived.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta

from benchmarks._stage import (
    POSTGRES,
    REDIS,
    check,
    lateness,
    people,
    percentile,
    queue,
    show,
    stage,
    wait_until_settled,
)

SINGLE = 12  # messages for G5, at times that fall anywhere between two ticks
APART = 1.37  # seconds between them


def main() -> int:
    """Run once; 1 when a message was lost or repeated."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default=POSTGRES)
    parser.add_argument("--redis", default=REDIS)
    parser.add_argument("--rate", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    redis = "" if options.database == "sqlite" else options.redis
    with stage(database_url=options.database, redis=redis) as run:
        period, to = people(200)
        run.begin()
        idle = datetime.now(UTC) + timedelta(seconds=2)
        queue(SINGLE, at=idle, every=timedelta(seconds=APART), period=period, to=to, kind="one-")
        begins = idle + timedelta(seconds=SINGLE * APART + 3)
        count, every = options.rate * options.seconds, timedelta(seconds=1 / options.rate)
        queue(count, at=begins, every=every, period=period, to=to)
        time.sleep(max(0.0, (begins - datetime.now(UTC)).total_seconds() - 1))
        single = lateness(run)
        wait_until_settled(longest=60 + options.seconds)
        late, verdict = lateness(run)[len(single) :], check(run)
    show("one message on an idle system, median", percentile(single, 0.5), "s")
    show("one message on an idle system, latest (G5)", max(single, default=-1.0), "s", "< 1.2")
    for name, part in (("median", 0.5), ("p99", 0.99), ("latest", 1.0)):
        show(f"lateness at {options.rate} a second, {name}", percentile(late, part), "s", "≤ 2" if part == 0.99 else "")
    show("lost", verdict.lost, "", "0")
    show("repeated", verdict.repeats, "", "0")
    return 1 if verdict.lost or verdict.repeats else 0


if __name__ == "__main__":
    sys.exit(main())
