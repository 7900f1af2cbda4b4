"""Connections that a library makes by itself, checked when they are made, by the address that the socket goes to.

Apprise looks names up, follows what services answer and says goodbye when its objects are thrown away, each time with
a connection of its own. So the interpreter is asked to report every connect (an audit hook, PEP 578), and one that
has the library's code anywhere below it must lead to the public internet or to a network of `OUTGOING_ALLOW`, like
those of `outgoing_http.py`. What a name meant when it was checked does not matter: nothing is looked up between this
and the connect.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from hypercare.security import outgoing_http

LIBRARIES: Final = frozenset({"apprise"})
_CONNECTS: Final = "socket.connect"
_OTHERWISE: Final = frozenset({"socket.sendto", "socket.sendmsg"})  # data without a connection
_lock = threading.Lock()
_installed = threading.Event()
_mine = threading.local()


def install_guard() -> None:
    """Check from now on, in this process and for as long as it lives; a second call changes nothing."""
    with _lock:
        if not _installed.is_set():
            sys.addaudithook(_hook)
            _installed.set()


@contextmanager
def collect_refusals() -> Iterator[list[str]]:
    """What was refused to this thread in the meantime, in words: the library may have caught the exception."""
    before = getattr(_mine, "refused", None)
    _mine.refused = []
    try:
        yield _mine.refused
    finally:
        _mine.refused = before


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event == _CONNECTS and _is_library():
        _check(args[1])
    elif event in _OTHERWISE and _is_library():
        raise _refused("It may only be reached by a connection.")


def _is_library() -> bool:
    """Whether the library's code waits for this, whoever is in between."""
    frame = inspect.currentframe()
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in LIBRARIES:
            return True
        frame = frame.f_back
    return False


def _check(address: object) -> None:
    if not isinstance(address, tuple):  # a socket of this machine's own
        raise _refused("It is no address of a network.")
    try:
        outgoing_http.check_peer(str(address[0]), int(address[1]))
    except outgoing_http.Forbidden as error:
        raise _refused(str(error)) from error


def _refused(why: str) -> PermissionError:
    """What libraries expect of a connect that fails, so that they close the socket; noted for whoever waits."""
    refused = getattr(_mine, "refused", None)
    if refused is not None:
        refused.append(why)
    return PermissionError(why)
