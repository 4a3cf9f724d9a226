"""Launches: queued, resolved, run, uploaded; each a workflow and a container in XNAT's words."""

from sarcoma_core.runners.running import Runner
from sarcoma_core.standin.documents import Documents
from sarcoma_core.standin.tree import Tree
from sarcoma_core.standin.users import Users


class Launches:
    """The Container Service's work."""

    def __init__(
        self, tree: Tree, documents: Documents, users: Users, runner: Runner, *, workers: int = 2
    ) -> None:
        self._tree = tree
        self._documents = documents
        self._users = users
        self._runner = runner
        self._workers = workers

    def close(self) -> None:
        """Stop what is running."""
