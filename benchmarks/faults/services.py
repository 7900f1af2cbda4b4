"""What happens to the services below: PostgreSQL crashed, stopped, its sessions cut; Redis killed, frozen, absent."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from benchmarks._servers import Postgres, Redis, Web
from benchmarks._stage import Stage, percentile, wait_until_settled
from benchmarks.faults._load import IN_FLIGHT, LONGEST, PER_SECOND, Result, load, not_later, nothing_twice

if TYPE_CHECKING:
    from periods.models import Period

OFF = 60.0  # seconds a server is off or frozen


def crash(run: Stage) -> Result:
    """6: PostgreSQL crashes three times in the middle of everything, and is back two seconds later each time."""
    server = _postgres(run)
    run.begin(in_flight=IN_FLIGHT)
    load(1800)
    resumed = []
    for _ in range(3):
        time.sleep(6)
        server.stop("immediate")
        time.sleep(2)
        server.start()
        resumed.append(_until_next_arrival(run))
    wait_until_settled(longest=LONGEST)
    return Result(3, ((f"sending again after {max(resumed):.1f} s, goal 5", max(resumed) <= 5.0), not_later(run, 30)))


def database_off(run: Stage) -> Result:
    """7: PostgreSQL is off for a minute; pages say 503 at once, and sending goes on when it is back."""
    server, web = _postgres(run), Web(run).start()
    run.begin(in_flight=IN_FLIGHT)
    load(int(PER_SECOND * (OFF + 10)))
    time.sleep(3)
    _ask(web.request("/healthz/"))
    server.stop()
    asked = [_ask(web.request(path)) for path in ("/healthz/", "/accounts/login/", "/healthz/") for _ in range(3)]
    time.sleep(OFF)
    server.start()
    resumed = _until_next_arrival(run)
    wait_until_settled(longest=LONGEST)
    slowest, wrong = (max(took for _, took in asked), [status for status, _ in asked if status not in (200, 503)])
    said = sum(status == 503 for status, _ in asked)
    return Result(
        1,
        (
            (f"{said} of {len(asked)} said 503, {len(wrong)} something else", said >= 6 and not wrong),
            (f"slowest {slowest:.2f} s, goal 2", slowest <= 2.0),
            (f"sending again after {resumed:.1f} s, goal 5", resumed <= 5.0),
        ),
    )


def cut(run: Stage) -> Result:
    """8: the database drops every session, four times."""
    from django.db import connection  # noqa: PLC0415

    run.begin(in_flight=IN_FLIGHT)
    load(400)
    for _ in range(4):
        time.sleep(3)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    wait_until_settled(longest=LONGEST)
    return Result(4, (not_later(run, 30),))


def redis_killed(run: Stage) -> Result:
    """11: Redis is killed three times and started again with what its last snapshot had, which is nothing."""
    server = _redis(run)
    run.begin()
    load(480)
    for _ in range(3):
        time.sleep(3)
        server.kill()
        server.start()
    wait_until_settled(longest=LONGEST)
    return Result(0, (nothing_twice(run), not_later(run, 5)))


def redis_frozen(run: Stage) -> Result:
    """12: Redis stands still for a minute: the clock ticks itself, pages and hints cost half a second at most."""
    server, web = _redis(run), Web(run).start()
    run.begin()
    _, period = load(int(PER_SECOND * (OFF + 5)))
    _page_times(web)  # the first ones load the pages
    before = _page_times(web), _write_times(period, "before")
    server.freeze()
    ends = time.monotonic() + OFF
    after = _page_times(web), _write_times(period, "frozen")
    time.sleep(max(0.0, ends - time.monotonic()))
    server.thaw()
    wait_until_settled(longest=LONGEST)
    pages, writes = (percentile(now, 0.99) - percentile(then, 0.99) for then, now in zip(before, after, strict=True))
    return Result(
        0,
        (
            (f"pages {pages:+.2f} s, goal 0.5", pages <= 0.5),
            (f"writes {writes:+.2f} s, goal 0.6", writes <= 0.6),
            nothing_twice(run),
            not_later(run, 5),
        ),
    )


def redis_emptied(run: Stage) -> Result:
    """13: everything in Redis is forgotten, again and again."""
    server = _redis(run)
    run.begin()
    load(400)
    for _ in range(10):
        time.sleep(1)
        server.empty()
    wait_until_settled(longest=LONGEST)
    return Result(0, (nothing_twice(run), not_later(run, 3)))


def no_redis(run: Stage) -> Result:
    """13: there is no Redis at all; the embedded worker ticks by itself."""
    run.redis, run.image = "", None
    run.begin(HYPERCARE_ENV="embedded", REDIS_URL="")
    load(200)
    wait_until_settled(longest=LONGEST)
    return Result(0, (nothing_twice(run), not_later(run, 3)))


def two_writers(run: Stage) -> Result:
    """26: SQLite; the worker is killed three times while another process writes ten times a second."""
    (worker,) = run.begin(in_flight=IN_FLIGHT)
    _, period = load(200)
    took: list[float] = []
    writer = threading.Thread(target=lambda: took.extend(_write_times(period, "beside", count=150, apart=0.1)))
    writer.start()
    for _ in range(3):
        time.sleep(4)
        worker.stop()
        worker.start()
    writer.join()
    wait_until_settled(longest=LONGEST)
    p99 = percentile(took, 0.99)
    return Result(
        3, ((f"{len(took)} of 150 writes stood", len(took) == 150), (f"write p99 {p99:.2f} s, goal 1", p99 <= 1.0))
    )


def _postgres(run: Stage) -> Postgres:
    assert isinstance(run.server, Postgres)
    return run.server


def _redis(run: Stage) -> Redis:
    assert isinstance(run.server, Redis)
    return run.server


def _until_next_arrival(run: Stage) -> float:
    """Seconds until something arrives that had not."""
    started, had = time.monotonic(), len(run.arrivals)
    while len(run.arrivals) == had and time.monotonic() - started < 60:
        time.sleep(0.05)
    return time.monotonic() - started


def _ask(page: Request) -> tuple[int, float]:
    """The status of a page, 0 when there was no answer, and the seconds it took."""
    started = time.monotonic()
    try:
        with urlopen(page, timeout=20) as answer:  # noqa: S310  our own web part
            status = answer.status
    except HTTPError as error:
        status = error.code
    except (URLError, OSError):
        status = 0
    return status, time.monotonic() - started


def _page_times(web: Web) -> list[float]:
    return [_ask(web.request("/accounts/login/"))[1] for _ in range(20)]


def _write_times(period: Period, name: str, *, count: int = 10, apart: float = 0.0) -> list[float]:
    """Seconds that writes with a wake-up hint take, as a request makes them; one that fails is left out."""
    from django.db import DatabaseError, connections, transaction  # noqa: PLC0415

    from contributors.messaging import outbox  # noqa: PLC0415
    from contributors.models import Membership  # noqa: PLC0415

    took = []
    user = Membership.objects.filter(period=period).order_by("pk")[5].user
    for number in range(count):
        started = time.monotonic()
        try:
            with transaction.atomic():
                outbox.notify(
                    user=user,
                    kind="test",
                    period=period,
                    subject=f"beside:{name}:{number}",
                    urgency=0,
                    context={"by": "Maja Lindqvist", "asked_at": datetime.now(UTC).isoformat()},
                    at=datetime.now(UTC),
                    key=f"beside:{name}:{number}",
                )
        except DatabaseError:
            continue
        took.append(time.monotonic() - started)
        time.sleep(apart)
    if threading.current_thread() is not threading.main_thread():
        connections.close_all()
    return took
