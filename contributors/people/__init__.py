"""The people of a period: membership, rights, duties as named."""
