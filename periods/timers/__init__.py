"""Timers of a period, as they are set."""
