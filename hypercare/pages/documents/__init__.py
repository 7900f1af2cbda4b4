"""Pages of runbooks and other documents."""
