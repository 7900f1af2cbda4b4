"""What comes in from outside: alerts and mails."""
