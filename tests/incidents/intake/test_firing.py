"""Which incident a firing alert needs, derived from how things stand: before go-live, after a resolution, once more."""

from datetime import UTC, datetime, timedelta

import pytest

from contributors.messaging import delivery
from contributors.models import Delivery
from hypercare.engine import timers
from incidents.intake import alert_sources, firing, ingest
from incidents.intake.sources.alertmanager.payload import parse
from incidents.lists import timeline
from incidents.models import Alert, AlertSource, Incident
from incidents.paging import escalation
from incidents.triage import queues, triage
from periods.journal import journal
from periods.lifecycle import lifecycle
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_role, make_shift
from tests.incidents.intake.sources.alertmanager.test_alertmanager import alert, payload

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NEVER = "0001-01-01T00:00:00Z"


@pytest.fixture
def period() -> Period:
    made = make_period(key="BILL")
    make_shift(make_role(made), make_member(made).user, starts_at=NOW - HOUR, hours=23)
    return made


@pytest.fixture
def source(period) -> AlertSource:
    return source_of(period)


def source_of(period: Period) -> AlertSource:
    made, _token = alert_sources.create(period.pk, kind="alertmanager", name="AM", by=period.lead, at=NOW)
    return made


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def post(source, *, began=NOW, ended=None, at=None, severity="critical", **changes):
    """Take in what Alertmanager sends of one alert; the incident it belongs to."""
    labels = {"alertname": "InvoicesStopped", **({} if severity is None else {"severity": severity})}
    one = alert(
        labels=labels,
        annotations={"summary": "No invoices"},
        fingerprint="f1",
        startsAt=iso(began),
        status="resolved" if ended else "firing",
        endsAt=iso(ended) if ended else NEVER,
    )
    source.refresh_from_db()
    [outcome] = ingest.receive_alerts(source, parse(payload(one, **changes)), at=at or ended or began + MINUTE)
    return outcome.incident


def incident(number=1) -> Incident:
    return Incident.objects.select_related("period", "owner").get(number=number)


def taken(source, status="", at=NOW + 2 * MINUTE) -> Incident:
    """Its incident, taken by the person on shift and as far as `status`."""
    post(source)
    found = incident()
    owner = found.period.memberships.get(right="contributor").user
    triage.acknowledge(found.pk, by=owner, at=at)
    if status:
        triage.set_status(found.pk, status=status, by=owner, at=at)
    return incident()


def resolve(found, at, ending="fixed"):
    return triage.resolve(found.pk, ending=ending, resolution="Restarted", by=found.period.lead, at=at)


def kinds() -> list[str]:
    return list(JournalEntry.objects.order_by("seq").values_list("kind", flat=True))


def go_live(period, at):
    Period.objects.filter(pk=period.pk).update(status="active", status_since=at, went_live_at=at)
    period.refresh_from_db()
    journal.record(period, "period.started", by=period.lead, at=at, ends_at=period.ends_at.isoformat())
    tick(at)


def tick(at):
    journal.dispatch_entries(at=at)
    timers.fire_due(at=at)


def story(found, at) -> list[str]:
    lines = timeline.read_timeline(found, viewer=found.period.lead, notes=True, at=at, zone=UTC)
    return [f"{line.words} {line.code} {line.text}".strip() for line in lines]


# --- Severity words -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "severity"), [("page", "P1"), ("P1", "P1"), ("error", "P2"), ("high", "P2"), ("warning", "P3")]
)
def test_a_word_in_wide_use_decides_and_what_is_serious_pages(source, word, severity):
    post(source, severity=word)

    assert incident().severity == severity
    assert escalation.is_running(incident()) is (severity in ("P1", "P2"))
    assert "nknown severity" not in " ".join(story(incident(), NOW))


@pytest.mark.parametrize(
    ("word", "shown"), [("page-me", "page-me"), ("none", "none"), ("", "none given"), (None, "none given")]
)
def test_an_unknown_or_missing_word_pages_and_the_incident_says_so(source, word, shown):
    post(source, severity=word)

    assert incident().severity == "P2"
    assert escalation.is_running(incident())
    assert f"Unknown severity: {shown}. It counts as P2" in story(incident(), NOW)[-1]


def test_a_word_that_the_source_has_mapped_is_known(source):
    alert_sources.map_levels(source.pk, words={"Page-Me": "P3"}, by=source.created_by, at=NOW)

    post(source, severity="page-me")

    assert incident().severity == "P3"
    assert "nknown severity" not in " ".join(story(incident(), NOW))


# --- Times and order ----------------------------------------------------------------------------


def test_times_with_an_offset_are_kept_as_the_same_instants(source):
    began = datetime.fromisoformat("2026-11-18T21:00:00+08:00")

    post(source, began=began, at=NOW)

    assert Alert.objects.get().started_at == datetime(2026, 11, 18, 13, 0, tzinfo=UTC)


def test_a_firing_that_comes_after_its_own_end_opens_nothing(source):
    assert post(source, began=NOW, ended=NOW + 5 * MINUTE) is None
    assert post(source, began=NOW, at=NOW + 6 * MINUTE) is None

    assert Alert.objects.get().ended_at == NOW + 5 * MINUTE
    assert not Incident.objects.exists()


def test_a_copy_of_a_firing_that_was_cleared_wakes_nobody(source):
    taken(source, "mitigated")
    post(source, ended=NOW + 5 * MINUTE)

    assert post(source, at=NOW + 7 * MINUTE) == "BILL-1"

    assert incident().status == "mitigated"
    assert kinds()[-1] == "alert.cleared"


def test_a_delayed_end_of_an_earlier_firing_does_not_end_the_one_that_runs(source):
    post(source)
    post(source, began=NOW + HOUR)

    post(source, began=NOW, ended=NOW + 5 * MINUTE, at=NOW + HOUR + 2 * MINUTE)

    assert Alert.objects.filter(ended_at=None).get().started_at == NOW + HOUR


def test_a_firing_with_a_newer_start_is_a_new_one_though_the_end_between_was_lost(source):
    taken(source, "mitigated")

    post(source, began=NOW + HOUR)

    assert incident().status == "investigating"
    assert list(Alert.objects.order_by("id").values_list("ended_at", flat=True)) == [NOW + HOUR, None]


def test_alerts_that_the_sender_cut_off_are_told_on_the_incident_and_the_source(source):
    post(source, truncatedAlerts=400)

    assert "400 more alerts of its group were cut off by the sender." in story(incident(), NOW)[-1]
    source.refresh_from_db()
    assert (source.left_out, source.left_out_at) == (400, NOW + MINUTE)


# --- Before go-live -----------------------------------------------------------------------------


def before_go_live() -> tuple[Period, AlertSource]:
    period = make_period("ready", key="BILL")
    source = source_of(period)
    assert post(source, began=NOW - 3 * HOUR) is None
    return period, source


def test_what_fires_already_opens_its_incident_at_go_live_and_pages():
    period, source = before_go_live()

    go_live(period, NOW)

    assert Alert.objects.get().incident == incident()
    assert (incident().severity, incident().reported_at, incident().title) == ("P1", NOW, "No invoices")
    assert escalation.is_running(incident()) or Delivery.objects.filter(kind="page").exists()
    assert post(source, began=NOW - 3 * HOUR, at=NOW + HOUR) == "BILL-1"


def test_go_live_replayed_opens_nothing_twice():
    period, _source = before_go_live()
    go_live(period, NOW)
    resolve(incident(), NOW + MINUTE)

    firing.on_entry(JournalEntry.objects.get(kind="period.started"), at=NOW + 2 * MINUTE)
    firing.on_recheck({"period": period.pk, "since": 0, "turn": 0}, due_at=NOW, at=NOW + 2 * MINUTE)

    assert Incident.objects.get().reopened == 0


def test_what_cleared_before_go_live_or_comes_from_a_revoked_source_opens_nothing():
    period, source = before_go_live()
    post(source, began=NOW - 3 * HOUR, ended=NOW - 2 * HOUR)
    other = source_of(period)
    post(other, began=NOW - 3 * HOUR)
    alert_sources.revoke(other.pk, by=period.lead, at=NOW - HOUR)

    go_live(period, NOW)

    assert not Incident.objects.exists()


def test_many_that_fire_at_go_live_are_opened_in_turns(monkeypatch):
    monkeypatch.setattr(firing, "AT_ONCE", 2)
    period = make_period("ready", key="BILL")
    source = source_of(period)
    ones = [alert(fingerprint=f"f{n}") for n in range(5)]
    ingest.receive_alerts(source, parse(payload(*ones)), at=NOW - HOUR)

    go_live(period, NOW)
    for _ in range(3):
        tick(NOW)

    assert Incident.objects.count() == 5


def test_a_repeat_opens_what_fired_before_go_live_even_when_go_live_was_missed():
    period, source = before_go_live()
    Period.objects.filter(pk=period.pk).update(status="active", went_live_at=NOW)

    assert post(source, began=NOW - 3 * HOUR, at=NOW + MINUTE) == "BILL-1"


def test_the_real_go_live_is_what_is_heard():
    assert lifecycle.TABLE["start"].kind in firing.WENT_LIVE
    assert lifecycle.TABLE["reopen"].kind in firing.WENT_LIVE


# --- Resolved by hand while it fires ------------------------------------------------------------


def test_resolving_says_that_the_alert_still_fires(source):
    post(source)

    resolve(incident(), NOW + 10 * MINUTE)

    entry = JournalEntry.objects.get(kind="incident.resolved")
    assert entry.data["still_fires"] == ["InvoicesStopped"]
    assert "Its alert still fires: InvoicesStopped." in story(incident(), NOW)[0]


def test_an_alert_that_cleared_first_is_not_mentioned(source):
    post(source)
    post(source, ended=NOW + 5 * MINUTE)

    resolve(incident(), NOW + 10 * MINUTE)

    assert JournalEntry.objects.get(kind="incident.resolved").data["still_fires"] == []


@pytest.mark.parametrize(
    ("after", "key", "reopened"), [(14 * MINUTE, "BILL-1", 0), (15 * MINUTE, "BILL-1", 1), (25 * HOUR, "BILL-2", 0)]
)
def test_a_repeat_brings_it_back_after_a_quarter_of_an_hour(source, after, key, reopened):
    post(source)
    resolve(incident(), NOW + HOUR)

    assert post(source, at=NOW + HOUR + after) == key

    assert Incident.objects.get(number=1).reopened == reopened
    assert Incident.objects.filter(resolved_at=None).exists() is (after >= 15 * MINUTE)


def test_clearing_and_firing_anew_brings_it_back_at_once(source):
    post(source)
    resolve(incident(), NOW + HOUR)
    post(source, ended=NOW + HOUR + MINUTE)

    assert post(source, began=NOW + HOUR + 2 * MINUTE) == "BILL-1"

    assert incident().reopened == 1
    assert escalation.is_running(incident())


def test_what_was_judged_no_problem_is_not_brought_back_by_mere_repeats(source):
    post(source)
    resolve(incident(), NOW + HOUR, ending="not_a_problem")

    post(source, at=NOW + 3 * HOUR)

    assert incident().reopened == 0


# --- Firing again -------------------------------------------------------------------------------


def again(source, minutes=31):
    """It clears, and fires anew."""
    at = NOW + minutes * MINUTE
    post(source, began=Alert.objects.latest("id").started_at, ended=at - MINUTE)
    assert post(source, began=at, at=at) == "BILL-1"
    return at


def news() -> list[tuple[str, int]]:
    found = Delivery.objects.filter(kind="incident_fires_again").order_by("created_at")
    return [(row.recipient.pk, row.urgency) for row in found]


@pytest.mark.parametrize("status", ["mitigated", "monitoring"])
def test_a_mitigated_one_goes_back_to_work_and_its_owner_is_paged_first(source, status):
    owner = taken(source, status).owner

    at = again(source)
    tick(at)

    found = incident()
    assert (found.status, found.mitigated_at) == ("investigating", None)
    change = found.changes.latest("id")
    assert (change.from_status, change.to_status, change.opens, change.by) == (status, "investigating", 0, None)
    page = Delivery.objects.filter(kind="page").latest("created_at")
    assert (page.recipient, page.context["note"]) == (owner, "InvoicesStopped cleared and fires again.")
    assert [kind for kind in kinds() if kind in ("alert.attached", "incident.status")][-2:] == [
        "alert.attached",
        "incident.status",
    ]
    assert found.is_wanted
    rung = escalation.next_step_status(found, at=at)
    assert rung is not None
    assert rung.due_at == at + 5 * MINUTE


def test_silence_while_it_was_calm_does_not_page_everybody_over_the_owner(source):
    owner = taken(source, "mitigated").owner

    at = again(source, minutes=600)
    for _ in range(3):
        tick(at)

    assert set(Delivery.objects.filter(kind="page", created_at=at).values_list("recipient", flat=True)) == {owner.pk}


def test_without_an_owner_who_can_be_reached_the_ladder_begins_anew(source):
    found = taken(source, "mitigated")
    found.period.memberships.filter(user=found.owner).update(left_at=NOW + 3 * MINUTE)

    tick(again(source))

    assert Delivery.objects.filter(kind="page").latest("created_at").recipient != found.owner


@pytest.mark.parametrize("status", ["", "investigating"])
def test_whoever_works_on_it_hears_at_any_hour(source, status):
    found = taken(source, status)

    again(source)

    assert news() == [(found.owner.pk, Delivery.Urgency.PAGE)]
    assert not escalation.is_running(incident())
    assert "Its owner was told." in story(incident(), NOW)[0]


def test_the_owner_of_a_p3_hears_when_they_want_messages(source):
    post(source, severity="warning")
    triage.assign(incident().pk, owner=(lead := source.created_by), by=lead, at=NOW + 2 * MINUTE)

    again(source)

    assert news() == [(lead.pk, Delivery.Urgency.NORMAL)]


def test_while_people_are_being_paged_nobody_is_told_beside_it(source):
    post(source)

    again(source, minutes=3)

    assert news() == []
    assert escalation.is_running(incident())


def test_a_snooze_ends_when_it_fires_again(source):
    post(source, severity="warning")
    queues.snooze_until(incident().pk, until=NOW + 20 * HOUR, by=source.created_by, at=NOW + 2 * MINUTE)

    again(source)

    assert incident().snoozed_until is None


def test_while_it_flaps_whoever_works_on_it_hears_once_in_ten_minutes_and_the_count_is_kept(source):
    taken(source)

    for minutes in range(30, 42, 2):
        again(source, minutes)

    assert len(news()) == 2
    [last, *_] = JournalEntry.objects.filter(kind="alert.attached").order_by("-seq")
    assert (last.data["times"], last.data["minutes"]) == (5, 10)
    assert "Fired 4 times in 10 min. Nobody is told again so soon." in " ".join(story(incident(), NOW))


def test_what_a_person_mitigated_meanwhile_is_never_held_back(source):
    found = taken(source)
    again(source, 30)
    triage.set_status(found.pk, status="mitigated", by=found.owner, at=NOW + 32 * MINUTE)

    again(source, 35)

    assert incident().status == "investigating"
    assert escalation.is_running(incident())


def test_resolving_takes_back_what_was_not_sent(source):
    found = taken(source)
    again(source)

    resolve(found, NOW + 32 * MINUTE)

    assert Delivery.objects.get(kind="incident_fires_again").state == delivery.State.CANCELLED
