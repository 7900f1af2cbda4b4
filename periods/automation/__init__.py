"""What a period's timers do when they are due."""
