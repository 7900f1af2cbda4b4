"""When what an answer rests on changes it is void, for a reason, and the person is asked again, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contributors.models import Acknowledgement, Delivery, Membership, Role, Shift
from contributors.readiness import acknowledgements, reconfirmation
from contributors.readiness.acknowledgements import ChangedSinceRead
from contributors.shifts import roster
from hypercare.engine import timers
from hypercare.exceptions import Invalid
from hypercare.models import Timer
from periods.documents import documents
from periods.documents.documents import PageText
from periods.journal import journal
from periods.lifecycle import gates
from periods.models import Document, JournalEntry, Period
from periods.planning import planning
from tests.factories import GO_LIVE, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
ALL = list(Acknowledgement.STATEMENTS)
BEFORE = GO_LIVE - timedelta(days=5)
LATER = BEFORE + timedelta(hours=1)
MUCH_LATER = LATER + timedelta(minutes=30)


class Scene:
    """A period that gets ready: a runbook, Priya with one shift, who said she is ready."""

    def __init__(self) -> None:
        self.period = make_period(Period.Status.READINESS, key="BILL")
        self.lead = self.period.lead
        self.role: Role = make_role(self.period, required=True)
        self.member: Membership = make_member(
            self.period, make_user("Priya Raman"), role=self.role, invited_at=BEFORE - timedelta(days=1)
        )
        self.shift: Shift = make_shift(self.role, self.member.user, starts_at=GO_LIVE)
        text = PageText("Runbook", "## Restart\n\nRun it.")
        self.page: Document = documents.create(self.period.pk, kind="runbook", text=text, by=self.lead, at=BEFORE)
        self.answer = self.say_ready(BEFORE)
        journal.dispatch_entries(at=BEFORE)

    def say_ready(self, at: Any, *, statements: Any = ALL, **fields: Any) -> Acknowledgement:
        return acknowledgements.acknowledge(
            self.member.pk, statements=statements, note="", state="ready", by=self.member.user, at=at, **fields
        )

    def change_runbook(
        self, *, minor: bool = False, at: Any = LATER, body: str = "## Restart\n\nRun it twice."
    ) -> None:
        text = PageText("Runbook", body, "" if minor else "Once was not enough", minor)
        self.page.refresh_from_db()
        documents.save_version(self.page.pk, based_on=self.page.version, text=text, by=self.lead, at=at)

    def dispatch(self, at: Any = LATER) -> Acknowledgement:
        journal.dispatch_entries(at=at)
        self.answer.refresh_from_db()
        return self.answer


@pytest.fixture
def scene() -> Scene:
    return Scene()


def texts(answer: Acknowledgement) -> list[str]:
    return [change["text"] for change in answer.void_changes]


def test_an_answer_keeps_what_it_was_given_to(scene):
    assert scene.answer.versions == {
        "go_live_at": GO_LIVE.isoformat(),
        "pages": {"runbook": 1},
        "shifts": [[scene.role.pk, "primary", scene.shift.starts_at.isoformat(), scene.shift.ends_at.isoformat()]],
    }


def test_a_changed_runbook_makes_the_answer_void_and_says_who_and_when(scene):
    scene.change_runbook()

    answer = scene.dispatch()

    entry = JournalEntry.objects.get(kind="readiness.voided")
    assert answer.voided_at == LATER
    assert texts(answer) == ["Runbook changed on 9 Nov by Lead"]
    assert (entry.data["count"], entry.data["people"][0]["person"], entry.actor) == (1, "Priya Raman", scene.lead)


def test_a_minor_edit_asks_nobody(scene):
    scene.change_runbook(minor=True)

    assert scene.dispatch().voided_at is None


@pytest.mark.parametrize(
    ("act", "text"),
    [
        ("add", "Your shifts changed: 1 shift added"),
        ("cancel", "Your shifts changed: 1 shift taken out"),
        ("how", "How we work was written on 9 Nov by Lead"),
        ("go_live", "Go-live moved from Sat 14 Nov 06:00 to Sat 14 Nov 08:00"),
    ],
)
def test_each_change_says_what_it_was(scene, act, text):
    if act == "add":
        start = GO_LIVE + timedelta(days=1)
        roster.assign_shift(
            scene.role.pk,
            user=scene.member.user,
            starts_at=start,
            ends_at=start + timedelta(hours=8),
            by=scene.lead,
            at=LATER,
        )
    elif act == "cancel":
        roster.cancel_shift(scene.shift.pk, by=scene.lead, at=LATER)
    elif act == "how":
        documents.create(
            scene.period.pk, kind="how_we_work", text=PageText("How we work", "Be kind."), by=scene.lead, at=LATER
        )
    else:
        Period.objects.filter(pk=scene.period.pk).update(status=Period.Status.PLANNED)
        planning.update(scene.period.pk, by=scene.lead, at=LATER, go_live_at=GO_LIVE + timedelta(hours=2))

    assert texts(scene.dispatch()) == [text]


def test_who_changes_their_own_shifts_is_not_asked_about_it(scene):
    scene.member.right = "owner"
    scene.member.save(update_fields=["right"])
    roster.cancel_shift(scene.shift.pk, by=scene.member.user, at=LATER)

    answer = scene.dispatch()

    assert (answer.voided_at, answer.versions["shifts"]) == (None, [])


def test_a_replay_voids_nothing_twice(scene):
    scene.change_runbook()
    scene.dispatch()
    again = scene.say_ready(MUCH_LATER)
    entry = JournalEntry.objects.get(kind="page.changed")

    reconfirmation.on_entry(entry, at=MUCH_LATER)

    again.refresh_from_db()
    assert again.voided_at is None
    assert JournalEntry.objects.filter(kind="readiness.voided").count() == 1


@pytest.mark.parametrize("status", [Period.Status.DRAFT, *Period.LIVE, *Period.ENDED])
def test_once_it_is_live_nobody_is_asked_again(scene, status):
    scene.change_runbook()
    Period.objects.filter(pk=scene.period.pk).update(status=status)

    assert scene.dispatch().voided_at is None


def test_somebody_who_misses_something_is_left_alone(scene):
    problem = acknowledgements.acknowledge(
        scene.member.pk, statements=[], note="No access", state="problem", by=scene.member.user, at=LATER
    )
    scene.change_runbook()

    scene.dispatch()

    problem.refresh_from_db()
    assert problem.voided_at is None


def test_only_the_statements_concerned_are_asked_again(scene):
    scene.change_runbook()
    scene.dispatch()

    with pytest.raises(Invalid) as refusal:
        scene.say_ready(MUCH_LATER, statements=["access"])
    answer = scene.say_ready(MUCH_LATER, statements=["runbook"])

    assert refusal.value.errors == {"statements": ["Tick “I have read the runbook”, or choose Something is missing."]}
    assert (answer.statements, answer.versions["pages"]) == (ALL, {"runbook": 2})


def test_changes_that_come_while_nobody_has_answered_add_up(scene):
    scene.change_runbook()
    scene.dispatch()
    roster.cancel_shift(scene.shift.pk, by=scene.lead, at=LATER)
    journal.dispatch_entries(at=LATER)

    asks = reconfirmation.build_question(scene.member, at=MUCH_LATER)

    assert [change["code"] for change in asks.changes] == ["runbook", "shifts"]
    assert asks.carried == ["access", "reachable"]


def test_the_person_is_told_once_with_everything_that_changed_meanwhile(scene):
    scene.change_runbook()
    scene.dispatch()
    scene.change_runbook(body="## Restart\n\nThree times.")
    roster.cancel_shift(scene.shift.pk, by=scene.lead, at=LATER)
    journal.dispatch_entries(at=LATER)

    timers.fire_due(at=LATER + timedelta(minutes=9))
    assert not Delivery.objects.filter(kind="readiness_again").exists()
    timers.fire_due(at=LATER + timedelta(minutes=10))
    timers.fire_due(at=MUCH_LATER)

    letter = Delivery.objects.get(kind="readiness_again")
    assert letter.recipient == scene.member.user
    assert letter.context["changes"] == ["Runbook changed on 9 Nov by Lead", "Your shifts changed: 1 shift taken out"]
    assert letter.context["link"]["purpose"] == "acknowledge"


def test_who_answers_before_the_message_leaves_is_not_written_to(scene):
    scene.change_runbook()
    scene.dispatch()
    scene.say_ready(LATER + timedelta(minutes=5))

    timers.fire_due(at=MUCH_LATER)

    assert not Delivery.objects.filter(kind="readiness_again").exists()
    assert Timer.objects.get(kind="readiness.again").fired_at is not None


def test_an_answer_to_something_that_changed_meanwhile_is_not_taken(scene):
    seen = reconfirmation.build_question(scene.member, at=LATER).present
    scene.change_runbook()

    with pytest.raises(ChangedSinceRead) as changed:
        scene.say_ready(MUCH_LATER, seen=seen)

    assert [change.code for change in changed.value.changes] == ["runbook"]
    assert Acknowledgement.objects.count() == 1


def test_the_same_answer_to_something_new_is_a_new_answer_even_before_the_old_is_void(scene):
    scene.change_runbook()

    answer = scene.say_ready(MUCH_LATER)

    scene.dispatch()
    answer.refresh_from_db()
    assert (answer.voided_at, answer.versions["pages"]) == (None, {"runbook": 2})


def test_a_go_waits_again_and_says_why(scene):
    scene.change_runbook()
    scene.dispatch()
    period = Period.objects.get(pk=scene.period.pk)

    found = [
        one
        for one in acknowledgements.find_blockers(period, "go", at=LATER)
        if one.about == f"member:{scene.member.pk}"
    ]

    assert [(one.code, one.text) for one in found] == [
        (
            "go.person_unready",
            "Priya Raman (Billing engineering) has to confirm again. Runbook changed on 9 Nov by Lead.",
        )
    ]
    assert isinstance(found[0], gates.Blocker)


def test_the_summary_keeps_what_still_holds(scene):
    scene.change_runbook()
    scene.dispatch()

    row = next(
        row for row in acknowledgements.summarise_readiness(scene.period, at=LATER).rows if row.member == scene.member
    )

    assert row.state == "waiting"
    assert {key: mark for key, _, mark in row.marks} == {
        "runbook": "none",
        "access": "yes",
        "reachable": "yes",
        "shifts": "yes",
    }
    assert row.changes == ["Runbook changed on 9 Nov by Lead"]
