"""One construct for each capability, which is given its settings."""
