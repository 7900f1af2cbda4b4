"""Run them all or the named ones, each in a process of its own with a database, receivers and workers of its own.

    python -m benchmarks.faults [--only kill,hung] [--quick]

The checker (`_stage.py`) joins database, record and the receivers' logs and names the promise of docs/delivery.md that
does not hold. `--quick` runs the two-minute part.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import _servers
from benchmarks._stage import POSTGRES, REDIS, Stage, check, lateness, percentile, stage
from benchmarks.faults import receivers, services, workers
from benchmarks.faults._load import Result

Run = Callable[[Stage], Result]
SHARED = (
    workers.kill,
    workers.freeze,
    workers.rolling,
    workers.outage,
    workers.memory,
    services.cut,
    services.no_redis,
    workers.two_clocks,
    receivers.busy,
    receivers.retry_after,
    receivers.hung,
    receivers.endless,
    receivers.reset,
    receivers.gone,
    receivers.mail_down,
    workers.wrong_clock,
    receivers.acknowledge,
)
OWN_POSTGRES = (services.crash, services.database_off)
OWN_REDIS = (services.redis_killed, services.redis_frozen, services.redis_emptied)
ON_SQLITE = (services.two_writers,)
RUNS: dict[str, Run] = {run.__name__.replace("_", "-"): run for run in (*SHARED, *OWN_POSTGRES, *OWN_REDIS, *ON_SQLITE)}
QUICK = ("two-writers", "outage", "acknowledge")


@contextmanager
def prepared(run: Run, database: str, redis: str) -> Iterator[Stage]:
    """The stage of a run, with a server of its own where it breaks one."""
    with tempfile.TemporaryDirectory() as directory:
        server: _servers.Postgres | _servers.Redis | None = None
        if run in OWN_POSTGRES:
            server = postgres = _servers.Postgres(Path(directory))
            postgres.start()
            database = postgres.url
        elif run in OWN_REDIS:
            server = own = _servers.Redis(Path(directory))
            own.start()
            redis = own.url
        elif run in ON_SQLITE:
            database, redis = "sqlite", ""
        try:
            with stage(database_url=database, redis=redis) as made:
                made.server = server
                yield made
        finally:
            if isinstance(server, _servers.Postgres):
                server.stop("immediate")
            elif server is not None:
                server.kill()


def run_one(name: str, database: str, redis: str) -> int:
    """Run one in this process and print its line; 1 when something was lost or a promise was broken.

    A goal in seconds is a figure: it says MISSED, and the machine may be the reason. It does not fail the run.
    """
    started = time.monotonic()
    with prepared(RUNS[name], database, redis) as made:
        result = RUNS[name](made)
        verdict = check(made, repeats_allowed=result.faults * result.in_flight)
        late = lateness(made)
    missed = [said for said, met in result.goals if not met]
    broken = [*verdict.broken, *(["lost"] if verdict.lost else [])]
    print(
        f"{name:<13} lost {verdict.lost}, repeats {verdict.repeats} (unexplained {verdict.unexplained}), "
        f"late p50 {percentile(late, 0.5):.2f} s, p99 {percentile(late, 0.99):.2f} s; "
        f"{'; '.join(said for said, _ in result.goals)}; {time.monotonic() - started:.0f} s"
        f"{'  BROKEN: ' + ', '.join(broken) if broken else ''}{'  MISSED: ' + '; '.join(missed) if missed else ''}",
        flush=True,
    )
    return 1 if broken or any(" goal " not in said for said in missed) else 0


def main() -> int:
    """Run all or the named ones, each in a process of its own; 1 when one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help=f"some of: {', '.join(RUNS)}")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--here", default="", help=argparse.SUPPRESS)
    parser.add_argument("--database", default=POSTGRES)
    parser.add_argument("--redis", default=REDIS)
    options = parser.parse_args()
    if options.here:
        return run_one(options.here, options.database, options.redis)
    names = options.only.split(",") if options.only else QUICK if options.quick else tuple(RUNS)
    given = ["--database", options.database, "--redis", options.redis]
    codes = [
        subprocess.run([sys.executable, "-m", "benchmarks.faults", "--here", name, *given], check=False).returncode
        for name in names
    ]
    print(f"{codes.count(0)} of {len(codes)} runs kept every promise", flush=True)
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
