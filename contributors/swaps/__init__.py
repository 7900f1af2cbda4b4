"""Asking somebody else to take a shift, and what comes of it."""
