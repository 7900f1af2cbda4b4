"""What is shipped takes an alert to a page and the page to an acknowledgement, and outlives a worker and a clock.

    python -m benchmarks.shipped      # make shipped

The environment comes from requirements.lock alone, as the Dockerfile installs it; web, two workers and two clocks run
with the commands and the environment of docker-compose.yml behind the proxy of deploy/nginx.conf. Needs PostgreSQL
(DATABASE_URL chooses which; a database and a role of its own are made and dropped), redis-server, nginx and openssl.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

from benchmarks._stage import POSTGRES, show
from benchmarks.shipped.image import environment
from benchmarks.shipped.outside import Browser, post, until
from benchmarks.shipped.stage import Container, Installation, installation

ADMIN, PASSWORD, ON_DUTY = "admin@example.com", "correct-horse-battery-4", "on-duty@example.com"
FIRST_PERIOD = Path(__file__).with_name("first_period.py")
STARTS = 90.0  # seconds the processes may take on a busy machine
STATUS = "SELECT status FROM incidents_incident WHERE title = '{}'"


def main() -> int:
    """Build, start, page, acknowledge, break; 1 when something of it does not hold."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    environment()
    show("environment from requirements.lock", time.monotonic() - began, "s", "0 where it was kept")
    with installation(POSTGRES) as made:
        try:
            run(made)
        except (AssertionError, subprocess.TimeoutExpired):
            print(f"{last_words(made)}\n{traceback.format_exc()}\nFAILED", flush=True)
            return 1
    show("all of it", time.monotonic() - began, "s")
    return 0


def run(made: Installation) -> None:
    """The story; raises AssertionError where it goes another way."""
    began = time.monotonic()
    web, workers, clocks = start(made)
    show("from nothing to an engine that ticks", time.monotonic() - began, "s")
    hook = first_period(web)
    sign_in(made)
    link = page(made, hook, "Invoices are not written")
    acknowledge(made, link, "Invoices are not written")
    for one in (web, *workers, *clocks):
        said = one.ask_health()
        assert said.returncode == 0, f"the health check of {one.name} fails: {said.stdout}{said.stderr}"
    print("health checks of web, both workers and both clocks: well", flush=True)
    for one in (workers[0], clocks[0]):
        one.process.stop(signal.SIGKILL)
    page(made, hook, "Payments are refused", beside="one worker and one clock killed")
    assert workers[0].ask_health().returncode != 0, "a killed worker counts as well"
    assert Browser(made.trusted).open(f"{made.address}/healthz/engine/") == 200


def start(made: Installation) -> tuple[Container, list[Container], list[Container]]:
    """As `docker compose up --scale worker=2 --scale beat=2` does: the tables, then everything else."""
    migrate = made.container("migrate")
    done = migrate.run(made.composition.command("migrate"))
    assert done.returncode == 0, f"migrate: {done.stderr}"
    web = made.start("web")
    workers = [made.start("worker", number) for number in (1, 2)]
    clocks = [made.start("beat", number) for number in (1, 2)]
    health = f"{made.address}/healthz/engine/"
    until("an engine that ticks", lambda: Browser(made.trusted).open(health) == 200, longest=STARTS)
    until("every process", lambda: all(alive(one) for one in made.containers), longest=1)
    return web, workers, clocks


def alive(one: Container) -> bool:
    """Whether it still runs."""
    return one.process.running is not None and one.process.running.poll() is None


def first_period(web: Container) -> str:
    """The first administrator by the command of the README, a running period, and the address for alerts."""
    command = ["python", "manage.py", "createsuperuser", "--no-input", "--email", ADMIN, "--name", "Ada Admin"]
    done = web.run(command, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    assert done.returncode == 0, f"createsuperuser: {done.stderr}"
    done = web.run(["python", "manage.py", "shell", "--no-imports"], given=FIRST_PERIOD.read_text())
    assert done.returncode == 0, f"the first period: {done.stderr}"
    return done.stdout.split()[-1]


def sign_in(made: Installation) -> None:
    """With the form, its token and the cookies, over TLS; the second step is asked for next."""
    browser = Browser(made.trusted)
    browser.open(f"{made.address}/accounts/login/")
    status = browser.press("Sign in", login=ADMIN, password=PASSWORD)
    assert (status, browser.url) == (200, f"{made.address}/accounts/second-step/on/"), (status, browser.url)
    cookies = [(cookie.name, cookie.secure) for cookie in browser.cookies]
    assert ("__Host-session", True) in cookies, cookies


def page(made: Installation, hook: str, title: str, beside: str = "") -> str:
    """An alert from the hook to the mail of whoever is on duty; the link in it."""
    sent = time.monotonic()
    assert post(hook, payload(title), made.trusted) == 202
    mail = until(f"the page about “{title}”", lambda: made.inbox.about(ON_DUTY, title))
    show(f"hook to page in the sink{', ' if beside else ''}{beside}", time.monotonic() - sent, "s")
    body = mail.get_body(("plain",))
    found = re.search(rf"{made.address}/page/\S+", body.get_content() if body else "")
    assert found is not None, "the page has no link"
    return found.group()


def payload(title: str) -> bytes:
    """One critical alert as Alertmanager sends it."""
    labels = {"alertname": title, "severity": "critical", "component": "Billing"}
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": title},
        "fingerprint": title.encode().hex()[:16],
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
    }
    return json.dumps(
        {
            "version": "4",
            "groupKey": title,
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "hypercare",
            "groupLabels": {},
            "commonLabels": labels,
            "commonAnnotations": {},
            "externalURL": "http://alertmanager",
            "alerts": [alert],
        }
    ).encode()


def acknowledge(made: Installation, link: str, title: str) -> None:
    """Open the link of a mail, press its button, and see the incident acknowledged."""
    before = made.ask(STATUS.format(title))
    browser, began = Browser(made.trusted), time.monotonic()
    assert browser.open(link) == 200, "the link of the page does not open"
    assert made.ask(STATUS.format(title)) == before, "opening the link changed something"
    assert browser.press("Acknowledge") == 200, "the button does not answer"
    after = made.ask(STATUS.format(title))
    assert (before, after) == ("new", "acknowledged"), (before, after)
    show("link opened and acknowledged over TLS", time.monotonic() - began, "s")


def last_words(made: Installation) -> str:
    """The end of every log."""
    logs = [*sorted(made.folder.glob("*.log"))]
    return "\n".join(f"--- {log.name}\n{log.read_text()[-2000:]}" for log in logs)


if __name__ == "__main__":
    sys.exit(main())
