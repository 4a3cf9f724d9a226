"""What every training shares, whatever is trained: which patients it may see, and which judge it."""
