"""Pages of incidents: lists, one incident, and what is done to it."""
