"""A period: overview, settings, activity, status document."""
