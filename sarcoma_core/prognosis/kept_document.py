"""A document of ours, read again: whole, of its schema, and byte for byte as it was written."""

import json
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sarcoma_core.errors import InputError, SarcomaError


class Kept(Protocol):
    """What is kept as a document."""

    def document(self) -> bytes:
        """The same as a file; equal ones give equal bytes."""


KeptT = TypeVar("KeptT", bound=Kept)


def read_kept(
    content: bytes, parse: Callable[[Any], KeptT], *, schema: int, fault: Callable[[str], InputError]
) -> KeptT:
    """Read a document that was kept, and check all of it.

    Args:
        content: of its file.
        parse: what its tree says.
        schema: that it must have.
        fault: the error that tells what was found.

    Raises:
        InputError: it is no such file, or its numbers do not belong together.
    """
    try:
        tree = json.loads(content)
        if tree["schema"] != schema:
            raise fault("its schema is another")
        found = parse(tree)
    except SarcomaError as error:
        raise fault(error.message.rstrip(".")) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise fault(f"{type(error).__name__} on reading it") from None
    if found.document() != content:
        raise fault("it holds something else besides, or was written otherwise")
    return found
