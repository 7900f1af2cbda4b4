"""Edges of swaps: pages, REST, forms."""
