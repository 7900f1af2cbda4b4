"""Prometheus Alertmanager: the webhook body, version 4.

Its own contract is kept: one alert per fingerprint, `firing` or `resolved`, times in RFC 3339. See
https://prometheus.io/docs/alerting/latest/configuration/#webhook_config.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from incidents.intake.sources.alerts import ReportedAlert, UnexpectedPayload

VERSION: Final = "4"
STATES: Final = ("firing", "resolved")
LONGEST_FINGERPRINT: Final = 64
LONGEST_LINK: Final = 2000
MOST_LEFT_OUT: Final = 10**6


def parse(payload: object) -> list[ReportedAlert]:
    """The alerts of one webhook body, in its order. Raises UnexpectedPayload saying what was expected, and where."""
    if not isinstance(payload, dict):
        raise UnexpectedPayload("Expected a JSON object, as an Alertmanager webhook sends it.")
    if payload.get("version") != VERSION:
        raise UnexpectedPayload(f"version: expected {VERSION!r}, the Alertmanager webhook format of today.")
    alerts = payload.get("alerts")
    if not isinstance(alerts, list) or not alerts:
        raise UnexpectedPayload("alerts: expected a list with at least one alert.")
    left_out = _left_out(payload)
    return [_alert(alert, f"alerts[{place}]", left_out) for place, alert in enumerate(alerts)]


def _left_out(payload: dict[str, Any]) -> int:
    """How many alerts of the group `max_alerts` cut off; 0 for anything that is no number."""
    count = payload.get("truncatedAlerts")
    return min(count, MOST_LEFT_OUT) if isinstance(count, int) and count > 0 else 0


def _alert(alert: Any, where: str, left_out: int) -> ReportedAlert:
    if not isinstance(alert, dict):
        raise UnexpectedPayload(f"{where}: expected an object.")
    labels, annotations = (_texts(alert, name, where) for name in ("labels", "annotations"))
    if alert.get("status") not in STATES:
        raise UnexpectedPayload(f"{where}.status: expected firing or resolved.")
    firing = alert["status"] == "firing"
    return ReportedAlert(
        fingerprint=_fingerprint(alert, where),
        name=labels.get("alertname", "") or "Alert",
        firing=firing,
        started_at=_time(alert, "startsAt", where),
        ended_at=None if firing else _time(alert, "endsAt", where),
        summary=annotations.get("summary", ""),
        description=annotations.get("description", ""),
        level=labels.get("severity", "").strip(),
        component=labels.get("component") or labels.get("service") or "",
        link=_link(alert),
        labels=labels,
        annotations=annotations,
        left_out=left_out,
    )


def _fingerprint(alert: dict[str, Any], where: str) -> str:
    text = alert.get("fingerprint")
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_FINGERPRINT or not text.isalnum():
        raise UnexpectedPayload(f"{where}.fingerprint: expected at most {LONGEST_FINGERPRINT} letters and digits.")
    return text


def _texts(alert: dict[str, Any], name: str, where: str) -> dict[str, str]:
    found = alert.get(name, {} if name == "annotations" else None)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise UnexpectedPayload(f"{where}.{name}: expected an object of texts.")
    return {_storable(key): _storable(value) for key, value in found.items()}


def _storable(text: str) -> str:
    """Without what a database refuses: the zero character and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _time(alert: dict[str, Any], name: str, where: str) -> datetime:
    text = alert.get(name)
    try:
        return datetime.fromisoformat(text if isinstance(text, str) else "").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnexpectedPayload(f"{where}.{name}: expected a time such as 2026-11-18T13:12:00Z.") from error


def _link(alert: dict[str, Any]) -> str:
    """Where the alert can be seen; only an address a browser can follow is kept."""
    text = alert.get("generatorURL")
    fits = isinstance(text, str) and text.startswith(("http://", "https://")) and len(text) <= LONGEST_LINK
    return _storable(str(text)) if fits else ""
