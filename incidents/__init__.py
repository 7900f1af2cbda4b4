"""What goes wrong in a period: triage, clocks, escalation and alerts coming in."""
