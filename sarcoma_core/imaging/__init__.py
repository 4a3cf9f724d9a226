"""Image science as pure functions over arrays."""
