"""Our steps on a server: what installing would do, as data, and doing it."""
