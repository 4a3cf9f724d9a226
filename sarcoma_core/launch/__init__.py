"""Running chains of steps over many sessions."""
