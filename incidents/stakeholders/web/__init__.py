"""Edges of stakeholders: pages, REST, forms."""
