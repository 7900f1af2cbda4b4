"""What the domain says when it refuses. Edges turn these into 409 pages or problem documents."""

from collections.abc import Iterable, Mapping


class Refused(Exception):
    """A rule says no. `reasons` are sentences a person can act on; nothing was changed.

    `codes` name the rules for programs, one a reason, where the rules have names.
    """

    def __init__(self, *reasons: str, codes: Iterable[str] = ()) -> None:
        """Keep the reasons, in the order they should be read."""
        super().__init__(" ".join(reasons))
        self.reasons: tuple[str, ...] = reasons
        self.codes: tuple[str, ...] = tuple(codes)


class TransitionRefused(Refused):
    """A state machine does not allow this step now."""


class AlreadyDone(Refused):
    """Somebody was first; the reason says who and when."""


class LinkEnded(Refused):
    """A one-tap link that expired, was revoked or was made for somebody else (HTTP 410)."""


class TooMany(Refused):
    """Asked too often from one place or in one period; it may work later (HTTP 429)."""

    def __init__(self, *reasons: str, wait_s: int = 3600) -> None:
        """Say also after how many seconds it may work."""
        super().__init__(*reasons)
        self.wait_s = wait_s


class NotAllowed(Refused):
    """The person is a member, but lacks the right (HTTP 403)."""


class Invalid(Refused):
    """Input that can't be accepted: field name → sentences (HTTP 422)."""

    def __init__(self, errors: Mapping[str, str | Iterable[str]]) -> None:
        """Normalise each field's complaint to a list of sentences."""
        self.errors: dict[str, list[str]] = {
            field: [text] if isinstance(text, str) else list(text) for field, text in errors.items()
        }
        super().__init__(*(sentence for texts in self.errors.values() for sentence in texts))
