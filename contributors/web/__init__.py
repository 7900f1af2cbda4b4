"""What the edges of contributors share."""
