"""The plan in six steps, scoring and templates."""
