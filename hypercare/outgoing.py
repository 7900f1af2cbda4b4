"""The one door for requests to addresses that people type: webhooks, calendars, dead-man pings.

An address is looked up once, every result is checked, and the connection is made to the checked one, so a name
that changes its mind between check and connect gains nothing. No redirects, no proxies from the environment,
no other ports than 80 and 443. `OUTGOING_ALLOW` names the private networks an installation trusts.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import Final
from urllib.parse import SplitResult, urlsplit

import urllib3
from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

CONNECT_SECONDS: Final = 3.0
TOTAL_SECONDS: Final = 10.0
LONGEST_ANSWER: Final = 64 * 1024
LONGEST_URL: Final = 2000
PORTS: Final = {"http": 80, "https": 443}
# Global by the book, but they carry an IPv4 address that need not be: NAT64, 6to4, Teredo.
TUNNELS: Final = tuple(
    ipaddress.IPv6Network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


class Forbidden(Exception):
    """The address may not be called, and never will be as it is. The message says what to change."""


class Unreachable(Exception):
    """No answer in time, or none that can be read. It may work later."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers in lower case, and the body up to the limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def check(url: str) -> None:
    """Raise Forbidden when the address can't be called by its form alone; nothing is looked up."""
    _parts(url)


def resolve(url: str) -> Address:
    """The address behind a URL, checked. For libraries that connect by themselves: they look it up once more.

    Raises Forbidden, Unreachable.
    """
    return _resolve(_parts(url))


def request(
    method: str, url: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None,
    total_s: float = TOTAL_SECONDS, longest: int = LONGEST_ANSWER,
) -> Answer:  # fmt: skip
    """One request, answered within `total_s` seconds or not at all.

    Redirects are answers like any other. Raises Forbidden for an address that may not be called, Unreachable
    for everything that the network, the clock or the size of the answer spoils.
    """
    parts = _parts(url)
    ends = monotonic() + total_s
    pool = _pool(parts.scheme, parts.hostname or "", _port(parts), str(_resolve(parts)))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {**(headers or {}), "Host": parts.netloc, "Accept-Encoding": "identity"}
    try:
        with _cut_off(ends):
            return _exchange(pool, method, target, body, sent, ends, longest)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise Unreachable(_words(error, parts, late=monotonic() >= ends, total_s=total_s)) from error


def _exchange(
    pool: urllib3.HTTPConnectionPool, method: str, target: str, body: bytes, headers: Mapping[str, str],
    ends: float, longest: int,
) -> Answer:  # fmt: skip
    response = pool.urlopen(
        method, target, body=body, headers=dict(headers), redirect=False, retries=False, preload_content=False,
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=max(0.1, ends - monotonic())),
    )  # fmt: skip
    try:
        content = response.read(longest + 1, decode_content=False)
        if len(content) > longest:
            raise Unreachable(f"The answer is longer than {longest // 1024} kB.")
        if monotonic() >= ends:  # the socket was shut, which looks like the end of the answer
            raise TimeoutError
        found = {name.lower(): value for name, value in response.headers.items()}
        response.release_conn()
        return Answer(response.status, found, content)
    finally:
        if not response.closed and response.connection is not None:
            response.close()


# --- Which addresses ----------------------------------------------------------------------------


def _parts(url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise Forbidden(f"The address is longer than {LONGEST_URL} characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Forbidden("This is not an address. Give one that starts with https://.") from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise Forbidden("Give an address that starts with https:// and names a host.")
    if parts.username or parts.password:
        raise Forbidden("Leave the user name and password out of the address.")
    if any(ord(char) <= 32 or ord(char) == 127 for char in url):
        raise Forbidden("The address contains a space or a control character.")
    if port not in (None, *PORTS.values()) and not _trusted_networks():
        raise Forbidden("Only ports 80 and 443 may be called.")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _resolve(parts: SplitResult) -> Address:
    """The first address of the host. All of them must be allowed: which one is used is not the caller's choice."""
    host, port = parts.hostname or "", _port(parts)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} can't be found.") from error
    addresses = [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in found]
    for address in addresses:
        if not (is_public(address) and port in PORTS.values()) and not _is_trusted(address):
            raise Forbidden(
                f"{host} leads to {address}:{port}, which is not on the public internet. An administrator can "
                "allow its network with OUTGOING_ALLOW."
            )
    return addresses[0]


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet. `is_private` is not the opposite: it misses 100.64/10."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in TUNNELS):
            return False
    return address.is_global and not address.is_multicast


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in _trusted_networks())


def _trusted_networks() -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(network) for network in settings.OUTGOING_ALLOW]


# --- Connections --------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _pool(scheme: str, host: str, port: int, address: str) -> urllib3.HTTPConnectionPool:
    """Connections to one checked address, kept alive between requests. The certificate must name the host."""
    if scheme == "http":
        return _Pool(address, port, maxsize=8)
    return _SecurePool(address, port, maxsize=8, server_hostname=host, assert_hostname=host)


_open = threading.local()


class _Connection(urllib3.connection.HTTPConnection):
    """Tells who cuts it off when its time is up."""

    def request(self, *args: object, **kwargs: object) -> None:
        _open.connection = self
        super().request(*args, **kwargs)  # type: ignore[arg-type]  # handed through as it came


class _SecureConnection(urllib3.connection.HTTPSConnection):
    def request(self, *args: object, **kwargs: object) -> None:
        _open.connection = self
        super().request(*args, **kwargs)  # type: ignore[arg-type]  # handed through as it came


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


@contextmanager
def _cut_off(ends: float) -> Iterator[None]:
    """Shut the socket when the time is up: a receiver that drips a byte a second never meets a read time-out."""
    _open.connection = None
    holder = _open.__dict__
    timer = threading.Timer(max(0.0, ends - monotonic()), _shut, [holder])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(holder: dict[str, object]) -> None:
    connection = holder.get("connection")
    sock = getattr(connection, "sock", None)
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _words(error: Exception, parts: SplitResult, *, late: bool, total_s: float) -> str:
    refused = isinstance(error, urllib3.exceptions.NewConnectionError)
    if late or (isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)) and not refused):
        return f"{parts.hostname} did not answer within {total_s:g} seconds."
    if isinstance(error, urllib3.exceptions.SSLError):
        return f"The certificate of {parts.hostname} is not valid."
    return f"{parts.hostname} can't be reached{'' if refused else f': {type(error).__name__}'}."
