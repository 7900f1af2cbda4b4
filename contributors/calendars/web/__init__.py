"""Edges of calendars: pages, REST, forms."""
