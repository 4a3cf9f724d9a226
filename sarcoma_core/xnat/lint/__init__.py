"""What the service lets pass and what then goes wrong."""
