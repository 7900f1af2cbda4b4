"""Own templates: saved from a period or a file, versioned and unchangeable, compared, archived."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from contributors.models import Role
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed
from periods import checklist
from periods.models import JournalEntry, Period, PeriodTemplate, TemplateVersion
from periods.planning import templates
from periods.template_files.content import TemplateCheck, TemplateContent, TemplateLadder, TemplateStep
from periods.template_files.kinds import BUILT_IN
from tests.factories import GO_LIVE, NOW, make_check, make_member, make_period, make_role, make_user

pytestmark = pytest.mark.django_db
OURS = replace(BUILT_IN["minor-release"], name="Our small release")


@pytest.fixture
def planner():
    return make_user("Maja Lindqvist", may_plan=True)


def test_a_template_gets_a_word_for_its_address_and_a_first_version(planner):
    version = templates.save_version(OURS, by=planner, at=NOW)

    assert (version.template.key, version.number) == ("our-small-release", 1)
    assert templates.content_of(version) == OURS


def test_saving_into_a_template_makes_the_next_version_and_leaves_the_first(planner):
    first = templates.save_version(OURS, by=planner, at=NOW)
    second = templates.save_version(
        replace(OURS, summary="Now with words"), by=planner, at=NOW, into=first.template, note="Words"
    )

    assert second.number == 2
    assert templates.content_of(TemplateVersion.objects.get(pk=first.pk)) == OURS
    assert templates.newest_version(first.template).note == "Words"


def test_the_database_refuses_to_change_a_version(planner):
    version = templates.save_version(OURS, by=planner, at=NOW)

    with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        TemplateVersion.objects.filter(pk=version.pk).update(note="Other")


def test_a_version_that_says_the_same_is_refused(planner):
    version = templates.save_version(OURS, by=planner, at=NOW)

    with pytest.raises(AlreadyDone, match="says the same"):
        templates.save_version(OURS, by=planner, at=NOW, into=version.template)


@pytest.mark.parametrize("name", ["Our small release", "OUR  small release", "ERP cut-over", "erp CUT-OVER"])
def test_a_name_that_is_taken_is_refused(planner, name):
    templates.save_version(OURS, by=planner, at=NOW)

    with pytest.raises(Invalid) as refusal:
        templates.save_version(replace(OURS, name=name), by=planner, at=NOW)

    assert "name" in refusal.value.errors
    assert PeriodTemplate.objects.count() == 1


@pytest.mark.parametrize("name", ["Standard release", "新しいリリース", "built in", "---"])
def test_every_name_gets_an_address_of_its_own(planner, name):
    keys = {
        templates.save_version(replace(OURS, name=f"{name}{tail}"), by=planner, at=NOW).template.key
        for tail in ("", "!", "?")
    }

    assert len(keys) == 3
    assert not keys & templates.RESERVED


def test_somebody_who_may_not_plan_saves_and_archives_nothing(planner):
    template = templates.save_version(OURS, by=planner, at=NOW).template
    other = make_user()

    for act in (
        lambda: templates.save_version(replace(OURS, name="Other"), by=other, at=NOW),
        lambda: templates.archive(template.pk, by=other, at=NOW),
        lambda: templates.restore(template.pk, by=other),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_content_that_breaks_a_rule_is_refused_wherever_it_comes_from(planner):
    broken = replace(OURS, checklist=(TemplateCheck("", "People"),))

    with pytest.raises(Invalid) as refusal:
        templates.save_version(broken, by=planner, at=NOW)

    assert "checklist/0/title" in refusal.value.errors
    assert not PeriodTemplate.objects.exists()


def test_an_archived_template_takes_no_version_until_it_is_restored(planner):
    template = templates.save_version(OURS, by=planner, at=NOW).template
    templates.archive(template.pk, by=planner, at=NOW)

    with pytest.raises(AlreadyDone, match="archived"):
        templates.save_version(replace(OURS, summary="x"), by=planner, at=NOW, into=template)
    with pytest.raises(AlreadyDone, match="was archived by Maja"):
        templates.archive(template.pk, by=planner, at=NOW)

    templates.restore(template.pk, by=planner)
    assert templates.save_version(replace(OURS, summary="x"), by=planner, at=NOW, into=template).number == 2


# --- From a period


def grown_period(planner) -> Period:
    period = make_period(Period.Status.CLOSED, lead=planner)
    make_check(period, title="Alerts reach on-call", owner_role="EN", due_at=GO_LIVE - timedelta(days=5, hours=-10))
    make_check(period, title="Done last time", status="done", done_at=GO_LIVE, due_at=GO_LIVE, blocking=False)
    make_check(period, title="Did not apply", status="not_applicable")
    role = make_role(period, "Billing engineering", cover_until=GO_LIVE + timedelta(days=3, hours=-7))
    make_member(period, role=role, is_deputy=True)
    return period


def test_a_period_becomes_days_from_go_live_and_duties_without_people(planner):
    version = templates.save_period(
        grown_period(planner).pk, name="Billing", kind="erp_cutover", by=planner, at=NOW, note="After the first"
    )

    content = templates.content_of(version)
    assert [(item.title, item.due_days, item.blocking) for item in content.checklist] == [
        ("Alerts reach on-call", -5, True),
        ("Done last time", 0, False),
    ]
    assert [(role.name, role.until_day, role.deputy, role.answers_pages) for role in content.roles] == [
        ("Billing engineering", 3, True, True)
    ]
    assert "Person" not in str(version.content)


def test_saving_a_period_is_told_once_in_its_journal(planner):
    period = grown_period(planner)
    templates.save_period(period.pk, name="Billing", kind="other", by=planner, at=NOW)

    entry = JournalEntry.objects.get(period=period)
    assert (entry.kind, entry.actor) == ("template.saved", planner)
    assert (entry.data["title"], entry.data["version"]) == ("Billing", 1)


def test_only_an_owner_who_may_plan_saves_a_period(planner):
    period = grown_period(planner)
    member = make_member(period, make_user(may_plan=True)).user

    for person in (member, period.sponsor, make_user(may_plan=True)):
        with pytest.raises(NotAllowed):
            templates.save_period(period.pk, name="Billing", kind="other", by=person, at=NOW)
    assert not JournalEntry.objects.exists()


def test_a_title_that_is_there_twice_is_taken_once(planner):
    period = make_period(lead=planner)
    make_check(period, title="Same")
    make_check(period, title="same ")

    assert [item.title for item in templates.content_from_period(period).checklist] == ["Same"]


def test_the_usual_checklist_comes_back_from_a_period_as_it_was(planner):
    period = make_period(Period.Status.DRAFT, lead=planner)
    checklist.make_checklist(period, by=planner, at=NOW)

    assert templates.content_from_period(period).checklist == BUILT_IN["standard"].checklist
    assert not Role.objects.filter(period=period).exists()


# --- What differs


def test_two_equal_versions_do_not_differ():
    assert templates.differences(OURS, OURS) == []


def test_differences_name_what_came_went_and_changed():
    first, *others = OURS.checklist
    late = replace(first, due_days=-1, blocking=False)
    ladder = TemplateLadder("P1", (TemplateStep("on_shift", 0), TemplateStep("lead", 5)))
    new = replace(
        OURS, summary="Other", checklist=(late, *others[1:], TemplateCheck("New one", "Data")), escalation=(ladder,)
    )

    found = [(one.section, one.what, one.title) for one in templates.differences(OURS, new)]
    changes = {(one.field, one.old, one.new) for row in templates.differences(OURS, new) for one in row.changes}

    assert found == [
        ("Template", "changed", "Our small release"),
        ("Checks", "added", "New one"),
        ("Checks", "removed", others[0].title),
        ("Checks", "changed", first.title),
        ("Paging", "added", "P1"),
    ]
    assert {("due days", "-5", "-1"), ("blocking", "yes", "no")} <= changes


def test_a_stored_content_is_a_content():
    assert isinstance(OURS, TemplateContent)
