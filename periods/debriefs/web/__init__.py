"""Edges of debriefs: pages, REST, forms."""
