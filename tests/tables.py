"""The tables of an empty SQLite database, kept from run to run: migrations take longer to make them than most tests.

The file's name says which migrations made it, so one that was added or edited makes the tables anew. `migrate` still
runs over what is kept; it only finds nothing to do.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

from tests import ROOT

KEPT = ROOT / ".pytest_cache"
MADE_FROM = (
    "requirements.lock",
    "*/migrations/*.py",
    "hypercare/database/fulltext.py",
    "hypercare/security/encryption.py",
)


def kept() -> Path:
    """Where the tables that today's migrations make are kept, whether they are there or not."""
    found = hashlib.sha256()
    for path in sorted(path for pattern in MADE_FROM for path in ROOT.glob(pattern)):
        found.update(path.read_bytes())
    return KEPT / f"tables-{found.hexdigest()[:16]}.sqlite3"


def restore(into: sqlite3.Connection) -> None:
    """Fill an empty database with the kept tables; without any, leave it empty."""
    if (path := kept()).exists():
        source = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        source.backup(into)
        source.close()


def keep(made: sqlite3.Connection) -> None:
    """Keep the tables of a database that holds nothing else, unless they are kept already."""
    if (path := kept()).exists():
        return
    KEPT.mkdir(exist_ok=True)
    whole = path.with_suffix(f".{os.getpid()}")
    copy = sqlite3.connect(whole)
    made.backup(copy)
    copy.close()
    whole.replace(path)  # two runs at once: each finds a whole file or none
