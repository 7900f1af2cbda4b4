"""The period API, by what it is about. Edges: they authorise, validate and make one domain call."""
