"""Edges of readiness: pages, REST, forms."""
