"""Runbooks and other pages of a period, with their versions."""
