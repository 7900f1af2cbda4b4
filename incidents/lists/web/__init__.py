"""Edges of lists: pages, REST, forms."""
