"""Edges of paging: pages, REST, forms."""
