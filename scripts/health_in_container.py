"""The health checks of the containers, without the weight of Django.

python scripts/health_in_container.py web 8000    does it serve its health page under a host it accepts?
python scripts/health_in_container.py beat        did the process that stands in for the workers look lately?
"""

import http.client
import os
import sys
import tempfile
import time
from pathlib import Path

LOOKED = Path(tempfile.gettempdir()) / "hypercare-understudy"  # hypercare/engine/standby_ticker.py touches it
LONGEST = 30.0  # seconds between two looks


def web(port: str) -> bool:
    """Whether the page of the web container says that all is well."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=4)
    connection.request("GET", "/healthz/", headers={"Host": accepted_host()})
    return connection.getresponse().status == http.HTTPStatus.OK


def accepted_host() -> str:
    """The first name of ALLOWED_HOSTS; a leading dot allows a domain and all below it."""
    named = os.environ.get("ALLOWED_HOSTS_FILE")
    hosts = Path(named).read_text() if named else os.environ["ALLOWED_HOSTS"]
    return hosts.split(",")[0].strip().removeprefix(".")


def beat() -> bool:
    """Whether the clock's process looked after the workers lately; neither Redis nor database is asked."""
    return LOOKED.exists() and time.time() - LOOKED.stat().st_mtime < LONGEST


if __name__ == "__main__":
    sys.exit(not {"web": web, "beat": beat}[sys.argv[1]](*sys.argv[2:]))
