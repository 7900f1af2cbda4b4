"""Targets, covered hours and ladders as people type them. Forms parse; `escalation_policies` decides what can stand."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

from django import forms

from contributors.models import Membership, Role
from incidents.paging import escalation_targets, sla_clock
from incidents.paging.escalation_policies import OF_A_ROLE, EscalationLadder, EscalationStep, Policy, RollbackTimes
from incidents.paging.sla_clock import CoveredHours, Kind, SlaTarget
from incidents.shared.severity import SEVERITIES
from periods.models import Period

MEASURES: Final = (("elapsed", "around the clock"), ("covered", "covered hours"), ("business", "business hours"))
DAYS: Final = tuple(enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")))
TYPED: Final = re.compile(r"^(\d+(?:\.\d+)?)\s*(m|min|h|d)$")
SPARE_ROWS: Final = 2
CLOCKS: Final = {"acknowledge": "Acknowledge", "update": "Update", "mitigate": "Mitigate", "resolve": "Resolve"}


def length_as_text(target: SlaTarget) -> str:
    """`15 m`, `4 h`, or `3 d`: in business hours a day has eight."""
    day = sla_clock.WORKING_DAY if target.measure == "business" else 24 * sla_clock.HOUR
    for seconds, unit in ((day, "d"), (sla_clock.HOUR, "h")):
        if target.seconds >= seconds and target.seconds % seconds == 0:
            return f"{target.seconds // seconds} {unit}"
    return f"{target.seconds / sla_clock.MINUTE:g} m"


class TargetLengthField(forms.CharField):
    """A length of time such as `30 m`, `4 h` or `3 d`."""

    def __init__(self, **kwargs: Any) -> None:
        """Short, and with the same words about what is wrong everywhere."""
        super().__init__(max_length=12, error_messages={"required": "Say how long, such as 30 m."}, **kwargs)

    def clean(self, value: Any) -> Any:
        """The number and its unit."""
        found = TYPED.match(super().clean(value).strip().lower())
        if found is None:
            raise forms.ValidationError("Say how long with a unit: 30 m, 4 h or 3 d.")
        return float(found[1]), found[2][0]


class TargetsForm(forms.Form):
    """Sixteen targets, and the hours the period is covered."""

    always = forms.BooleanField(label="Covered around the clock", required=False)
    days = forms.TypedMultipleChoiceField(
        label="Covered on", choices=DAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    opens = forms.TimeField(label="Covered from", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    closes = forms.TimeField(label="Covered until", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    on_holidays = forms.BooleanField(label="On public holidays too", required=False)

    def __init__(self, data: Any = None, *, policy: Policy) -> None:
        """Filled with what holds now."""
        hours = policy.covered or CoveredHours()
        initial = {
            "always": policy.covered is None,
            "days": list(hours.days),
            "opens": hours.opens,
            "closes": hours.closes,
            "on_holidays": hours.on_holidays,
        }
        super().__init__(data, initial=initial)
        for severity in SEVERITIES:
            for kind in sla_clock.KINDS:
                self._add(severity, kind, policy.targets[severity][kind])

    def _add(self, severity: str, kind: Kind, target: SlaTarget) -> None:
        name = f"{severity}_{kind}"
        words = f"{severity}, {CLOCKS[kind].lower()}"
        self.fields[name] = TargetLengthField(label=words, initial=length_as_text(target))
        self.fields[f"{name}_in"] = forms.ChoiceField(
            label=f"{words}, counted in", choices=MEASURES, initial=target.measure
        )

    @property
    def rows(self) -> list[tuple[str, list[tuple[Any, Any]]]]:
        """Each severity with its four pairs of fields."""
        return [
            (severity, [(self[f"{severity}_{kind}"], self[f"{severity}_{kind}_in"]) for kind in sla_clock.KINDS])
            for severity in SEVERITIES
        ]

    @property
    def targets(self) -> dict[str, dict[Kind, SlaTarget]]:
        """What was typed."""
        return {
            severity: {kind: self._target(f"{severity}_{kind}") for kind in sla_clock.KINDS} for severity in SEVERITIES
        }

    def _target(self, name: str) -> SlaTarget:
        (number, unit), measure = self.cleaned_data[name], self.cleaned_data[f"{name}_in"]
        day = sla_clock.WORKING_DAY if measure == "business" else 24 * sla_clock.HOUR
        return SlaTarget(round(number * {"m": sla_clock.MINUTE, "h": sla_clock.HOUR, "d": day}[unit]), measure)

    @property
    def covered(self) -> CoveredHours | None:
        """The hours typed; None is around the clock."""
        data = self.cleaned_data
        if data["always"]:
            return None
        days = tuple(sorted(data["days"]))
        return CoveredHours(days, data["opens"], data["closes"], on_holidays=data["on_holidays"])


class RollbackTimesForm(forms.Form):
    """When a P1 asks whether to roll back, and how long the answer may take."""

    after = TargetLengthField(
        label="A P1 that is not mitigated asks after", help_text="Whoever may roll back is asked then."
    )
    answer = TargetLengthField(label="The answer is due within", help_text="Without one the sponsor is asked too.")

    def __init__(self, data: Any = None, *, policy: Policy) -> None:
        """Filled with what holds now."""
        now = policy.rollback
        lengths = {"after": now.after, "answer": now.answer}
        super().__init__(
            data,
            prefix="rollback",
            initial={
                name: length_as_text(SlaTarget(int(length.total_seconds()), "elapsed"))
                for name, length in lengths.items()
            },
        )

    @property
    def rollback(self) -> RollbackTimes:
        """What was typed."""
        return RollbackTimes(self._length("after"), self._length("answer"))

    def _length(self, name: str) -> timedelta:
        number, unit = self.cleaned_data[name]
        return timedelta(**{{"m": "minutes", "h": "hours", "d": "days"}[unit]: min(number, 9999)})


class LadderForm(forms.Form):
    """Steps of one severity: whom, and after how many minutes. Empty rows are no steps."""

    answers = forms.IntegerField(label="People who must answer", min_value=1, max_value=5)
    repeat = forms.IntegerField(label="Repeats when nobody answers", min_value=0, max_value=9)

    def __init__(self, data: Any = None, *, period: Period, severity: str) -> None:
        """Filled with the steps that hold now, and room for two more."""
        self.severity = severity
        now = escalation_targets.ladder_for_severity(period, severity)
        super().__init__(data, prefix=severity, initial={"answers": now.answers, "repeat": now.repeat})
        choices = _choices(period)
        self.count = len(now.steps) + SPARE_ROWS
        for number in range(1, self.count + 1):
            step = now.steps[number - 1] if number <= len(now.steps) else None
            self.fields[f"who{number}"] = forms.ChoiceField(
                label=f"Step {number}", choices=choices, required=False, initial=_value(step) if step else ""
            )
            self.fields[f"after{number}"] = forms.IntegerField(
                label=f"Step {number}, minutes after the start",
                required=False,
                min_value=0,
                max_value=86400,
                initial=step.after if step else None,
            )

    @property
    def rows(self) -> list[tuple[Any, Any]]:
        """Pairs of fields."""
        return [(self[f"who{number}"], self[f"after{number}"]) for number in range(1, self.count + 1)]

    @property
    def ladder(self) -> EscalationLadder:
        """What was chosen, empty rows left out."""
        data = self.cleaned_data
        steps = [
            _step(data[f"who{number}"], data[f"after{number}"] or 0)
            for number in range(1, self.count + 1)
            if data[f"who{number}"]
        ]
        return EscalationLadder(tuple(steps), data["answers"], data["repeat"])


def _choices(period: Period) -> list[Any]:
    roles = list(Role.objects.filter(period=period).order_by("position", "id"))
    members = Membership.objects.filter(period=period, left_at__isnull=True, user__is_active=True)
    people = [(f"person:{one.user_id}", one.user.name) for one in members.select_related("user").order_by("user__name")]
    named = [(f"role:{role.pk}", f"On shift: {role}") for role in roles]
    named += [(f"everyone:{role.pk}", f"Everybody in {role}") for role in roles]
    named += [(f"round_robin:{role.pk}", f"In turn: {role}") for role in roles]
    plain = [(who, escalation_targets.LABELS[who]) for who in ("on_shift", "deputy", "lead", "sponsor")]
    return [("", "No step"), *plain, ("Roles", named), ("People", people)]


def _value(step: EscalationStep) -> str:
    if step.who in OF_A_ROLE:
        return f"{step.who}:{step.role}"
    return f"person:{step.person}" if step.who == "person" else step.who


def _step(value: str, after: int) -> EscalationStep:
    who, _, pk = value.partition(":")
    if not pk:
        return EscalationStep(who, after)  # type: ignore[arg-type]  # one of the choices
    if who == "person":
        return EscalationStep("person", after, person=int(pk))
    return EscalationStep(who, after, role=int(pk))  # type: ignore[arg-type]  # one of the choices
