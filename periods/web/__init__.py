"""What the edges of periods share."""
