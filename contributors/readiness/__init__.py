"""Readiness of people: asking, acknowledging, asking again."""
