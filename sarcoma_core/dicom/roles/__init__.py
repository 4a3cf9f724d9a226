"""Which series is which: what is known of a series, the rules, their weighing and the choice in a session."""
