"""Edges of shifts: pages, REST, forms."""
