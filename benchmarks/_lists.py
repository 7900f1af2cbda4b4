"""One side of `incident_lists`: a process with so many incidents that asks for pages as it is told.

    python -m benchmarks._lists 1000

It fills its database and says what pages there are. Then it answers each line of its input, `["cold", page]` or
`[way, page, times]`, with a line of figures; the ways are the public functions of `Side`.
"""

from __future__ import annotations

import html
import http.client
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import django

from benchmarks._process import Process, free_port, wait_for

if TYPE_CHECKING:
    from django.test import Client

    from hypercare.models import User

OPEN: Final = 400
CONNECTIONS: Final = 8
COUNTED: Final = 5  # requests whose statements are counted: a minute that begins asks for more
DOCUMENT: Final = "/api/v1/periods/LOAD1/status/"
ONE: Final = re.compile(r'class="cover" href="(/i/[^"]+/)"')
NEXT: Final = re.compile(r'href="(\?[^"]*after=[^"]*)"')
TOKEN: Final = "hc_poll"  # noqa: S105  of a database that goes with the run

Figures = dict[str, Any]


def main() -> None:
    """Fill the database, say the pages, then answer line by line until the input ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hypercare.settings")
    django.setup()
    from django.conf import settings  # noqa: PLC0415  not before the settings are chosen
    from django.core.management import call_command  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    lead = _fill(int(sys.argv[1]))
    _give_token(lead)
    with _server() as port:
        side = Side(lead, port)
        _say(list(side.pages))
        for line in sys.stdin:
            way, page, *times = json.loads(line)
            _say(getattr(side, way)(page, *times))


def _say(what: Any) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


def _fill(size: int) -> User:
    from django.db import connection  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from hypercare.demo import bulk  # noqa: PLC0415
    from hypercare.models import User  # noqa: PLC0415

    bulk.make_incidents(size, at=timezone.now(), still_open=OPEN)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return User.objects.get()


def _give_token(lead: User) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from hypercare.accounts.api_tokens import hash_token  # noqa: PLC0415
    from hypercare.models import ApiToken  # noqa: PLC0415

    now = timezone.now()
    ApiToken.objects.create(
        user=lead,
        name="Poll",
        prefix=TOKEN,
        token_hash=hash_token(TOKEN),
        created_at=now,
        last_used_at=now + timedelta(hours=1),
        expires_at=now + timedelta(days=1),
    )


@contextmanager
def _server() -> Iterator[int]:
    """Two processes, as in the container's command; its port."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "hypercare.wsgi:application",
        "--bind",
        f"127.0.0.1:{port}",
        "--worker-class",
        "gthread",
        "--workers",
        "2",
        "--threads",
        "4",
        "--keep-alive",
        "20",
        "--no-control-socket",
    ]
    with tempfile.TemporaryDirectory() as folder:
        server = Process(command, Path(folder) / "web.log").start()
        try:
            wait_for(port)
            yield port
        finally:
            server.stop()


class Side:
    """What is asked for; each way gives its figures, times in ms as pairs of wall and processor."""

    def __init__(self, lead: User, port: int) -> None:
        """Signed in as the lead, every page found by its links."""
        from django.test import Client  # noqa: PLC0415

        from hypercare.engine import memory_guard  # noqa: PLC0415

        self.lead, self.port, self.client = lead, port, Client()
        self.client.force_login(lead)
        self.pages = _pages(self.client)
        memory_guard.freeze_loaded()  # as a web process does

    def cold(self, page: str) -> Figures:
        """Once with an empty cache, and then the statements of a page that is asked for again."""
        from django.core.cache import cache  # noqa: PLC0415

        cache.clear()
        cold_sql, _, spent, _ = self._counted(page)
        counted = sorted(self._counted(page) for _ in range(COUNTED))
        sql, size, *_ = counted[COUNTED // 2]
        return {"cold": spent, "sql_cold": cold_sql, "sql": sql, "bytes": size}

    def usual(self, page: str, times: int) -> Figures:
        """As it is: somebody asked before."""
        self.client.get(self.pages[page])
        pairs: list[Any] = []
        while not _enough(pairs, times):
            pairs.append(_timed(self.client, self.pages[page])[1:])
        return {"pairs": pairs}

    def changed(self, page: str, times: int) -> Figures:
        """Each time right after somebody wrote on an incident."""
        from django.utils import timezone  # noqa: PLC0415

        from incidents.models import Incident  # noqa: PLC0415
        from incidents.triage import triage  # noqa: PLC0415

        incident = Incident.objects.filter(resolved_at__isnull=True).order_by("id")[7]
        pairs, sql = [], []
        for _ in range(times):
            triage.comment(incident.pk, body="Looked again.", kind="note", by=self.lead, at=timezone.now())
            statements, _, *spent = self._counted(page)
            pairs.append(spent)
            sql.append(statements)
        return {"pairs": pairs, "sql": sorted(sql)[len(sql) // 2]}

    def unchanged(self, page: str, times: int) -> Figures:
        """Asked with the tag that came with it, and answered 304."""
        pairs: list[Any] = []
        headers: dict[str, str] = {}
        while not _enough(pairs, times):
            said, *spent = _timed(self.client, self.pages[page], headers)
            if said.status_code == 304:
                pairs.append(spent)
            else:  # the first, or a minute that begins
                headers = {"If-None-Match": said.headers["ETag"]}
        return {"pairs": pairs}

    def polled(self, page: str, seconds: float) -> Figures:
        """Over eight connections that stay open, as fast as answers come."""
        until = time.perf_counter() + seconds

        def ask() -> list[float]:
            spent = []
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            while (start := time.perf_counter()) < until:
                connection.request("GET", self.pages[page], headers={"Authorization": f"Bearer {TOKEN}"})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"{self.pages[page]} answered {answer.status}.")
                spent.append(1000 * (time.perf_counter() - start))
            connection.close()
            return spent

        with ThreadPoolExecutor(CONNECTIONS) as threads:
            asking = [threads.submit(ask) for _ in range(CONNECTIONS)]
            return {"times": [spent for one in asking for spent in one.result()]}

    def _counted(self, page: str) -> tuple[int, int, float, float]:
        """Statements, bytes, and the ms of one request."""
        from django.db import connection, reset_queries  # noqa: PLC0415
        from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

        reset_queries()
        with CaptureQueriesContext(connection) as asked:
            answer, wall, cpu = _timed(self.client, self.pages[page])
        return len(asked), len(answer.content), wall, cpu


def _pages(client: Client) -> dict[str, str]:
    """Name → address. Deep pages are reached as a person would: by following the link to the next one."""
    found = {
        "list": "/p/LOAD1/incidents/",
        "board": "/p/LOAD1/incidents/?view=board",
        "resolved": "/p/LOAD1/incidents/?status=resolved",
        "every period": "/incidents/",
        "overview": "/p/LOAD1/",
        "status document": DOCUMENT,
        "search for a common word": "/search/?q=load",
    }
    first = ONE.search(client.get(found["list"]).content.decode())
    if first is None:
        raise RuntimeError("The list links to no incident.")
    found["one incident"] = first[1]
    found["list, 8th page"] = _further(client, found["list"], 7)
    found["resolved, 11th page"] = _further(client, found["resolved"], 10)
    return found


def _further(client: Client, address: str, pages: int) -> str:
    path = address.partition("?")[0]
    for _ in range(pages):
        following = NEXT.search(client.get(address).content.decode())
        if following is None:
            raise RuntimeError(f"{address} has no next page.")
        address = path + html.unescape(following[1])
    return address


def _enough(pairs: list[Any], times: int) -> bool:
    """So many, and for half a second: a processor that has rested is slow at first."""
    return len(pairs) >= times and sum(wall for wall, _ in pairs) >= 500


def _timed(client: Client, address: str, headers: dict[str, str] | None = None) -> tuple[Any, float, float]:
    """The answer, and its milliseconds by the wall and of the processor."""
    start, spent = time.perf_counter(), time.process_time()
    answer = client.get(address, headers=headers or {})
    return answer, 1000 * (time.perf_counter() - start), 1000 * (time.process_time() - spent)


if __name__ == "__main__":
    main()
