"""Put this installation's data aside, so that the next `make run` starts with a fresh demo.

Nothing is deleted but what an earlier reset put aside: an embedded installation may hold real periods.
"""

import fcntl
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("HYPERCARE_VAR", ROOT / "var"))
ASIDE = VAR / "before-reset"
PARTS = ("hypercare.sqlite3", "hypercare.sqlite3-wal", "hypercare.sqlite3-shm", "mail")


def main() -> None:
    """Move the database and the mails, unless a running Hypercare uses them."""
    present = [VAR / part for part in PARTS if (VAR / part).exists()]
    if not present:
        sys.exit(f"There is no data in {VAR}. make run starts with a fresh demo.")
    with (VAR / "in-use.lock").open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit("Hypercare is running on this data. Stop it first (Ctrl-C), then reset.")
        shutil.rmtree(ASIDE, ignore_errors=True)
        ASIDE.mkdir()
        for path in present:
            path.rename(ASIDE / path.name)
    print(f"The data now lies in {ASIDE}. make run starts with a fresh demo.")


if __name__ == "__main__":
    main()
