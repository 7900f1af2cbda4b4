"""A person's own page and what the API says of oneself."""
