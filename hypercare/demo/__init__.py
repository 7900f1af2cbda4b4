"""The demo: one believable story, told through the domain's own functions."""
