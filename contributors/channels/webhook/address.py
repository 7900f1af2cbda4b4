"""Addresses of webhooks."""

from __future__ import annotations

from hypercare.security import outgoing_http


def show_address(target: str) -> str:
    """The address without its query, where many receivers keep their secret. Raises outgoing_http.Forbidden."""
    outgoing_http.check_url(target)
    return target.partition("?")[0]
