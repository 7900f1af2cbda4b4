"""A hypercare period: its plan, state machine, checks, debriefs, exit and journal."""
