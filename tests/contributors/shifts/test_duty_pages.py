"""Pages of cover, rotations, the generated roster, absences and limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.test import Client

from contributors.links import links
from contributors.models import Absence, CoverRequest, FatigueLimits, Link, Rotation, Shift
from contributors.shifts import roster
from contributors.swaps import cover_requests
from hypercare.models import User
from periods.models import JournalEntry
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def there() -> SimpleNamespace:
    """A live period: Kavya works tomorrow, Arjun could, Wanda watches, a stranger is nobody."""
    period = make_period()
    role = make_role(period, "Support desk", cover="none")
    kavya, arjun = (make_member(period, make_user(name), role=role).user for name in ("Kavya", "Arjun"))
    viewer = make_member(period, make_user("Wanda"), right="viewer").user
    shift = make_shift(role, kavya, starts_at=NOW + DAY)
    return SimpleNamespace(
        period=period,
        role=role,
        kavya=kavya,
        arjun=arjun,
        viewer=viewer,
        shift=shift,
        lead=period.lead,
        stranger=make_user("Stranger"),
    )


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def at(there: SimpleNamespace, path: str) -> str:
    return f"/p/{there.period.key}/coverage/{path}"


def asked(there: SimpleNamespace, by: User | None = None) -> CoverRequest:
    wanted = cover_requests.WantedCover(there.role, there.shift.starts_at, there.shift.ends_at, shift=there.shift)
    return cover_requests.ask(wanted, users=[there.arjun], by=by or there.kavya, at=NOW)


def span(shift: Shift) -> dict[str, str]:
    return {
        "starts_at": shift.starts_at.strftime("%Y-%m-%dT%H:%M"),
        "ends_at": shift.ends_at.strftime("%Y-%m-%dT%H:%M"),
    }


def rotation_data(there: SimpleNamespace, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Days",
        "role": there.role.pk,
        "kind": "primary",
        "every": 1,
        "unit": "days",
        "layer": 1,
        "first_on": "2026-11-19",
        "hand_off_at": "08:00",
        "zone_name": "Europe/Copenhagen",
        "person_1": there.kavya.pk,
        "person_2": there.arjun.pk,
        **changes,
    }


# --- By link ------------------------------------------------------------------------------------


def url_of(request: CoverRequest) -> str:
    link = Link.objects.get(purpose="cover", subject=f"cover:{request.pk}")
    return "/cover/" + links.token_of(link.pk) + "/"


def test_opening_the_link_asks_and_changes_nothing(there):
    url, before = url_of(asked(there)), JournalEntry.objects.count()

    answer = Client().get(url)

    assert "Arjun, can you take Support desk?" in answer.content.decode()
    assert answer["Referrer-Policy"] == "no-referrer"
    assert (JournalEntry.objects.count(), CoverRequest.objects.get().state) == (before, "open")


def test_a_program_that_posts_nothing_answers_nothing(there):
    url = url_of(asked(there))

    for sent in ({}, {"answer": ""}, {"answer": "other"}):
        assert Client().post(url, sent).status_code == 302

    assert "Arjun, can you take Support desk?" in Client().get(url).content.decode()


def test_one_tap_takes_it_and_a_second_says_what_was_done(there):
    url = url_of(asked(there))

    first = Client().post(url, {"answer": "accept"}, follow=True)
    again = Client().post(url, {"answer": "accept"}, follow=True)

    assert "You have it, Arjun" in first.content.decode()
    assert "You have it, Arjun" in again.content.decode()
    assert [shift.user for shift in Shift.objects.filter(cancelled_at__isnull=True)] == [there.arjun]


def test_one_tap_refuses(there):
    answer = Client().post(url_of(asked(there)), {"answer": "refuse"}, follow=True)

    assert "That is a fine answer" in answer.content.decode()


def test_who_comes_second_is_told_who_was_first(there):
    tom = make_member(there.period, make_user("Tom")).user
    wanted = cover_requests.WantedCover(there.role, there.shift.starts_at, there.shift.ends_at, shift=there.shift)
    request = cover_requests.ask(wanted, users=[there.arjun, tom], by=there.kavya, at=NOW)
    url = "/cover/" + links.token_of(Link.objects.get(user=tom).pk) + "/"
    cover_requests.accept(request.pk, by=there.arjun, at=NOW)

    answer = Client().post(url, {"answer": "accept"}, follow=True)

    assert "Arjun took this" in answer.content.decode()


def test_what_the_limits_forbid_is_said_on_the_page(there):
    make_shift(there.role, there.arjun, starts_at=there.shift.ends_at + HOUR)
    url = url_of(asked(there))

    shown, refused = Client().get(url), Client().post(url, {"answer": "accept"})

    assert "rest before" in shown.content.decode()
    assert "Take it" not in shown.content.decode()
    assert refused.status_code == 409
    assert "rest before" in refused.content.decode()


def test_a_made_up_link_has_ended(there):
    assert Client().get("/cover/made-up/").status_code == 410


# --- Asking and standing in ---------------------------------------------------------------------


def test_the_holder_asks_for_cover(there):
    page = as_(there.kavya).get(at(there, f"shifts/{there.shift.pk}/cover/"))
    answer = as_(there.kavya).post(
        at(there, f"shifts/{there.shift.pk}/cover/"),
        {
            "users": [there.arjun.pk],
            "reason": "Dentist",
            "starts_at": "2026-11-19T13:12",
            "ends_at": "2026-11-19T21:12",
        },
    )

    assert "Arjun: 0 h in those days" in page.content.decode()
    assert answer.status_code == 302
    assert CoverRequest.objects.get().reason == "Dentist"


def test_asking_nobody_loses_nothing(there):
    answer = as_(there.kavya).post(
        at(there, f"shifts/{there.shift.pk}/cover/"),
        {"reason": "Dentist", "starts_at": "2026-11-19T13:12", "ends_at": "2026-11-19T21:12"},
    )

    assert answer.status_code == 422
    assert "Choose whom to ask." in answer.content.decode()
    assert "Dentist" in answer.content.decode()


def test_others_do_not_ask_about_a_shift(there):
    assert as_(there.arjun).get(at(there, f"shifts/{there.shift.pk}/cover/")).status_code == 403
    assert as_(there.stranger).get(at(there, f"shifts/{there.shift.pk}/cover/")).status_code == 404


def test_who_plans_asks_about_a_gap(there):
    start = NOW + 3 * DAY
    answer = as_(there.lead).post(
        at(there, "ask/"),
        {
            "role": there.role.pk,
            "kind": "primary",
            "users": [there.arjun.pk, there.kavya.pk],
            "starts_at": start.isoformat(),
            "ends_at": (start + 8 * HOUR).isoformat(),
        },
    )

    assert answer.status_code == 302
    assert CoverRequest.objects.get().asks.count() == 2


def test_asking_about_a_gap_without_people_says_so(there):
    answer = as_(there.lead).post(at(there, "ask/"), {"role": there.role.pk, "kind": "primary"})

    assert answer.status_code == 422
    assert "Choose whom to ask." in answer.content.decode()


def test_who_plans_puts_somebody_else_on(there):
    url = at(there, f"shifts/{there.shift.pk}/replace/")

    shown = as_(there.lead).get(url)
    answer = as_(there.lead).post(
        url, {"user": there.arjun.pk, "starts_at": "2026-11-19T13:12", "ends_at": "2026-11-19T18:12"}
    )

    assert shown.status_code == 200
    assert answer.status_code == 302
    assert Shift.objects.filter(cancelled_at__isnull=True).count() == 2


def test_somebody_takes_over_now(there):
    running = make_shift(there.role, there.kavya, starts_at=NOW - HOUR)

    answer = as_(there.arjun).post(at(there, f"shifts/{running.pk}/take/"))

    assert answer.status_code == 302
    assert [shift.user for shift in roster.shifts_on_duty(there.period, at=NOW)] == [there.arjun]


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("stranger", 404)])
def test_who_does_not_work_here_takes_nothing(there, who, status):
    running = make_shift(there.role, there.kavya, starts_at=NOW - HOUR)

    assert as_(getattr(there, who)).post(at(there, f"shifts/{running.pk}/take/")).status_code == status


@pytest.mark.parametrize(
    ("name", "who", "state"),
    [("accept", "arjun", "done"), ("refuse", "arjun", "open"), ("withdraw", "kavya", "withdrawn")],
)
def test_a_request_is_answered_on_the_page(there, name, who, state):
    request = asked(there)
    shown = as_(getattr(there, who)).get(f"/p/{there.period.key}/coverage/").content.decode()

    answer = as_(getattr(there, who)).post(at(there, f"requests/{request.pk}/{name}/"))

    assert f"requests/{request.pk}/{name}/" in shown
    assert answer.status_code == 302
    assert CoverRequest.objects.get().state == state


def test_an_answer_nobody_knows_is_not_found(there):
    assert as_(there.arjun).post(at(there, f"requests/{asked(there).pk}/shrug/")).status_code == 404


def test_what_i_am_asked_stands_with_my_shifts(there):
    asked(there)

    assert "You are asked" in as_(there.arjun).get("/shifts/").content.decode()


# --- Rotations ----------------------------------------------------------------------------------


def test_a_rotation_is_previewed_without_saving(there):
    answer = as_(there.lead).post(at(there, "rotations/add/"), rotation_data(there, preview="1"))

    assert "Nothing is saved yet." in answer.content.decode()
    assert not Rotation.objects.exists()


def test_a_rotation_is_saved_changed_and_ended(there):
    client = as_(there.lead)
    role = make_role(there.period, "On call", on_call=True, cover="none")

    assert client.post(at(there, "rotations/add/"), rotation_data(there, role=role.pk)).status_code == 302
    rotation = Rotation.objects.get()
    assert client.get(at(there, f"rotations/{rotation.pk}/")).status_code == 200
    client.post(at(there, f"rotations/{rotation.pk}/"), rotation_data(there, role=role.pk, person_2=""))
    assert "Days" in client.get(at(there, "rotations/")).content.decode()
    assert {s.user for s in Shift.objects.filter(rotation=rotation, cancelled_at__isnull=True)} == {there.kavya}
    client.post(at(there, f"rotations/{rotation.pk}/end/"))
    assert not Shift.objects.filter(rotation=rotation, cancelled_at__isnull=True).exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"person_1": "", "person_2": ""}, "A rotation needs at least one person"),
        ({"hand_off_at": "25:00"}, "Give a time from 00:00 to 23:59."),
        ({"first_on": "soon"}, "Give a date, such as 2026-11-14."),
        ({"name": ""}, "Name the rotation."),
        ({"until_at": "2026-11-18T08:00"}, "must end after its first hand-off"),
    ],
)
def test_a_rotation_that_cannot_stand_says_why_and_keeps_what_was_typed(there, changes, words):
    answer = as_(there.lead).post(at(there, "rotations/add/"), rotation_data(there, every=5, **changes))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert 'value="5"' in answer.content.decode()


@pytest.mark.parametrize("path", ["rotations/add/", "generate/", "limits/"])
@pytest.mark.parametrize(("who", "status"), [("lead", 200), ("kavya", 403), ("stranger", 404)])
def test_only_who_plans_opens_what_plans(there, path, who, status):
    assert as_(getattr(there, who)).get(at(there, path)).status_code == status


# --- Generate, limits, absences -----------------------------------------------------------------


def test_a_proposed_roster_is_accepted_in_one_click_and_undone_in_another(there):
    make_role(there.period, "Desk", cover="business")
    for name in ("Ann", "Ben"):
        make_member(there.period, make_user(name), role=there.period.roles.get(name="Desk"))
    client, before = as_(there.lead), Shift.objects.count()
    shown = client.get(at(there, "generate/"))

    client.post(at(there, "generate/"), {"version": shown.context["proposal"].version})
    batch = Shift.objects.exclude(batch=None).first().batch
    planned = Shift.objects.filter(batch=batch, cancelled_at__isnull=True).count()
    client.post(at(there, f"generate/{batch}/undo/"))

    assert planned > 0
    assert Shift.objects.filter(cancelled_at__isnull=True).count() == before


def test_a_proposal_from_before_a_change_is_not_accepted(there):
    answer = as_(there.lead).post(at(there, "generate/"), {"version": "999"})

    assert answer.status_code == 409


def test_limits_are_changed_and_only_differences_kept(there):
    client = as_(there.lead)
    form = client.get(at(there, "limits/")).context["form"]
    data = {name: form[name].value() for name in form.fields}

    answer = client.post(at(there, "limits/"), {**data, "rest": "9", "rest_level": "warn"})

    assert answer.status_code == 302
    assert FatigueLimits.objects.get().limits == {"rest": {"limit": 9.0, "level": "warn"}}
    assert client.post(at(there, "limits/"), {**data, "rest": "much"}).status_code == 422


def test_i_say_that_i_am_away_and_take_it_back(there):
    client = as_(there.kavya)

    client.post("/shifts/away/", {"starts_at": "2026-11-19T08:00", "ends_at": "2026-11-20T08:00", "note": "Wedding"})
    shown = client.get("/shifts/").content.decode()
    absence = Absence.objects.get()
    client.post(f"/shifts/away/{absence.pk}/back/")

    assert "Wedding" in shown
    absence.refresh_from_db()
    assert absence.cancelled_at == NOW
    assert JournalEntry.objects.filter(kind__startswith="absence.").count() == 2


def test_an_absence_that_ends_before_it_starts_is_refused_beside_its_field(there):
    answer = as_(there.kavya).post("/shifts/away/", {"starts_at": "2026-11-20T08:00", "ends_at": "2026-11-19T08:00"})

    assert answer.status_code == 422
    assert "The absence must end after it starts." in answer.content.decode()


def test_nobody_takes_back_the_absence_of_another(there):
    absence = Absence.objects.create(user=there.kavya, starts_at=NOW, ends_at=NOW + DAY, created_at=NOW)

    assert as_(there.arjun).post(f"/shifts/away/{absence.pk}/back/").status_code == 404


# --- The cover of a role ------------------------------------------------------------------------


def cover_data(**changes: Any) -> dict[str, Any]:
    return {"cover": "12x7", "headcount": 2, "headcount_on": "Mon 3\n2026-11-23 6", "country": "dk", **changes}


def test_the_cover_of_a_role_is_changed_with_days_and_phases(there):
    url = at(there, f"roles/{there.role.pk}/")

    answer = as_(there.lead).post(
        url, cover_data(cover_until="2026-11-20T00:00", later_phases="business", needs_deputy="on")
    )
    shown = as_(there.lead).get(url).content.decode()

    there.role.refresh_from_db()
    assert answer.status_code == 302
    assert (there.role.headcount_on, there.role.country) == ({"mon": 3, "2026-11-23": 6}, "DK")
    assert there.role.later_phases == [{"cover": "business", "until": None, "headcount": 1}]
    assert "2026-11-23 6" in shown
    assert JournalEntry.objects.get(period=there.period).kind == "role.changed"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"headcount_on": "Someday 3"}, "write a weekday or a date and a number"),
        ({"country": "ZZ"}, "are not known"),
        ({"zone_name": "Mars/Base"}, "is not a time zone"),
        ({"cover": "custom"}, "Write the hours of the week"),
        ({"later_phases": "business"}, "Say when the first phase ends"),
        ({"headcount": "0"}, "greater than or equal to 1"),
    ],
)
def test_cover_that_cannot_be_meant_says_why_and_keeps_what_was_typed(there, changes, words):
    answer = as_(there.lead).post(at(there, f"roles/{there.role.pk}/"), cover_data(needs_deputy="on", **changes))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "checked" in answer.content.decode()


@pytest.mark.parametrize(("who", "status"), [("kavya", 403), ("stranger", 404)])
def test_others_do_not_change_cover(there, who, status):
    assert as_(getattr(there, who)).post(at(there, f"roles/{there.role.pk}/"), cover_data()).status_code == status


def test_the_load_of_a_period_is_shown_to_its_people(there):
    assert "Kavya" in as_(there.viewer).get(at(there, "load/")).content.decode()
    assert as_(there.stranger).get(at(there, "load/")).status_code == 404


# --- Clock changes ------------------------------------------------------------------------------


def typed(there: SimpleNamespace, starts: str, ends: str):
    data = {"role": there.role.pk, "user": there.arjun.pk, "kind": "primary", "starts_at": starts, "ends_at": ends}
    with time_machine.travel(datetime(2026, 10, 24, 6, tzinfo=UTC), tick=False):
        return as_(there.lead).post(at(there, "shifts/"), data)


def window(there: SimpleNamespace, day: datetime) -> None:
    there.lead.timezone = "Europe/Copenhagen"
    there.lead.save()
    there.period.go_live_at, there.period.ends_at = day, day + 5 * DAY
    there.period.save()


def test_an_hour_that_does_not_exist_is_refused_with_the_hour_to_use(there):
    window(there, datetime(2027, 3, 27, 6, tzinfo=UTC))

    answer = typed(there, "2027-03-28T02:30", "2027-03-28T09:00")

    assert answer.status_code == 422
    page = answer.content.decode()
    assert (
        "02:30 does not exist on 28 March 2027 in Copenhagen: the clocks go forward then. Use 03:00 or later." in page
    )
    assert 'value="2027-03-28T02:30"' in page


def test_an_hour_that_comes_twice_is_its_first(there):
    window(there, datetime(2026, 10, 24, 6, tzinfo=UTC))

    assert typed(there, "2026-10-25T02:30", "2026-10-25T09:00").status_code == 302
    assert Shift.objects.latest("pk").starts_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
