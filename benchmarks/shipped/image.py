"""The image without Docker: the environment and the files that the Dockerfile describes, made by its own lines.

Only what an image brings of a machine of its own differs: its folders lie below another one, its user exists by number
only, and its Python is the first of this machine with the version it names, or a newer one, that this user may run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile"
INSTALLED, CODE, DATA = "/opt/hypercare", "/srv/hypercare", "/var/lib/hypercare"
PATHS = "/usr/local/bin:/usr/bin:/bin"
RECENT = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"
OF_THE_MACHINE = ("groupadd", "useradd", "chown")  # users and owners: done here by number

Instruction = tuple[str, str]


@dataclass(frozen=True)
class Image:
    """What a container starts from. `places` says where its folders lie here."""

    env: Mapping[str, str]
    places: Mapping[str, str]
    command: list[str]
    health: list[str]

    @property
    def code(self) -> Path:
        """Where its commands run."""
        return Path(self.places[CODE])

    @property
    def data(self) -> Path:
        """Where its files for browsers lie, and its volume."""
        return Path(self.places[DATA])

    @property
    def python(self) -> str:
        """The Python of its environment."""
        return f"{self.places[INSTALLED]}/bin/python"


# --- Reading the Dockerfile ---------------------------------------------------------------------


def instructions(text: str) -> list[Instruction]:
    """Each instruction and what follows it, lines joined and comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    pairs = [line.strip().split(None, 1) for line in joined.splitlines() if line.strip()]
    return [(word, rest) for word, rest in pairs]


def steps(text: str) -> tuple[list[Instruction], list[Instruction]]:
    """The instructions of the step that installs, and of the one that is shipped."""
    found = instructions(text)
    starts = [number for number, (word, _) in enumerate(found) if word == "FROM"]
    assert len(starts) == 2, "The Dockerfile builds in two steps"
    return found[starts[0] : starts[1]], found[starts[1] :]


def located(text: str, places: Mapping[str, str]) -> str:
    """The same with the folders of this machine."""
    for inside, here in places.items():
        text = text.replace(inside, here)
    return text


def _env_of(step: list[Instruction]) -> dict[str, str]:
    pairs = [pair.partition("=") for word, rest in step if word == "ENV" for pair in rest.split()]
    return {name: value for name, _, value in pairs}


def user_number() -> int:
    """The number of the user that the image runs as."""
    found = re.search(r"useradd .*--uid (\d+)", DOCKERFILE.read_text())
    assert found is not None
    return int(found.group(1))


def as_user() -> list[str]:
    """What turns a command into one of the image's user, without capabilities; of this user where it is not root."""
    if os.geteuid() != 0:
        return ["setpriv", "--no-new-privs", "--"]
    number = user_number()
    return [
        "setpriv",
        f"--reuid={number}",
        f"--regid={number}",
        "--clear-groups",
        "--no-new-privs",
        "--inh-caps=-all",
        "--bounding-set=-all",
        "--",
    ]


# --- The environment: made once for each lock ---------------------------------------------------


@cache
def environment() -> Path:
    """The environment of the product's lock alone, as the Dockerfile installs it; kept under its hash."""
    install, _ = steps(DOCKERFILE.read_text())
    python = _python()
    lines = [rest for word, rest in install if word == "RUN"]
    lock = (ROOT / "requirements.lock").read_bytes()
    mark = hashlib.sha256(lock + json.dumps([lines, python]).encode()).hexdigest()
    made = _reachable_folder() / f"environment-{mark[:16]}"
    if not (made / "whole").exists():
        shutil.rmtree(made, ignore_errors=True)
        places = {INSTALLED: str(made), "/tmp/requirements.lock": str(ROOT / "requirements.lock")}  # noqa: S108
        # Where packages come from is this machine's business; what lies on our own path is not the image's.
        ours = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        env = {**ours, **_env_of(install), "PIP_QUIET": "2"}
        for line in lines:
            command = re.sub(r"^python ", f"{python} ", located(line, places))
            subprocess.run(["sh", "-c", command], env=env, check=True, stdout=sys.stderr)
        (made / "whole").touch()
    return made


def _reachable_folder() -> Path:
    """Where an environment is kept: with what the tree writes, or where its user cannot look in there, beside it."""
    kept = Path(os.environ.get("HYPERCARE_VAR", ROOT / "var")) / "shipped"
    kept.mkdir(parents=True, exist_ok=True)
    if not _may_look_into(kept):
        kept = Path(tempfile.gettempdir()) / f"hypercare-shipped-{os.geteuid()}"
        kept.mkdir(exist_ok=True)
        assert kept.stat(follow_symlinks=False).st_uid == os.geteuid(), f"{kept} is somebody else's: remove it"
    return kept


def _may_look_into(folder: Path) -> bool:
    return subprocess.run([*as_user(), "test", "-x", str(folder)], check=False).returncode == 0


def _python() -> str:
    """The first Python that the image's user may run, of its version if there is one."""
    named = re.search(r"^ARG PYTHON=(\d+\.\d+)", DOCKERFILE.read_text(), re.MULTILINE)
    names = [f"python{named.group(1) if named else 3}", "python3.14", "python3.13", "python3.12", "python3"]
    candidates = [Path(folder) / name for name in names for folder in (*os.get_exec_path(), *PATHS.split(":"))]
    for one in candidates:
        command = [*as_user(), str(one), "-c", RECENT]
        if one.exists() and not subprocess.run(command, check=False, capture_output=True, cwd="/").returncode:
            return str(one)
    sys.exit("There is no Python 3.11 with venv that an ordinary user may run (Debian: apt install python3-venv).")


# --- The files ----------------------------------------------------------------------------------


@contextmanager
def built() -> Iterator[Image]:
    """The image, with files of its own that are gone afterwards. Nothing in it can be written by its user."""
    installed = environment()
    _, shipped = steps(DOCKERFILE.read_text())
    with tempfile.TemporaryDirectory(prefix="hypercare-image-", dir=_reachable_folder()) as name:
        folder = Path(name)
        folder.chmod(0o755)
        places = {INSTALLED: str(installed), CODE: f"{name}/code", DATA: f"{name}/data"}
        for place in (CODE, DATA):
            Path(places[place]).mkdir()
        env = {key: located(value, places).replace("$PATH", PATHS) for key, value in _env_of(shipped).items()}
        _copy(shipped, Path(places[CODE]))
        _run(shipped, places, env)
        _forbid_writing(folder, but=Path(places[DATA]) / "evidence")
        last = dict(shipped)
        health = last["HEALTHCHECK"].partition(" CMD ")[2]
        try:
            yield Image(env, places, command=json.loads(last["CMD"]), health=json.loads(health))
        finally:
            _allow_writing(folder)


def _copy(step: list[Instruction], code: Path) -> None:
    """What COPY names, and nothing else."""
    for word, rest in step:
        if word == "COPY" and not rest.startswith("--from"):
            *names, target = rest.split()
            for name in names:
                copied = code / (f"{target}{Path(name).name}" if target.endswith("/") else target)
                copied.parent.mkdir(parents=True, exist_ok=True)
                _copy_one(ROOT / name, copied)


def _copy_one(source: Path, copied: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, copied, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, copied)


def _run(step: list[Instruction], places: Mapping[str, str], env: Mapping[str, str]) -> None:
    """What RUN does beyond users and owners."""
    for line in (rest for word, rest in step if word == "RUN"):
        parts = [located(part.strip(), places) for part in line.split("&&")]
        for command in (part for part in parts if not part.startswith(OF_THE_MACHINE)):
            subprocess.run(["sh", "-c", command], env=env, cwd=places[CODE], check=True, stdout=subprocess.DEVNULL)


def _forbid_writing(folder: Path, *, but: Path) -> None:
    """As on a root file system that is read only; `but` is the volume."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    but.chmod(0o755)
    if os.geteuid() == 0:
        shutil.chown(but, user_number(), user_number())


def _allow_writing(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
