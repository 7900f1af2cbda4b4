"""Servers of a run's own, to be crashed, frozen and stopped: PostgreSQL, Redis, and the product's web part."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.request import Request

import psycopg2
import redis

from benchmarks._process import Process, free_port, wait_for
from benchmarks._stage import Stage

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))  # where Debian keeps them, out of PATH


class Postgres:
    """A PostgreSQL server in a directory of its own, with fsync as in production unless told otherwise."""

    def __init__(self, directory: Path, *, env: dict[str, str] | None = None, durable: bool = True) -> None:
        """Make its files. Root takes the role of the account that Debian's package made: the server refuses root.

        `env`: what it is started with besides what this process has.
        """
        self._env, self._fsync = env or {}, "on" if durable else "off"
        self._data, self.port = directory / "postgres", free_port()
        self._data.mkdir(mode=0o700)
        directory.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(self._data, "postgres", "postgres")
        self._call("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8")

    @property
    def url(self) -> str:
        """Its address."""
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it lets somebody in."""
        asked = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync={self._fsync}"
        self._call("pg_ctl", "-D", str(self._data), "-l", str(self._data / "log"), "-w", "-o", asked, "start")
        for _ in range(100):
            with suppress(psycopg2.Error):
                psycopg2.connect(self.url, connect_timeout=2).close()
                return
            time.sleep(0.1)

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `immediate` is a crash, every session ends in the middle and recovery follows."""
        self._call("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "stop")

    def _call(self, program: str, *arguments: str) -> None:
        found = BINARIES[-1] / program if BINARIES else Path(shutil.which(program) or program)
        role = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
        # Not before the role is taken: what root's libraries share, the other account may not open.
        env = ["env", *(f"{name}={value}" for name, value in self._env.items())]
        command = [*(role if os.geteuid() == 0 else []), *env, str(found), *arguments]
        subprocess.run(
            command, check=program == "initdb", cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


class Redis:
    """A Redis server with the settings it is shipped with, snapshots now and then included."""

    def __init__(self, directory: Path) -> None:
        """Choose a port."""
        self.port = free_port()
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(directory)]
        self.process = Process(command, directory / "redis.log")

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process.start()
        wait_for(self.port)

    def kill(self) -> None:
        """End it with SIGKILL: what was not in a snapshot is gone."""
        self.process.stop(signal.SIGKILL)

    def freeze(self) -> None:
        """Stand still: connections are accepted, nothing is answered."""
        self.process.tell(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        self.process.tell(signal.SIGCONT)

    def empty(self) -> None:
        """Forget everything."""
        redis.Redis.from_url(self.url).flushall()


class Web:
    """The product's web part, behind what says that it ends TLS."""

    def __init__(self, run: Stage) -> None:
        """Choose a port."""
        self.port = free_port()
        self.process = run.web(self.port)

    def start(self) -> Web:
        """Start it and wait until it answers."""
        self.process.start()
        wait_for(self.port)
        return self

    def request(self, path: str) -> Request:
        """What asks for a page, as the proxy hands it on."""
        return Request(f"http://127.0.0.1:{self.port}{path}", headers={"X-Forwarded-Proto": "https"})
