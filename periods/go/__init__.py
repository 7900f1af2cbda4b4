"""Go or no-go: votes, conditions, risks, the decision."""
