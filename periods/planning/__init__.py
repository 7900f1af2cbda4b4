"""A plan: complexity, suggested window, templates, working days."""
