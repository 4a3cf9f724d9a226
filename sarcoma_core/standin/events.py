"""Event subscriptions: a change to a session launches a wrapper."""

from sarcoma_core.standin.documents import Documents
from sarcoma_core.standin.launches import Launches
from sarcoma_core.standin.tree import Tree
from sarcoma_core.standin.users import Users


class Events:
    """The Event Service."""

    def __init__(self, tree: Tree, documents: Documents, users: Users, launches: Launches) -> None:
        self._tree = tree
        self._documents = documents
        self._users = users
        self._launches = launches
