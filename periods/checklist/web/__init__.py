"""Edges of checklist: pages, REST, forms."""
