"""docker-compose.yml as Docker Compose reads it: which commands run, in which environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
# `${NAME}` and `${NAME:-what holds without it}`, the innermost first.
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::-([^${}]*))?\}")


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables replaced; `$$` is a dollar sign."""
    before = ""
    while before != text:
        before, text = text, VARIABLE.sub(lambda found: values.get(found[1]) or found[2] or "", text)
    return text.replace("$$", "$")


def values_of(text: str, **given: str) -> dict[str, str]:
    """What a file such as .env holds, with these values filled in. Raises KeyError for one it does not name."""
    values = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    for name, value in given.items():
        if name not in values:
            raise KeyError(name)
        values[name] = value
    return values


class Composition:
    """The services, with one installation's values."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """Read it."""
        self._values = values
        self._services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    def env(self, service: str) -> dict[str, str]:
        """The environment of its containers: the file's values, then those of the composition."""
        of_file = self._values if self._services[service].get("env_file") else {}
        named = self._services[service].get("environment", {})
        return {**of_file, **{name: filled_in(value, self._values) for name, value in named.items()}}

    def command(self, service: str) -> list[str]:
        """What its containers run; empty where the image says it."""
        return [filled_in(word, self._values) for word in self._services[service].get("command", [])]

    def health(self, service: str) -> list[str]:
        """What asks whether a container is well; empty where the image says it."""
        kind, *words = self._services[service].get("healthcheck", {}).get("test", [""])
        words = [filled_in(word, self._values) for word in words]
        return ["sh", "-c", *words] if kind == "CMD-SHELL" else words
