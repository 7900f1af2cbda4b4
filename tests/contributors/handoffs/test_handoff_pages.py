"""Hand-offs in the browser and over the API: written, accepted, found; a GET changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contributors.handoffs import handoffs
from contributors.links import links
from contributors.models import Handoff, Link
from hypercare.models import User
from tests.factories import days_later, make_member, make_period, make_role, make_shift, make_user
from tests.hypercare.scene import words

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


class Scene:
    """Maja is on for another hour, Rachel follows."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.period = make_period(key="BILL", go_live_at=days_later(self.now, -4), ends_at=days_later(self.now, 9))
        self.role = make_role(self.period, "Incident lead", cover="none")
        self.maja, self.rachel = (
            make_member(self.period, make_user(name), role=self.role).user for name in ("Maja", "Rachel")
        )
        self.out = make_shift(self.role, self.maja, starts_at=self.now - 7 * HOUR)
        make_shift(self.role, self.rachel, starts_at=self.now + HOUR)
        self.handoff = handoffs.begin(self.out.pk, by=self.maja, at=self.now)
        self.url = f"/p/BILL/handoffs/{self.handoff.pk}/"

    def write(self, text: str = "All quiet tonight.") -> None:
        self.handoff = handoffs.write(
            self.handoff.pk, texts={"overall": text}, version=self.handoff.version, by=self.maja, at=self.now
        )


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_form_is_sent_and_the_next_person_accepts():
    scene = Scene()
    page = signed_in(scene.maja).get(scene.url)
    assert b"Send to Rachel" in page.content
    sent = signed_in(scene.maja).post(f"{scene.url}write/", {"part-overall": "Quiet.", "version": "0"})
    assert (sent.status_code, sent["Location"]) == (302, scene.url)

    rachel = signed_in(scene.rachel)
    assert b"Quiet." in rachel.get(scene.url).content
    rachel.post(f"{scene.url}accept/")
    assert Handoff.objects.get().accepted_by == scene.rachel
    assert b"Rachel accepted this" in signed_in(scene.maja).get(scene.url).content


def test_a_refused_note_comes_back_with_what_was_typed():
    scene = Scene()
    answer = signed_in(scene.maja).post(f"{scene.url}write/", {"part-overall": "", "part-watch": " ", "version": "0"})
    assert answer.status_code == 422
    assert "Write at least how it stands" in answer.content.decode()

    scene.write()
    late = signed_in(scene.maja).post(f"{scene.url}write/", {"part-overall": "My long text", "version": "0"})
    assert late.status_code == 409
    assert "My long text" in late.content.decode()
    again = signed_in(scene.maja).post(f"{scene.url}write/", {"part-overall": "My long text", "version": "1"})
    assert again.status_code == 302


@pytest.mark.parametrize("path", ["", "write/", "accept/"])
def test_strangers_find_no_note_and_those_who_watch_may_not_read_it(path):
    scene = Scene()
    viewer = make_member(scene.period, right="viewer").user
    send = "get" if not path else "post"
    assert getattr(signed_in(make_user()), send)(scene.url + path).status_code == 404
    assert getattr(signed_in(viewer), send)(scene.url + path).status_code == 403


def test_opening_the_link_changes_nothing_and_its_button_accepts_once():
    scene = Scene()
    scene.write()
    path = f"/handoff/{links.token_of(Link.objects.get(purpose='handoff').pk)}/"

    opened = Client().get(path)
    assert (opened.status_code, opened["X-Robots-Tag"]) == (200, "noindex")
    assert Handoff.objects.get().accepted_at is None
    # A mail scanner that posts what it finds has not read the note.
    assert Client().post(path).status_code == 302
    assert Handoff.objects.get().accepted_at is None
    assert Client().post(path, {"answer": "accept"}).status_code == 302
    first = Handoff.objects.get().accepted_at
    assert first is not None
    assert Client().post(path, {"answer": "accept"}).status_code == 302
    assert Handoff.objects.get().accepted_at == first
    assert b"Rachel accepted this" in Client().get(path).content


def test_a_link_for_somebody_who_no_longer_takes_over_has_ended():
    scene = Scene()
    scene.write()
    path = f"/handoff/{links.token_of(Link.objects.get(purpose='handoff').pk)}/"
    Handoff.objects.update(incoming=make_member(scene.period, make_user("Priya")).user)
    ended = Client().get(path)
    assert ended.status_code == 410
    assert "Priya takes over here" in ended.content.decode()
    assert Client().get("/handoff/nonsense/").status_code == 410


def test_notes_are_searched_in_the_period_and_everywhere():
    scene = Scene()
    scene.write("Batch size halved.")
    maja = signed_in(scene.maja)
    assert b"Batch size halved." in maja.get("/p/BILL/handoffs/?q=halved").content
    assert b"Nothing matches" in maja.get("/p/BILL/handoffs/?q=payments").content
    assert scene.url.encode() in maja.get("/search/?q=halved").content
    assert scene.url.encode() not in signed_in(make_user()).get("/search/?q=halved").content
    assert maja.get("/p/BILL/handoffs/?page=999999999999999999999").status_code == 200


def test_the_list_costs_the_same_however_many_notes(django_assert_max_num_queries):
    scene = Scene()
    scene.write()
    for n in range(25):
        shift = make_shift(scene.role, scene.maja, starts_at=scene.now - (n + 2) * timedelta(days=1))
        Handoff.objects.create(
            role=scene.role,
            outgoing_shift=shift,
            incoming_shift=scene.handoff.incoming_shift,
            outgoing=scene.maja,
            incoming=scene.rachel,
            due_at=shift.ends_at,
            created_at=scene.now,
        )
    client = signed_in(scene.maja)
    client.get("/p/BILL/handoffs/")
    with django_assert_max_num_queries(45):
        assert b"Page 1 of 2" in client.get("/p/BILL/handoffs/").content


def test_home_my_shifts_and_coverage_show_what_waits():
    scene = Scene()
    assert b"Write hand-off" in signed_in(scene.maja).get("/").content
    assert b"Write the hand-off note for Rachel" in signed_in(scene.maja).get("/").content
    scene.write()
    assert b"Hand-off sent" in signed_in(scene.maja).get("/").content
    assert b"Take over Incident lead from Maja" in signed_in(scene.rachel).get("/").content
    assert b"Maja to you" in signed_in(scene.rachel).get("/shifts/").content
    assert "Waits for Rachel" in words(signed_in(scene.maja).get("/p/BILL/coverage/"))
    Handoff.objects.update(due_at=scene.now - HOUR / 2)
    assert b"You are still on duty" in signed_in(scene.maja).get("/").content


def test_hand_over_now_leads_to_the_note():
    scene = Scene()
    answer = signed_in(scene.maja).post(f"/p/BILL/shifts/{scene.out.pk}/hand-over/")
    assert answer["Location"] == scene.url
    assert signed_in(scene.rachel).post("/p/BILL/shifts/999999/hand-over/").status_code == 404


def test_the_api_lists_writes_and_accepts():
    scene = Scene()
    maja, rachel = signed_in(scene.maja), signed_in(scene.rachel)
    path = f"/api/v1/periods/BILL/handoffs/{scene.handoff.pk}/"
    body = {"texts": {"overall": "Quiet."}, "version": 0}

    assert rachel.post(f"{path}write/", body, content_type="application/json").status_code == 403
    written = maja.post(f"{path}write/", body, content_type="application/json")
    assert (written.status_code, written.json()["version"]) == (200, 1)
    assert maja.post(f"{path}write/", body, content_type="application/json").status_code == 409
    wrong = maja.post(f"{path}write/", {"texts": {}, "version": 1}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/overall")
    accepted = rachel.post(f"{path}accept/")
    assert accepted.json()["accepted_by"]["name"] == "Rachel"
    assert rachel.post(f"{path}accept/").status_code == 409
    listed = maja.get("/api/v1/periods/BILL/handoffs/?q=quiet").json()["results"]
    assert [one["id"] for one in listed] == [scene.handoff.pk]
    assert signed_in(make_user()).get("/api/v1/periods/BILL/handoffs/").status_code == 404
