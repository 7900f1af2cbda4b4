"""HTTP of the plumbing: error pages, caching, CSV, OpenAPI, health."""
