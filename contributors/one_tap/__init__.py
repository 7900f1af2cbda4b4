"""What a person answers by a one-tap link, and the use of that link."""
