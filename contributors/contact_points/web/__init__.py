"""Edges of contact points: pages, REST, forms."""
