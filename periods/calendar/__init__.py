"""Wall-clock times in a zone."""
