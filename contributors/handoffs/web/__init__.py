"""Edges of handoffs: pages, REST, forms."""
