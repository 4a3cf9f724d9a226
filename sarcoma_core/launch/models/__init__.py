"""Models of a project: which there are, and one put there."""
