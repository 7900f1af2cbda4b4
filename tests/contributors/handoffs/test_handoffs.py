"""Hand-offs: asked for in time, filled in, accepted once; who is paged until then; what the lead hears."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from contributors.handoffs import handoff_notes, handoffs, succession
from contributors.links import links
from contributors.models import Delivery, Handoff, HandoffVersion, Link
from contributors.shifts import on_call, reassign, roster
from contributors.swaps import cover_requests
from contributors.swaps.cover_requests import WantedCover
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import Timer, User
from incidents.models import Incident
from periods.journal import journal
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_incident, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
END = NOW + 2 * HOUR
QUIET = {"overall": "All quiet."}


class Scene:
    """Maja is on until END, Rachel follows, Priya is the deputy."""

    def __init__(self, *, overlap: timedelta = timedelta(0)) -> None:
        self.period = make_period()
        self.role = make_role(self.period, "Incident lead", cover="none")
        self.maja, self.rachel, self.priya = (
            make_member(self.period, make_user(name), role=self.role).user for name in ("Maja", "Rachel", "Priya")
        )
        self.out = make_shift(self.role, self.maja, starts_at=END - 8 * HOUR)
        self.into = make_shift(self.role, self.rachel, starts_at=END - overlap)

    def opened(self) -> Handoff:
        handoffs.refresh(self.period.pk, at=NOW)
        timers.fire_due(at=END - 30 * MINUTE)
        found: Handoff = Handoff.objects.get()
        return found

    def written(self) -> Handoff:
        handoff = self.opened()
        return handoffs.write(handoff.pk, texts=QUIET, version=0, by=self.maja, at=END - 20 * MINUTE)

    def paged(self, at: datetime) -> tuple[User | None, User | None]:
        return on_call.responders_for(self.role, self.period, at=at)


def told(kind: str) -> set[str]:
    rows = Delivery.objects.filter(kind=kind).exclude(state="cancelled").select_related("recipient")
    return {row.recipient.name for row in rows if row.recipient}


def test_half_an_hour_before_the_end_the_holder_is_asked_for_a_note():
    scene = Scene()
    handoffs.refresh(scene.period.pk, at=NOW)

    timers.fire_due(at=END - 31 * MINUTE)
    assert not Handoff.objects.exists()
    timers.fire_due(at=END - 30 * MINUTE)

    handoff = Handoff.objects.get()
    assert (handoff.outgoing, handoff.incoming, handoff.due_at) == (scene.maja, scene.rachel, END)
    assert told("handoff_write") == {"Maja"}


def test_shifts_put_in_the_plan_set_the_clock_by_themselves():
    scene = Scene()
    lead = scene.period.lead
    roster.assign_shift(
        scene.role.pk, user=scene.priya, starts_at=END + 8 * HOUR, ends_at=END + 16 * HOUR, by=lead, at=NOW
    )
    journal.dispatch_entries(at=NOW)

    assert Timer.objects.get(kind="handoff.next", cleared_at=None).due_at == END - 30 * MINUTE
    timers.fire_due(at=END - 30 * MINUTE)
    assert Timer.objects.get(kind="handoff.next", cleared_at=None, fired_at=None).due_at == END + 7.5 * HOUR


@pytest.mark.parametrize("who_follows", ["nobody", "the same person", "somebody hours later", "a deputy"])
def test_where_nobody_takes_over_nothing_is_asked(who_follows):
    scene = Scene()
    changes = {
        "nobody": {"cancelled_at": NOW},
        "the same person": {"user": scene.maja},
        "somebody hours later": {"starts_at": END + 2 * HOUR},
        "a deputy": {"kind": "deputy"},
    }
    type(scene.into).objects.filter(pk=scene.into.pk).update(**changes[who_follows])

    handoffs.refresh(scene.period.pk, at=NOW)
    timers.fire_due(at=END)

    assert not Handoff.objects.exists()


def test_a_period_that_is_not_live_asks_for_nothing():
    scene = Scene()
    Period.objects.filter(pk=scene.period.pk).update(status=Period.Status.READY)
    handoffs.refresh(scene.period.pk, at=NOW)
    assert not Timer.objects.filter(kind="handoff.next").exists()


def test_the_note_comes_filled_in_from_what_is_known():
    scene = Scene()
    make_incident(scene.period, severity="P1", title="Invoices twice", status="investigating", owner=scene.maja)
    make_incident(scene.period, severity="P3", title="Slow export", status="monitoring")
    make_incident(scene.period, title="VAT", queue="planned_fix", queue_note="Tonight at 22:00")
    make_incident(scene.period, title="Noise", snoozed_until=END + HOUR)

    parts = {part.code: part.lines for part in handoff_notes.prefill_sections(scene.opened(), at=NOW)}

    assert list(parts) == ["overall", "open", "watch", "changes", "silences", "promises", "cover"]
    assert "P1 Invoices twice: investigating, Maja." in parts["open"][0]
    assert "Next update" in parts["open"][0]
    assert "Slow export" in parts["watch"][0]
    assert parts["changes"][0].endswith("VAT: planned fix, Tonight at 22:00")
    assert parts["silences"][0].endswith("snoozed until Wed 17:12")
    assert any("Invoices twice" in line for line in parts["promises"])


def test_sending_the_note_gives_the_next_person_a_link_and_keeps_the_version():
    scene = Scene()
    handoff = scene.written()

    assert (handoff.version, handoff.sections[0]["text"]) == (1, "All quiet.")
    assert told("handoff_ready") == {"Rachel"}
    assert told("handoff_write") == set()
    again = handoffs.write(handoff.pk, texts={"overall": "Not so quiet."}, version=1, by=scene.maja, at=END)
    assert [v.sections[0]["text"] for v in HandoffVersion.objects.order_by("number")] == ["All quiet.", "Not so quiet."]
    assert again.searched.strip() == "Not so quiet."
    assert JournalEntry.objects.filter(kind="handoff.written").count() == 2


@pytest.mark.parametrize(
    ("texts", "field"), [({}, "overall"), ({"overall": "x" * 4001}, "overall"), ({"weather": "sun"}, "weather")]
)
def test_a_note_that_cannot_stand_names_its_part(texts, field):
    scene = Scene()
    with pytest.raises(Invalid) as refused:
        handoffs.write(scene.opened().pk, texts=texts, version=0, by=scene.maja, at=NOW)
    assert list(refused.value.errors) == [field]
    assert not HandoffVersion.objects.exists()


def test_who_writes_over_what_was_written_meanwhile_is_told():
    scene = Scene()
    handoff = scene.written()
    with pytest.raises(AlreadyDone, match="written meanwhile"):
        handoffs.write(handoff.pk, texts=QUIET, version=0, by=scene.maja, at=END)


def test_only_the_holder_and_who_plans_write_the_note():
    scene = Scene()
    handoff = scene.opened()
    with pytest.raises(NotAllowed, match="Maja writes this note"):
        handoffs.write(handoff.pk, texts=QUIET, version=0, by=scene.rachel, at=NOW)
    assert handoffs.write(handoff.pk, texts=QUIET, version=0, by=scene.period.lead, at=NOW).version == 1


def test_until_it_is_accepted_the_outgoing_person_is_paged_first_and_the_next_one_second():
    scene = Scene()
    make_shift(scene.role, scene.priya, starts_at=END, kind="deputy")
    handoff = scene.written()
    later = END + 5 * MINUTE

    assert scene.paged(END - MINUTE)[0] == scene.maja
    assert scene.paged(later) == (scene.maja, scene.rachel)
    handoffs.accept(handoff.pk, by=scene.rachel, at=later)
    assert scene.paged(later) == (scene.rachel, scene.priya)


def test_who_never_accepted_relieves_nobody_beyond_their_own_shift():
    scene = Scene()
    scene.written()
    assert scene.paged(END + 7 * HOUR)[0] == scene.maja
    assert scene.paged(END + 8 * HOUR)[0] is None


def test_a_shift_without_a_hand_off_ends_by_the_plan():
    scene = Scene()
    assert scene.paged(END + MINUTE)[0] == scene.rachel


def test_where_shifts_overlap_who_accepted_is_paged_first():
    scene = Scene(overlap=15 * MINUTE)
    handoff = scene.written()
    during = END - 10 * MINUTE

    assert scene.paged(during) == (scene.maja, scene.rachel)
    handoffs.accept(handoff.pk, by=scene.rachel, at=during)
    assert scene.paged(during) == (scene.rachel, scene.maja)


def test_accepting_tells_the_outgoing_person_and_stops_the_clock():
    scene = Scene()
    handoff = handoffs.accept(scene.written().pk, by=scene.rachel, at=END - 5 * MINUTE, via="link")

    assert told("handoff_accepted") == {"Maja"}
    assert told("handoff_ready") == set()
    timers.fire_due(at=END + HOUR)
    assert told("handoff_overdue") == set()
    assert handoffs.describe_acceptance(handoff) == "Rachel accepted this on Wed 18 Nov at 16:07."


def test_the_second_to_accept_hears_who_was_first():
    scene = Scene()
    handoff = scene.written()
    handoffs.accept(handoff.pk, by=scene.period.lead, at=END)
    with pytest.raises(AlreadyDone, match="Lead accepted this for Rachel on"):
        handoffs.accept(handoff.pk, by=scene.rachel, at=END)


def test_somebody_else_cannot_take_over():
    scene = Scene()
    with pytest.raises(NotAllowed, match="Rachel takes over here"):
        handoffs.accept(scene.written().pk, by=scene.priya, at=END)


def test_without_a_note_it_is_accepted_once_the_shift_is_over():
    scene = Scene()
    handoff = scene.opened()
    with pytest.raises(Refused, match="has not written the note yet"):
        handoffs.accept(handoff.pk, by=scene.rachel, at=END - MINUTE)
    assert handoffs.accept(handoff.pk, by=scene.rachel, at=END).accepted_at == END


def test_a_quarter_of_an_hour_after_the_end_the_lead_hears_once():
    scene = Scene()
    scene.written()
    timers.fire_due(at=END + 14 * MINUTE)
    assert told("handoff_overdue") == set()

    timers.fire_due(at=END + 15 * MINUTE)
    timers.fire_due(at=END + 40 * MINUTE)

    assert told("handoff_overdue") == {"Lead", "Rachel"}
    assert Handoff.objects.get().escalated_at == END + 15 * MINUTE
    assert JournalEntry.objects.filter(kind="handoff.escalated").count() == 1


def test_a_follower_who_changes_gets_the_note():
    scene = Scene()
    scene.written()
    reassign.replace(
        scene.into.pk, to=scene.priya, starts_at=END, ends_at=END + 8 * HOUR, by=scene.period.lead, at=END - 10 * MINUTE
    )
    journal.dispatch_entries(at=END - 10 * MINUTE)

    assert Handoff.objects.get().incoming == scene.priya
    assert "Priya" in told("handoff_ready")
    with pytest.raises(NotAllowed):
        handoffs.accept(Handoff.objects.get().pk, by=scene.rachel, at=END)


def test_who_takes_the_rest_of_a_running_shift_has_taken_over():
    scene = Scene()
    scene.opened()
    moment = END - 10 * MINUTE
    reassign.take_over_now(scene.out.pk, by=scene.priya, at=moment)
    journal.dispatch_entries(at=moment)

    assert scene.paged(moment)[0] == scene.priya
    assert not Handoff.objects.waiting().filter(outgoing=scene.maja).exists()
    timers.fire_due(at=moment)
    assert Handoff.objects.waiting().get().outgoing == scene.priya


def test_a_longer_shift_moves_the_hand_off():
    scene = Scene()
    handoff = scene.opened()
    type(scene.out).objects.filter(pk=scene.out.pk).update(ends_at=END + 20 * MINUTE)
    handoffs.refresh(scene.period.pk, at=END - 10 * MINUTE)

    timers.fire_due(at=END + 20 * MINUTE)
    assert told("handoff_overdue") == set()
    handoff.refresh_from_db()
    assert handoff.due_at == END + 20 * MINUTE


def test_a_hand_off_ends_with_its_period():
    scene = Scene()
    handoff = scene.written()
    Period.objects.filter(pk=scene.period.pk).update(status=Period.Status.CLOSED, ended_at=NOW)
    handoffs.refresh(scene.period.pk, at=END)
    handoff.refresh_from_db()
    assert handoff.cancelled_at == END
    assert told("handoff_ready") == set()


def test_hand_over_now_opens_the_note_early_and_once():
    scene = Scene()
    first = handoffs.begin(scene.out.pk, by=scene.maja, at=NOW)
    assert handoffs.begin(scene.out.pk, by=scene.maja, at=NOW) == first
    with pytest.raises(NotAllowed):
        handoffs.begin(scene.out.pk, by=scene.rachel, at=NOW)
    with pytest.raises(Refused, match="not running"):
        handoffs.begin(scene.into.pk, by=scene.rachel, at=NOW)


def test_nobody_to_hand_over_to_is_said():
    scene = Scene()
    type(scene.into).objects.filter(pk=scene.into.pk).update(cancelled_at=NOW)
    with pytest.raises(Refused, match="nobody to hand over to"):
        handoffs.begin(scene.out.pk, by=scene.maja, at=NOW)


def test_accepting_early_leaves_the_shift_with_its_holder_until_its_end():
    scene = Scene()
    handoff = handoffs.begin(scene.out.pk, by=scene.maja, at=NOW)
    handoffs.write(handoff.pk, texts=QUIET, version=0, by=scene.maja, at=NOW)
    handoffs.accept(handoff.pk, by=scene.rachel, at=NOW)
    assert scene.paged(NOW + HOUR)[0] == scene.maja
    assert scene.paged(END)[0] == scene.rachel


def test_notes_are_found_by_all_their_words():
    scene = Scene()
    handoff = scene.opened()
    handoffs.write(
        handoff.pk, texts={"overall": "Batch size halved.", "watch": "Meter lag"}, version=0, by=scene.maja, at=NOW
    )
    assert list(handoffs.handoffs_of_period(scene.period, query="meter HALVED")) == [handoff]
    assert list(handoffs.handoffs_of_period(scene.period, query="rachel lead")) == [handoff]
    assert not handoffs.handoffs_of_period(scene.period, query="meter payments").exists()


def test_changes_of_hands_that_hardly_overlap_are_counted():
    scene, calm = Scene(), Scene(overlap=15 * MINUTE)
    assert succession.count_abrupt_changes([scene.out, scene.into]) == 1
    assert succession.count_abrupt_changes([calm.out, calm.into]) == 0


def test_the_link_is_for_the_person_who_takes_over():
    scene = Scene()
    scene.written()
    link = Link.objects.get(purpose="handoff")
    assert link.user == scene.rachel
    assert links.url_of(link).endswith(f"/handoff/{links.token_of(link.pk)}/")


def test_a_page_after_the_shift_reaches_the_one_who_was_not_relieved(monkeypatch):
    scene = Scene()
    scene.written()
    incident = make_incident(scene.period, severity="P1", team=scene.role)
    assert isinstance(incident, Incident)
    from_ladder = on_call.responders_for(incident.team, scene.period, at=END + MINUTE)
    assert from_ladder[0] == scene.maja


def test_asking_for_cover_during_a_hand_off_leaves_the_duty_held():
    scene = Scene()
    scene.written()
    request = cover_requests.ask(
        WantedCover(scene.role, END, END + 8 * HOUR, shift=scene.into), users=[scene.priya], by=scene.rachel, at=NOW
    )
    cover_requests.accept(request.pk, by=scene.priya, at=END - 15 * MINUTE)
    journal.dispatch_entries(at=END - 15 * MINUTE)
    assert Handoff.objects.get().incoming == scene.priya
    assert scene.paged(END + MINUTE) == (scene.maja, scene.priya)
