"""The journal: what happened, append-only and hash-chained; each entry is handed to its consumers."""
