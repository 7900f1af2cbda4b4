"""What every room of incidents stands on: severity, locking, phrases."""
