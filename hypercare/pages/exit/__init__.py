"""The exit review."""
