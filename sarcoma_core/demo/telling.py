"""What the trainings of the demo's models tell while they go on."""

import sys


def tell(line: str) -> None:
    """Write a line at once: whoever waits for half an hour sees that it goes on.

    Args:
        line: without its end.
    """
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
