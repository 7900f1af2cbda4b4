"""Debian's own Prometheus and Alertmanager push into the running product, given what the page says and nothing else."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.journeys.conftest import Product, Visitor, answers, free_port, program, running, until

pytestmark = pytest.mark.journey

SUMMARY = "Invoices are not written"
RULES = """
groups:
  - name: billing
    rules:
      - alert: InvoicesStopped
        expr: vector(1) == {threshold}
        labels: {{severity: critical, component: invoicing}}
        annotations: {{summary: "{summary}", description: "No invoice for five minutes."}}
"""
PROMETHEUS = """
global: {{evaluation_interval: 1s, scrape_interval: 1s}}
rule_files: ["{rules}"]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]
"""
AT_ONCE = {"group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h"}


@dataclass
class Monitoring:
    """A Prometheus whose one rule fires until it is told that all is well."""

    rules: Path
    reload: Callable[[], None]

    def all_is_well(self) -> None:
        """Change the rules file so that nothing matches, as an operator would."""
        self.rules.write_text(RULES.format(threshold=2, summary=SUMMARY))
        self.reload()


@pytest.fixture
def set_up(visit: Callable[..., Visitor]) -> str:
    """What the period's settings page says to write into alertmanager.yml, for a new alert source."""
    maja = visit().sign_in("maja")
    maja.go("/p/BILL26/settings/")
    form = maja.page.locator("form[action='/p/BILL26/settings/sources/']")
    form.locator("[name$=name]").fill("Prometheus")
    form.locator("select[name$=kind]").select_option("alertmanager")
    form.get_by_role("button", name="Add source").click()
    return maja.page.locator("#new-set-up").input_value()


@pytest.fixture
def monitoring(set_up: str, tmp_path: Path) -> Iterator[Monitoring]:
    """Both servers, as Debian ships them."""
    ports = free_port(), free_port()
    rules, prometheus, alertmanager = (tmp_path / f"{name}.yml" for name in ("rules", "prometheus", "alertmanager"))
    rules.write_text(RULES.format(threshold=1, summary=SUMMARY))
    prometheus.write_text(PROMETHEUS.format(rules=rules, alertmanager=ports[1]))
    config = yaml.safe_load(set_up)
    alertmanager.write_text(yaml.safe_dump({**config, "route": {**config["route"], **AT_ONCE}}))
    receiver = [
        program("prometheus-alertmanager"),
        f"--config.file={alertmanager}",
        f"--storage.path={tmp_path / 'am'}",
        f"--web.listen-address=127.0.0.1:{ports[1]}",
        "--cluster.listen-address=",
    ]
    watcher = [
        program("prometheus"),
        f"--config.file={prometheus}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        # The first sending may precede the discovery of Alertmanager; the next is a minute away unless told.
        f"--web.listen-address=127.0.0.1:{ports[0]}",
        "--rules.alert.resend-delay=3s",
    ]
    with running(receiver, log=tmp_path / "alertmanager.log", cwd=tmp_path):
        until("Alertmanager", lambda: answers(f"http://127.0.0.1:{ports[1]}/-/ready"))
        with running(watcher, log=tmp_path / "prometheus.log", cwd=tmp_path) as process:
            yield Monitoring(rules, lambda: process.send_signal(signal.SIGHUP))


def ask(product: Product, token: str, path: str) -> Any:
    """One GET of the REST API."""
    request = urllib.request.Request(  # noqa: S310  our own address
        f"{product.address}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310  the same
        return json.load(response)


def test_an_alert_of_a_real_alertmanager_becomes_one_incident_and_is_cleared(
    product: Product, token: str, monitoring: Monitoring, visit: Callable[..., Visitor]
) -> None:
    def incidents() -> list[dict[str, Any]]:
        found = ask(product, token, "periods/BILL26/incidents/")["results"]
        return [one for one in found if one["title"] == SUMMARY]

    incident = until("an incident of the alert", incidents)[0]
    assert (incident["severity"], incident["source"]) == ("P1", "alert")
    assert "InvoicesStopped" in ask_page(visit, incident["url"])

    monitoring.all_is_well()

    maja = visit().sign_in("maja")
    alerts = maja.page.locator("section", has=maja.page.locator("#alerts-title"))

    def cleared() -> bool:
        maja.go(incident["url"])
        return "cleared" in alerts.inner_text()

    until("the end of the alert", cleared)
    (still,) = incidents()
    assert still["key"] == incident["key"]
    assert still["status"] == incident["status"], "an alert that ends leaves the incident to people"


def ask_page(visit: Callable[..., Visitor], path: str) -> str:
    """What Maja reads on a page."""
    maja = visit().sign_in("maja")
    maja.go(path)
    return maja.page.locator("main").inner_text()
