"""The fence around one file or series: what its content makes any reader raise is a finding about it alone.

Parsers of damaged bytes raise whatever their authors did not think of. So whoever reads one of many puts a
fence around it: an error of its content becomes the refusal of this one, and the others go on. The disk's own
errors pass: they concern all.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from pydicom.datadict import keyword_for_tag

from sarcoma_core.errors import InputError, SarcomaError

_TAGGED = ("tag", "key", "raw", "elem", "data_element")
"""Under which names pydicom's functions hold the tag or the element that they are at."""

_CUT = (EOFError, OSError)
"""What pydicom raises where a sequence has no end; an `OSError` of it has no number."""


@contextmanager
def reading_quietly() -> Iterator[None]:
    """Read DICOM without pydicom's warnings: they quote the odd value, which may be a patient's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def fence(refusal: type[InputError], what: str) -> Iterator[None]:
    """Turn what the content of a file or a series makes a reader raise into a refusal.

    Args:
        refusal: the error that it becomes.
        what: what is read, e.g. `the DICOM header`.

    Raises:
        InputError: of the kind that was asked for; its message names the attribute, where a reader was at
            one, and the kind of the error, and repeats none of its text: that may quote a patient's value.
        OSError: of the disk.
    """
    try:
        with reading_quietly():
            yield
    except SarcomaError:
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise refusal(_told(what, error)) from None
    except Exception as error:  # noqa: BLE001  this is the one place that must let nothing through
        raise refusal(_told(what, error)) from None


def _told(what: str, error: Exception) -> str:
    keyword = _attribute(error.__traceback__)
    place = f" at {keyword}" if keyword else ""
    if isinstance(error, _CUT):
        return f"cut short: {what} ends inside a sequence{place}"
    return f"{what} cannot be read{place} ({type(error).__name__})"


def _attribute(trace: TracebackType | None) -> str:
    """The keyword of the attribute that pydicom was at; empty when it was at none that has one."""
    keyword = ""
    while trace:
        frame = trace.tb_frame
        if str(frame.f_globals.get("__name__", "")).startswith("pydicom."):
            held = (frame.f_locals.get(name) for name in _TAGGED)
            tags = (value if isinstance(value, int) else getattr(value, "tag", None) for value in held)
            keyword = next((known for tag in tags if tag and (known := keyword_for_tag(tag))), keyword)
        trace = trace.tb_next
    return keyword
