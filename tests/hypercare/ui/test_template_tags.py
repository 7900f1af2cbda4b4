"""The tags say the right words, and never let a value become markup."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.template import Context, Template
from django.utils import timezone

from hypercare.templatetags import ui
from hypercare.ui import time_words

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
NOW = datetime(2026, 11, 18, 14, 12, tzinfo=COPENHAGEN)
MAJA = SimpleNamespace(name="Maja Lindqvist", timezone="Europe/Copenhagen")
ARJUN = SimpleNamespace(name="Arjun Mehta", timezone="Asia/Kolkata")
SPRITE = Path(settings.BASE_DIR, "static/icons/sprite.svg").read_text()


@pytest.fixture(autouse=True)
def _in_copenhagen():
    with timezone.override(COPENHAGEN):
        yield


def show(source, **values):
    """The HTML of a template, white space between tags removed."""
    html = Template(source).render(Context({"now": NOW, **values}))
    return re.sub(r"\s+", " ", html).strip()


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def later(**length):
    return NOW + timedelta(**length)


# --- Words for time ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 m"),
        (3599, "59 m"),
        (3600, "1 h"),
        (4140, "1 h 09 m"),
        (12720, "3 h 32 m"),
        (86_400, "1 d"),
        (97_200, "1 d 3 h"),
        (835_680, "9 d 16 h"),
        (-360, "6 m"),
    ],
)
def test_lengths_are_said_in_two_units_at_most(seconds, words):
    assert time_words.duration(seconds) == words


@pytest.mark.parametrize(("seconds", "words"), [(234, "3 m 54 s"), (299, "4 m 59 s"), (300, "5 m"), (61, "1 m 01 s")])
def test_seconds_are_counted_only_under_five_minutes(seconds, words):
    assert time_words.duration(seconds, precise=True) == words


@pytest.mark.parametrize(
    ("length", "words"),
    [
        ({"minutes": -5}, "5 m ago"),
        ({"minutes": -212}, "3 h 32 m ago"),
        ({"hours": -24, "seconds": 1}, "23 h 59 m ago"),
        ({"hours": -25}, "Tue 13:12"),
        ({"days": -6}, "Thu 14:12"),
        ({"days": -8}, "10 Nov"),
        ({"days": -400}, "14 Oct 2025"),
        ({"minutes": 14}, "in 14 m"),
        ({"days": 3, "hours": 5}, "in 3 d"),
    ],
)
def test_moments_are_near_words_first_and_dates_later(length, words):
    assert time_words.relative_time(later(**length), NOW, COPENHAGEN) == words


@pytest.mark.parametrize(
    ("length", "words"),
    [
        ({"minutes": 8}, "8 m left, by 14:20"),
        ({"minutes": -6}, "6 m late"),
        ({"hours": 20}, "20 h left, by Thu 10:12"),
        ({"days": 10}, "10 d left, by 28 Nov 14:12"),
    ],
)
def test_a_deadline_says_how_long_and_until_when(length, words):
    assert time_words.deadline(later(**length), NOW, COPENHAGEN) == words


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (timedelta(hours=2), "16:12"),
        (timedelta(hours=12), "Thu 19 Nov 02:12"),
        (timedelta(hours=9, minutes=48), "Thu 19 Nov 00:00"),
    ],
)
def test_the_end_of_a_span_names_its_day_only_when_it_is_another(ends, words):
    html = show("{% till start end %}", start=NOW, end=NOW + ends)

    assert f">{words}</time>" in html


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Copenhagen", "Copenhagen · UTC+1"),
        ("America/New_York", "New York · UTC−5"),
        ("Asia/Kolkata", "Kolkata · UTC+5:30"),
        ("UTC", "UTC"),
        ("", "UTC"),
    ],
)
def test_a_zone_is_its_city_and_offset_and_says_one_word_once(zone, words):
    assert ui.zone_line(zone, NOW) == words


def test_the_tooltip_gives_local_and_utc_and_notes_when_the_day_differs():
    late = datetime(2026, 11, 18, 0, 30, tzinfo=COPENHAGEN)

    assert time_words.absolute_time(NOW, COPENHAGEN) == "Wed 18 Nov 2026 14:12 Copenhagen, 13:12 UTC"
    assert time_words.absolute_time(late, COPENHAGEN) == "Wed 18 Nov 2026 00:30 Copenhagen, Tue 23:30 UTC"
    assert time_words.absolute_time(NOW, ZoneInfo("UTC")) == "Wed 18 Nov 2026 13:12 UTC"


# --- Time tags --------------------------------------------------------------------------------------


def test_when_is_a_time_element_that_ticks():
    html = show("{% when at %}", at=later(minutes=-5))

    assert 'datetime="2026-11-18T14:07:00+01:00"' in html
    assert 'data-tick="when"' in html
    assert text_of(html) == "5 m ago"


def test_times_are_shown_in_the_viewers_zone():
    with timezone.override(ZoneInfo("Asia/Kolkata")):
        assert text_of(show("{% clocktime at %}", at=NOW)) == "18:42"


def test_the_moment_of_the_page_can_be_given_to_the_tag():
    assert text_of(show("{% when at then %}", at=NOW, then=later(hours=2))) == "2 h ago"


def test_a_missing_time_shows_nothing():
    assert show("{% when at %}{% deadline at %}{% daytime at %}{% clocktime at %}{% duration at %}", at=None) == ""


def test_a_late_deadline_is_marked():
    assert 'class="late"' in show("{% deadline at %}", at=later(minutes=-6))
    assert 'class="late"' not in show("{% deadline at %}", at=later(minutes=6))


def test_a_day_of_another_year_carries_the_year():
    assert text_of(show("{% daytime at %}", at=NOW)) == "Wed 18 Nov 14:12"
    assert text_of(show("{% daytime at %}", at=NOW.replace(year=2027))) == "Thu 18 Nov 2027 14:12"


def test_a_duration_can_be_a_timedelta():
    assert show("{% duration length %}", length=timedelta(hours=3, minutes=32)) == "3 h 32 m"


# --- Clocks -----------------------------------------------------------------------------------------


def test_a_running_clock_names_its_promise_and_drains_its_ring():
    html = show('{% clock state="running" due=due total_s=3600 label="Ack" %}', due=later(minutes=15))

    assert text_of(html) == "Ack in 15 m"
    assert 'stroke-dasharray="25 100"' in html
    assert 'role="timer"' in html


def test_a_clock_past_its_due_time_is_late_whatever_it_was_told():
    html = show('{% clock state="running" due=due total_s=3600 label="Resolve" %}', due=later(minutes=-6))

    assert text_of(html) == "Resolve 6 m late"
    assert "clock--late" in html
    assert "#late" in html


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('{% clock state="paused" note="mitigated" %}', "Paused, mitigated"),
        ('{% clock state="met" note="In 3 m" %}', "In 3 m"),
        ('{% clock state="met" %}', "Met"),
        ('{% clock state="none" %}', "No deadline"),
    ],
)
def test_a_stopped_clock_says_why(source, words):
    html = show(source)

    assert text_of(html) == words
    assert "role=" not in html


# --- States and people ------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["P2", "p2", "2", 2])
def test_a_severity_can_be_given_in_any_form(value):
    html = ui.severity(value)

    assert "badge-p--2" in html
    assert text_of(html) == "P2"
    assert 'title="Major"' in html


@pytest.mark.parametrize("status", ui.INCIDENT_WORDS)
def test_every_incident_status_has_a_glyph_and_a_word(status):
    assert text_of(ui.incident_status(status)) == ui.INCIDENT_WORDS[status]
    assert f'id="st-{status}"' in SPRITE


@pytest.mark.parametrize("status", ui.PERIOD_PILLS)
def test_every_period_status_has_a_word_and_an_icon_that_exists(status):
    word, glyph, _ = ui.PERIOD_PILLS[status]

    assert text_of(ui.period_pill(status)) == word
    assert f'id="{glyph}"' in SPRITE


def test_every_icon_a_template_names_is_drawn():
    templates = Path(settings.BASE_DIR, "templates").rglob("*.html")
    named = {name for path in templates for name in re.findall(r'{% icon "([\w-]+)"', path.read_text())}

    assert {name for name in named if f'id="{name}"' not in SPRITE} == set()


def test_words_are_escaped():
    assert "<b>" not in ui.state_pill("ok", "<b>bold</b>")
    assert "<b>" not in ui.avatar(SimpleNamespace(name="<b>x</b> y", timezone="UTC"))


def test_an_icon_is_decoration_unless_it_has_a_meaning_of_its_own():
    assert 'aria-hidden="true"' in ui.icon("home")
    assert 'aria-label="Home"' in ui.icon("home", label="Home")


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Maja Lindqvist", "ML"), ("Tomasz Jan Wójcik", "TW"), ("Support", "S"), ("ny desk", "ND"), ("", "")],
)
def test_initials_are_the_first_and_the_last(name, letters):
    assert ui.initials(name) == letters


@pytest.mark.parametrize(
    ("zone", "tint"), [("Europe/Oslo", 1), ("Asia/Kolkata", 2), ("America/New_York", 3), ("UTC", 1)]
)
def test_a_person_is_tinted_by_their_part_of_the_world(zone, tint):
    assert f"avatar--{tint}" in ui.avatar(SimpleNamespace(name="A B", timezone=zone))


def test_nobody_is_said_in_words_beside_the_dashed_circle():
    html = ui.person(None)

    assert "avatar--nobody" in html
    assert text_of(html) == "No owner"


def test_short_names_keep_the_first_name():
    assert ui.short_name(ARJUN) == "Arjun M."
    assert ui.short_name(SimpleNamespace(name="Support")) == "Support"


# --- Graphics ---------------------------------------------------------------------------------------


def test_the_ring_turns_green_from_95_and_stays_between_its_ends():
    assert "ring--ok" in show("{% ring 96 %}")
    assert "ring--accent" in show("{% ring 82 %}")
    assert text_of(show("{% ring 140 %}")) == "100%"
    assert text_of(show("{% ring none %}", none=None)) == "0%"


def test_the_day_ruler_reads_aloud():
    assert 'aria-label="Day 5 of 14"' in show("{% day_ruler 5 14 'Day 5 of 14' %}")


def test_no_component_carries_an_inline_style_or_script():
    for path in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        if "email" in path.parts:
            continue
        html = path.read_text()

        assert not re.search(r'\sstyle="|<style|\son\w+="|<script(?![^>]*\ssrc=)', html), path


# --- Forms ------------------------------------------------------------------------------------------


class ChangeForm(forms.Form):
    name = forms.CharField(help_text="What people call it")
    note = forms.CharField(required=False)
    data = forms.ChoiceField(
        label="How much data moves?", widget=forms.RadioSelect, choices=[("n", "None"), ("a", "All")]
    )
    tell = forms.BooleanField(required=False, label="Tell people")

    def clean(self):
        if self.data.get("refuse"):
            raise forms.ValidationError("Go-live must be in the future")


def test_a_field_ties_label_hint_and_control_together():
    html = show("{% field form.name %}", form=ChangeForm())

    assert '<label for="id_name">Name' in html
    assert 'id="id_name_helptext">What people call it' in html
    assert 'aria-describedby="id_name_helptext"' in html
    assert "aria-invalid" not in html


def test_a_field_whose_hint_is_left_out_or_replaced_points_at_what_is_shown():
    assert "aria-describedby" not in show('{% field form.name hint="" %}', form=ChangeForm())

    html = show('{% field form.note hint="In a word" %}', form=ChangeForm())

    assert 'id="id_note_helptext">In a word' in html
    assert 'aria-describedby="id_note_helptext"' in html


def test_a_wrong_field_points_at_its_error_as_well():
    html = show("{% field form.name %}", form=ChangeForm({}))

    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert "Fill in: Name" in html


def test_optional_fields_are_marked_and_required_ones_are_not():
    assert "(optional)" in show("{% field form.note %}", form=ChangeForm())
    assert "(optional)" not in show("{% field form.name %}", form=ChangeForm())


def test_radio_buttons_are_a_group_with_a_legend():
    html = show("{% field form.data columns=3 %}", form=ChangeForm())

    assert "<legend>How much data moves?</legend>" in html
    assert html.count('class="choice"') == 2
    assert "choices--3" in html


def test_the_summary_repeats_the_words_beside_each_field_and_links_there():
    form = ChangeForm({"refuse": "1"})

    html = show("{% error_summary form %}", form=form)

    assert "There is a problem" in html
    assert "Go-live must be in the future" in html
    assert '<a href="#id_name">Fill in: Name</a>' in html
    assert '<a href="#id_data_0">Choose: How much data moves?</a>' in html
    assert "Choose: How much data moves?" in show("{% field form.data %}", form=form)


def test_a_fine_form_has_no_summary():
    assert show("{% error_summary form %}", form=ChangeForm({"name": "x", "data": "n"})) == ""


def test_a_toast_offers_undo_where_the_message_says_so():
    assert ui.undo_url(Message(25, "BILL-38 set to P3", "undo:/i/BILL-38/undo/12/")) == "/i/BILL-38/undo/12/"
    assert ui.undo_url(Message(25, "Saved")) == ""


def test_a_moment_in_utc_and_in_a_zone_reads_the_same():
    assert time_words.clock_time(NOW.astimezone(UTC), COPENHAGEN) == "14:12"
