"""Edges of intake: pages, REST, forms."""
