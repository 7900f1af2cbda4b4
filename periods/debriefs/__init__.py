"""Debriefs and the actions that come of them."""
