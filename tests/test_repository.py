"""What the repository promises of itself: locks without addresses, import contracts that bite, plain set-up."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
PINNED = re.compile(r"^(?P<name>[a-z0-9.-]+)==(?P<version>[^ ;]+)", re.MULTILINE)

# In two halves, so that this file does not hold what it looks for.
REGISTRIES = [
    "pypi" + ".org",
    "python" + "hosted",
    "registry.npm" + "js",
    "deb." + "debian",
    "crates" + ".io",
]


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


def test_no_tracked_file_names_a_package_registry() -> None:
    naming = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in tracked_files()
        for host in REGISTRIES
        if host in path.read_bytes().decode(errors="ignore")
    ]

    assert naming == []


# --- Import contracts ---------------------------------------------------------------------------

# What is planted, and the contract that must catch it.
PLANTED = {
    "periods/planted_upward.py": ("from incidents import models\n", "periods <- contributors <- incidents"),
    "hypercare/planted_plumbing.py": ("from periods import models\n", "plumbing imports no app"),
    "contributors/planted_front.py": ("from hypercare import pages\n", "nobody imports the front"),
    "incidents/planted_edge.py": (
        "from incidents import api_urls\n",
        "nobody imports an edge but another edge",
    ),
    "incidents/planted_end.py": (
        "from hypercare import tasks\n",
        "nobody imports tasks, commands and admin pages",
    ),
    "incidents/planted_rest.py": (
        "import rest_framework\n",
        "domain modules know nothing of REST, htmx and Celery",
    ),
    "periods/planted_one.py": ("from periods import planted_two\n", "no two neighbours import each other"),
    "periods/planted_two.py": ("from periods import planted_one\n", None),
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
        assert path.partition("/")[2].removesuffix(".py") in report


# --- Containers ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def services() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_every_server_has_a_health_check(services: dict) -> None:
    without = [name for name, service in services.items() if not service.get("healthcheck")]

    assert without == ["web"]  # whose check is the image's own
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()


def test_the_composition_holds_no_secret_of_its_own(services: dict) -> None:
    secret_names = ("SECRET", "PASSWORD", "EMAIL_URL", "DATABASE_URL")
    values = [
        value
        for service in services.values()
        for name, value in service.get("environment", {}).items()
        if any(part in name for part in secret_names)
    ]

    assert len(values) > 4
    assert all(":?" in value for value in values)


def test_everything_but_the_migration_waits_for_it(services: dict) -> None:
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_every_value_that_the_composition_asks_for_is_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
    offered = set(re.findall(r"^(\w+)=", (ROOT / "env.example").read_text(), re.MULTILINE))

    assert asked
    assert asked <= offered


def test_the_image_runs_as_an_ordinary_user_and_copies_only_what_exists() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [
        word
        for line in lines
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
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
    assert (
        "The environment in venv is half made: an earlier run was interrupted. Making it anew."
        in mended.stdout
    )
    assert not (set_up.venv / "left-over").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(set_up: Setup) -> None:
    set_up()
    (set_up.venv / "bin" / "python").unlink()

    mended = set_up()

    assert "The Python of the environment in venv is gone or too old. Making it anew." in mended.stdout
    assert set_up.installed == ["requirements.lock"]


def test_a_missing_venv_module_is_named_with_the_package_that_brings_it(
    set_up: Setup, tmp_path: Path
) -> None:
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
    assert set_up("tset").stderr.startswith(
        "There is no requirements-tset.lock. Known: requirements-check.lock"
    )


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
    assert (
        "no Python was found. Install one (Debian, Ubuntu: apt install python3 python3-venv" in failed.stderr
    )


def test_every_value_of_the_example_reaches_the_containers() -> None:
    used = set(re.findall(r"\$\{(\w+)[:}]", (ROOT / "docker-compose.yml").read_text()))
    offered = set(re.findall(r"^(\w+)=", (ROOT / "env.example").read_text(), re.MULTILINE))

    assert offered <= used
