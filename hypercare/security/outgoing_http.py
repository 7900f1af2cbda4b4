"""The one door for requests to addresses that people type: webhooks, calendars, dead-man pings.

An address is looked up once, every result is checked, and the connection is made to the checked one, so a name
that changes its mind between check and connect gains nothing. No redirects, no proxies from the environment,
no other ports than 80 and 443. `OUTGOING_ALLOW` names the private networks an installation trusts.
"""

from __future__ import annotations

import heapq
import ipaddress
import itertools
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import urllib3
from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

CONNECT_SECONDS: Final = 3.0
TOTAL_SECONDS: Final = 10.0
LONGEST_ANSWER: Final = 64 * 1024
LONGEST_URL: Final = 2000
CONNECTIONS: Final = 40  # kept open to one address: as many as a crew of senders can have under way
PORTS: Final = {"http": 80, "https": 443}
# All that is handed out (RFC 4291): outside lie site-local addresses and most forms that wrap an IPv4 one.
GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
# Within it, but they carry an IPv4 address that need not be public, or are for documents: 6to4, Teredo, RFC 9637.
NOT_PUBLIC: Final = tuple(ipaddress.IPv6Network(network) for network in ("2002::/16", "2001::/32", "3fff::/20"))


class Forbidden(Exception):
    """The address may not be called, and never will be as it is. The message says what to change."""


class Unreachable(Exception):
    """No answer in time, or none that can be read. It may work later.

    `late` when nothing was said in time; `asked` when the request may have been taken in all the same.
    """

    def __init__(self, words: str, *, late: bool = False, asked: bool = True) -> None:
        """Keep what is shown, and what follows from it."""
        super().__init__(words)
        self.late, self.asked = late, asked


@dataclass(frozen=True, slots=True)
class OutgoingResponse:
    """What came back: status, headers in lower case, and the body up to the limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def check_url(url: str) -> None:
    """Raise Forbidden when the address can't be called by its form alone; nothing is looked up."""
    _parts(url)


def resolve_url(url: str) -> Address:
    """The address behind a URL, checked. For libraries that connect by themselves: they look it up once more.

    Raises Forbidden, Unreachable.
    """
    return _resolve(_parts(url))


def check_peer(host: str, port: int) -> None:
    """Raise Forbidden unless a socket may be connected there. `host` is an address: a name could mean anything."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError as error:
        raise Forbidden(f"{host} is a name, and may lead anywhere.") from error
    _check_address(address, port, f"It leads to {address}:{port}")


def send_request(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    total_s: float = TOTAL_SECONDS,
    longest: int = LONGEST_ANSWER,
) -> OutgoingResponse:
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
        refused = isinstance(error, urllib3.exceptions.NewConnectionError)
        silent = isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)) and not refused
        late = silent or monotonic() >= ends
        words = _words(error, parts, late=late, total_s=total_s)
        raise Unreachable(words, late=late, asked=not refused) from error


def _exchange(
    pool: urllib3.HTTPConnectionPool,
    method: str,
    target: str,
    body: bytes,
    headers: Mapping[str, str],
    ends: float,
    longest: int,
) -> OutgoingResponse:
    response = pool.urlopen(
        method,
        target,
        body=body,
        headers=dict(headers),
        redirect=False,
        retries=False,
        preload_content=False,
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=max(0.1, ends - monotonic())),
    )
    try:
        content = response.read(longest + 1, decode_content=False)
        if len(content) > longest:
            raise Unreachable(f"The answer is longer than {longest // 1024} kB.")
        if monotonic() >= ends:  # the socket was shut, which looks like the end of the answer
            raise TimeoutError
        found = {name.lower(): value for name, value in response.headers.items()}
        response.release_conn()
        return OutgoingResponse(response.status, found, content)
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
    addresses = _addresses(host, port)
    for address in addresses:
        _check_address(address, port, f"{host} leads to {address}:{port}")
    return addresses[0]


def _check_address(address: Address, port: int, what: str) -> None:
    if not (is_public(address) and port in PORTS.values()) and not _is_trusted(address):
        raise Forbidden(
            f"{what}, which is not on the public internet. An administrator can allow its network with OUTGOING_ALLOW."
        )


def _addresses(host: str, port: int) -> list[Address]:
    with suppress(ValueError):
        return [ipaddress.ip_address(host)]  # nothing to look up
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} can't be found.", asked=False) from error
    return [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in found]


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet. `is_private` is not the opposite: it misses 100.64/10."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in GLOBAL_UNICAST or any(address in network for network in NOT_PUBLIC):
            return False
    return address.is_global and not address.is_multicast


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in _trusted_networks())


def _trusted_networks() -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return _networks(tuple(settings.OUTGOING_ALLOW))


@lru_cache(maxsize=4)
def _networks(names: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(name) for name in names]


# --- Connections --------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _pool(scheme: str, host: str, port: int, address: str) -> urllib3.HTTPConnectionPool:
    """Connections to one checked address, kept alive between requests. The certificate must name the host."""
    if scheme == "http":
        return _Pool(address, port, maxsize=CONNECTIONS)
    return _SecurePool(address, port, maxsize=CONNECTIONS, server_hostname=host, assert_hostname=host)


_open = threading.local()


class _OneWrite:
    """A connection that sends head and body in one piece, and lets itself be cut off when the time is up."""

    _held: bytearray | None = None

    def request(self, *args: object, **kwargs: object) -> None:
        _open.holder["connection"], self._held = self, bytearray()
        try:
            super().request(*args, **kwargs)  # type: ignore[misc]  # what it is mixed into has it
            whole = bytes(self._held)
        finally:
            self._held = None
        self.send(whole)

    def send(self, data: Any) -> None:
        if self._held is None:
            super().send(data)  # type: ignore[misc]
        else:
            self._held += data


class _Connection(_OneWrite, urllib3.connection.HTTPConnection):
    pass


class _SecureConnection(_OneWrite, urllib3.connection.HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _CutOff:
    """Shuts sockets whose time is up: a receiver that drips a byte a second never meets a read time-out.

    One thread for all requests: a timer of its own for each costs more than the request.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, dict[str, object]]] = []
        self._count = itertools.count()
        self._pid = 0

    def add(self, ends: float, holder: dict[str, object]) -> None:
        """Shut the holder's connection at a moment, unless it holds none by then."""
        with self._changed:
            if self._pid != os.getpid():  # The thread does not survive a fork.
                self._pid = os.getpid()
                threading.Thread(target=self._run, name="cut-off", daemon=True).start()
            heapq.heappush(self._waiting, (ends, next(self._count), holder))
            if self._waiting[0][2] is holder:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting or self._waiting[0][0] > monotonic():
                    self._changed.wait(self._waiting[0][0] - monotonic() if self._waiting else None)
                _, _, holder = heapq.heappop(self._waiting)
            _shut(holder)


_CUT_OFF: Final = _CutOff()


@contextmanager
def _cut_off(ends: float) -> Iterator[None]:
    """Let no exchange of this thread last past a moment."""
    holder: dict[str, object] = {}
    _open.holder = holder
    _CUT_OFF.add(ends, holder)
    try:
        yield
    finally:
        holder.clear()


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
