"""G4: so many messages due at one instant, through the real worker to a local receiver of webhooks.

    python -m benchmarks.burst [--database postgres://…] [--redis redis://…] [--count 10000] [--channel webhook|email]

Prints when the first and the last arrived, how many a second, and beside it what the machine allows: requests of
the same size by bare threads over open connections, with no database. Processor time is counted for all who take part,
because other work on the machine hardly moves it: the worker, the database's sessions of this run, and the receiver.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from benchmarks._stage import (
    POSTGRES,
    REDIS,
    Sessions,
    Stage,
    check,
    people,
    percentile,
    queue,
    show,
    stage,
    wait_until_settled,
)

AHEAD = 20.0  # seconds until the instant: the worker is up and idle by then


def bare(stage: Stage, count: int) -> float:
    """Requests a second of threads that do nothing but send one ready message again and again."""
    headers = {"webhook-id": "bare", "webhook-timestamp": "0", "webhook-signature": "v1," + "x" * 44}

    def send(times: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", stage.hook_port)
        for _ in range(times):
            line.request("POST", "/bare-0", body=b"x" * 600, headers=headers)
            line.getresponse().read()
        line.close()

    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, [count // 8] * 8))
    return count / (time.monotonic() - started)


def main() -> int:
    """Run once; 1 when a message was lost or repeated."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default=POSTGRES)
    parser.add_argument("--redis", default=REDIS)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--channel", choices=("webhook", "email"), default="webhook")
    options = parser.parse_args()
    with stage(database_url=options.database, redis=options.redis) as run:
        limit = bare(run, 2000)
        port = run.hook_port if options.channel == "webhook" else 0
        period, to = people(min(options.count, 1000), hook_port=port)
        start = datetime.now(UTC) + timedelta(seconds=AHEAD + options.count / 4000)
        queue(options.count, at=start, period=period, to=to)
        worker = run.worker()
        time.sleep(max(0.0, (start - datetime.now(UTC)).total_seconds() - 0.2))
        sessions = Sessions()
        parts: dict[str, Callable[[], float]] = {
            "worker": worker.cpu,
            "database": sessions.look,
            "receiver": lambda: run.hooks.cpu() + run.sink.cpu(),
        }
        before = {name: read() for name, read in parts.items()}
        wait_until_settled(longest=120, look=sessions.look)
        used = {name: read() - before[name] for name, read in parts.items()}
        times = [at - start.timestamp() for at, key, _ in run.arrivals if key != "bare"]
        verdict = check(run)
    show("first of the burst", min(times, default=-1), "s", "< 1.5")
    show("last of the burst", max(times, default=-1), "s", "< 15")
    show("half of them by", percentile(times, 0.5), "s")
    show("messages a second", len(times) / max(times, default=1), "/s", "≥ 700")
    show("bare limit beside it", limit, "/s")
    for name, seconds in used.items():
        show(f"processor time for each: {name}", seconds / max(1, len(times)) * 1000, "ms")
    show("lost", verdict.lost, "", "0")
    show("repeated", verdict.repeats, "", "0")
    return 1 if verdict.lost or verdict.repeats else 0


if __name__ == "__main__":
    sys.exit(main())
