"""Clocks of an incident and whom they wake: targets, escalation, alerts before and after a miss, rollback."""
