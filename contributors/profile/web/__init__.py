"""Edges of profile: pages, REST, forms."""
