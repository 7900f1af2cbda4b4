"""Edges of lifecycle: pages, REST, forms."""
