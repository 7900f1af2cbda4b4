"""Edges of messaging: pages, REST, forms."""
