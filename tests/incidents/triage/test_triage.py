"""What people do with incidents: numbers, severity, status, who is told what, and who may not."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from contributors.models import Delivery, Membership
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, Refused, TransitionRefused
from hypercare.models import Timer
from incidents.models import Comment, Incident, StatusChange
from incidents.paging import escalation_policies
from incidents.triage import editing, triage
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_incident, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=3)


@pytest.fixture
def period() -> Period:
    return make_period(name="Billing cut-over")


@pytest.fixture
def tomasz(period):
    """On shift in the role that answers pages."""
    person = make_user("Tomasz Wójcik")
    make_member(period, person, right="support")
    make_shift(make_role(period), person)
    return person


def report(period: Period, **fields) -> Incident:
    plain = {"title": "Invoices issued twice", "impact": "high", "urgency": "high", "by": period.lead, "at": NOW}
    return triage.report(period.pk, **{**plain, **fields})


def entries(period: Period) -> list[JournalEntry]:
    return list(JournalEntry.objects.filter(period=period).order_by("seq"))


def pending() -> int:
    """Steps of an escalation still to come."""
    waiting = Timer.objects.filter(fired_at__isnull=True, cleared_at__isnull=True)
    return waiting.filter(kind="incident.escalation").count()


# --- Report -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("impact", "urgency", "severity"), [("high", "high", "P1"), ("medium", "high", "P2"), ("low", "low", "P4")]
)
def test_severity_follows_from_impact_and_urgency(period, impact, urgency, severity):
    assert report(period, impact=impact, urgency=urgency).severity == severity


def test_incidents_are_numbered_from_one_within_their_period(period):
    other = make_period()

    numbers = [report(period).number, report(period).number, report(other).number]

    assert numbers == [1, 2, 1]


def test_a_refused_report_leaves_no_gap_in_the_numbers(period):
    with pytest.raises(Invalid):
        report(period, title="  ")

    assert report(period).number == 1


def test_a_report_is_one_status_change_that_opens_and_one_journal_entry(period):
    incident = report(period, component="Payments", via="api")

    change = StatusChange.objects.get()
    entry = entries(period)[0]
    assert (change.from_status, change.to_status, change.opens, change.at) == ("", "new", 1, NOW)
    assert (entry.kind, entry.subject, entry.actor, entry.via) == (
        "incident.reported",
        "incident:1",
        period.lead,
        "api",
    )
    assert (entry.data["title"], entry.data["severity"], entry.data["component"]) == (
        "Invoices issued twice",
        "P1",
        "Payments",
    )
    assert incident.version == 1


@pytest.mark.parametrize("status", [*Period.PRE_LIVE])
def test_before_go_live_a_report_is_refused_and_says_when_it_can_be_made(status):
    period = make_period(status, name="Billing cut-over")

    with pytest.raises(TransitionRefused, match="Billing cut-over is not live yet"):
        report(period)

    assert not Incident.objects.exists()


@pytest.mark.parametrize("status", [*Period.ENDED])
def test_after_the_end_a_report_is_refused_and_says_whom_to_tell(status):
    with pytest.raises(TransitionRefused, match=r"has ended .* Report this to the team that runs it now"):
        report(make_period(status))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"impact": "huge"}, "impact"),
        ({"urgency": ""}, "urgency"),
        ({"component": "Warehouse"}, "component"),
        ({"description": "x" * 20_001}, "description"),
    ],
)
def test_a_field_that_cannot_stand_is_named_with_what_to_do(period, fields, field):
    with pytest.raises(Invalid) as refusal:
        report(period, **fields)

    assert list(refusal.value.errors) == [field]


def test_a_role_of_another_period_cannot_be_the_team(period):
    with pytest.raises(Invalid, match="Choose a role of this period"):
        report(period, team=make_role(make_period()))


def test_a_title_is_one_line_without_loose_space(period):
    assert report(period, title="  Invoices\n issued   twice ").title == "Invoices issued twice"


# --- Acknowledge --------------------------------------------------------------------------------


def test_acknowledging_names_who_and_when_and_gives_an_owner(period, tomasz):
    incident = triage.acknowledge(report(period).pk, by=tomasz, at=LATER)

    assert (incident.status, incident.acknowledged_by, incident.acknowledged_at, incident.owner) == (
        "acknowledged",
        tomasz,
        LATER,
        tomasz,
    )
    assert entries(period)[-1].data["after_s"] == 180


def test_acknowledging_keeps_the_owner_somebody_named_before(period, tomasz):
    incident = report(period)
    triage.assign(incident.pk, owner=tomasz, by=period.lead, at=NOW)

    assert triage.acknowledge(incident.pk, by=period.lead, at=LATER).owner == tomasz


def test_the_second_to_acknowledge_hears_who_was_first_and_when(period, tomasz):
    incident = report(period)
    triage.acknowledge(incident.pk, by=tomasz, at=LATER)

    with pytest.raises(AlreadyDone, match=r"Tomasz Wójcik acknowledged it at 14:15 on 18 Nov \(Copenhagen\)\."):
        triage.acknowledge(incident.pk, by=period.lead, at=LATER + timedelta(minutes=1))

    assert Incident.objects.get().acknowledged_by == tomasz


def test_acknowledging_clears_what_would_page_and_takes_back_pages_not_sent(period, tomasz):
    incident = report(period)
    timers.fire_due(at=NOW)
    assert (pending(), Delivery.objects.filter(kind="page", state="due").count()) == (1, 1)

    triage.acknowledge(incident.pk, by=tomasz, at=LATER)

    assert pending() == 0
    assert list(Delivery.objects.filter(kind="page").values_list("state", flat=True)) == ["cancelled"]


# --- Assign -------------------------------------------------------------------------------------


def test_giving_it_to_somebody_does_not_acknowledge_it_for_them(period, tomasz):
    incident = triage.assign(report(period).pk, owner=tomasz, by=period.lead, at=NOW)

    assert (incident.owner, incident.status, incident.acknowledged_at) == (tomasz, "new", None)
    assert pending() == 1


def test_taking_it_yourself_acknowledges_it(period, tomasz):
    incident = triage.assign(report(period).pk, owner=tomasz, by=tomasz, at=LATER)

    assert (incident.status, incident.acknowledged_by) == ("acknowledged", tomasz)
    assert pending() == 0


@pytest.mark.parametrize("right", [None, Membership.Right.VIEWER])
def test_somebody_who_does_not_work_in_the_period_cannot_own_an_incident(period, right):
    stranger = make_user("Stranger")
    if right:
        make_member(period, stranger, right=right)

    with pytest.raises(Invalid, match="Stranger does not work in Billing cut-over"):
        triage.assign(report(period).pk, owner=stranger, by=period.lead, at=NOW)


def test_an_owner_can_be_taken_off(period, tomasz):
    incident = report(period)
    triage.assign(incident.pk, owner=tomasz, by=period.lead, at=NOW)

    assert triage.assign(incident.pk, owner=None, by=period.lead, at=NOW).owner is None


# --- Regrade ------------------------------------------------------------------------------------


def test_regrading_computes_the_severity_again_and_says_what_it_was(period):
    incident = triage.regrade(
        report(period).pk, impact="medium", urgency="medium", by=period.lead, at=NOW, reason="One customer only"
    )

    data = entries(period)[-1].data
    assert (incident.severity, data["before"], data["severity"], data["reason"]) == (
        "P3",
        "P1",
        "P3",
        "One customer only",
    )


def test_raising_it_to_p1_before_anybody_took_it_starts_paging(period, tomasz):
    incident = report(period, impact="low", urgency="low")
    assert pending() == 0

    triage.regrade(incident.pk, impact="high", urgency="high", by=period.lead, at=LATER)
    timers.fire_due(at=LATER)

    assert Delivery.objects.get(kind="page").recipient == tomasz


def test_raising_it_after_somebody_took_it_pages_nobody(period, tomasz):
    incident = report(period, impact="low", urgency="low")
    triage.acknowledge(incident.pk, by=tomasz, at=NOW)

    triage.regrade(incident.pk, impact="high", urgency="high", by=period.lead, at=LATER)

    assert pending() == 0


def test_lowering_it_to_p3_stops_paging(period, tomasz):
    incident = report(period)

    triage.regrade(incident.pk, impact="low", urgency="medium", by=period.lead, at=LATER)

    assert pending() == 0


# --- Status -------------------------------------------------------------------------------------


def test_mitigating_records_when_it_stopped_hurting_and_going_back_to_work_forgets_it(period, tomasz):
    incident = report(period)

    assert triage.set_status(incident.pk, status="mitigated", by=tomasz, at=LATER).mitigated_at == LATER
    assert triage.set_status(incident.pk, status="monitoring", by=tomasz, at=LATER).mitigated_at == LATER
    assert triage.set_status(incident.pk, status="investigating", by=tomasz, at=LATER).mitigated_at is None


def test_starting_to_work_on_a_new_incident_acknowledges_it(period, tomasz):
    incident = triage.set_status(report(period).pk, status="investigating", by=tomasz, at=LATER)

    assert (incident.status, incident.acknowledged_by, incident.owner) == ("investigating", tomasz, tomasz)
    assert pending() == 0


@pytest.mark.parametrize("status", ["new", "resolved", "closed", "asleep"])
def test_a_status_that_is_not_a_step_of_work_is_refused(period, status):
    with pytest.raises(Invalid):
        triage.set_status(report(period).pk, status=status, by=period.lead, at=NOW)


def test_the_same_status_again_is_said_not_repeated(period):
    incident = report(period)
    triage.set_status(incident.pk, status="investigating", by=period.lead, at=NOW)

    with pytest.raises(AlreadyDone, match="is already investigating"):
        triage.set_status(incident.pk, status="investigating", by=period.lead, at=NOW)


# --- Comments -----------------------------------------------------------------------------------


def test_a_stakeholder_update_restarts_the_update_clock_and_a_note_does_not(period):
    incident = report(period)

    note = triage.comment(incident.pk, body="Looking", kind="note", by=period.lead, at=NOW)
    assert note.incident.last_update_at is None

    triage.comment(incident.pk, body=" We found it. ", kind="update", by=period.lead, at=LATER)
    assert Incident.objects.get().last_update_at == LATER
    assert Comment.objects.latest("id").body == "We found it."


@pytest.mark.parametrize(("body", "kind", "field"), [(" \n ", "note", "body"), ("Hello", "shout", "kind")])
def test_an_empty_or_unknown_comment_is_refused(period, body, kind, field):
    with pytest.raises(Invalid) as refusal:
        triage.comment(report(period).pk, body=body, kind=kind, by=period.lead, at=NOW)

    assert list(refusal.value.errors) == [field]


# --- Resolve and reopen -------------------------------------------------------------------------


def resolve(incident: Incident, **fields) -> Incident:
    plain = {"ending": "fixed", "resolution": "Switched the old job off", "by": incident.period.lead, "at": LATER}
    return triage.resolve(incident.pk, **{**plain, **fields})


def test_resolving_says_how_it_ended_and_stops_paging(period, tomasz):
    incident = resolve(report(period), cause="Two schedulers ran", verdict="caused")

    assert (incident.status, incident.resolved_at, incident.cause, incident.caused_by_change) == (
        "resolved",
        LATER,
        "Two schedulers ran",
        True,
    )
    assert list(StatusChange.objects.order_by("id").values_list("opens", flat=True)) == [1, -1]
    assert pending() == 0


@pytest.mark.parametrize(("fields", "field"), [({"resolution": ""}, "resolution"), ({"ending": "magic"}, "ending")])
def test_an_ending_without_words_or_of_no_kind_is_refused(period, fields, field):
    with pytest.raises(Invalid) as refusal:
        resolve(report(period), **fields)

    assert list(refusal.value.errors) == [field]


def test_resolving_twice_says_who_was_first(period):
    incident = resolve(report(period))

    with pytest.raises(AlreadyDone, match="Lead resolved it at 14:15"):
        resolve(incident)


@pytest.mark.parametrize(
    "act",
    [
        lambda pk, by: triage.assign(pk, owner=by, by=by, at=LATER),
        lambda pk, by: triage.set_status(pk, status="monitoring", by=by, at=LATER),
        lambda pk, by: triage.regrade(pk, impact="low", urgency="low", by=by, at=LATER),
        lambda pk, by: triage.escalate(pk, reason="", by=by, at=LATER),
        lambda pk, by: triage.transfer_to_bau(pk, team="Billing BAU", by=by, at=LATER),
    ],
)
def test_work_on_a_resolved_incident_asks_to_reopen_it_first(period, act):
    incident = resolve(report(period))

    with pytest.raises(Refused, match="Reopen it first"):
        act(incident.pk, period.lead)


def test_a_reopened_p1_is_new_again_with_fresh_clocks_and_pages_in_a_new_round(period, tomasz):
    incident = report(period)
    timers.fire_due(at=NOW)
    triage.acknowledge(incident.pk, by=tomasz, at=LATER)
    resolve(incident)
    again_at = NOW + timedelta(hours=3)

    reopened = triage.reopen(incident.pk, reason="Two more doubles", by=period.lead, at=again_at)
    timers.fire_due(at=again_at)

    assert (reopened.status, reopened.reopened, reopened.resolved_at, reopened.acknowledged_at) == (
        "new",
        1,
        None,
        None,
    )
    assert reopened.clock_from == again_at
    assert Incident.objects.get().escalation_round == 2
    assert list(Delivery.objects.filter(kind="page", state="due").values_list("intended_at", flat=True)) == [again_at]
    assert list(StatusChange.objects.order_by("id").values_list("opens", flat=True)) == [1, 0, -1, 1]


def test_reopening_needs_a_reason_and_a_resolved_incident(period):
    incident = report(period)
    with pytest.raises(TransitionRefused, match="is open already"):
        triage.reopen(incident.pk, reason="Again", by=period.lead, at=LATER)

    resolve(incident)
    with pytest.raises(Invalid, match="Say what came back"):
        triage.reopen(incident.pk, reason=" ", by=period.lead, at=LATER)


def test_reopening_in_a_period_that_has_ended_is_refused(period):
    incident = make_incident(period, status="resolved", resolved_at=NOW)
    Period.objects.filter(pk=period.pk).update(status="closed")

    with pytest.raises(TransitionRefused, match="has ended"):
        triage.reopen(incident.pk, reason="Again", by=period.lead, at=LATER)


# --- Hand over ----------------------------------------------------------------------------------


def test_handing_over_names_the_team_that_takes_what_stays_open(period):
    incident = triage.transfer_to_bau(report(period).pk, team=" Billing  BAU ", by=period.lead, at=LATER)

    assert incident.handed_to == "Billing BAU"
    assert entries(period)[-1].data["team"] == "Billing BAU"


# --- Invariants ---------------------------------------------------------------------------------


def walk(incident: Incident, lead):
    """Every function of the module once, in an order that works."""
    pk, common = incident.pk, {"by": lead, "at": LATER}
    yield lambda: triage.escalate(pk, reason="Nobody answers", **common)
    yield lambda: triage.acknowledge(pk, **common)
    yield lambda: triage.assign(pk, owner=lead, **common)
    yield lambda: triage.regrade(pk, impact="medium", urgency="medium", **common)
    yield lambda: triage.set_status(pk, status="investigating", **common)
    yield lambda: triage.comment(pk, body="Found it", kind="decision", **common)
    yield lambda: triage.transfer_to_bau(pk, team="BAU", **common)
    yield lambda: triage.resolve(pk, ending="fixed", resolution="Done", **common)
    yield lambda: triage.reopen(pk, reason="Again", **common)


def test_invariant_3_every_change_is_one_journal_entry_and_one_version(period, tomasz):
    incident = report(period)
    kinds = []
    for version, act in enumerate(walk(incident, period.lead), start=2):
        before = len(entries(period))

        act()

        written = entries(period)[before:]
        kinds += [entry.kind.partition(".")[2] for entry in written]
        assert len(written) == 1
        assert {"key", "title", "severity"} <= written[0].data.keys()
        saved = Incident.objects.get()
        assert (saved.version, saved.updated_at) == (version, LATER)
    assert kinds == [
        "escalated",
        "acknowledged",
        "assigned",
        "regraded",
        "status",
        "commented",
        "handed_over",
        "resolved",
        "reopened",
    ]


def test_invariant_3_a_refused_change_leaves_no_entry_and_no_trace(period):
    incident = report(period)
    resolve(incident)
    before = (entries(period), Incident.objects.values().get())

    with pytest.raises(Refused):
        triage.acknowledge(incident.pk, by=period.lead, at=LATER)

    assert (entries(period), Incident.objects.values().get()) == before


def _writes_a_status(text: str) -> bool:
    """Whether code sets `status` of an incident: by assignment, setattr, update or bulk_update."""
    return any(map(_is_write, ast.walk(ast.parse(text))))


def _is_write(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "status" and isinstance(node.ctx, ast.Store) and not _is_period(node.value)
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name == "setattr":
        return not isinstance(node.args[1], ast.Constant) or node.args[1].value == "status"
    if name == "update":
        return any(given.arg == "status" for given in node.keywords)
    return name == "bulk_update" and any(
        isinstance(part, ast.Constant) and part.value == "status"
        for given in (*node.args, *(word.value for word in node.keywords))
        for part in ast.walk(given)
    )


def _is_period(node: ast.expr) -> bool:
    return getattr(node, "attr", getattr(node, "id", "")) == "period"


@pytest.mark.parametrize(
    ("code", "writes"),
    [
        ('incident.status = "closed"', True),
        ("row.status, other = was, None", True),
        ('setattr(incident, "status", was)', True),
        ("setattr(incident, name, value)", True),
        ('Incident.objects.filter(pk=1).update(status="closed")', True),
        ('found.update(owner=None, status="closed")', True),
        ('Incident.objects.bulk_update(rows, ["owner", "status"])', True),
        ('Incident.objects.bulk_update(rows, fields=("status",))', True),
        ("if incident.status == was: pass", False),
        ('setattr(incident, "owner", None)', False),
        ('facts.update({"status": 1})', False),
    ],
)
def test_each_way_to_write_a_status_is_seen(code, writes):
    assert _writes_a_status(code) is writes


def test_invariant_1_only_triage_writes_the_status_of_an_incident():
    """Only this app and the front may import incidents at all; `editing.py` names the fields it sets, none a status."""
    root = Path(settings.BASE_DIR)
    files = [*(root / "incidents").rglob("*.py"), *(root / "hypercare").rglob("*.py")]
    about = {path: path.read_text() for path in files if "migrations" not in path.parts}

    writers = {
        str(path.relative_to(root))
        for path, text in about.items()
        if re.search(r"\bincidents?\b", text) and _writes_a_status(text)
    }

    assert writers == {"incidents/triage/triage.py", "incidents/triage/editing.py"}
    assert "status" not in editing.FIELDS
    assert not re.search(r"\.status\s*=[^=]|update\(", about[root / "incidents/triage/editing.py"])


def test_the_steps_that_page_are_those_of_the_severity():
    steps = escalation_policies.LADDERS["P1"].steps
    assert [(step.who, step.after) for step in steps] == [("on_shift", 0), ("deputy", 5), ("lead", 10), ("sponsor", 15)]
    assert not escalation_policies.LADDERS["P3"].steps
