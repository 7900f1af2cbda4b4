"""Lessons, and finding them again."""
