"""Run the suite on PostgreSQL and Redis: DATABASE_URL and REDIS_URL choose which, local ones otherwise.

The suite creates a database of its own beside the named one and drops it again. Its name carries this process's
number, so two runs do not meet; Redis cannot be told apart like that, so give a second run another number in the
address (…/10).
"""

import os
import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
import redis

POSTGRES = "postgres://postgres@127.0.0.1:5432/hypercare"
REDIS = "redis://127.0.0.1:6379/9"


def main(arguments: list[str]) -> int:
    """Check that both answer, then run pytest on them."""
    database = urlsplit(os.environ.get("DATABASE_URL") or POSTGRES)
    cache = os.environ.get("REDIS_URL") or REDIS
    require_postgres(urlunsplit(database._replace(path="/postgres")))
    require_redis(cache)
    own_name = f"{database.path}_{os.getpid()}"
    os.environ.update(DATABASE_URL=urlunsplit(database._replace(path=own_name)), REDIS_URL=cache)
    print(f"On {database.scheme}://{database.hostname}:{database.port or 5432} and {cache}", flush=True)
    return int(pytest.main(arguments))


def require_postgres(url: str) -> None:
    """Stop with a sentence where the server does not answer."""
    try:
        psycopg2.connect(url, connect_timeout=5).close()
    except psycopg2.Error as error:
        sys.exit(
            f"PostgreSQL does not let us in: {str(error).strip()}\n"
            f"Start one, or name another: make test-services DATABASE_URL={POSTGRES}"
        )


def require_redis(url: str) -> None:
    """Stop with a sentence where the server does not answer."""
    try:
        redis.Redis.from_url(url, socket_connect_timeout=5).ping()
    except (redis.RedisError, ValueError) as error:
        sys.exit(f"Redis does not answer: {error}\nStart one, or name another: make test-services REDIS_URL={REDIS}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
