"""A browser's subscription as the address of a way: which browser it is, and whether it is there already."""

from __future__ import annotations

from collections.abc import Sequence

from contributors.channels.push import webpush
from hypercare.security import outgoing_http


def show_address(target: str) -> str:
    """The push service's name: the rest is a secret. Raises ValueError, outgoing_http.Forbidden."""
    return webpush.parse_subscription(target).host


def stored(target: str) -> str:
    """The subscription with the key that it was made for."""
    return webpush.with_own_key(webpush.parse_subscription(target)).stored()


def repeats(target: str, others: Sequence[str]) -> str:
    """That a browser is there already. What can't be read is nobody's."""
    endpoint = _endpoint(target)
    there = endpoint and endpoint in map(_endpoint, others)
    return "This browser is one of your ways already." if there else ""


def _endpoint(target: str) -> str:
    try:
        return webpush.parse_subscription(target).endpoint
    except (ValueError, outgoing_http.Forbidden):
        return ""
