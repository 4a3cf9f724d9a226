"""Launches that nobody has seen on the server yet: at most one in each history."""

from threading import Lock


class Unseen:
    """Which item's launch is looked for in the history of an object; shared by all items of a run.

    The scans of a session share its history, and no row of it tells the scan. Were two of them looked for at
    once, each could be taken for the other: a scan that failed would count as done.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._items: dict[str, int] = {}

    def take(self, holder: str, item: int) -> bool:
        """Whether an item may be launched, or its launch looked for; until `leave` no other one may.

        Args:
            holder: id of the object in whose history its launch is listed.
            item: its number in the ledger.
        """
        with self._lock:
            return self._items.setdefault(holder, item) == item

    def leave(self, holder: str, item: int) -> None:
        """An item's launch was seen, or there is none any more."""
        with self._lock:
            if self._items.get(holder) == item:
                del self._items[holder]
