"""One-tap links: secret, stored hashed, one person and one thing each."""
