"""Edges of exit: pages, REST, forms."""
