"""Signing in: accounts, the second step, sessions."""
