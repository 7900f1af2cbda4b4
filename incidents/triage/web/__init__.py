"""Edges of triage: pages, REST, forms."""
