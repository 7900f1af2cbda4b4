"""Calendars: feeds that go out, files that come in."""
