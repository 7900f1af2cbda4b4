"""Requests to addresses that people type."""

import ipaddress
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hypercare.security import outgoing_http
from hypercare.security.outgoing_http import Forbidden, Unreachable


class Receiver(BaseHTTPRequestHandler):
    """Answers by path: /ok, /moved, /long, /drip, /headers, /broken, /silent."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, bytes, str]]
    connections: set[tuple[str, int]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.path, body, self.headers["Host"]))  # type: ignore[attr-defined]
        self.server.connections.add(self.client_address)  # type: ignore[attr-defined]
        getattr(self, f"_{self.path.strip('/').partition('?')[0]}")()

    def _reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _ok(self) -> None:
        self._reply(200, b"thanks")

    def _moved(self) -> None:
        self._reply(302, b"", Location="http://127.0.0.1:1/")

    def _long(self) -> None:
        self._reply(200, b"x" * 200_000)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self._slowly(b"x")

    def _headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self._slowly(b"X-More: yes\r\n")

    def _broken(self) -> None:
        self.close_connection = True

    def _silent(self) -> None:
        self.server.finished.wait()  # type: ignore[attr-defined]

    def _slowly(self, piece: bytes) -> None:
        while not self.server.finished.wait(0.05):  # type: ignore[attr-defined]
            try:
                self.wfile.write(piece)
            except OSError:
                return

    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def receiver(settings) -> Iterator[ThreadingHTTPServer]:
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hangs up is the point
    server.seen, server.connections, server.finished = [], set(), threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.finished.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


def address(server: ThreadingHTTPServer, path: str) -> str:
    return f"http://127.0.0.1:{server.server_port}/{path}"


def test_an_answer_comes_back_and_the_connection_is_kept(receiver):
    first = outgoing_http.send_request("POST", address(receiver, "ok?n=1"), body=b"{}")
    second = outgoing_http.send_request("POST", address(receiver, "ok?n=2"), body=b"{}")

    assert (first.status, first.body, second.status) == (200, b"thanks", 200)
    assert [path for path, _, _ in receiver.seen] == ["/ok?n=1", "/ok?n=2"]
    assert len(receiver.connections) == 1


def test_a_redirect_is_an_answer_and_is_not_followed(receiver):
    answer = outgoing_http.send_request("POST", address(receiver, "moved"))

    assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:1/")


def test_a_long_answer_is_cut_off(receiver):
    with pytest.raises(Unreachable, match="longer than 64 kB"):
        outgoing_http.send_request("POST", address(receiver, "long"))


@pytest.mark.parametrize("path", ["drip", "headers", "silent"])
def test_a_slow_receiver_is_cut_off_when_the_time_is_up(receiver, path):
    # None of these answers ever ends by itself.
    with pytest.raises(Unreachable, match=r"did not answer within 0\.4 seconds") as silence:
        outgoing_http.send_request("POST", address(receiver, path), total_s=0.4)

    assert (silence.value.late, silence.value.asked) == (True, True)


def test_a_closed_port_is_unreachable(receiver):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 can't be reached") as closed:
        outgoing_http.send_request("POST", f"http://127.0.0.1:{port}/")

    assert (closed.value.late, closed.value.asked) == (False, False)


def test_a_receiver_that_breaks_off_has_perhaps_taken_it_in(receiver):
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 can't be reached") as broken:
        outgoing_http.send_request("POST", address(receiver, "broken"))

    assert (broken.value.late, broken.value.asked) == (False, True)
    assert len(receiver.seen) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0.0.0.0/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/",
        "http://10.0.0.1/",
        "http://100.64.0.1/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fd00::1]/",
        "http://[fec0::1]/",
        "http://[::127.0.0.1]/",
        "http://[::ffff:0:127.0.0.1]/",
    ],
)
def test_an_address_inside_is_refused(url):
    with pytest.raises(Forbidden, match="not on the public internet"):
        outgoing_http.send_request("GET", url)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://example.com/", "https://"),
        ("//example.com/", "https://"),
        ("https:///path", "names a host"),
        ("https://me:secret@example.com/", "user name"),
        ("https://example.com:8080/", "ports 80 and 443"),
        ("https://example.com:99999/", "not an address"),
        ("https://example.com/a b", "space"),
        ("https://example.com/" + "x" * 2000, "longer than"),
    ],
)
def test_a_form_that_may_not_be_called_says_what_to_change(url, says):
    with pytest.raises(Forbidden, match=says):
        outgoing_http.check_url(url)


def test_a_name_is_refused_when_one_of_its_addresses_is_inside(monkeypatch):
    def both(host, port, **_):
        return [(2, 1, 6, "", (ip, port)) for ip in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)

    with pytest.raises(Forbidden, match=r"10\.0\.0\.1"):
        outgoing_http.send_request("GET", "https://rebinding.example/")


def test_the_connection_goes_to_the_checked_address_under_the_given_name(receiver, monkeypatch):
    lookups = []
    look_up = socket.getaddrinfo

    def first_inside_then_elsewhere(host, port, *args, **kwargs):
        if host != "hook.example":
            return look_up(host, port, *args, **kwargs)
        lookups.append(host)
        return [(2, 1, 6, "", ("127.0.0.1" if len(lookups) == 1 else "10.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", first_inside_then_elsewhere)

    outgoing_http.send_request("POST", f"http://hook.example:{receiver.server_port}/ok", body=b"{}")

    assert lookups == ["hook.example"]
    assert receiver.seen[0][2] == f"hook.example:{receiver.server_port}"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("224.0.0.1", False),
        ("100.64.0.1", False),
        ("64:ff9b::808:808", False),
        ("fec0::1", False),
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("::8.8.8.8", False),
        ("3fff::1", False),
        ("2002:808:808::", False),
        ("2001:0:1::", False),
        ("::ffff:8.8.8.8", True),
    ],
)
def test_public_addresses_are_told_from_those_that_only_look_so(address, public):
    assert outgoing_http.is_public(ipaddress.ip_address(address)) is public
