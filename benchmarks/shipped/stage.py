"""An installation as it is shipped, on this machine: the containers of docker-compose.yml without Docker.

Commands, environment, files, user and health checks are those of docker-compose.yml and the Dockerfile; only what
Docker gives a container of its own is replaced: addresses and ports, the name of its host, its /tmp.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql

from benchmarks._process import Process, free_port, wait_for
from benchmarks.shipped.composition import ROOT, Composition, values_of
from benchmarks.shipped.image import PATHS, Image, as_user, built, located, user_number
from benchmarks.shipped.outside import Inbox, certificate


@dataclass
class Container:
    """One container: its process, and what a command in it would see."""

    name: str
    process: Process
    env: Mapping[str, str]
    health: list[str]

    def run(self, command: list[str], *, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """A command beside its own, as `docker compose exec` runs it."""
        return subprocess.run(
            [*as_user(), *command],
            cwd=self.process.cwd,
            env={**self.env, **more},
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def ask_health(self) -> subprocess.CompletedProcess[str]:
        """What its health check says; 0 is well."""
        return self.run(self.health)


@dataclass
class Installation:
    """Everything that runs, and the ways to it from outside."""

    folder: Path
    image: Image
    address: str
    trusted: Path
    inbox: Inbox
    database: str
    composition: Composition
    replaced: Mapping[str, str]
    ports: Mapping[str, str]
    containers: list[Container] = field(default_factory=list)

    def container(self, service: str, number: int = 1) -> Container:
        """A container of a service that has not been started."""
        name = f"{service}-{number}"
        tmp = self._own_folder(name)
        env = {**self.image.env, **self.composition.env(service), "HOSTNAME": name, "HOME": str(tmp)}
        places = {**self.replaced, "%h": name}
        env = {**{key: located(value, places) for key, value in env.items()}, "TMPDIR": str(tmp)}
        command, health = (
            [located(word, places) for word in words]
            for words in (
                self.composition.command(service) or self.image.command,
                self.composition.health(service) or [self.ports.get(one, one) for one in self.image.health],
            )
        )
        process = Process([*as_user(), *command], self.folder / f"{name}.log", env, cwd=self.image.code, alone=True)
        return Container(name, process, env, health)

    def start(self, service: str, number: int = 1) -> Container:
        """Start one more container of a service."""
        made = self.container(service, number)
        made.process.start()
        self.containers.append(made)
        return made

    def _own_folder(self, name: str) -> Path:
        made = self.folder / name
        made.mkdir()
        if os.geteuid() == 0:
            shutil.chown(made, user_number(), user_number())
        return made

    def ask(self, statement: str) -> object:
        """One value of the database."""
        with psycopg2.connect(self.database) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone()
            return row[0] if row else None


@contextmanager
def installation(postgres: str) -> Iterator[Installation]:
    """An installation with nothing started but what stands around it: databases, the proxy and a mail server."""
    with ExitStack() as ends, tempfile.TemporaryDirectory(prefix="hypercare-shipped-") as name:
        folder, image = Path(name), ends.enter_context(built())
        folder.chmod(0o755)
        mail, web, redis, https, http = (free_port() for _ in range(5))
        address, password = f"https://localhost:{https}", secrets.token_hex(16)
        values = values_of(
            (ROOT / "env.example").read_text(),
            SECRET_KEY=secrets.token_urlsafe(50),
            POSTGRES_PASSWORD=password,
            ALLOWED_HOSTS="localhost",
            BASE_URL=address,
            EMAIL_URL=f"smtp://127.0.0.1:{mail}",
        )
        own_name = f"hypercare_shipped_{os.getpid()}"
        database = ends.enter_context(_database(postgres, own_name, password))
        server = urlsplit(postgres)
        replaced = {
            "postgres://hypercare:": f"postgres://{own_name}:",
            "@postgres:5432/hypercare": f"@{server.hostname}:{server.port or 5432}/{own_name}",
            "redis:6379": f"127.0.0.1:{redis}",
            "0.0.0.0:8000": f"127.0.0.1:{web}",
            **image.places,
        }
        composition = Composition(values)
        made = Installation(
            folder,
            image,
            address,
            certificate(folder),
            Inbox(mail),
            database,
            composition,
            replaced,
            {"8000": str(web)},
        )
        ends.callback(made.inbox.stop)
        services = [
            Process(
                [*composition.command("redis"), "--port", str(redis), "--bind", "127.0.0.1", "--dir", name],
                folder / "redis.log",
            ),
            _proxy(folder, https=https, http=http, web=web),
        ]
        for service in services:
            ends.callback(service.stop)
            service.start()
        wait_for(redis)
        try:
            yield made
        finally:
            for container in made.containers:
                container.process.stop()


@contextmanager
def _database(server: str, name: str, password: str) -> Iterator[str]:
    """An empty database and a role that owns it and no more; its address. Both are gone afterwards."""
    made = sql.Identifier(name)
    begin = ("CREATE ROLE {} LOGIN PASSWORD {}", "CREATE DATABASE {} OWNER {}")
    with _on_server(server) as cursor:
        cursor.execute(sql.SQL(begin[0]).format(made, sql.Literal(password)))
        cursor.execute(sql.SQL(begin[1]).format(made, made))
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with _on_server(server) as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(made))
            cursor.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(made))


@contextmanager
def _on_server(server: str) -> Iterator[psycopg2.extensions.cursor]:
    connection = psycopg2.connect(urlunsplit(urlsplit(server)._replace(path="/postgres")))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _proxy(folder: Path, *, https: int, http: int, web: int) -> Process:
    """nginx with the file that is shipped."""
    conf = (ROOT / "deploy" / "nginx.conf").read_text()
    places = {"/tmp/": f"{folder}/nginx/", "/etc/hypercare/tls": str(folder)}  # noqa: S108  what is replaced
    conf = located(conf, {**places, "web:8000": f"127.0.0.1:{web}"})
    conf = re.sub(r"listen 8443", f"listen 127.0.0.1:{https}", conf)
    conf = re.sub(r"listen 8080", f"listen 127.0.0.1:{http}", conf)
    (folder / "nginx").mkdir()
    (folder / "nginx.conf").write_text(conf)
    if os.geteuid() == 0:
        for path in (folder / "nginx", folder / "privkey.pem"):
            shutil.chown(path, user_number(), user_number())
    nginx = shutil.which("nginx", path=f"{PATHS}:/usr/sbin:/usr/local/sbin") or "nginx"
    command = [nginx, "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    return Process([*as_user(), *command], folder / "proxy.log", {"PATH": PATHS}, cwd=folder, alone=True)
