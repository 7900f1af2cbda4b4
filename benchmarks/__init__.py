"""Runs that measure: each prints its own figures and fails when a promise is broken."""
