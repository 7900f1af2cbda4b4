"""Edges of webhooks: pages, REST, forms."""
