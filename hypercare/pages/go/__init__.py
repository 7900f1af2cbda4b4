"""The go or no-go meeting."""
