"""What every request passes through: middleware and the frame of every page."""
