"""Status words of workflows and containers, as the Container Service writes them.

Source: Container Service 3.7, ``PersistentWorkflowUtils`` and ``ContainerServiceImpl``.
"""

QUEUED, STAGING, CREATED, RUNNING, WAITING = "Queued", "Staging", "Created", "Running", "Waiting"
FINALIZING, COMPLETE, FAILED, KILLED = "Finalizing", "Complete", "Failed", "Killed"
TO_BE_ASSIGNED = "To be assigned"
"""What a launch answers in the place of a workflow's id, as long as there is none."""


def failed(why: str) -> str:
    """`Failed (why)`, e.g. of `Command resolution`, `Staging`, `Container launch`, `Killed`, `Upload`."""
    return f"{FAILED} ({why})"


def is_terminal(status: str) -> bool:
    """Whether nothing more will happen."""
    return status.startswith((COMPLETE, FAILED, KILLED))


def is_success(status: str) -> bool:
    """Whether it ended well, its outputs uploaded."""
    return status.startswith(COMPLETE)
