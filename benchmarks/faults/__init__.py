"""Fault runs: break something while messages are due, then count what was lost, what came twice and what came late."""
