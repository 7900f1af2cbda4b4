"""Edges of planning: pages, REST, forms."""
