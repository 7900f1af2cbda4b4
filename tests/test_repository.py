"""What the repository promises of itself: locks without addresses, import contracts that bite, plain set-up."""

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.metadata import distributions, packages_distributions, requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import ROOT
from tests.hypercare.security.test_production_settings import GOOD

LOCKS = sorted(ROOT.glob("requirements*.lock"))
PINNED = re.compile(r"^(?P<name>[a-z0-9.-]+)==(?P<version>[^ ;]+)", re.MULTILINE)

# In two halves, so that this file does not hold what it looks for.
REGISTRIES = ["pypi" + ".org", "python" + "hosted", "registry.npm" + "js", "deb." + "debian", "crates" + ".io"]


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def pins(lock: Path) -> dict[str, str]:
    return {found["name"]: found["version"] for found in PINNED.finditer(lock.read_text())}


# --- Locks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_no_address_and_a_hash_for_every_package(lock: Path) -> None:
    text = lock.read_text()

    assert "://" not in text
    assert "index-url" not in text
    for entry in re.split(r"\n(?=[a-z])", text.strip()):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_every_lock_holds_what_the_product_needs_in_the_same_version() -> None:
    product = pins(ROOT / "requirements.lock")

    assert len(LOCKS) == 4
    for lock in LOCKS:
        assert product.items() <= pins(lock).items(), lock.name


def test_the_locks_were_made_from_this_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-test.lock": groups["test"],
        "requirements-check.lock": groups["check"],
        "requirements-e2e.lock": groups["e2e"],
    }

    for name, requirements in wanted.items():
        # What an extra brings is pinned beside its package; a lock does not name the extra itself.
        plain = dict(re.sub(r"\[.*\]", "", each).split("==") for each in requirements)
        assert plain.items() <= pins(ROOT / name).items(), name


# The oldest Python that pyproject.toml allows; some packages need more on it than on the next one.
OLDEST = {"python_version": "3.11", "python_full_version": "3.11.0"}


def test_the_lock_of_the_product_holds_all_that_its_packages_need_on_the_oldest_python() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {canonicalize_name(one.name): one.extras for one in map(Requirement, project["dependencies"])}
    pinned = set(pins(ROOT / "requirements.lock"))

    assert project["requires-python"] == f">={OLDEST['python_version']}"
    assert {name: extras for name, extras in asked.items() if extras} == {
        "celery": {"redis"},
        "django-allauth": {"mfa"},
    }
    for name in pinned & {canonicalize_name(one.name) for one in distributions()}:
        assert wanted_by(name, asked.get(name) or {""}) <= pinned, name


def wanted_by(name: str, extras: set[str]) -> set[str]:
    """What a package needs on the oldest Python with the extras asked for, and what their extras need in turn."""
    found: set[str] = set()
    for needed in map(Requirement, requires(name) or ()):
        if needed.marker is None or any(needed.marker.evaluate({**OLDEST, "extra": one}) for one in extras):
            found |= {canonicalize_name(needed.name)}
            found |= wanted_by(needed.name, needed.extras) if needed.extras else set()
    return found


# What the containers' commands load, while packages that the lock does not name cannot be found: every page, both ends
# of the queue, and the way to Redis.
LOADS = """
import importlib, sys

class Missing:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1:]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing)
import hypercare.wsgi
from hypercare import registry
from hypercare.celery import app

for path in registry.every_path():
    registry.resolve(path)
app.loader.import_default_modules()
app.connection_for_write().transport
for name in ("celery.bin.celery", "celery.beat", "celery.concurrency.prefork", "celery.worker.strategy",
             "celery.apps.worker", "celery.apps.beat", "gunicorn.app.wsgiapp", "gunicorn.workers.gthread",
             "django.core.mail.backends.smtp", "apprise"):
    importlib.import_module(name)
"""


def test_production_loads_with_the_packages_of_its_lock_alone(tmp_path: Path) -> None:
    pinned = set(pins(ROOT / "requirements.lock"))
    beside = [
        name
        for name, brought_by in packages_distributions().items()
        if not {canonicalize_name(one) for one in brought_by} & pinned
    ]
    env = {"PATH": os.environ["PATH"], "HYPERCARE_VAR": str(tmp_path), **GOOD}
    command = [sys.executable, "-c", LOADS, *beside]

    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    assert "pytest" in beside
    assert (done.returncode, done.stderr) == (0, "")


def test_no_tracked_file_names_a_package_registry() -> None:
    naming = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in tracked_files()
        for host in REGISTRIES
        if host in path.read_bytes().decode(errors="ignore")
    ]

    assert naming == []


# As its authors publish it: a licence with a word changed is another licence.
APACHE = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def test_the_licence_is_apache_2_word_for_word() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert (project["license"], project["license-files"]) == ("Apache-2.0", ["LICENSE"])
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE


def test_the_formatter_is_told_to_look_away_nowhere() -> None:
    looking_away = re.compile(r"# " + r"fmt: (?:skip|off|on)\b")
    told = [
        path.relative_to(ROOT)
        for path in tracked_files()
        if path.suffix == ".py" and looking_away.search(path.read_text())
    ]

    assert told == []


# --- Import contracts ---------------------------------------------------------------------------

# What is planted, and the contract that must catch it. A file at the top of an app has no floor, whatever it imports.
OF_THE_PRODUCT = ("hypercare", "periods", "contributors", "incidents")
BESIDE_IT = ("templates", "static", "scripts", "deploy", "manage.py", "pyproject.toml", "docker-compose.yml")
# Named by nobody in the product, and why it stays.
FOR_OTHERS = {
    "c_chart": "other programs import it",
    "u_chart": "other programs import it",
    "burn_down_days": "other programs import it",
    "api_route_of_check": "what an operation is called in the API, for the parity test",
    "api_route_of_debrief": "what an operation is called in the API, for the parity test",
    "api_route_of_step": "what an operation is called in the API, for the parity test",
    "HypercareConfig": "Django finds it",
    "TokenScheme": "drf-spectacular finds it",
}


def test_nothing_is_kept_that_nobody_uses() -> None:
    """A function or class at the top of a module is named by the product somewhere else, or registers itself."""
    used = [path for path in tracked_files() if path.relative_to(ROOT).parts[0] in (*OF_THE_PRODUCT, *BESIDE_IT)]
    named = Counter(word for path in used for word in re.findall(r"\w+", path.read_text(errors="ignore")))
    made = {
        node.name
        for path in used
        if path.suffix == ".py"
        and path.relative_to(ROOT).parts[0] in OF_THE_PRODUCT
        and path.parent.name != "migrations"
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.decorator_list
    }

    assert {name for name in made if named[name] < 2} == set(FOR_OTHERS)


PLANTED = {
    "periods/exit/planted_upward.py": ("from incidents import models\n", "periods <- contributors <- incidents"),
    "hypercare/web/planted_plumbing.py": ("from periods import models\n", "plumbing imports no app"),
    "contributors/people/planted_front.py": ("from hypercare import pages\n", "nobody imports the front"),
    "incidents/stakeholders/planted_edge.py": (
        "from incidents.stakeholders.web import update_forms\n",
        "nobody imports an edge but another edge",
    ),
    "incidents/paging/planted_end.py": (
        "from hypercare import tasks\n",
        "nobody imports tasks, commands and admin pages",
    ),
    "incidents/shared/planted_rest.py": (
        "import rest_framework\n",
        "domain modules know nothing of REST, htmx and Celery",
    ),
    "hypercare/planted_top.py": ("", "rooms of hypercare"),
    "periods/calendar/planted_room.py": ("from periods import go\n", "rooms of periods"),
    "contributors/planted_topmost.py": ("", "rooms of contributors"),
    "incidents/shared/planted_room.py": ("from incidents import reporting\n", "rooms of incidents"),
    "contributors/people/web/planted_form.py": ("from contributors.swaps.web import pages\n", "edges of contributors"),
    "incidents/triage/web/planted_form.py": ("from incidents.lists.web import lists\n", "edges of incidents"),
    "periods/documents/web/planted_form.py": ("from periods.planning.web import api\n", "edges of periods"),
    "periods/exit/planted_one.py": (
        "from periods.exit import planted_two\n",
        "no two neighbours in a room import each other",
    ),
    "periods/exit/planted_two.py": ("from periods.exit import planted_one\n", None),
}


def lint_imports(folder: Path) -> str:
    script = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [sys.executable, script, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 1}, done.stderr
    return re.sub(r"\s+", " ", done.stdout)


@pytest.fixture
def copy_of_the_code(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for app in ("hypercare", "periods", "contributors", "incidents"):
        shutil.copytree(ROOT / app, tmp_path / app, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_code_keeps_every_import_contract() -> None:
    assert " 0 broken." in lint_imports(ROOT)


def test_every_import_contract_catches_a_planted_import(copy_of_the_code: Path) -> None:
    for path, (code, _) in PLANTED.items():
        (copy_of_the_code / path).write_text(code)

    report = lint_imports(copy_of_the_code)

    assert " KEPT" not in report
    for path, (_, contract) in PLANTED.items():
        assert contract is None or f"{contract} BROKEN" in report
        assert path.rpartition("/")[2].removesuffix(".py") in report


# --- Containers ---------------------------------------------------------------------------------

COMPOSE = ROOT / "docker-compose.yml"
EXAMPLE = (ROOT / "env.example").read_text()
OFFERED = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
SETTINGS = set(re.findall(r"\benv\.\w+\(\s*\"(\w+)\"", (ROOT / "hypercare" / "settings.py").read_text()))
OF_THE_IMAGE = {"HYPERCARE_ENV", "HYPERCARE_VAR", "DEBUG"}  # chosen by what runs, not by whoever runs it


@pytest.fixture(scope="module")
def services() -> dict:
    return yaml.safe_load(COMPOSE.read_text())["services"]


def test_every_server_has_a_health_check(services: dict) -> None:
    without = [name for name, service in services.items() if not service.get("healthcheck")]

    assert without == ["web"]  # whose check is the image's own
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()


def test_the_clock_is_healthy_without_redis(services: dict) -> None:
    assert services["beat"]["healthcheck"]["test"] == ["CMD", "python", "scripts/health_in_container.py", "beat"]
    assert "redis" not in (ROOT / "scripts" / "health_in_container.py").read_text().replace("Redis", "")


def test_only_the_proxy_takes_a_port_of_the_machine_so_that_any_number_of_web_containers_runs(services: dict) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert "container_name" not in COMPOSE.read_text()


def test_no_container_fills_the_memory_or_the_disk_of_the_machine(services: dict) -> None:
    for name, service in services.items():
        assert service["mem_limit"], name
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}, name


def test_the_composition_holds_no_secret_of_its_own(services: dict) -> None:
    secret_names = ("SECRET", "PASSWORD", "EMAIL_URL", "DATABASE_URL")
    values = [
        value
        for service in services.values()
        for name, value in service.get("environment", {}).items()
        if any(part in name for part in secret_names)
    ]

    assert len(values) > 4
    assert all(value.startswith("${") for value in values)


def test_every_setting_can_be_made_in_the_file_of_an_installation(services: dict) -> None:
    assert len(SETTINGS) > 20
    assert sorted(SETTINGS - OF_THE_IMAGE - set(OFFERED)) == []
    for name in ("migrate", "web", "worker", "beat"):
        assert services[name]["env_file"] == [".env"], name
        fixed = {key for key, value in services[name]["environment"].items() if f"${{{key}:-" not in value}
        assert fixed == {"HYPERCARE_ENV"}, name


def test_every_value_of_the_example_is_used_and_shown_with_what_holds_without_it() -> None:
    text = COMPOSE.read_text() + (ROOT / "deploy" / "own-proxy.yml").read_text()
    defaults = dict(re.findall(r"\$\{(\w+):-([^}$]*)", text))

    assert set(OFFERED) - SETTINGS - set(defaults) == {"COMPOSE_FILE"}  # which the program itself reads
    assert set(defaults) - set(OFFERED) == {"POSTGRES_PASSWORD_FILE"}
    for name in set(defaults) & set(OFFERED) - {"DATABASE_URL", "REDIS_URL"}:
        assert OFFERED[name] == defaults[name], name


def test_a_secret_can_be_a_file() -> None:
    more = yaml.safe_load((ROOT / "deploy" / "secrets.yml").read_text())

    named = {name for service in more["services"].values() for name in service["environment"]}
    assert {name.removesuffix("_FILE") for name in named} <= SETTINGS | {"POSTGRES_PASSWORD"}
    for service in more["services"].values():
        paths = {f"/run/secrets/{name}" for name in service["secrets"]}
        assert paths == set(service["environment"].values())
        assert set(service["secrets"]) <= set(more["secrets"])
    assert ":?" not in COMPOSE.read_text()  # which would insist on the value itself


def test_a_proxy_of_ones_own_takes_the_place_of_the_shipped_one(services: dict) -> None:
    more = yaml.safe_load((ROOT / "deploy" / "own-proxy.yml").read_text())["services"]

    assert set(more) <= set(services)
    assert more["proxy"] == {"profiles": ["unused"]}
    assert more["web"]["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]


def test_the_proxy_says_what_the_product_believes_of_it() -> None:
    conf = (ROOT / "deploy" / "nginx.conf").read_text()

    assert "proxy_set_header X-Forwarded-Proto https;" in conf
    assert "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;" in conf
    assert "access_log off;" in conf  # addresses hold secrets


def test_everything_but_the_migration_waits_for_it(services: dict) -> None:
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_the_image_runs_as_an_ordinary_user_and_copies_only_what_exists() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    users = [line for line in lines if line.startswith("USER ")]

    assert users == ["USER hypercare"]
    assert [name for name in copied if not (ROOT / name).exists()] == []


# --- Setting up ---------------------------------------------------------------------------------

# Stands in for uv, which fetches from outside: makes an environment round the Python of this test.
FAKE_UV = f"""#!/bin/sh
echo "uv $*" >>"$CALLS"
for last; do :; done
if [ "$1" = venv ]; then mkdir -p "$last/bin" && ln -sf {sys.executable} "$last/bin/python"; fi
if [ "$1" = pip ] && [ -e "$CALLS.broken" ]; then exit 1; fi
"""


class Setup:
    """Runs the set-up of an environment in an empty folder, with a stand-in for what fetches packages."""

    def __init__(self, folder: Path) -> None:
        self.venv = folder / "venv"
        self.calls = folder / "calls"
        self.broken = folder / "calls.broken"
        tools = folder / "tools"
        tools.mkdir()
        (tools / "uv").write_text(FAKE_UV)
        (tools / "uv").chmod(0o755)
        self.env = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "CALLS": str(self.calls),
            "HYPERCARE_VENV": str(self.venv),
            "HYPERCARE_VAR": str(folder / "var"),
        }

    def __call__(self, *groups: str) -> subprocess.CompletedProcess[str]:
        self.calls.write_text("")
        command = [sys.executable, ROOT / "scripts" / "environment.py", *groups]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)

    @property
    def installed(self) -> list[str]:
        calls = self.calls.read_text().splitlines()
        return [Path(call.split()[-1]).name for call in calls if call.startswith("uv pip install")]


@pytest.fixture
def set_up(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


def test_an_environment_is_made_once_and_left_alone_after_that(set_up: Setup) -> None:
    assert set_up().returncode == 0
    assert set_up.installed == ["requirements.lock"]

    assert set_up().stdout == ""
    assert set_up.calls.read_text() == ""


def test_every_install_checks_the_hashes_and_builds_nothing(set_up: Setup) -> None:
    set_up("test")

    assert "--require-hashes --only-binary :all: -r" in set_up.calls.read_text()


def test_another_group_goes_into_the_same_environment(set_up: Setup) -> None:
    set_up()

    set_up("test", "check")

    assert set_up.installed == ["requirements-test.lock", "requirements-check.lock"]
    assert "uv venv" not in set_up.calls.read_text()


def test_a_changed_lock_is_installed_again(set_up: Setup) -> None:
    set_up()
    (set_up.venv / "stamps" / "requirements.lock").write_text("the hash of an older lock")

    set_up()

    assert set_up.installed == ["requirements.lock"]


def test_an_interrupted_install_is_told_and_the_environment_made_anew(set_up: Setup) -> None:
    set_up.broken.touch()
    failed = set_up()
    set_up.broken.unlink()
    (set_up.venv / "left-over").touch()

    mended = set_up()

    assert failed.returncode == 1
    assert failed.stderr.startswith("Installing requirements.lock failed; the reason stands above.")
    assert mended.returncode == 0
    assert "The environment in venv is half made: an earlier run was interrupted. Making it anew." in mended.stdout
    assert not (set_up.venv / "left-over").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(set_up: Setup) -> None:
    set_up()
    (set_up.venv / "bin" / "python").unlink()

    mended = set_up()

    assert "The Python of the environment in venv is gone or too old. Making it anew." in mended.stdout
    assert set_up.installed == ["requirements.lock"]


def test_a_missing_venv_module_is_named_with_the_package_that_brings_it(set_up: Setup, tmp_path: Path) -> None:
    uv = tmp_path / "tools" / "uv"
    uv.write_text("#!/bin/sh\necho 'ensurepip is not available' >&2; exit 1\n")

    failed = set_up()

    assert failed.stderr.startswith("Python's venv module is missing. Install it and run make again")
    assert not set_up.venv.exists()


def test_a_place_that_cannot_be_written_is_named(set_up: Setup, tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")

    failed = set_up()

    assert failed.returncode == 1
    assert failed.stderr.startswith(f"Cannot write to {tmp_path / 'var'}: ")
    assert "make run HYPERCARE_VAR=/path/to/folder" in failed.stderr


def test_an_unknown_group_is_refused_with_the_known_ones(set_up: Setup) -> None:
    assert set_up("tset").stderr.startswith("There is no requirements-tset.lock. Known: requirements-check.lock")


def find_python(folder: Path, **pythons: str) -> subprocess.CompletedProcess[str]:
    """Run the search for a Python with only these on the PATH, each a shell script that answers as one."""
    for name, script in pythons.items():
        (folder / name.replace("_", ".")).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name.replace("_", ".")).chmod(0o755)
    command = ["/bin/sh", ROOT / "scripts" / "python", "-c", "print('found')"]
    return subprocess.run(command, env={"PATH": str(folder)}, capture_output=True, text=True, check=False)


OLD_PYTHON = 'case "$2" in *exit*) exit 1;; *) echo "Python 3.9";; esac'


def test_a_recent_python_is_found_behind_an_old_one(tmp_path: Path) -> None:
    found = find_python(tmp_path, python3=OLD_PYTHON, python3_12=f'exec {sys.executable} "$@"')

    assert found.stdout == "found\n"


def test_a_python_that_is_too_old_is_named(tmp_path: Path) -> None:
    failed = find_python(tmp_path, python3=OLD_PYTHON)

    assert failed.returncode == 1
    assert failed.stderr.startswith("Hypercare needs Python 3.11 or later, but only Python 3.9 was found.")


def test_without_any_python_the_sentence_says_how_to_get_one(tmp_path: Path) -> None:
    failed = find_python(tmp_path)

    assert failed.returncode == 1
    assert "no Python was found. Install one (Debian, Ubuntu: apt install python3 python3-venv" in failed.stderr
