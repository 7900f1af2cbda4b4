"""No service of Apprise reaches inside: every scheme that may be used is walked, against names that lead inside."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.module_loading import import_string

from contributors import contact_points
from contributors.channels import Message, Permanent, Temporary
from contributors.channels.chat import addresses, transport
from contributors.messaging import delivery, rendering
from contributors.models import ContactPoint, Delivery
from hypercare.security import connection_guard, outgoing_http
from tests.contributors.channels.chat.apprise_samples import FIXED, GUARDED, REFUSED
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db

MESSAGE = Message("Invoices issued twice", "Look: https://hypercare.example/page/x/", "")
LITERALS = ("127.0.0.1", "169.254.169.254", "10.0.0.1", "[::1]", "[fe80::1]", "[::ffff:127.0.0.1]", "2130706433")


class Listener:
    """Counts who connects, and hangs up."""

    def __init__(self) -> None:
        self.came = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.came += 1
            connection.close()

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A listener of this machine, where every name leads, whatever the port."""
    listener = Listener()
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", listener.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)
    yield listener
    listener.close()


def row_for(target: str) -> Delivery:
    user = make_user()
    point = ContactPoint.objects.create(
        user=user, kind="chat", label="Mine", target=target, shown="…", created_at=NOW, verified_at=NOW
    )
    return Delivery.objects.create(
        dedupe_key="one",
        recipient=user,
        kind="contact_code",
        channel="chat",
        point=point,
        address=contact_points.address_of(point),
        context={"code": "482913", "label": "Mine"},
        urgency=Delivery.Urgency.PAGE,
        intended_at=NOW,
        next_at=NOW,
        created_at=NOW,
        not_after=NOW + timedelta(hours=1),
    )


def named(scheme: str, host: str) -> str:
    return {**FIXED, **GUARDED}[scheme].replace("HOST", host)


def unchecked_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a name is changed after it was looked up: only the connection itself can be refused now."""
    monkeypatch.setattr(outgoing_http, "resolve_url", lambda _url: None)


# --- Which there are ----------------------------------------------------------------------------


def test_every_scheme_of_the_library_is_either_read_or_refused():
    library = import_string("apprise.manager_plugins.NotificationManager")()

    assert set(library.schemas()) == addresses.FIXED | addresses.GUARDED | REFUSED
    assert not (addresses.FIXED | addresses.GUARDED) & REFUSED
    assert (set(FIXED), set(GUARDED)) == (addresses.FIXED, addresses.GUARDED)


@pytest.mark.parametrize("scheme", sorted(REFUSED))
def test_a_scheme_nobody_has_read_is_refused(scheme: str):
    with pytest.raises(ValueError, match=r"not a service|choose Webhook"):
        addresses.check(f"{scheme}://127.0.0.1/x")


# --- Where they lead ----------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", sorted({**FIXED, **GUARDED}))
def test_no_connection_reaches_inside_whatever_the_names_lead_to(scheme: str, inside, monkeypatch):
    unchecked_by_name(monkeypatch)

    with pytest.raises(Permanent, match="not on the public internet"):
        transport.send(row_for(named(scheme, "chat.example.com")), MESSAGE)

    assert inside.came == 0


@pytest.mark.parametrize("scheme", sorted({**FIXED, **GUARDED}))
def test_without_the_guard_it_would_have(scheme: str, inside, monkeypatch):
    unchecked_by_name(monkeypatch)
    monkeypatch.setattr(outgoing_http, "check_peer", lambda *_args: None)

    with pytest.raises((Temporary, Permanent)):
        transport.send(row_for(named(scheme, "chat.example.com")), MESSAGE)

    assert inside.came > 0


@pytest.mark.parametrize("host", LITERALS)
@pytest.mark.parametrize("scheme", sorted(GUARDED))
def test_an_address_inside_is_refused_at_the_latest_when_it_is_called(scheme: str, host: str, monkeypatch):
    unchecked_by_name(monkeypatch)
    connected: list[Any] = []
    monkeypatch.setattr(socket.socket, "send", lambda *_args: connected.append(1))

    with pytest.raises((Temporary, Permanent)):
        transport.send(row_for(named(scheme, host)), MESSAGE)

    assert connected == []


def test_what_a_plugin_does_when_it_is_thrown_away_is_checked_too(inside, monkeypatch):
    unchecked_by_name(monkeypatch)
    plugin = addresses.plugin_of("matrix://user:pass@chat.example.com/#room")
    plugin.access_token, plugin.home_server, plugin.user_id = "token", "chat.example.com", "@user"

    with connection_guard.collect_refusals() as refused:
        del plugin

    assert inside.came == 0
    assert refused


def test_networks_that_are_trusted_are_reached(inside, settings):
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]

    with pytest.raises(Temporary):
        transport.send(row_for("ntfy://chat.example.com/topic"), MESSAGE)

    assert inside.came > 0


def test_our_own_connections_are_not_the_librarys(inside):
    connection_guard.install_guard()

    with socket.create_connection(("127.0.0.1", inside.port)):
        pass


# --- What an address may ask for ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("ntfys://chat.example.com/topic?verify=no", "certificates"),
        ("betterstack://abcdefghijklmnop1234@chat.example.com/?verify=off", "certificates"),
        ("ntfys://chat.example.com/topic?redirect=yes", "redirect"),
        ("nctalks://user:pass@chat.example.com/room?+Authorization=x", "headers"),
        ("synologys://chat.example.com/token?+Host=inside", "headers"),
    ],
)
def test_an_address_can_t_switch_our_rules_off(target: str, says: str):
    with pytest.raises(ValueError, match=says):
        addresses.check(target)


def test_nothing_is_discovered_elsewhere():
    assert addresses.plugin_of("matrixs://user:pass@chat.example.com/#room?discovery=yes").discovery is False


@pytest.mark.parametrize("host", ["127.0.0.1:8139", "chat.example.com:8139"])
def test_a_port_of_one_s_own_is_refused(host: str):
    with pytest.raises(outgoing_http.Forbidden, match="ports 80 and 443"):
        addresses.check(f"betterstack://abcdefghijklmnop1234@{host}/")


# --- Ways that were taken before ----------------------------------------------------------------


@pytest.mark.parametrize("target", ["mailto://user:pass@example.com", "ntfys://chat.example.com/x?verify=no"])
def test_a_way_that_is_refused_today_is_dead_with_its_reason_and_the_page_goes_by_mail(target: str):
    row = row_for(target)
    rendering.warm_up()  # as workers do; a slow machine would give the first message up

    delivery.send_due(at=NOW)

    row.refresh_from_db()
    assert (row.state, row.last_error) == (Delivery.State.DEAD, addresses.explain_unusable(target))
    again = Delivery.objects.exclude(pk=row.pk).filter(kind=row.kind, recipient=row.recipient)
    assert list(again.values_list("channel", flat=True)) == ["email"]


def test_its_owner_sees_why_where_ways_are_shown():
    row = row_for("ntfys://chat.example.com/x?verify=no")
    client = Client()
    client.force_login(row.recipient)

    page = client.get(reverse("contributors:contacts")).content.decode()

    assert "Not used" in page
    assert "certificates are always checked" in page
