"""Edges of people: pages, REST, forms."""
