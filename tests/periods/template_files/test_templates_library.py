"""The built-in checklist, exit criteria and rhythm of debriefs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from periods.template_files.checklist import CATEGORIES, CHECKLIST, EACH, ROLES, owner_name
from periods.template_files.criteria import BY_CODE, CRITERIA
from periods.template_files.rhythm import DEBRIEF_MINUTES, RHYTHM, cadence_on, debrief_slots

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
# Monday 2 March 2026, 08:00 in Copenhagen.
GO_LIVE = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def slots(band, *, go_live=GO_LIVE, days=14, **options):
    ends_at = options.pop("ends_at", go_live + timedelta(days=days))
    return debrief_slots(band=band, go_live=go_live, ends_at=ends_at, **({"zone": COPENHAGEN} | options))


def in_words(moments, zone=COPENHAGEN):
    return [f"{moment.astimezone(zone):%a %d %H:%M}" for moment in moments]


# --- Checklist


def test_the_checklist_has_its_54_checks_numbered_in_order():
    assert [check.number for check in CHECKLIST] == list(range(1, 55))
    assert len({check.title for check in CHECKLIST}) == 54


def test_the_checks_fall_into_ten_categories():
    assert CATEGORIES == {
        "People": 6,
        "Monitoring": 6,
        "Testing": 7,
        "Rollback": 5,
        "Comms": 5,
        "Data": 5,
        "Security": 5,
        "Support": 6,
        "Vendor": 3,
        "Business": 6,
    }


def test_the_blocking_checks_are_the_fields():
    blocking = [check.number for check in CHECKLIST if check.blocking]

    assert blocking == [
        *(1, 2, 3, 4, 7, 8, 9, 13, 14, 15, 16, 18, 19, 20, 21, 22, 25, 30, 31, 32),
        *(35, 36, 40, 41, 42, 44, 46, 49, 50, 54),
    ]


@pytest.mark.parametrize(
    ("number", "title", "owner", "evidence"),
    [
        (1, "Every required role named with deputy", "HL", "roster"),
        (2, "Contributors acked role and dates", EACH, "ack record"),
        (9, "Baseline rates recorded", "EN", "28-day export"),
        (22, "Point of no return and authority named", "SP", "decision note"),
        (48, "Third parties' freezes checked", "RM", "calendar"),
        (54, "Hypercare funded incl. extension", "SP", "approval"),
    ],
)
def test_a_check_names_its_owner_and_the_evidence_wanted(number, title, owner, evidence):
    check = CHECKLIST[number - 1]

    assert (check.title, check.owner_role, check.evidence) == (title, owner, evidence)


def test_every_owner_is_a_role_somebody_can_hold():
    owners = Counter(check.owner_role for check in CHECKLIST)

    # The incident commander prepares nothing by the checklist: that role begins at go-live.
    assert set(owners) == set(ROLES) - {"IC"} | {EACH}
    assert owners[EACH] == 1
    assert CHECKLIST[1].owner_name == "Every contributor"
    assert owner_name("HL") == "Hypercare lead"


def test_every_check_is_due_in_the_two_weeks_before_go_live():
    assert all(-14 <= check.due_days <= -3 for check in CHECKLIST)
    assert {check.evidence_kind for check in CHECKLIST} == {"link", "note", "file"}


def test_checks_fit_the_columns_they_are_copied_to():
    assert max(len(check.title) for check in CHECKLIST) <= 200
    assert max(len(check.evidence) for check in CHECKLIST) <= 80
    assert max(len(check.owner_role) for check in CHECKLIST) <= 4


# --- Exit criteria


def test_there_are_fifteen_criteria_and_the_mandatory_ones_are_the_fields():
    assert [criterion.number for criterion in CRITERIA] == list(range(1, 16))
    assert len(BY_CODE) == 15
    assert [c.number for c in CRITERIA if c.mandatory] == [1, 2, 3, 4, 5, 6, 10, 11, 13]


def test_what_no_data_can_answer_is_decided_by_a_person():
    assert [c.code for c in CRITERIA if not c.automatic] == ["data_reconciled", "slo_met", "runbooks_accepted", "pulse"]


def test_criteria_fit_the_columns_they_are_copied_to():
    assert max(len(c.code) for c in CRITERIA) <= 40
    assert max(len(c.title) for c in CRITERIA) <= 160
    assert max(len(c.unit) for c in CRITERIA) <= 20


# --- Rhythm


def test_minimal_meets_once_a_day():
    assert in_words(slots("minimal", days=3)) == ["Mon 02 16:00", "Tue 03 16:00", "Wed 04 16:00"]


def test_low_meets_daily_for_three_days_and_then_every_second_working_day():
    assert in_words(slots("low")) == [
        *("Mon 02 16:00", "Tue 03 16:00", "Wed 04 16:00"),
        *("Fri 06 16:00", "Tue 10 16:00", "Thu 12 16:00"),
    ]


def test_a_holiday_is_not_a_working_day_of_the_alternate_cadence():
    moved = slots("low", holidays=frozenset({date(2026, 3, 5)}))

    assert in_words(moved)[3:] == ["Mon 09 16:00", "Wed 11 16:00", "Fri 13 16:00"]


def test_moderate_meets_twice_for_three_days_daily_to_day_ten_then_every_second_working_day():
    words = in_words(slots("moderate", days=18))

    assert words[:6] == [
        *("Mon 02 09:30", "Mon 02 16:00", "Tue 03 09:30", "Tue 03 16:00", "Wed 04 09:30", "Wed 04 16:00")
    ]
    assert words[6:13] == [
        *("Thu 05 16:00", "Fri 06 16:00", "Sat 07 16:00", "Sun 08 16:00"),
        *("Mon 09 16:00", "Tue 10 16:00", "Wed 11 16:00"),
    ]
    assert words[13:] == ["Fri 13 16:00", "Tue 17 16:00", "Thu 19 16:00"]


def test_high_meets_twice_for_five_days_daily_to_day_fifteen_then_three_times_a_week():
    words = in_words(slots("high", days=28))

    assert len([word for word in words if word.endswith("09:30")]) == 5
    assert words[10:20][0] == "Sat 07 16:00"
    assert words[10:20][-1] == "Mon 16 16:00"
    assert words[20:] == [*("Wed 18 16:00", "Fri 20 16:00", "Mon 23 16:00", "Wed 25 16:00", "Fri 27 16:00")]


def test_very_high_meets_twice_for_ten_days_daily_to_day_thirty_then_three_times_a_week():
    found = slots("very_high", days=42)

    assert len(found) == 20 + 20 + 5
    assert {moment.astimezone(COPENHAGEN).weekday() for moment in found[40:]} == {0, 2, 4}


@pytest.mark.parametrize(
    ("band", "day", "cadence"),
    [
        ("minimal", 1, "daily"),
        ("minimal", 99, "daily"),
        ("low", 3, "daily"),
        ("low", 4, "alternate"),
        ("moderate", 3, "twice daily"),
        ("moderate", 4, "daily"),
        ("moderate", 10, "daily"),
        ("moderate", 11, "alternate"),
        ("high", 5, "twice daily"),
        ("high", 6, "daily"),
        ("high", 15, "daily"),
        ("high", 16, "3/wk"),
        ("very_high", 10, "twice daily"),
        ("very_high", 11, "daily"),
        ("very_high", 30, "daily"),
        ("very_high", 31, "3/wk"),
    ],
)
def test_each_cadence_begins_and_ends_on_its_day(band, day, cadence):
    assert cadence_on(band, day) == cadence


@pytest.mark.parametrize(
    ("go_live", "first_day_utc"),
    [
        # Wall clock before and after the change of Sunday 29 March: 16:00 is 15:00 and then 14:00 UTC.
        (datetime(2026, 3, 28, 7, tzinfo=UTC), {28: ["08:30", "15:00"], 29: ["07:30", "14:00"]}),
        (datetime(2026, 10, 24, 6, tzinfo=UTC), {24: ["07:30", "14:00"], 25: ["08:30", "15:00"]}),
    ],
)
def test_debriefs_keep_their_wall_clock_time_over_a_clock_change(go_live, first_day_utc):
    found = slots("high", go_live=go_live, days=2)

    for day, times in first_day_utc.items():
        assert [f"{slot:%H:%M}" for slot in found if slot.day == day] == times


def test_a_debrief_in_the_skipped_hour_is_held_at_the_first_instant_after_it():
    found = slots("minimal", go_live=datetime(2026, 3, 28, 12, tzinfo=UTC), days=1, hour_local=time(2, 30))

    assert found == [datetime(2026, 3, 29, 1, 0, tzinfo=UTC)]


def test_a_debrief_in_the_repeated_hour_is_held_once():
    found = slots("minimal", go_live=datetime(2026, 10, 24, 12, tzinfo=UTC), days=1, hour_local=time(2, 30))

    assert found == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_nothing_is_held_before_go_live_or_from_the_end_on():
    go_live = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # 16:00, the debrief's own minute
    ends_at = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)

    assert in_words(slots("high", go_live=go_live, ends_at=ends_at)) == [
        *("Mon 02 16:00", "Tue 03 09:30", "Tue 03 16:00", "Wed 04 09:30")
    ]


def test_day_one_is_the_go_live_day_of_the_zone_not_of_utc():
    # 23:30 UTC on Sunday is already Monday in Copenhagen, so Monday to Wednesday are the first three days.
    found = slots("low", go_live=datetime(2026, 3, 1, 23, 30, tzinfo=UTC), days=5)

    assert in_words(found) == ["Mon 02 16:00", "Tue 03 16:00", "Wed 04 16:00", "Fri 06 16:00"]


def test_a_period_that_ends_at_once_has_no_debriefs():
    assert slots("high", days=0) == []
    assert slots("high", days=-1) == []


def test_an_unknown_band_and_a_time_without_a_zone_are_refused_by_name():
    with pytest.raises(ValueError, match="band: 'huge' is not a band"):
        slots("huge", days=0)
    with pytest.raises(ValueError, match="go_live: the time needs a time zone"):
        slots("low", go_live=GO_LIVE.replace(tzinfo=None))


@given(
    band=st.sampled_from(sorted(RHYTHM)),
    go_live=st.datetimes(GO_LIVE.replace(tzinfo=None), GO_LIVE.replace(tzinfo=None, year=2030), timezones=st.just(UTC)),
    days=st.integers(1, 60),
    zone=st.sampled_from([COPENHAGEN, ZoneInfo("America/St_Johns"), ZoneInfo("Asia/Kolkata")]),
)
def test_debriefs_never_overlap_and_stay_inside_the_period(band, go_live, days, zone):
    found = slots(band, go_live=go_live, days=days, zone=zone)

    assert all(go_live <= slot < go_live + timedelta(days=days) for slot in found)
    assert all(later - earlier >= timedelta(minutes=DEBRIEF_MINUTES) for earlier, later in pairwise(found))
    assert {slot.astimezone(zone).time() for slot in found} <= {time(16, 0), time(9, 30)}
