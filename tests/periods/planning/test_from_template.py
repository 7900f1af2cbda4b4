"""A plan that starts from something: what it takes over, what it keeps, and whom it tells (nobody)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from contributors.models import Delivery, Membership, Role
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from incidents.paging import escalation, escalation_policies, escalation_targets
from periods.debriefs import debriefs
from periods.documents import documents
from periods.documents.documents import PageText
from periods.models import Document, DocumentVersion, JournalEntry, Period, PeriodOrigin
from periods.planning import from_template, template_policy, templates
from periods.template_files.content import TemplateLadder, TemplateStep
from periods.template_files.kinds import BUILT_IN
from periods.template_files.rhythm import CadenceStretch
from tests.factories import GO_LIVE, NOW, make_incident, make_member, make_period, make_role, make_shift, make_user
from tests.periods.story import PLANNED_ON, plan_data

pytestmark = pytest.mark.django_db


def started(start: from_template.PlanStart, **changes) -> Period:
    return from_template.create_period(start=start, **plan_data(**changes))


def titles(period: Period) -> list[str]:
    return list(period.checklist.order_by("position").values_list("title", flat=True))


def test_a_built_in_kind_brings_its_criteria_duties_and_checks():
    period = started(from_template.start_from_template("minor-release"), with_checklist=True)

    minor = BUILT_IN["minor-release"]
    assert titles(period) == [item.title for item in minor.checklist]
    assert set(period.exit_criteria.values_list("code", flat=True)) == {rule.code for rule in minor.exit_criteria}
    assert period.exit_criteria.get(code="no_p1_for_days").threshold == 2
    assert set(Role.objects.filter(period=period).values_list("name", flat=True)) == {role.name for role in minor.roles}


def test_due_days_are_counted_from_the_new_go_live_in_its_zone():
    later = GO_LIVE + timedelta(days=40)
    period = started(
        from_template.start_from_template("minor-release"),
        with_checklist=True,
        go_live_at=later,
        ends_at=later + timedelta(days=14),
    )

    due = period.checklist.get(title="Smoke script ready").due_at
    assert (due.astimezone(period.zone).date() - later.astimezone(period.zone).date()).days == -1
    assert due.astimezone(period.zone).hour == 17


def test_nobody_is_told_and_only_the_named_people_are_in_it():
    period = started(from_template.start_from_template("erp-cut-over"), with_checklist=True)

    assert not Delivery.objects.exists()
    assert not Membership.objects.filter(period=period, role__isnull=False).exists()


def test_what_it_started_from_is_kept_when_the_template_moves_on():
    planner = make_user(may_plan=True)
    first = templates.save_version(replace(BUILT_IN["minor-release"], name="Ours"), by=planner, at=NOW)
    period = started(from_template.start_from_template("ours"))
    templates.save_version(
        replace(templates.content_of(first), checklist=BUILT_IN["standard"].checklist),
        by=planner,
        at=NOW,
        into=first.template,
    )

    assert from_template.checks_for(period) == BUILT_IN["minor-release"].checklist
    assert period.origin.label == "Ours, version 1"
    assert from_template.start_from_template("ours").version.number == 2
    assert from_template.start_from_template("ours", version=1).version.number == 1


def test_an_earlier_period_lends_its_checks_duties_criteria_and_texts_but_no_people():
    earlier = started(from_template.start_from_template("data-migration"), with_checklist=True, key="OLD")
    Period.objects.filter(pk=earlier.pk).update(war_room_url="https://meet.example/war", point_of_no_return="")
    make_member(earlier, role=Role.objects.filter(period=earlier).first())
    role = make_role(earlier, "Own duty", answers_pages=False)
    by = earlier.lead

    period = started(from_template.start_from_earlier("old", by=by), by=by, with_checklist=True, key="NEW")

    assert period.war_room_url == "https://meet.example/war"
    assert titles(period) == titles(earlier)
    assert Role.objects.filter(period=period, name=role.name).exists()
    assert period.origin.earlier == earlier
    assert not Membership.objects.filter(period=period, role__isnull=False).exists()


def test_a_period_one_is_not_part_of_lends_nothing_and_is_not_confirmed_to_exist():
    make_period(key="SECRET")

    texts = []
    for key in ("SECRET", "NOTHING"):
        with pytest.raises(Invalid) as refusal:
            from_template.start_from_earlier(key, by=make_user(may_plan=True))
        texts.append(str(refusal.value).replace(key, ""))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("key", ["", "nothing", "../etc"])
def test_a_template_that_is_not_there_is_refused(key):
    with pytest.raises(Invalid, match="no template"):
        from_template.start_from_template(key)


def test_an_archived_template_starts_nothing():
    planner = make_user(may_plan=True)
    template = templates.save_version(replace(BUILT_IN["minor-release"], name="Ours"), by=planner, at=NOW).template
    templates.archive(template.pk, by=planner, at=NOW)

    with pytest.raises(Invalid, match="no template"):
        from_template.start_from_template("ours")


def test_a_plan_starts_from_one_thing_only():
    period = started(from_template.start_from_template("minor-release"))

    with pytest.raises(Refused, match="was started from Minor release already"):
        from_template.apply_start(
            period.pk, from_template.start_from_template("erp-cut-over"), by=period.lead, at=PLANNED_ON
        )


def test_a_plan_with_checks_keeps_what_it_has():
    period = started(from_template.start_from_template("standard"), with_checklist=True)
    PeriodOrigin.objects.filter(period=period).delete()

    with pytest.raises(Refused, match="has its checks already"):
        from_template.apply_start(
            period.pk, from_template.start_from_template("erp-cut-over"), by=period.lead, at=PLANNED_ON
        )


def test_a_failed_start_leaves_no_period_behind():
    with pytest.raises(Invalid):
        started(from_template.start_from_template("minor-release"), name="")

    assert not Period.objects.exists()


def test_a_start_is_one_entry_with_what_it_brought():
    period = started(from_template.start_from_template("minor-release"))

    entry = JournalEntry.objects.get(period=period, kind="plan.started_from")
    assert (entry.data["title"], entry.data["checks"], entry.data["duties"]) == ("Minor release", 18, 3)


# --- Checks


def test_dropped_items_are_not_made():
    period = started(from_template.start_from_template("minor-release"))
    from_template.make_checks(period.pk, by=period.lead, at=PLANNED_ON, keep={0, 2})

    offered = [item.title for item in BUILT_IN["minor-release"].checklist]
    assert titles(period) == [offered[0], offered[2]]


def test_dropping_everything_is_refused():
    period = started(from_template.start_from_template("minor-release"))

    with pytest.raises(Invalid, match="Keep at least one check"):
        from_template.make_checks(period.pk, by=period.lead, at=PLANNED_ON, keep=set())


def test_checks_are_made_once_and_by_an_owner():
    period = started(from_template.start_from_template("minor-release"))

    with pytest.raises(NotAllowed):
        from_template.make_checks(period.pk, by=make_member(period).user, at=PLANNED_ON)
    from_template.make_checks(period.pk, by=period.lead, at=PLANNED_ON)
    with pytest.raises(AlreadyDone):
        from_template.make_checks(period.pk, by=period.lead, at=PLANNED_ON)


def test_a_period_without_a_start_has_the_standard_checks():
    assert from_template.checks_for(make_period(Period.Status.DRAFT)) == BUILT_IN["standard"].checklist


# --- Policy


def own_policy():
    return replace(
        BUILT_IN["minor-release"],
        name="Ours",
        escalation=(TemplateLadder("P1", (TemplateStep("on_shift", 0), TemplateStep("sponsor", 3))),),
        debriefs=(CadenceStretch(1, 1, "twice daily"), CadenceStretch(2, None, "3/wk")),
    )


def test_the_ladder_of_the_template_decides_who_is_paged():
    period = make_period()
    make_shift(make_role(period), make_user("Ben"))
    PeriodOrigin.objects.create(period=period, label="Ours", content=templates.content_as_data(own_policy()))
    incident = make_incident(period, severity="P1")
    escalation.start(incident, at=NOW)

    rungs = escalation.ladder_status(incident, at=NOW)
    waits = [(rung.label, (rung.due_at - NOW).seconds // 60) for rung in rungs]
    assert waits == [("On shift", 0), ("Sponsor", 3)]


def test_a_severity_the_template_does_not_name_keeps_the_usual_ladder():
    period = make_period()
    PeriodOrigin.objects.create(period=period, label="Ours", content=templates.content_as_data(own_policy()))

    assert escalation_targets.ladder_for_severity(period, "P2") == escalation_policies.LADDERS["P2"]
    assert escalation_targets.ladder_for_severity(period, "P3").steps == ()
    assert template_policy.ladder_for(make_period().pk, "P1") == ()


def test_debriefs_follow_the_rhythm_of_the_template():
    period = make_period()
    PeriodOrigin.objects.create(period=period, label="Ours", content=templates.content_as_data(own_policy()))
    made = debriefs.lay_out(period, at=GO_LIVE)

    days = [debrief.starts_at.astimezone(period.zone).date() for debrief in made]
    first = GO_LIVE.astimezone(period.zone).date()
    assert days.count(first) == 2
    assert {day.weekday() for day in days if day != first} == {0, 2, 4}


# --- Pages


def page(period: Period, kind: str, body: str, **more) -> Document:
    text = PageText(more.pop("title", "Runbook"), body, **more)
    return documents.create(period.pk, kind=kind, text=text, by=period.lead, at=NOW)


def test_runbook_rollback_plan_and_how_we_work_come_along_as_first_versions_that_name_their_origin():
    earlier = make_period(key="OLD", name="Ledger move", lead=make_user(may_plan=True))
    runbook = page(earlier, "runbook", "First")
    documents.save_version(
        runbook.pk, based_on=1, text=PageText("Runbook", "Newest", "Clearer"), by=earlier.lead, at=NOW
    )
    page(earlier, "how_we_work", "Talk.", title="How we work", channels={"mailbox": "war@example.com"})
    page(earlier, "page", "Only about that release.", title="Notes")

    period = started(from_template.start_from_earlier("OLD", by=earlier.lead), by=earlier.lead, key="NEW")

    copied = {row.document.kind: row for row in DocumentVersion.objects.filter(document__period=period)}
    assert set(copied) == {"runbook", "how_we_work"}
    assert (copied["runbook"].number, copied["runbook"].body) == (1, "Newest")
    assert copied["runbook"].reason == "Taken from Ledger move (OLD), version 2"
    assert copied["how_we_work"].channels == {"mailbox": "war@example.com"}
    assert JournalEntry.objects.filter(period=period, kind="page.created").count() == 2


def test_a_copied_page_and_its_origin_go_separate_ways():
    earlier = make_period(key="OLD", lead=make_user(may_plan=True))
    page(earlier, "rollback", "Old steps", title="Rollback plan")
    period = started(from_template.start_from_earlier("OLD", by=earlier.lead), by=earlier.lead, key="NEW")

    copy = documents.page_of_kind(period, "rollback")
    documents.save_version(copy.pk, based_on=1, text=PageText("Rollback plan", "New", "Ours"), by=period.lead, at=NOW)

    assert documents.get_version(documents.page_of_kind(earlier, "rollback"), 1).body == "Old steps"
    assert documents.page_of_kind(earlier, "rollback").version == 1
