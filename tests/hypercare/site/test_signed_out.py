"""What a page is answered that was open when its session ended."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from django.test import Client

from tests.factories import make_user

PANEL = "/_home/today/"


def test_a_panel_is_told_that_its_session_ended_and_never_gets_the_page_to_sign_in_at(db: None) -> None:
    response = Client().get(PANEL, headers={"HX-Request": "true", "X-Poll": "1"})

    assert (response.status_code, response.content) == (401, b"")
    assert response["X-Signed-Out"] == "/accounts/login/"


def test_a_form_sent_without_a_session_leads_back_to_the_page_it_stood_on(db: None) -> None:
    page = "http://testserver/p/BILL/settings/?tab=people"

    response = Client().post("/p/BILL/settings/", {"name": "Billing"}, headers={"Referer": page})

    assert response.status_code == 302
    assert parse_qs(urlsplit(response["Location"]).query) == {"next": ["/p/BILL/settings/?tab=people"]}


def test_a_page_elsewhere_is_nowhere_to_go_back_to(db: None) -> None:
    for page in ("http://evil.example/p/BILL/", "http://testserver//evil.example/", "no address"):
        response = Client().post("/p/BILL/settings/", {}, headers={"Referer": page})

        assert parse_qs(urlsplit(response["Location"]).query) == {"next": ["/"]}


def test_a_form_from_before_signing_in_again_gets_a_page_of_ours_with_what_was_typed(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user())
    typed = {"text": "We saw <b>two</b> of them", "password": "my pass phrase", "csrfmiddlewaretoken": "an old one"}

    response = client.post("/p/BILL/settings/", typed, headers={"Referer": "http://testserver/p/BILL/"})

    said = response.content.decode()
    assert response.status_code == 403
    assert "We saw &lt;b&gt;two&lt;/b&gt; of them" in said
    assert 'href="/p/BILL/"' in said
    assert "pass phrase" not in said


def test_a_panel_whose_token_is_old_is_told_so(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user())

    response = client.post("/p/BILL/settings/", {}, headers={"HX-Request": "true"})

    assert (response.status_code, response["X-Stale-Form"]) == (403, "true")
