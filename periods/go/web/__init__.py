"""Edges of go: pages, REST, forms."""
