"""The form of a page of a period. It parses; the domain decides what may be saved."""

from __future__ import annotations

from typing import Any

from django import forms

from periods.documents import documents
from periods.models import Document, DocumentVersion

HINTS = {
    "chat": "Its address, or its name such as #billing-cutover.",
    "mailbox": "Such as billing@example.com.",
    "bridge": "Such as +45 70 10 11 12.",
    "bridge_code": "Such as 4417#.",
}


class AskedField(forms.CharField):
    """Asked for; whether it may be left empty is for the domain to say."""

    def validate(self, value: Any) -> None:
        """Nothing here."""


class DocumentForm(forms.Form):
    """Title, text, what changed. How we work also says where to talk."""

    title = AskedField(label="Name of the page")
    body = AskedField(
        label="Text",
        strip=False,
        help_text="Markdown: ## heading, **bold**, - list, - [ ] task, | table |, ``` for commands.",
        widget=forms.Textarea(attrs={"rows": 24, "class": "doc-source", "spellcheck": "true"}),
    )
    reason = AskedField(label="What changed?", help_text="In a few words. People who read it are asked to look again.")
    minor = forms.BooleanField(
        label="Minor edit", required=False, help_text="A typo or layout. Nobody is asked to read it again."
    )
    based_on = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, kind: str, is_new: bool, **kwargs: Any) -> None:
        """Channels for How we work only; a first version needs no reason."""
        super().__init__(*args, **kwargs)
        self.kind = kind
        if kind == Document.Kind.HOW_WE_WORK:
            for name, words in documents.CHANNELS.items():
                self.fields[name] = forms.CharField(label=words, required=False, help_text=HINTS[name])
        if kind != Document.Kind.PAGE:
            self.fields["title"].widget = forms.HiddenInput()
        if is_new:
            del self.fields["reason"], self.fields["minor"]

    @property
    def text(self) -> documents.PageText:
        """What the domain saves."""
        data = self.cleaned_data
        given = {name: data.get(name, "") for name in documents.CHANNELS}
        channels = given if self.kind == Document.Kind.HOW_WE_WORK else None
        return documents.PageText(
            data["title"], data["body"], data.get("reason", ""), data.get("minor", False), channels
        )

    @property
    def channel_fields(self) -> list[forms.BoundField]:
        """The channels, to be laid out together."""
        return [self[name] for name in documents.CHANNELS if name in self.fields]


def document_initial(saved: DocumentVersion) -> dict[str, Any]:
    """A version as the form begins with it."""
    return {"title": saved.title, "body": saved.body, "based_on": saved.number, **saved.channels}
