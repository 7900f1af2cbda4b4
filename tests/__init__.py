"""Tests, laid out as the apps are."""

from pathlib import Path

ROOT = Path(__file__).parents[1]  # of the repository
