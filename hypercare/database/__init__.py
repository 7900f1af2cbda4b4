"""What the two databases do differently: the clock and full-text search."""
