"""From a command, an object and values to what would be run."""
