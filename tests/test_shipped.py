"""How `benchmarks.shipped` reads what is shipped: as Docker does, so that what it runs is what people install."""

from __future__ import annotations

import pytest

from benchmarks.shipped import composition, image
from benchmarks.shipped.composition import ROOT, Composition, filled_in, values_of

EXAMPLE = (ROOT / "env.example").read_text()
APP = ("migrate", "web", "worker", "beat")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${NAME}", "value"),
        ("${NAME:-other}", "value"),
        ("${EMPTY:-other}", "other"),
        ("${NONE:-a${EMPTY:-b}c}", "abc"),
        ("${NONE:-}${NONE}", ""),
        ("celery@$$HOSTNAME", "celery@$HOSTNAME"),
        ("$${NAME}", "${NAME}"),
    ],
)
def test_variables_are_filled_in_as_compose_does(text: str, said: str) -> None:
    assert filled_in(text, {"NAME": "value", "EMPTY": ""}) == said


def test_values_go_into_the_example_and_nowhere_else() -> None:
    values = values_of(EXAMPLE, SECRET_KEY="of-my-own")

    assert values["SECRET_KEY"] == "of-my-own"
    assert "REQUIRE_MFA" not in values  # shown, and left to what holds without it
    with pytest.raises(KeyError, match="SECRET"):
        values_of(EXAMPLE, SECRET="misspelt")


def test_every_service_of_the_product_gets_the_whole_file_and_the_servers_of_the_composition() -> None:
    read = Composition(values_of(EXAMPLE, SECRET_KEY="of-my-own", POSTGRES_PASSWORD="pass"))

    for service in APP:
        env = read.env(service)
        assert (env["HYPERCARE_ENV"], env["SECRET_KEY"]) == ("production", "of-my-own"), service
        assert env["DATABASE_URL"] == "postgres://hypercare:pass@postgres:5432/hypercare"
        assert not [value for value in env.values() if "${" in value]
    assert read.command("web") == read.health("web") == []  # the image says them
    assert "SECRET_KEY" not in read.env("redis")
    assert read.health("worker")[:2] == ["sh", "-c"]


def test_the_dockerfile_is_read_line_by_line() -> None:
    install, shipped = image.steps(image.DOCKERFILE.read_text())

    assert [rest.split()[0] for word, rest in install if word == "RUN"] == ["python", f"{image.INSTALLED}/bin/pip"]
    words = [word for word, _ in shipped]
    assert (words[0], words[-1]) == ("FROM", "CMD")
    assert words.count("COPY") == 9
    assert not [rest for _, rest in shipped if "\\" in rest]


def test_what_is_shipped_runs_as_the_user_of_the_image() -> None:
    assert image.user_number() == 10001
    assert composition.ROOT == image.ROOT
