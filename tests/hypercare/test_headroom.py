"""A process without memory claims nothing, records what it has under way, and ends to be started afresh."""

from __future__ import annotations

import resource
import subprocess
import sys
import textwrap

import pytest

from hypercare import engine, headroom, wiring
from tests.factories import NOW

STARVED = """
    import resource
    from pathlib import Path
    from hypercare import headroom

    headroom.check()
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + headroom.LEAST // 2,) * 2)
    with headroom.or_end():
        headroom.check()
    print("still here")
"""


def test_with_enough_memory_nothing_happens() -> None:
    with headroom.or_end():
        headroom.check()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads its size from /proc")
def test_a_process_that_gets_no_more_memory_ends_itself() -> None:
    assert resource.RLIMIT_AS
    program = [sys.executable, "-c", textwrap.dedent(STARVED)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (headroom.EX_SOFTWARE, "")
    assert "Out of memory" in done.stderr


def starve(*, at: object) -> int:
    raise MemoryError


@pytest.mark.django_db
def test_the_engine_does_not_swallow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "ENGINE", (f"{__name__}.starve",))

    with pytest.raises(MemoryError):
        engine.tick(at=NOW)
