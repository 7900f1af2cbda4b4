"""Edges of documents: pages, REST, forms."""
