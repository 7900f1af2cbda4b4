"""What people type at a go or no-go: votes, risks, the decision and its conditions. They parse; the domain decides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.http import QueryDict

from contributors.people import members as people_members
from contributors.shifts.web.fields import moment_field, zone_hint
from hypercare.exceptions import Invalid, Refused
from hypercare.web.forms import FormBeside, add_errors
from periods.go import gonogo
from periods.lifecycle.gates import Blocker
from periods.models import GoDecision, GoVote, Period

OWN_ROWS: Final = 2
MOST_ROWS: Final = 120
BEFORE_GO_LIVE: Final = timedelta(hours=2)
ROW: Final = re.compile(r"c(\d{1,3})-text", re.ASCII)
TEXT_OF: Final = {
    "go.cover_gap": "Somebody is on the plan for the gap",
    "incident.open": "The incident is resolved or graded again",
    "go.no_return_unnamed": "The point of no return is named",
    "go.rollback_unchecked": "A blocking check covers the rollback, and it is done",
    "go.rollback_unrehearsed": "The rollback is rehearsed in its time box",
}


class VoteForm(FormBeside):
    """Go, or hold with a reason. It stands beside the decision, which asks for a reason, too."""

    ids = "vote"
    choice = forms.ChoiceField(
        label="Your vote",
        choices=GoVote.Choice.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose go or hold."},
    )
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="A hold needs one.",
    )
    flip = forms.CharField(
        label="What would change your vote",
        required=False,
        max_length=1000,
        help_text="The evidence that would turn it.",
    )


class GoRiskForm(forms.Form):
    """One of the top risks."""

    risk = forms.CharField(label="What could happen", max_length=200)
    detection = forms.CharField(label="What shows it, and how soon", max_length=200)
    response = forms.CharField(label="What is done then, and by whom", max_length=200)


class MetForm(forms.Form):
    """What shows that a condition is met."""

    evidence = forms.CharField(
        label="Evidence",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="A link, or what was seen.",
        error_messages={"required": "Give a link, or say what was seen."},
    )


class ConditionForm(forms.Form):
    """One condition; what is missing the domain says."""

    objection = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    text = forms.CharField(
        label="What must be seen",
        required=False,
        max_length=500,
        error_messages={"required": "Say what must be seen to be true."},
    )
    due_at = moment_field("By", required=False, error_messages={"required": "Give a deadline that is ahead."})

    def __init__(self, *args: Any, people: Sequence[tuple[Any, str]], said: str = "", **kwargs: Any) -> None:
        """Offer the period's people; `said` is the blocker that it answers."""
        super().__init__(*args, **kwargs)
        self.said = said
        self.fields["owner"] = forms.TypedChoiceField(
            label="Who sees to it",
            required=False,
            coerce=int,
            empty_value=None,
            choices=people,
            error_messages={"required": "Name an owner from the period."},
        )
        for name in ("text", "owner", "due_at") if said else ():
            self.fields[name].required = True
        self.order_fields(("objection", "text", "owner", "due_at"))

    @property
    def row(self) -> dict[str, Any]:
        """As the domain reads it."""
        return dict(self.cleaned_data)

    @property
    def is_used(self) -> bool:
        """Whether it answers a blocker or says anything."""
        return bool(self.cleaned_data.get("objection") or self.cleaned_data.get("text"))


class DecideForm(forms.Form):
    """The sponsor's decision, with a condition for each blocker that a condition may answer."""

    outcome = forms.ChoiceField(
        label="Decision",
        choices=GoDecision.Outcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a decision."},
    )
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Needed to postpone and for a no-go.",
    )
    go_live_at = moment_field("New go-live", required=False)

    def __init__(
        self, data: QueryDict | None = None, *, period: Period, found: Sequence[Blocker], at: datetime
    ) -> None:
        """Rows for the blockers that stand, with their owner, and two for the sponsor's own."""
        super().__init__(data)
        self.fields["go_live_at"].help_text = zone_hint()
        answerable = [one for one in found if one.code not in gonogo.NEVER_A_CONDITION]
        self.rows = _sent_rows(data, period, answerable) if data else _fresh_rows(period, answerable, at)

    @property
    def conditions(self) -> list[dict[str, Any]]:
        """What the used rows say; none for other decisions."""
        return [row.row for row in self._used()]

    def _used(self) -> list[ConditionForm]:
        if self.cleaned_data["outcome"] != GoDecision.Outcome.GO_WITH_CONDITIONS:
            return []
        return [row for row in self.rows if row.is_valid() and row.is_used]

    def is_valid(self) -> bool:
        """The rows count only for a go with conditions."""
        own = super().is_valid()
        if not own or self.cleaned_data["outcome"] != GoDecision.Outcome.GO_WITH_CONDITIONS:
            return own
        checked = [row.is_valid() for row in self.rows]
        return all(checked)

    def explain(self, refusal: Refused) -> int:
        """Put a refusal beside its fields, `conditions/2/owner` on the third row that was used; its status."""
        if not isinstance(refusal, Invalid):
            return add_errors(self, refusal)
        used, rest = self._used(), {}
        for name, sentences in refusal.errors.items():
            parts = name.split("/")
            if len(parts) == 3 and int(parts[1]) < len(used):
                used[int(parts[1])].add_error(parts[2], list(sentences))
            else:
                rest[name] = sentences
        return add_errors(self, Invalid(rest))


def _people(period: Period) -> list[tuple[str, str]]:
    """The period's people with their duty, as choices; asked for once however many rows there are."""
    members = people_members.members_of(period.pk).order_by("user__name", "user_id")
    named = [(str(row.user_id), f"{row.user.name}, {row.role or row.get_right_display()}") for row in members]
    return [("", "Choose a person"), *named]


def _fresh_rows(period: Period, found: Sequence[Blocker], at: datetime) -> list[ConditionForm]:
    ahead, people = period.go_live_at - BEFORE_GO_LIVE, _people(period)
    due_at = ahead if ahead > at else None
    rows = [
        ConditionForm(
            prefix=f"c{number}",
            people=people,
            said=one.text,
            initial={
                "objection": one.key,
                "text": one.wish or TEXT_OF.get(one.code, ""),
                "due_at": due_at,
                "owner": one.owner.pk if one.owner else period.lead_id,
            },
        )
        for number, one in enumerate(found[:MOST_ROWS])
    ]
    first = len(rows)
    return rows + [
        ConditionForm(prefix=f"c{number}", people=people, initial={"due_at": due_at})
        for number in range(first, first + OWN_ROWS)
    ]


def _sent_rows(data: QueryDict, period: Period, found: Sequence[Blocker]) -> list[ConditionForm]:
    """The rows as they were sent, with one for each blocker that has come up since."""
    said, people = {one.key: one.text for one in found}, _people(period)
    sent = sorted(int(row.group(1)) for name in data if (row := ROW.fullmatch(name)))[:MOST_ROWS]
    keys = {number: data.get(f"c{number}-objection", "") for number in sent}
    rows = [ConditionForm(data, prefix=f"c{n}", people=people, said=said.get(keys[n], "")) for n in sent]
    first = sent[-1] + 1 if sent else 0
    new = [one for one in found if one.key not in keys.values()]
    blank = {f"c{first + n}-objection": one.key for n, one in enumerate(new)}
    more = (ConditionForm(blank, prefix=f"c{first + n}", people=people, said=one.text) for n, one in enumerate(new))
    return [*rows, *more]
