"""Templates in the browser and in the wizard: listed, compared, sent in and out, started from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contributors.models import Delivery, Role
from hypercare.models import User
from periods.models import Period, PeriodTemplate, TemplateVersion
from periods.planning import templates
from periods.template_files import yamlfile
from periods.template_files.kinds import BUILT_IN
from tests.factories import NOW, make_check, make_member, make_period, make_user
from tests.hypercare.pages.planning.test_plan import change
from tests.hypercare.scene import signed_in, words
from tests.periods.lessons.test_lessons import suggested

pytestmark = pytest.mark.django_db
OURS = replace(BUILT_IN["minor-release"], name="Our small release")


@pytest.fixture
def planner() -> User:
    return make_user("Maja Lindqvist", may_plan=True)


@pytest.fixture
def browser(planner: User) -> Client:
    return signed_in(planner)


@pytest.fixture
def template(planner: User) -> PeriodTemplate:
    first = templates.save_version(OURS, by=planner, at=NOW)
    newer = replace(OURS, checklist=OURS.checklist[1:])
    return templates.save_version(newer, by=planner, at=NOW, into=first.template, note="One less").template


@pytest.mark.parametrize("key", list(BUILT_IN))
def test_every_built_in_template_has_a_page_and_a_file(browser: Client, key: str) -> None:
    page, file = words(browser.get(f"/templates/{key}/")), browser.get(f"/templates/{key}/export/")

    assert BUILT_IN[key].checklist[0].title in page
    assert "Built in" in page
    assert file["Content-Disposition"] == f'attachment; filename="{key}.yaml"'
    assert yamlfile.load(file.content.decode()) == BUILT_IN[key]


def test_the_list_names_versions_and_leaves_archived_ones_out(browser: Client, template: PeriodTemplate) -> None:
    assert "Our small release" in words(browser.get("/templates/"))
    assert browser.post(f"/templates/{template.key}/archive/")["Location"] == "/templates/"
    browser.get("/templates/")  # the toast names it once

    assert "Our small release" not in words(browser.get("/templates/"))
    assert "Our small release" in words(browser.get("/templates/?show=archived"))
    assert browser.post(f"/templates/{template.key}/restore/").status_code == 302
    assert browser.post(f"/templates/{template.key}/restore/").status_code == 409


def test_the_list_costs_the_same_with_one_template_and_with_many(browser: Client, planner: User) -> None:
    def cost(count: int) -> int:
        for n in range(count):
            templates.save_version(replace(OURS, name=f"Template {count} {n}"), by=planner, at=NOW)
        browser.get("/templates/")  # the frame counts once
        with CaptureQueriesContext(connection) as queries:
            browser.get("/templates/")
        return len(queries)

    assert cost(1) == cost(8)


def test_two_versions_are_compared(browser: Client, template: PeriodTemplate) -> None:
    page = words(browser.get(f"/templates/{template.key}/?version=2&against=1"))

    assert "Version 1 to 2" in page
    assert f"<del>{OURS.checklist[0].title}</del>" in page
    assert "One less" in page


@pytest.mark.parametrize("address", ["?version=99", "?version=x", "?version=1&against=zz", "?version=%00"])
def test_a_version_that_is_not_there_shows_the_newest(browser: Client, template: PeriodTemplate, address: str) -> None:
    assert browser.get(f"/templates/{template.key}/{address}").status_code == 200


def test_what_is_not_there_is_not_found_and_who_may_not_plan_changes_nothing(template: PeriodTemplate) -> None:
    visitor = signed_in(make_user())

    assert visitor.get("/templates/nothing/").status_code == 404
    assert visitor.get(f"/templates/{template.key}/").status_code == 200
    assert visitor.post(f"/templates/{template.key}/archive/").status_code == 403
    assert visitor.post("/templates/import/", {"text": yamlfile.dump(OURS), "save": "1"}).status_code == 403
    assert Client().get("/templates/").status_code == 302


# --- Files in


def test_an_import_shows_what_was_understood_before_it_saves_it(browser: Client) -> None:
    text = yamlfile.dump(OURS)
    page = words(browser.post("/templates/import/", {"text": text}))
    assert "Is this what you meant?" in page
    assert "Nothing is saved yet" in page
    assert not PeriodTemplate.objects.exists()

    answer = browser.post("/templates/import/", {"text": text, "save": "1", "note": "From a file"})
    assert answer["Location"] == "/templates/our-small-release/"
    assert templates.content_of(TemplateVersion.objects.get()) == OURS


def test_a_file_that_is_known_by_name_becomes_its_next_version(browser: Client, template: PeriodTemplate) -> None:
    text = yamlfile.dump(OURS)
    page = words(browser.post("/templates/import/", {"text": text}))
    assert "What differs from its newest version" in page

    browser.post("/templates/import/", {"text": text, "save": "1", "into": template.key})
    assert template.versions.count() == 3


def test_an_upload_is_read_and_its_text_kept_for_the_second_step(browser: Client) -> None:
    upload = SimpleUploadedFile("t.yaml", yamlfile.dump(OURS).encode())
    page = browser.post("/templates/import/", {"file": upload}).content.decode()

    assert "name: Our small release" in page


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            {"text": "hypercare_template: 1\nname: x\nkind: other\nchecklist:\n  - title: A\n    owner_role: XY\n"},
            "line 6: owner_role “XY” is not an owner code.",
        ),
        ({"text": ""}, "There is nothing here."),
        ({"file": SimpleUploadedFile("t.yaml", b"x" * 300_000)}, "At most 256 kB are read."),
        ({"file": SimpleUploadedFile("t.yaml", b"\xff\xfe")}, "this is not UTF-8 text"),
        ({"text": yamlfile.dump(replace(OURS, name="ERP cut-over")), "save": "1"}, "is a built-in template"),
        ({"text": yamlfile.dump(OURS), "into": "nothing"}, "Select a valid choice"),
    ],
)
def test_a_file_with_problems_is_refused_and_kept(browser: Client, body: dict[str, Any], sentence: str) -> None:
    answer = browser.post("/templates/import/", body)

    assert answer.status_code == 422
    assert sentence in words(answer)
    assert not PeriodTemplate.objects.exists()


# --- A period as one


def test_a_period_is_saved_as_a_template(planner: User, browser: Client) -> None:
    period = make_period(lead=planner, key="BILL")
    make_check(period, title="Alerts reach on-call")
    assert "Alerts reach on-call" in words(browser.get("/p/BILL/save-as-template/"))
    assert "Save as a template" in words(browser.get("/p/BILL/settings/"))

    sent = {"name": "Billing", "kind": "erp_cutover", "summary": "", "note": "", "into": ""}
    assert browser.post("/p/BILL/save-as-template/", sent)["Location"] == "/templates/billing/"
    again = browser.post("/p/BILL/save-as-template/", sent)
    assert again.status_code == 422
    assert "There is a template called Billing already" in words(again)


def test_saving_a_period_is_for_its_owners_who_may_plan(planner: User) -> None:
    period = make_period(key="BILL")
    sent = {"name": "Billing", "kind": "other"}

    assert signed_in(planner).post("/p/BILL/save-as-template/", sent).status_code == 404
    assert signed_in(make_member(period).user).post("/p/BILL/save-as-template/", sent).status_code == 403
    assert signed_in(period.lead).post("/p/BILL/save-as-template/", sent).status_code == 403
    assert not PeriodTemplate.objects.exists()


# --- In the wizard


def test_the_first_step_offers_kinds_own_templates_and_earlier_periods(
    planner: User, browser: Client, template: PeriodTemplate
) -> None:
    make_period(lead=planner, name="The last one")
    make_period(name="Not mine")
    page = words(browser.get("/periods/new/?start=template:erp-cut-over"))

    assert '<option value="template:erp-cut-over" selected>' in page
    assert "Our small release" in page
    assert "The last one" in page
    assert "Not mine" not in page


def test_a_plan_starts_from_a_template_and_tells_nobody(browser: Client) -> None:
    assert browser.post("/periods/new/", change(start="template:minor-release"))["Location"] == "/p/BILL26/plan/risk/"

    period = Period.objects.get()
    assert period.origin.label == "Minor release"
    assert Role.objects.filter(period=period).count() == 3
    page = words(browser.get("/p/BILL26/plan/checks/"))
    assert "From <strong>Minor release</strong>" in page
    assert "Smoke script ready" in page
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("start", ["template:nothing", "period:SECRET", "x", "template:"])
def test_a_start_that_is_not_there_makes_no_plan_and_keeps_the_form(browser: Client, start: str) -> None:
    make_period(key="SECRET")
    answer = browser.post("/periods/new/", change(start=start, summary="Kept text"))

    assert answer.status_code == 422
    assert "Kept text" in words(answer)
    assert Period.objects.count() == 1


def test_checks_are_dropped_and_lessons_added_before_the_list_is_made(browser: Client) -> None:
    lesson = suggested(make_period(), title="Gone is gone")
    browser.post("/periods/new/", change(start="template:minor-release"))
    assert "Gone is gone" in words(browser.get("/p/BILL26/plan/checks/"))
    sent = {"choosing": "1", "keep": ["0", "3", "zz", "99999"], "lesson": [str(lesson.pk), "999", "x"]}
    assert browser.post("/p/BILL26/plan/checks/", sent)["Location"] == "/p/BILL26/plan/review/"

    titles = [item.title for item in OURS.checklist]
    made = Period.objects.get(key="BILL26").checklist.order_by("position")
    assert [item.title for item in made] == [titles[0], titles[3], "Gone is gone"]
    assert made.last().lesson_use.lesson == lesson


def test_dropping_every_check_is_said_and_nothing_is_made(browser: Client) -> None:
    browser.post("/periods/new/", change(start="template:minor-release"))
    answer = browser.post("/p/BILL26/plan/checks/", {"choosing": "1"})

    assert answer.status_code == 422
    assert "Keep at least one check." in words(answer)
    assert not Period.objects.get(key="BILL26").checklist.exists()
