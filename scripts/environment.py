"""Bring `.venv` to the state that the named locks describe, quickly when it already is.

    scripts/python scripts/environment.py [test] [check] [e2e]

The locks are supersets of `requirements.lock` that agree on every version, so they go into one environment on
top of each other. A stamp per lock holds the lock's hash: equal means nothing to do. While packages are being
written a mark stands in the environment; finding it at the start means that an earlier run was interrupted.

Only the standard library is used, because nothing else is installed yet.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("HYPERCARE_VENV", ROOT / ".venv"))
VENV_PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
UNFINISHED = VENV / "unfinished"
MINIMUM = "(3, 11)"

NO_VENV_MODULE = (
    "Python's venv module is missing. Install it and run make again "
    "(Debian, Ubuntu: apt install python3-venv), or install uv."
)


class Stop(Exception):
    """The one sentence that tells the person at the terminal what to do."""


def main(groups: list[str]) -> None:
    """Make the environment if needed, then install each lock whose hash differs from its stamp."""
    locks = [lock_of(group) for group in groups] or [lock_of("")]
    var = Path(os.environ.get("HYPERCARE_VAR", ROOT / "var"))
    for folder in (var, VENV.parent):
        make_writable(folder)
    with (var / "setup.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # two makes at once: the second waits and finds the work done
        ensure_environment()
        for lock in locks:
            ensure_installed(lock)


def lock_of(group: str) -> Path:
    """Return the lock file of a dependency group; the nameless group is what the product itself needs."""
    lock = ROOT / (f"requirements-{group}.lock" if group else "requirements.lock")
    if not lock.is_file():
        raise Stop(f"There is no {lock.name}. Known: {', '.join(sorted(p.name for p in ROOT.glob('*.lock')))}.")
    return lock


def make_writable(folder: Path) -> None:
    """Create the folder and prove that a file can be written in it."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Stop(
            f"Cannot write to {folder}: {error.strerror}. Free some space or change its owner, "
            "or keep the data elsewhere: make run HYPERCARE_VAR=/path/to/folder"
        ) from error


def ensure_environment() -> None:
    """Make `.venv`, or make it anew where what stands there cannot be trusted."""
    fault = fault_of_environment()
    if fault:
        print(f"{fault} Making it anew.", flush=True)
        shutil.rmtree(VENV)
    if not VENV.exists():
        make_environment()


def fault_of_environment() -> str:
    """Say why an existing environment cannot be used; empty when it can, or when there is none."""
    if not VENV.exists():
        return ""
    if UNFINISHED.exists() or not STAMPS.is_dir():
        return f"The environment in {VENV.name} is half made: an earlier run was interrupted."
    if not runs(f"sys.exit(sys.version_info < {MINIMUM})"):
        return f"The Python of the environment in {VENV.name} is gone or too old."
    if not shutil.which("uv") and not (VENV / "bin" / "pip").exists():
        return f"The environment in {VENV.name} was made with uv, which is no longer here."
    return ""


def runs(statement: str) -> bool:
    """Tell whether the environment's own Python gets through a statement."""
    try:
        done = subprocess.run([VENV_PYTHON, "-c", f"import sys; {statement}"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def make_environment() -> None:
    """Make an empty environment with the Python that runs this."""
    print(f"Making the environment in {VENV.name} (once, about half a minute) …", flush=True)
    VENV.mkdir(parents=True)
    UNFINISHED.touch()
    if shutil.which("uv"):
        step = ["uv", "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(VENV)]
    else:
        step = [sys.executable, "-m", "venv", str(VENV)]
    made = subprocess.run(step, capture_output=True, text=True, check=False)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Stop(NO_VENV_MODULE if "ensurepip" in made.stdout + made.stderr else made.stdout + made.stderr)
    STAMPS.mkdir()


def ensure_installed(lock: Path) -> None:
    """Install one lock with its hashes checked, unless its stamp says that this was done."""
    stamp = STAMPS / lock.name
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        UNFINISHED.unlink(missing_ok=True)
        return
    started = time.monotonic()
    UNFINISHED.touch()
    if subprocess.run(install_command(lock), check=False).returncode:
        raise Stop(f"Installing {lock.name} failed; the reason stands above. Mend it and run make again.")
    stamp.write_text(wanted)
    UNFINISHED.unlink()
    print(f"Installed {lock.name} in {time.monotonic() - started:.0f} s.", flush=True)


def install_command(lock: Path) -> list[str]:
    """Return the command that installs a lock: uv where it is at hand, else the environment's own pip."""
    if shutil.which("uv"):
        installer = ["uv", "pip", "install", "--quiet", "--python", str(VENV_PYTHON)]
    else:
        installer = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return [*installer, "--require-hashes", "--only-binary", ":all:", "-r", str(lock)]


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Stop as stop:
        sys.exit(str(stop))
    except KeyboardInterrupt:
        sys.exit("Stopped. The next make starts over where needed.")
