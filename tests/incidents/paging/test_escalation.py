"""Who is paged about an incident nobody has taken, in which order and when."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contributors.models import Delivery, Membership, Shift
from hypercare.engine import timers
from hypercare.exceptions import Refused
from hypercare.models import Timer, User
from incidents.models import Incident
from incidents.paging import escalation, escalation_policies
from incidents.paging.escalation_policies import EscalationLadder, EscalationStep
from incidents.triage import triage
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


class Cast:
    """A period with somebody on shift, a deputy, a lead and a sponsor."""

    def __init__(self, key: str = "BILL") -> None:
        self.period = make_period(
            key=key, lead=make_user("Maja Lindqvist", phone="+45 20 20 20 20"), sponsor=make_user("Daniel Osei")
        )
        self.role = make_role(self.period)
        self.tomasz = self._on_shift("Tomasz Wójcik", Shift.Kind.PRIMARY)
        self.ingrid = self._on_shift("Ingrid Solheim", Shift.Kind.DEPUTY)
        self.maja, self.daniel = self.period.lead, self.period.sponsor

    def _on_shift(self, name: str, kind: str) -> User:
        person = make_user(name)
        make_member(self.period, person, right="support")
        make_shift(self.role, person, kind=kind, starts_at=NOW - MINUTE)
        return person

    def report(self, **fields) -> Incident:
        plain = {"title": "Invoices issued twice", "impact": "high", "urgency": "high", "by": self.maja, "at": NOW}
        return triage.report(self.period.pk, **{**plain, **fields})


@pytest.fixture
def cast() -> Cast:
    return Cast()


def run_to(minutes: float) -> None:
    """Let the clock tick every minute from now on, as the engine would."""
    for minute in range(int(minutes) + 1):
        timers.fire_due(at=NOW + minute * MINUTE)


def paged() -> list[tuple[str, int]]:
    """Whom a page was made for, and how many minutes after the report."""
    rows = Delivery.objects.filter(kind="page").select_related("recipient").order_by("created_at", "dedupe_key")
    return [(row.recipient.name, int((row.intended_at - NOW) / MINUTE)) for row in rows]


def entries(period: Period, kind: str) -> list[JournalEntry]:
    return list(JournalEntry.objects.filter(period=period, kind=kind).order_by("seq"))


def test_a_p1_nobody_takes_goes_to_shift_deputy_lead_and_sponsor(cast):
    cast.report()

    run_to(60)

    assert paged() == [("Tomasz Wójcik", 0), ("Ingrid Solheim", 5), ("Maja Lindqvist", 10), ("Daniel Osei", 15)]


def test_a_p2_nobody_takes_goes_to_shift_deputy_and_lead(cast):
    cast.report(impact="medium")

    run_to(60)

    assert paged() == [("Tomasz Wójcik", 0), ("Ingrid Solheim", 15), ("Maja Lindqvist", 30)]


@pytest.mark.parametrize(("impact", "urgency"), [("medium", "medium"), ("low", "low")])
def test_p3_and_p4_page_nobody(cast, impact, urgency):
    cast.report(impact=impact, urgency=urgency)

    run_to(60)

    assert paged() == []
    assert not Timer.objects.filter(kind="incident.escalation").exists()


def test_the_team_of_an_incident_is_paged_instead_of_the_role_that_answers_pages(cast):
    database = make_role(cast.period, "Database", answers_pages=False)
    arjun = make_user("Arjun Mehta")
    make_member(cast.period, arjun)
    make_shift(database, arjun)

    cast.report(team=database)
    run_to(0)

    assert paged() == [("Arjun Mehta", 0)]


def test_each_step_is_one_journal_entry_that_says_who_and_who_is_next(cast):
    cast.report()
    run_to(5)

    first, second = entries(cast.period, "incident.paged")
    assert (first.data["who"], first.data["step"], first.data["next"], first.via) == (
        "Tomasz Wójcik",
        0,
        "Ingrid Solheim",
        "timer",
    )
    assert first.data["next_at"] == (NOW + 5 * MINUTE).isoformat()
    assert (second.data["who"], second.data["next"]) == ("Ingrid Solheim", "Maja Lindqvist")


def test_a_page_says_who_is_next_and_when(cast):
    cast.report()
    run_to(0)

    said = Delivery.objects.get(kind="page").context
    assert (said["goes_to"], said["goes_at"]) == ("Ingrid Solheim", (NOW + 5 * MINUTE).isoformat())
    assert (said["key"], said["severity"], said["title"]) == ("BILL-1", "P1", "Invoices issued twice")


def test_the_person_on_shift_when_the_step_fires_is_paged_not_the_one_when_it_was_set(cast):
    cast.report()
    run_to(0)
    Shift.objects.filter(user=cast.ingrid).update(ends_at=NOW + 4 * MINUTE)
    rachel = make_user("Rachel Kim")
    make_member(cast.period, rachel)
    make_shift(cast.role, rachel, kind=Shift.Kind.DEPUTY, starts_at=NOW + 4 * MINUTE)

    run_to(5)

    assert paged()[-1] == ("Rachel Kim", 5)


def test_an_acknowledgement_ends_the_ladder(cast):
    incident = cast.report()
    run_to(3)
    triage.acknowledge(incident.pk, by=cast.tomasz, at=NOW + 3 * MINUTE)

    run_to(44)

    assert paged() == [("Tomasz Wójcik", 0)]
    assert len(entries(cast.period, "incident.paged")) == 1


def test_a_step_that_fires_after_the_acknowledgement_does_nothing(cast):
    incident = cast.report()
    timer = Timer.objects.get(kind="incident.escalation")
    triage.acknowledge(incident.pk, by=cast.tomasz, at=NOW)

    escalation.on_steps([timers.Firing(timer.args, NOW)], at=NOW)

    assert paged() == []


def test_a_step_of_an_earlier_round_does_nothing(cast):
    incident = cast.report()
    args = Timer.objects.get(kind="incident.escalation").args
    triage.regrade(incident.pk, impact="medium", urgency="high", by=cast.maja, at=NOW)
    triage.regrade(incident.pk, impact="high", urgency="high", by=cast.maja, at=NOW)

    escalation.on_steps([timers.Firing(args, NOW)], at=NOW)

    assert paged() == []
    assert Incident.objects.get().escalation_round == 2


def test_with_nobody_on_shift_the_deputy_is_paged_at_once_and_the_lead_is_told(cast):
    Shift.objects.filter(user=cast.tomasz).update(cancelled_at=NOW)

    cast.report()
    run_to(0)

    assert sorted(paged()) == [("Ingrid Solheim", 0), ("Maja Lindqvist", 0)]
    assert Delivery.objects.get(recipient=cast.maja).context["note"] == "Nobody is on shift."


def test_with_nobody_on_duty_at_all_the_lead_is_paged_at_once_and_only_once(cast):
    Shift.objects.all().update(cancelled_at=NOW)

    cast.report()
    run_to(0)

    assert paged() == [("Maja Lindqvist", 0)]
    entry = entries(cast.period, "incident.paged")[0]
    assert (entry.data["who"], entry.data["skipped"]) == ("Maja Lindqvist", [0, 1])
    run_to(60)
    assert paged()[1:] == [("Daniel Osei", 15)]


def test_somebody_who_left_the_period_is_passed_over(cast):
    cast.period.memberships.filter(user=cast.ingrid).update(left_at=NOW)
    cast.report()

    run_to(60)

    assert ("Ingrid Solheim", 5) not in paged()
    assert ("Maja Lindqvist", 5) in paged()


def test_with_nobody_anywhere_the_story_says_that_nobody_could_be_paged(cast):
    Shift.objects.all().update(cancelled_at=NOW)
    Period.objects.update(lead=None, sponsor=None)

    cast.report()
    run_to(60)

    assert paged() == []
    assert [entry.data["who"] for entry in entries(cast.period, "incident.paged")] == [""]


def test_after_an_outage_the_steps_missed_are_taken_in_order(cast):
    cast.report()
    late = NOW + 12 * MINUTE

    for _ in range(5):
        timers.fire_due(at=late)

    told = [entry.data["who"] for entry in entries(cast.period, "incident.paged")]
    assert told == ["Tomasz Wójcik", "Ingrid Solheim", "Maja Lindqvist"]
    assert paged().count(("Daniel Osei", 12)) == 0


def test_changing_the_ladder_does_not_touch_an_escalation_that_runs(cast):
    cast.report()
    run_to(0)
    escalation_policies.set_ladder(
        cast.period.pk, severity="P1", ladder=EscalationLadder((EscalationStep("sponsor", 1),)), by=cast.maja, at=NOW
    )

    run_to(5)

    assert paged()[-1] == ("Ingrid Solheim", 5)


# --- At somebody's wish -------------------------------------------------------------------------


def test_passing_it_on_takes_the_next_step_now_and_only_once(cast):
    incident = cast.report()
    run_to(0)

    triage.escalate(incident.pk, reason="In a tunnel", by=cast.tomasz, at=NOW + MINUTE)
    run_to(9)

    assert paged() == [("Tomasz Wójcik", 0), ("Ingrid Solheim", 1)]
    entry = entries(cast.period, "incident.escalated")[0]
    assert (entry.data["who"], entry.data["reason"], entry.data["next"]) == (
        "Ingrid Solheim",
        "In a tunnel",
        "Maja Lindqvist",
    )
    run_to(10)
    assert paged()[-1] == ("Maja Lindqvist", 10)


def test_an_acknowledged_incident_can_be_escalated_to_those_who_do_not_know_yet(cast):
    incident = cast.report()
    run_to(0)
    triage.acknowledge(incident.pk, by=cast.tomasz, at=NOW + MINUTE)

    for minute in (2, 3, 4):
        triage.escalate(incident.pk, reason="Stuck", by=cast.tomasz, at=NOW + minute * MINUTE)

    assert paged() == [("Tomasz Wójcik", 0), ("Ingrid Solheim", 2), ("Maja Lindqvist", 3), ("Daniel Osei", 4)]


def test_when_everybody_was_paged_escalating_says_whom_to_call(cast):
    incident = cast.report()
    run_to(60)

    with pytest.raises(Refused, match=r"Call Maja Lindqvist on \+45 20 20 20 20\."):
        triage.escalate(incident.pk, reason="", by=cast.tomasz, at=NOW + 61 * MINUTE)


def test_a_p3_can_be_escalated_by_hand(cast):
    incident = cast.report(impact="low", urgency="high")

    triage.escalate(incident.pk, reason="Getting worse", by=cast.maja, at=NOW)

    assert paged() == [("Tomasz Wójcik", 0)]


# --- What the page shows ------------------------------------------------------------------------


def shown(incident: Incident, minutes: float) -> list[tuple[str, str, str]]:
    incident.refresh_from_db()
    incident.period.refresh_from_db()
    rungs = escalation.ladder_status(incident, at=NOW + minutes * MINUTE)
    return [(rung.label, rung.person.name if rung.person else "", rung.state) for rung in rungs]


def test_the_ladder_shows_who_was_paged_who_is_next_and_who_waits(cast):
    incident = cast.report()
    run_to(0)

    assert shown(incident, 1) == [
        ("On shift", "Tomasz Wójcik", "paged"),
        ("Deputy", "Ingrid Solheim", "next"),
        ("Lead", "Maja Lindqvist", "waiting"),
        ("Sponsor", "Daniel Osei", "waiting"),
    ]
    rung = escalation.next_step_status(incident, at=NOW + MINUTE)
    assert rung is not None
    assert (rung.person, rung.due_at, rung.fired_at) == (cast.ingrid, NOW + 5 * MINUTE, None)


def test_before_its_first_step_everybody_is_still_to_come(cast):
    assert [state for *_, state in shown(cast.report(), 0)] == ["next", "waiting", "waiting", "waiting"]


def test_after_an_acknowledgement_the_rest_was_not_needed(cast):
    incident = cast.report()
    run_to(0)
    triage.acknowledge(incident.pk, by=cast.tomasz, at=NOW + MINUTE)

    assert [state for *_, state in shown(incident, 2)] == ["paged", "not needed", "not needed", "not needed"]
    assert escalation.next_step_status(incident, at=NOW + MINUTE) is None


def test_what_was_not_needed_names_who_was_on_then_and_not_who_is_on_now(cast):
    incident = cast.report()
    run_to(0)
    triage.acknowledge(incident.pk, by=cast.tomasz, at=NOW + MINUTE)
    Shift.objects.filter(user=cast.ingrid).update(ends_at=NOW + 30 * MINUTE)
    later = make_member(cast.period, make_user("Kavya Nair"), right="support").user
    make_shift(cast.role, later, kind=Shift.Kind.DEPUTY, starts_at=NOW + 30 * MINUTE)

    assert shown(incident, 60)[1] == ("Deputy", "Ingrid Solheim", "not needed")


def test_after_a_resolution_without_acknowledgement_the_rest_is_stopped(cast):
    incident = cast.report()
    run_to(0)
    triage.resolve(incident.pk, ending="fixed", resolution="Gone", by=cast.tomasz, at=NOW + MINUTE)

    assert [state for *_, state in shown(incident, 2)] == ["paged", "stopped", "stopped", "stopped"]


def test_a_step_nobody_stood_on_says_so(cast):
    Shift.objects.filter(user=cast.tomasz).update(cancelled_at=NOW)
    incident = cast.report()
    run_to(0)

    assert shown(incident, 1)[:2] == [("On shift: nobody", "", "stopped"), ("Deputy", "Ingrid Solheim", "paged")]


def test_an_incident_that_pages_nobody_has_no_ladder(cast):
    assert shown(cast.report(impact="low", urgency="low"), 1) == []


# --- Many at once -------------------------------------------------------------------------------


def test_incidents_of_several_periods_due_at_once_page_each_their_own_people(cast):
    other = Cast("SHOP")
    first, second, third = cast.report(), other.report(), cast.report(title="Payments stand still")

    assert timers.fire_due(at=NOW) == 3

    pages = Delivery.objects.filter(kind="page").values_list("recipient", "period", "subject")
    assert sorted(pages) == sorted(
        [
            (cast.tomasz.pk, cast.period.pk, first.subject),
            (other.tomasz.pk, other.period.pk, second.subject),
            (cast.tomasz.pk, cast.period.pk, third.subject),
        ]
    )
    assert [len(entries(period, "incident.paged")) for period in (cast.period, other.period)] == [2, 1]
    assert Timer.objects.filter(kind="incident.escalation", fired_at=None, cleared_at=None).count() == 3


def test_steps_due_at_once_cost_the_same_statements_however_many(cast):
    def statements(count: int) -> int:
        for _ in range(count):
            cast.report()
        with CaptureQueriesContext(connection) as seen:
            assert timers.fire_due(at=NOW) == count
        return len(seen)

    few, many = statements(3), statements(30)

    assert many == few


def test_in_turn_goes_on_within_what_is_due_at_once(cast):
    members = [cast._on_shift(f"Member {number}", Shift.Kind.PRIMARY) for number in range(3)]
    Membership.objects.filter(user__in=members).update(role=cast.role)
    in_turn = EscalationLadder((EscalationStep("round_robin", 0, role=cast.role.pk), EscalationStep("lead", 5)))
    escalation_policies.set_ladder(cast.period.pk, severity="P1", ladder=in_turn, by=cast.maja, at=NOW)
    for _ in range(3):
        cast.report()

    assert timers.fire_due(at=NOW) == 3

    pages = Delivery.objects.filter(kind="page")
    assert len(set(pages.values_list("recipient", flat=True))) == 3


# --- A page that gets to nobody -----------------------------------------------------------------


def lose(person: User, *, state: str = "dead", at=NOW) -> None:
    """The pages to somebody are refused for good, as the sender records it."""
    for row in Delivery.objects.filter(kind="page", recipient=person):
        Delivery.objects.filter(pk=row.pk).update(state=state, settled_at=at, last_error="550 no such person")
        timers.arm(f"undelivered:{row.pk}", kind="delivery.undelivered", due_at=at, args={"delivery": str(row.pk)})
    timers.fire_due(at=at)


def test_a_page_that_is_refused_goes_to_the_next_person_at_once(cast):
    cast.report()
    run_to(0)

    lose(cast.tomasz)
    run_to(10)

    assert paged() == [("Tomasz Wójcik", 0), ("Ingrid Solheim", 0), ("Maja Lindqvist", 10)]
    early = JournalEntry.objects.filter(kind="incident.paged").order_by("seq")[1]
    assert early.data["reason"] == "The page to Tomasz Wójcik could not be sent."
    assert early.data["planned_at"] == (NOW + 5 * MINUTE).isoformat()


def test_a_page_that_another_way_still_carries_waits_for_its_time(cast):
    cast.report()
    run_to(0)
    page = Delivery.objects.get(kind="page")
    Delivery.objects.create(
        dedupe_key=f"{page.dedupe_key}~way:7",
        recipient=cast.tomasz,
        period=cast.period,
        subject=page.subject,
        kind="page",
        channel="push",
        address="phone",
        urgency=0,
        intended_at=NOW,
        next_at=NOW,
        created_at=NOW,
    )
    Delivery.objects.filter(pk=page.pk).update(state="dead", settled_at=NOW, last_error="550")
    timers.arm(f"undelivered:{page.pk}", kind="delivery.undelivered", due_at=NOW, args={"delivery": str(page.pk)})

    timers.fire_due(at=NOW + MINUTE)

    assert "Ingrid Solheim" not in dict(paged())


def test_a_page_lost_after_the_ladder_went_on_or_was_stopped_changes_nothing(cast):
    incident = cast.report()
    run_to(5)
    lose(cast.tomasz, at=NOW + 6 * MINUTE)
    assert [name for name, _ in paged()] == ["Tomasz Wójcik", "Ingrid Solheim"]

    triage.acknowledge(incident.pk, by=cast.ingrid, at=NOW + 7 * MINUTE)
    lose(cast.ingrid, at=NOW + 8 * MINUTE)

    assert len(paged()) == 2


def test_pages_are_tried_until_the_last_of_the_ladder_had_its_time(cast):
    cast.report()
    run_to(15)

    assert set(Delivery.objects.filter(kind="page").values_list("tried_until", flat=True)) == {NOW + 30 * MINUTE}
