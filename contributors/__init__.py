"""Who takes part in a period: rights, roles, shifts, readiness, and how they are told."""
