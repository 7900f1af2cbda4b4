"""A process without memory claims nothing, records what it has under way, and ends to be started afresh."""

from __future__ import annotations

import math
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from hypercare import registry
from hypercare.engine import engine, memory_guard
from tests.factories import NOW

STARVED = """
    import resource
    from pathlib import Path
    from hypercare.engine import memory_guard

    memory_guard.check_room()
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory_guard.LEAST // 2,) * 2)
    with memory_guard.end_without_memory():
        memory_guard.check_room()
    print("still here")
"""


def test_with_enough_memory_nothing_happens() -> None:
    with memory_guard.end_without_memory():
        memory_guard.check_room()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads its size from /proc")
def test_a_process_that_gets_no_more_memory_ends_itself() -> None:
    assert resource.RLIMIT_AS
    program = [sys.executable, "-c", textwrap.dedent(STARVED)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (memory_guard.EX_SOFTWARE, "")
    assert "Out of memory" in done.stderr


MB = 1024 * 1024
VERSION_2 = ("", "memory.max", "memory.current", "")
VERSION_1 = ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_")


def container(root: Path, names: tuple[str, str, str, str], *, limit: str, used: int, files: int) -> None:
    """What the kernel says of a container with this limit, so many bytes in use and so many of them files read."""
    folder = root / names[0]
    folder.mkdir(exist_ok=True)
    (folder / names[1]).write_text(f"{limit}\n")
    (folder / names[2]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(
        f"anon {used - files}\n{names[3]}inactive_file {files // 2}\n{names[3]}active_file {files - files // 2}\n"
    )


@pytest.mark.parametrize("version", [VERSION_2, VERSION_1], ids=["version 2", "version 1"])
def test_the_limit_of_a_container_counts_and_files_that_were_read_do_not(
    tmp_path: Path, version: tuple[str, str, str, str]
) -> None:
    container(tmp_path, version, limit=str(256 * MB), used=250 * MB, files=100 * MB)

    assert memory_guard.room_in_container(tmp_path) == 106 * MB


@pytest.mark.parametrize("limit", ["max", "", "9223372036854771712"])
def test_a_container_without_a_limit_has_room(tmp_path: Path, limit: str) -> None:
    container(tmp_path, VERSION_1 if limit.isdigit() else VERSION_2, limit=limit, used=250 * MB, files=0)

    assert memory_guard.room_in_container(tmp_path) > 1024 * MB


def test_a_machine_without_control_groups_has_room(tmp_path: Path) -> None:
    assert memory_guard.room_in_container(tmp_path) == math.inf


def test_nothing_is_claimed_in_a_container_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    container(tmp_path, VERSION_2, limit=str(256 * MB), used=256 * MB - memory_guard.LEAST + 1, files=0)
    monkeypatch.setattr(memory_guard, "CGROUPS", tmp_path)

    with pytest.raises(MemoryError, match="The container may use no"):
        memory_guard.check_room()


def starve(*, at: object) -> int:
    raise MemoryError


@pytest.mark.django_db
def test_the_engine_does_not_swallow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ENGINE", (f"{__name__}.starve",))

    with pytest.raises(MemoryError):
        engine.tick(at=NOW)
