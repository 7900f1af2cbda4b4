"""Shifts from another calendar: who is meant, what changes, what stays out, and that it can be taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contributors.calendars import import_people, import_plan, imports, sources
from contributors.calendars.ics import Occurrence
from contributors.models import ImportedEvent, Shift
from contributors.shifts import absences, roster
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from periods.models import JournalEntry
from tests.contributors.calendar_files import GOOGLE, GRAFANA, OPSGENIE, PAGERDUTY, event, export
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
CAST = {"tomasz": "tomasz.wojcik@northlane.test", "priya": "priya@northlane.test"}
DAY = timedelta(days=1)


@pytest.fixture
def team() -> Any:
    """A period with a role, Tomasz and Priya."""

    class Team:
        period = make_period()
        role = make_role(period, "Billing")
        tomasz = make_member(period, make_user("Tomasz Wójcik", email=CAST["tomasz"])).user
        priya = make_member(period, make_user("Priya Raman", email=CAST["priya"])).user
        lead = period.lead

        def read(self, text: str | bytes, **more: Any) -> Any:
            data = text if isinstance(text, bytes) else export(text, **CAST)
            given = {"role": self.role, "data": data, "source": "rota.ics", "by": self.lead, "at": NOW, **more}
            return imports.start(self.period.pk, **given)

        def plan(self, draft: Any) -> import_plan.ShiftImportPlan:
            draft.refresh_from_db()
            return import_plan.build_plan(draft, at=NOW)

        def accept(self, draft: Any, **more: Any) -> Any:
            self.period.refresh_from_db()
            return imports.accept(draft.pk, version=self.period.journal_seq, by=self.lead, at=NOW, **more)

        def standing(self) -> list[tuple[str, str, str]]:
            rows = Shift.objects.filter(role=self.role, cancelled_at=None).order_by("starts_at", "user__name")
            return [(row.user.name.split()[0], f"{row.starts_at:%d %H}", f"{row.ends_at:%d %H}") for row in rows]

    return Team()


@pytest.mark.parametrize(
    ("text", "shifts"),
    [
        (PAGERDUTY, [("Tomasz", "19 08", "19 16"), ("Priya", "20 08", "20 16")]),
        (OPSGENIE, [("Tomasz", "19 08", "19 16")]),
        (GRAFANA, [("Priya", "19 08", "19 16"), ("Tomasz", "19 08", "19 16")]),
        (GOOGLE, [("Tomasz", "19 08", "19 16"), ("Priya", "26 09", "26 17")]),
    ],
    ids=["PagerDuty", "Opsgenie", "Grafana OnCall", "Google"],
)
def test_each_export_becomes_the_shifts_it_means(team, text, shifts):
    team.accept(team.read(text))

    assert team.standing() == shifts
    entries = JournalEntry.objects.filter(period=team.period)
    assert [entry.kind for entry in entries] == ["shift.imported"]
    assert entries[0].data["count"] == len(shifts)


def test_reading_plans_nothing(team):
    team.read(PAGERDUTY)

    assert team.standing() == []
    assert not JournalEntry.objects.exists()


@pytest.mark.parametrize(
    ("summary", "names"),
    [
        ("On Call - Tomasz Wójcik - Billing", ["Tomasz Wójcik"]),
        ("[L2] tomasz, priya", ["tomasz", "priya"]),
        ("Anna-Lena Weiß is on call", ["Anna-Lena Weiß"]),
        ("Maja & Tomasz", ["Maja", "Tomasz"]),
        ("Rota", ["Rota"]),
    ],
)
def test_names_are_found_in_titles(summary, names):
    assert import_people.names_in(summary) == names


def test_a_longer_name_is_not_taken_for_a_shorter_one_and_twins_are_not_guessed():
    ann, annlee, twin, other = (make_user(name) for name in ("Ann Lee", "Ann Lee Smith", "Kim Park", "Kim Park"))
    directory = import_people.PeopleLookup.of([ann, annlee, twin, other], {})

    assert directory.mentioned("On call: Ann Lee Smith") == [annlee]
    assert directory.mentioned("Kim Park") == []


def test_an_unknown_name_waits_for_a_choice_and_can_be_left_out(team):
    draft = team.read(PAGERDUTY.replace("{priya}", "someone@vendor.test").replace("Priya Raman", "Sam Poe"))
    plan = team.plan(draft)
    assert [(name.label, name.times) for name in plan.names.values()] == [("someone@vendor.test", 1)]
    assert len(plan.made) == 1

    imports.choose(draft.pk, {"someone@vendor.test": team.priya.pk}, by=team.lead)
    assert [change.piece.user for change in team.plan(draft).made] == [team.tomasz, team.priya]
    imports.choose(draft.pk, {"someone@vendor.test": 0}, by=team.lead)
    assert len(team.plan(draft).made) == 1


def test_only_people_of_the_period_can_be_chosen(team):
    with pytest.raises(Invalid, match="Choose people of"):
        imports.choose(team.read(PAGERDUTY).pk, {"x": make_user().pk}, by=team.lead)


def test_a_week_on_call_is_a_shift_a_day(team):
    team.role.on_call = True
    team.role.save()
    draft = team.read(event("SUMMARY:On Call - Tomasz Wójcik", "DTSTART:20261119T080000Z", "DTEND:20261126T080000Z"))

    plan = team.plan(draft)
    team.accept(draft)

    assert (len(plan.made), plan.split) == (7, 1)
    assert team.standing()[0] == ("Tomasz", "19 08", "20 08")


def test_what_stands_already_is_skipped_and_conflicts_are_named(team):
    make_shift(team.role, team.tomasz, starts_at=datetime(2026, 11, 19, 8, tzinfo=UTC))
    absences.add(team.priya, starts_at=NOW + DAY, ends_at=NOW + 3 * DAY, at=NOW)

    plan = team.plan(team.read(PAGERDUTY))

    assert (plan.made, plan.same) == ([], 1)
    assert plan.left == [("On Call - Priya Raman - Billing", "Fri 20 Nov 09:00: Priya Raman is away then.")]


def test_fatigue_that_blocks_keeps_a_shift_out_and_what_warns_is_kept_with_it(team):
    late = PAGERDUTY.replace("20261120T080000Z", "20261119T200000Z").replace("20261120T160000Z", "20261120T050000Z")
    both = late.replace("{priya}", "{tomasz}").replace("Priya Raman", "Tomasz Wójcik")

    plan = team.plan(team.read(both))
    single = team.plan(team.read(late))

    ((_, why),) = plan.left
    assert "Tomasz Wójcik cannot work this: Only 4 h rest before" in why
    assert [len(change.warnings) for change in single.made] == [0, 1]


def test_the_next_export_moves_reassigns_cancels_and_drops_by_uid_instead_of_doubling(team):
    team.accept(team.read(PAGERDUTY))
    first = list(Shift.objects.order_by("starts_at"))

    later = PAGERDUTY.replace("20261119T160000Z", "20261119T170000Z").replace("{priya}", "{tomasz}")
    team.accept(team.read(later))
    assert team.standing() == [("Tomasz", "19 08", "19 17"), ("Tomasz", "20 08", "20 16")]
    first[0].refresh_from_db()
    assert (first[0].revision, first[0].cancelled_at) == (1, None)

    team.accept(team.read(later.replace("UID:PQ1-1", "STATUS:CANCELLED\nUID:PQ1-1").replace("UID:PQ1-2", "UID:PQ1-3")))
    assert team.standing() == [("Tomasz", "20 08", "20 16")]


def test_an_import_of_the_same_file_has_nothing_to_do(team):
    team.accept(team.read(PAGERDUTY))

    plan = team.plan(again := team.read(PAGERDUTY))

    assert (plan.empty, plan.same) == (True, 2)
    with pytest.raises(Refused, match="nothing to put"):
        team.accept(again)


def test_what_was_changed_here_since_stays(team):
    team.accept(team.read(PAGERDUTY))
    shift = Shift.objects.get(user=team.tomasz)
    roster.cancel_shift(shift.pk, by=team.lead, at=NOW)

    plan = team.plan(team.read(PAGERDUTY))

    assert plan.made == []
    assert "changed here since" in plan.left[0][1]


def test_undo_takes_everything_back_and_the_calendar_can_come_again(team):
    team.accept(team.read(PAGERDUTY))
    before = team.standing()
    other = PAGERDUTY.replace("20261119T160000Z", "20261119T150000Z").replace("{priya}", "{tomasz}")
    second, _ = team.accept(team.read(other))
    assert team.standing() != before

    imports.undo(second.pk, by=team.lead, at=NOW)

    assert team.standing() == before
    with pytest.raises(AlreadyDone):
        imports.undo(second.pk, by=team.lead, at=NOW)
    plan = team.plan(team.read(other))
    assert (len(plan.moved), len(plan.made), len(plan.gone)) == (1, 1, 1)
    assert JournalEntry.objects.filter(kind="shift.unimported").count() == 1


def test_undo_is_refused_once_a_shift_was_changed_or_has_begun(team):
    draft, _ = team.accept(team.read(PAGERDUTY))
    with pytest.raises(Refused, match="have begun"):
        imports.undo(draft.pk, by=team.lead, at=datetime(2026, 11, 19, 9, tzinfo=UTC))
    roster.cancel_shift(Shift.objects.first().pk, by=team.lead, at=NOW)
    with pytest.raises(Refused, match="changed since"):
        imports.undo(draft.pk, by=team.lead, at=NOW)


def test_a_plan_that_changed_since_the_preview_must_be_seen_again(team):
    draft = team.read(PAGERDUTY)
    version = team.period.journal_seq
    roster.assign_shift(team.role.pk, user=team.priya, starts_at=NOW, ends_at=NOW + DAY / 4, by=team.lead, at=NOW)

    with pytest.raises(Refused, match="changed since this was shown"):
        imports.accept(draft.pk, version=version, by=team.lead, at=NOW)
    assert ImportedEvent.objects.count() == 0


def test_only_who_plans_shifts_may_import(team):
    with pytest.raises(NotAllowed):
        team.read(PAGERDUTY, by=team.tomasz)
    with pytest.raises(NotAllowed):
        imports.accept(team.read(PAGERDUTY).pk, version=0, by=team.priya, at=NOW)


def test_the_plan_costs_the_same_for_one_event_and_for_fifty(team, django_assert_num_queries):
    many = "".join(
        f"BEGIN:VEVENT\nUID:{n}\nDTSTART:202611{19 + n % 9:02}T{n % 20:02}0000Z\nDURATION:PT1H\n"
        "SUMMARY:Tomasz Wójcik\nEND:VEVENT\n"
        for n in range(50)
    )
    for text in (PAGERDUTY, f"BEGIN:VCALENDAR\n{many}END:VCALENDAR\n"):
        draft = team.read(text)
        draft.refresh_from_db()
        draft.period.timezone, draft.role.name  # noqa: B018  loaded by whoever asks
        with django_assert_num_queries(5):
            import_plan.build_plan(draft, at=NOW)


def test_keys_do_not_depend_on_who_or_when():
    one = Occurrence("uid", "i", "Tomasz", NOW, NOW + DAY)
    two = Occurrence("uid", "i", "Priya", NOW + DAY, NOW + 2 * DAY)

    assert import_plan.event_key_of(one) == import_plan.event_key_of(two) != import_plan.event_key_of(one, 1)


# --- Where it comes from


def test_a_file_of_twenty_megabytes_is_refused_before_it_is_read():
    class Untouchable:
        def read(self, _size: int) -> bytes:
            raise AssertionError("read")

    with pytest.raises(Invalid, match="more than 1 MB"):
        sources.read_file(Untouchable(), 20_000_000)  # type: ignore[arg-type]  # must not be touched


@pytest.mark.parametrize("url", ["http://127.0.0.1/x.ics", "file:///etc/passwd", "http://169.254.169.254/", "ftp://x"])
def test_addresses_inside_or_of_other_kinds_are_refused(url):
    with pytest.raises(Invalid) as refused:
        sources.fetch_url(url)

    assert set(refused.value.errors) == {"url"}
