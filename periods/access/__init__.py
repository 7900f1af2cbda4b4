"""Load a period for somebody, or say that they may not."""
