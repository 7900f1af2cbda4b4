"""G7 to G9: lists, board, overview, status document, search and a poll cost the same at 1,000 and at 100,000 incidents.

    python -m benchmarks.incident_lists
    python -m benchmarks.incident_lists --database postgres://postgres@127.0.0.1:5432/hypercare_bench

Both sizes are made in databases of their own (SQLite files in a temporary directory, or two databases beside the named
one), with 400 open incidents each, so that the pages show the same number of rows. Each size has a process
(`_lists.py`), and the two are asked in turns, a few requests each: a machine that grows slower or faster meanwhile
does so for both. Pages are asked for as they usually are; right after something was written on an incident (`after a
change`); and once with an empty cache (`cold`), as when the process has just started. Beside the wall's time stands
the processor time of the asking process, which a busy machine stretches far less. Growth on SQLite is judged by it,
since all work is done in this process; on PostgreSQL by the wall, which holds the server's work too. At the end the
status document is asked for over eight connections that stay open, from two processes as in the container's command.

A goal that is missed is said and fails nothing, unless asked to with `--strict`: statements and bytes are the same on
every machine and always count.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import IO, Any, Final
from urllib.parse import urlsplit, urlunsplit

import psycopg2

from benchmarks._lists import CONNECTIONS

SIZES: Final = (1_000, 100_000)
ROUNDS: Final = 60
TURNS: Final = 6
POLLED_S: Final = 2
# Made of many parts: only growth counts.
WHOLE: Final = ("overview", "status document", "one incident", "search for a common word")
CHANGED: Final = ("list", "board", "overview", "status document", "one incident")
AFTER: Final = ", after a change"
UNCHANGED: Final = "status document, unchanged"
MOST_SQL, MOST_BYTES, MOST_P99_MS, MOST_GROWTH, MOST_P99_GROWTH = 11, 120_000, 200, 1.25, 1.5
MOST_POLL_MS, LEAST_A_SECOND, MOST_DOCUMENT_MS = 3, 300, 60
FOLLOW_SQL: Final = 2  # where there are many, sums are kept and follow a change; where there are few, rows are counted
NOISE_MS: Final = 5  # two medians this close are the same on a shared machine

Figures = dict[str, float]


def main() -> int:
    """Measure both sizes in processes of their own, print one line a page, and say whether the goals hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="", help="a PostgreSQL address; SQLite when left out")
    parser.add_argument("--strict", action="store_true", help="also fail when a time is missed")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each page is asked for")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sides = [stack.enter_context(Side.started(size, folder, options.database)) for size in SIZES]
        names, _ = [side.ready() for side in sides]
        return report(sides, names, options)


@dataclass
class Side:
    """One size and its process, told in lines of JSON."""

    process: subprocess.Popen[str]

    @classmethod
    def started(cls, size: int, folder: Path, database: str) -> Side:
        """Begin to fill it; `ready` waits until it is."""
        own = {"HYPERCARE_VAR": str(folder / str(size)), "DATABASE_URL": "", "REDIS_URL": "", "LIMITS": "reads=1000000"}
        if database:
            own["DATABASE_URL"] = _made(database, size)
        others = {name: value for name, value in os.environ.items() if name not in own}
        command = [sys.executable, "-m", "benchmarks._lists", str(size)]
        return cls(
            subprocess.Popen(
                command,
                env=others | {name: value for name, value in own.items() if value},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )

    def __enter__(self) -> Side:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """The end of its input ends it, and its server with it."""
        _open(self.process.stdin).close()
        self.process.wait(timeout=60)

    def ready(self) -> list[str]:
        """The names of its pages, once it is filled."""
        found: list[str] = self._heard()
        return found

    def asked(self, way: str, page: str, *times: float) -> dict[str, Any]:
        """One answer."""
        told = _open(self.process.stdin)
        told.write(f"{json.dumps([way, page, *times])}\n")
        told.flush()
        found: dict[str, Any] = self._heard()
        return found

    def _heard(self) -> Any:
        line = _open(self.process.stdout).readline()
        if not line:
            raise RuntimeError("The measuring process ended; its error stands above.")
        return json.loads(line)


def _open(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("Started without pipes.")
    return pipe


def _made(database: str, size: int) -> str:
    """A fresh database of its own beside the named one."""
    address = urlsplit(database)
    name = f"{address.path.lstrip('/')}_{size}"
    with closing(psycopg2.connect(urlunsplit(address._replace(path="/postgres")))) as connection:
        connection.autocommit = True  # a database is not made within a transaction
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}"')
    return urlunsplit(address._replace(path=f"/{name}"))


def measured(sides: list[Side], page: str, rounds: int, way: str = "usual") -> list[Figures]:
    """The figures of a page on each side, asked in turns."""
    found: list[Figures] = [side.asked("cold", page) for side in sides]
    pairs: list[list[Any]] = [[] for _ in sides]
    for turn in range(TURNS):
        for place in (0, 1) if turn % 2 else (1, 0):
            answer = sides[place].asked(way, page, max(2, rounds // TURNS))
            pairs[place] += answer["pairs"]
            found[place]["sql"] = answer.get("sql", found[place]["sql"])
    for figures, spent in zip(found, pairs, strict=True):
        wall, cpu = [pair[0] for pair in spent], [pair[1] for pair in spent]
        figures |= {"p50": median(wall), "p99": _p99(wall), "cpu": median(cpu), "cpu99": _p99(cpu)}
    return found


def _p99(times: list[float]) -> float:
    return quantiles(times, n=100, method="inclusive")[98]


def report(sides: list[Side], names: list[str], options: argparse.Namespace) -> int:
    """One line a page, met or what is missed; 1 when statements or bytes are missed, or with `--strict` a time."""
    print(
        f"{'page':33}{'SQL':>5}{'cold':>6}{'kB':>7}{'p50 1k':>9}{'p50 100k':>10}{'p99 1k':>9}{'p99 100k':>10}"
        f"{'growth':>8}{'cpu 1k':>9}{'cpu 100k':>10}{'growth':>8}{'cold 1k':>9}{'cold 100k':>11}",
        flush=True,
    )
    judged_by = "p50" if options.database else "cpu"
    runs = [(name, name, "usual") for name in names]
    runs += [(name + AFTER, name, "changed") for name in CHANGED]
    runs += [(UNCHANGED, "status document", "unchanged")]
    failed = False
    for title, page, way in runs:
        before, found = measured(sides, page, options.rounds, way)
        follows = FOLLOW_SQL if way == "changed" else 0
        counts = _missed_counts(before, found, whole=page in WHOLE or way == "changed", more=follows)
        times = _missed_times(before, found, judged_by)
        if way == "unchanged" and found["cpu"] > MOST_POLL_MS:
            times.append(f"cpu over {MOST_POLL_MS} ms")
        failed = failed or bool(counts) or (options.strict and bool(times))
        print(_line(title, before, found, [*counts, *times]), flush=True)
    failed = _report_polls(sides, strict=options.strict) or failed
    print(
        f"goal: SQL <= {MOST_SQL} a list, <= {MOST_BYTES // 1000} kB, p99 < {MOST_P99_MS} ms, "
        f"growth of the median <= {MOST_GROWTH}x, of p99 <= {MOST_P99_GROWTH}x, unchanged <= {MOST_POLL_MS} ms of cpu; "
        f"{CONNECTIONS} connections: >= {LEAST_A_SECOND} a second, p99 < {MOST_DOCUMENT_MS} ms"
    )
    return 1 if failed else 0


def _line(title: str, before: Figures, found: Figures, missed: list[str]) -> str:
    return (
        f"{title:33}{found['sql']:>5.0f}{found['sql_cold']:>6.0f}{found['bytes'] / 1000:>7.0f}"
        f"{before['p50']:>7.1f}ms{found['p50']:>8.1f}ms{before['p99']:>7.0f}ms{found['p99']:>8.0f}ms"
        f"{found['p99'] / before['p99']:>7.2f}x"
        f"{before['cpu']:>7.1f}ms{found['cpu']:>8.1f}ms{found['cpu'] / before['cpu']:>7.2f}x"
        f"{before['cold']:>7.0f}ms{found['cold']:>9.0f}ms"
        f"  {'missed: ' + ', '.join(missed) if missed else 'met'}"
    )


def _report_polls(sides: list[Side], *, strict: bool) -> bool:
    """Eight connections, in turns; whether a time was missed that counts."""
    for side in sides:
        side.asked("polled", "status document", POLLED_S)  # until both processes have loaded what they need
    times: list[list[float]] = [[] for _ in sides]
    for turn in range(TURNS):
        for place in (0, 1) if turn % 2 else (1, 0):
            times[place] += sides[place].asked("polled", "status document", POLLED_S)["times"]
    rates = [len(found) / (TURNS * POLLED_S) for found in times]
    growth, slowest = rates[0] / rates[1], _p99(times[1])
    missed = [
        *(["a second"] if rates[1] < LEAST_A_SECOND else []),
        *(["p99"] if slowest > MOST_DOCUMENT_MS else []),
        *(["growth"] if growth > MOST_GROWTH else []),
    ]
    for size, rate, found in zip(SIZES, rates, times, strict=True):
        print(
            f"status document, {CONNECTIONS} connections, {size} incidents: {rate:.0f} a second, "
            f"p50 {median(found):.1f} ms, p99 {_p99(found):.0f} ms"
        )
    print(f"growth {growth:.2f}x  {'missed: ' + ', '.join(missed) if missed else 'met'}")
    return strict and bool(missed)


def _missed_counts(before: Figures, found: Figures, *, whole: bool, more: int) -> list[str]:
    """What is the same on every machine, however busy."""
    return [
        *(["SQL"] if found["sql"] > MOST_SQL and not whole else []),
        *(["SQL grows"] if found["sql"] > before["sql"] + more else []),
        *(["kB"] if found["bytes"] > MOST_BYTES and not whole else []),
    ]


def _missed_times(before: Figures, found: Figures, judged_by: str) -> list[str]:
    """What a machine with other work to do stretches; `judged_by` is the figure whose growth counts."""
    growth, close = found[judged_by] / before[judged_by], found[judged_by] - before[judged_by] <= NOISE_MS
    return [
        *([f"p99 (cpu {found['cpu99']:.0f} ms)"] if found["p99"] > MOST_P99_MS else []),
        *_missed_tail(before, found, "cpu99" if judged_by == "cpu" else "p99"),
        *([f"growth {growth:.2f}x"] if growth > MOST_GROWTH and not close else []),
    ]


def _missed_tail(before: Figures, found: Figures, by: str) -> list[str]:
    growth, close = found[by] / before[by], found[by] - before[by] <= 2 * NOISE_MS
    return [f"p99 {growth:.2f}x"] if growth > MOST_P99_GROWTH and not close else []


if __name__ == "__main__":
    sys.exit(main())
