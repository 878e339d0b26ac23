"""What Dunwell needs from outside: protocols, envelopes, errors, and where providers register."""
