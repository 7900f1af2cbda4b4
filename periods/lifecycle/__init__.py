"""The state machine of a period: steps, who may take them, what stands in the way."""
