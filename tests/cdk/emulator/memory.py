"""The server's whole state, kept and put back: for a test that breaks things, and for a rollback."""

import io
import pickle
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from moto.core.base_backend import BackendDict
from moto.iam.models import AWSManagedPolicy

_LIVING = (ModuleType, BackendDict, AWSManagedPolicy)
"""Not copied: the tables themselves, and AWS's own policies: a thousand in each partition."""
_LOCKS = (type(threading.RLock()), type(threading.Lock()))


def _blank(kind: type, factory: Callable[[], Any] | None) -> Any:
    made = kind.__new__(kind)
    defaultdict.__init__(made, factory)
    return made


@dataclass(frozen=True)
class Kept:
    """All backends as they were.

    Args:
        pickled: what can be written down.
        living: what cannot, and does not change: keys, certificates, functions.
    """

    pickled: bytes
    living: tuple[Any, ...]


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.living: list[Any] = []

    def persistent_id(self, value: Any) -> int | None:
        kind = type(value)
        unwritable = isinstance(value, FunctionType) and "<" in value.__qualname__
        if unwritable or kind.__module__.startswith("cryptography.") or kind in _LIVING:
            self.living.append(value)
            return len(self.living) - 1
        return None

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, _LOCKS):
            return (threading.RLock, ())
        if isinstance(value, defaultdict) and type(value) is not defaultdict:
            # Built by other arguments than a defaultdict's own.
            blank = (_blank, (type(value), value.default_factory))
            return (*blank, value.__dict__, None, iter(value.items()))
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, kept: Kept) -> None:
        super().__init__(io.BytesIO(kept.pickled))
        self._living = kept.living

    def persistent_load(self, place: int) -> Any:
        return self._living[place]


def _more(table: BackendDict[Any]) -> dict[str, dict[str, Any]]:
    """What S3 keeps beside its backends: whose each bucket is."""
    return {name: each for name, each in vars(table).items() if isinstance(each, dict)}


def keep(leave_out: Callable[[str], bool] = lambda _service: False) -> Kept:
    """All backends as they are now.

    Args:
        leave_out: which services not.
    """
    found = {
        table.service_name: ({account: dict(regions) for account, regions in table.items()}, _more(table))
        for table in BackendDict._instances
        if not leave_out(table.service_name)
    }
    written = io.BytesIO()
    pickler = _Pickler(written)
    pickler.dump(found)
    return Kept(written.getvalue(), tuple(pickler.living))


def put_back(kept: Kept, leave_out: Callable[[str], bool] = lambda _service: False) -> None:
    """Make all backends what they were.

    Args:
        kept: what `keep` gave.
        leave_out: which services not; the same as then.
    """
    found = _Unpickler(kept).load()
    for table in list(BackendDict._instances):
        if leave_out(table.service_name):
            continue
        then, more = found.get(table.service_name, ({}, {}))
        for name, each in _more(table).items():
            each.clear()
            each.update(more.get(name, {}))
        for account in list(table):
            regions = table[account]
            regions.clear()
            regions.update(then.get(account, {}))
