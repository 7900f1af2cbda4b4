"""G4: so many messages due at one instant, through the real worker to a local mail server.

    python -m benchmarks.burst [--database postgres://…] [--redis redis://…] [--count 10000]

Prints when the first and the last arrived, how many a second, and beside it what the machine allows: the same
mails, rendered once, by bare threads over open connections with no database.
"""

from __future__ import annotations

import argparse
import smtplib
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from benchmarks._stage import Stage, check, people, percentile, queue, show, stage, wait_until_settled

POSTGRES = "postgres://postgres@127.0.0.1:5432/hypercare"
REDIS = "redis://127.0.0.1:6379/8"
AHEAD = 20.0  # seconds until the instant: the worker is up and idle by then


def bare(stage: Stage, count: int) -> float:
    """Mails a second of threads that do nothing but send one ready mail again and again."""
    mail = "Message-ID: <bare@localhost>\r\nSubject: Test\r\n\r\n" + "x" * 3000

    def send(times: int) -> None:
        with smtplib.SMTP("127.0.0.1", stage.port) as server:
            for _ in range(times):
                server.sendmail("a@localhost", ["b@localhost"], mail)

    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, [count // 8] * 8))
    return count / (time.monotonic() - started)


def main() -> int:
    """Run once; 1 when a message was lost or repeated."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", default=POSTGRES)
    parser.add_argument("--redis", default=REDIS)
    parser.add_argument("--count", type=int, default=10_000)
    options = parser.parse_args()
    with stage(database_url=options.database, redis=options.redis) as run:
        limit = bare(run, 2000)
        period, users = people(min(options.count, 1000))
        start = datetime.now(UTC) + timedelta(seconds=AHEAD + options.count / 4000)
        queue(options.count, at=start, period=period, users=users)
        worker = run.worker()
        time.sleep(max(0.0, (start - datetime.now(UTC)).total_seconds()))
        before = worker.cpu()
        wait_until_settled(longest=120)
        used = worker.cpu() - before
        times = [at - start.timestamp() for at, key, _ in run.arrivals if key != "bare"]
        verdict = check(run)
    show("first of the burst", min(times, default=-1), "s", "< 1.5")
    show("last of the burst", max(times, default=-1), "s", "< 15")
    show("half of them by", percentile(times, 0.5), "s")
    show("mails a second", len(times) / max(times, default=1), "/s", "≥ 700")
    show("bare limit beside it", limit, "/s")
    show("worker's processor time for each", used / max(1, len(times)) * 1000, "ms")
    show("lost", verdict.lost, "", "0")
    show("repeated", verdict.repeats, "", "0")
    return 1 if verdict.lost or verdict.repeats else 0


if __name__ == "__main__":
    sys.exit(main())
