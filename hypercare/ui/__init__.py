"""Pieces of pages that need arithmetic: charts, schedule drawings, times in words."""
