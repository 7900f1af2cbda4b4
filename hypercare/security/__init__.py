"""Secrets at rest, limits, guarded requests out, logs without secrets."""
