"""Pages of people, cover and readiness."""
