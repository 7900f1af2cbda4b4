"""Edges of browsers' notifications: the pages that a browser asks."""
