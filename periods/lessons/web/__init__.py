"""Edges of lessons: pages, REST, forms."""
