"""Everything in one: the data brought up to date, then web, worker and clock under one Ctrl-C."""

import errno
import fcntl
import http.client
import io
import math
import os
import socket
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from hypercare.accounts import first_administrator
from hypercare.engine.supervisor import Supervisor

FIRST_VISIT = "Nobody has an account yet: open it and make the first one with the code {code}."
PATIENCE_WITH_WEB = 60.0  # seconds until somebody who waits for the address is told that something is wrong


class Command(BaseCommand):
    """`manage.py up`: what `make run` runs."""

    help = "Start the whole product on this machine: migrate, seed the demo once, run web, worker and clock."
    requires_system_checks = ()  # the children check; here it would only cost a second

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare where the product is to be reached."""
        parser.add_argument("--port", default="8000")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--no-demo", action="store_true", help="start empty instead of with the demo")

    def handle(self, *args: Any, port: str, host: str, no_demo: bool = False, **options: Any) -> None:
        """Run until Ctrl-C; the exit code is 0 then, or that of the process that would not stay up."""
        number = port_number(port)
        refuse_busy_port(host, number)
        with in_use(settings.VAR):
            with wait_for_turn(settings.VAR):
                log_ins = self._bring_data_up_to_date(with_demo=not no_demo)
            raise SystemExit(self._supervise(host, number, log_ins))

    def _bring_data_up_to_date(self, *, with_demo: bool) -> str:
        """Migrate, and on the very first start seed the demo; return what it says about logging in."""
        self._say("Bringing the data up to date (the first start also tells the demo's story) …")
        call_command("migrate", verbosity=0, interactive=False)
        said = io.StringIO()
        if with_demo:
            call_command("seed_demo", "--if-empty", stdout=said)
        if first_administrator.is_wanted():
            said.write(FIRST_VISIT.format(code=first_administrator.setup_code()))
        settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
        connections.close_all()  # no file of the database stays open in the process that only watches
        return said.getvalue().strip()

    def _supervise(self, host: str, port: int, log_ins: str) -> int:
        address = f"http://{authority(host, port)}"
        env = {"BASE_URL": address, **os.environ, "PYTHONUNBUFFERED": "1"}
        supervisor = Supervisor(commands_to_run(host, port), env=env, say=self._say)
        welcome = f"\nHypercare runs at {address}/\n{log_ins}\nCtrl-C stops it.\n"
        threading.Thread(target=self._announce, args=(host, port, welcome), daemon=True).start()
        code = supervisor.run()
        self._say("Stopped." if code == 0 else f"Stopped, because a part would not stay up (code {code}).")
        return code

    def _announce(self, host: str, port: int, welcome: str) -> None:
        """Wait until the web process answers, then print the address; where it takes long, say so once."""
        last_moment = time.monotonic() + PATIENCE_WITH_WEB
        while not answers(host, port):
            if time.monotonic() > last_moment:
                self._say(f"The web process has not answered for {PATIENCE_WITH_WEB:.0f} s; its messages stand above.")
                last_moment = math.inf
            time.sleep(0.1)
        self._say(welcome)

    def _say(self, line: str) -> None:
        """Print one line whole; nobody reading any more is no reason to stop working."""
        try:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            return


def commands_to_run(host: str, port: int) -> dict[str, list[str]]:
    """Return what runs under the supervisor, by the name that stands before each line it prints."""
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    gunicorn = [sys.executable, "-m", "gunicorn", "hypercare.wsgi:application"]
    return {
        "web": [
            *gunicorn,
            *("--bind", authority(host, port), "--chdir", str(settings.BASE_DIR)),
            *("--worker-class", "gthread", "--workers", "1", "--threads", "8"),
            # Heartbeats of the web worker go through a file: kept with the rest, not in the system's /tmp.
            *("--worker-tmp-dir", str(settings.VAR), "--graceful-timeout", "5"),
            *("--log-level", "warning", "--no-control-socket"),
        ],
        "worker": [*manage, "worker"],
    }


def authority(host: str, port: int) -> str:
    """Join host and port the way addresses are written, with brackets round an IPv6 host."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def port_number(text: str) -> int:
    """Read a port, or refuse with the sentence that says what one looks like."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise CommandError(f"{text!r} is not a port: choose a number from 1 to 65535, as in make run PORT=8001")
    return int(text)


def refuse_busy_port(host: str, port: int) -> None:
    """Refuse with a sentence where the port cannot be had, before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the web server will ask for it
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(why_not(error, host, port)) from error


def why_not(error: OSError, host: str, port: int) -> str:
    """Say why a port cannot be had and what to do."""
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 8000
        return f"Port {port} is in use by another program. Choose another: make run PORT={other}"
    if error.errno == errno.EACCES:
        return f"Port {port} needs an administrator's rights. Choose one above 1023: make run PORT=8000"
    return f"Cannot listen on {authority(host, port)}: {error.strerror}."


def answers(host: str, port: int) -> bool:
    """Tell whether the web process serves its health page."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # only read, never bound
    connection = http.client.HTTPConnection(reachable, port, timeout=5)
    try:
        connection.request("GET", "/healthz/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def wait_for_turn(folder: Path) -> Iterator[None]:
    """Wait until nobody else brings the data up to date: of two starts at once, the second finds it done."""
    with (folder / "start.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Hold a shared lock on the data, so that nothing puts it aside while it is used."""
    try:
        held = (folder / "in-use.lock").open("a")
    except OSError as error:
        raise CommandError(f"Cannot write to {folder}: {error.strerror}.") from error
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandError("The data is being put aside (make demo-reset). Try again in a moment.") from error
        yield
