"""Numbers as people and programs write them into addresses and forms."""


def number_of(text: str) -> int | None:
    """The number that a text says; None for anything else, and for one that no column holds."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
