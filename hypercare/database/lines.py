"""Names and titles: one line that reads in the order in which it was written.

A character that turns what follows (U+202E) shows `gpj.exe` as `exe.jpg`, and everything behind it in the page too.
Such characters are taken out wherever a name or title comes from: forms, the API, mails, alerts, imported files.
Marks that Arabic and Hebrew need within a line (U+200E, U+200F, U+061C) stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.models.query_utils import DeferredAttribute

TURNING: Final = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
NOTHING_LEFT: Final = "\ufffd"  # a name of such characters alone stays something to click on


def in_reading_order(text: str) -> str:
    """The text without characters that turn its direction."""
    return text.translate(TURNING) or (NOTHING_LEFT if text else "")


class _Line(DeferredAttribute):
    """What is assigned is the line as it will be read: a journal entry written before the row is saved says it too."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = in_reading_order(value) if isinstance(value, str) else value


if TYPE_CHECKING:
    _CharField = models.CharField[str, str]
else:
    _CharField = models.CharField


class LineField(_CharField):
    """A name or a title. For migrations a plain CharField: the column is the same."""

    descriptor_class = _Line

    def get_prep_value(self, value: Any) -> Any:
        """Also what `update` and `filter` are given."""
        return super().get_prep_value(in_reading_order(value) if isinstance(value, str) else value)

    def deconstruct(self) -> Any:
        """As a CharField."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs
