"""Figures: daily counts, exit measures, sections of debriefs and hand-offs, gates."""
