"""Where results of one line go: beside them is worked, and they appear whole or not at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sarcoma_core.archive.swapping import put_in_place
from sarcoma_core.errors import OutputError, UsageError
from sarcoma_core.launch.alone.results import FILE
from sarcoma_core.provenance import sha256
from sarcoma_core.runners.owned_folders import owned_prefix, sweep
from sarcoma_core.text import counted

_PREFIX: Final = ".segment-"
"""How the names of the folders begin in which is worked (`owned_folders`)."""


def check_out(out: Path, *, replace: bool) -> None:
    """Refuse a place that is taken: nothing is deleted that an earlier line has not written.

    Args:
        out: the folder.
        replace: whether the results of an earlier line may be deleted.

    Raises:
        OutputError: it holds something.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise OutputError("OUT: must be a folder, or nothing yet; found a file.", hint="Name another one.")
    if not os.access(out, os.W_OK | os.X_OK):
        raise OutputError(
            "OUT: must be writable; it is not. Nothing was written.",
            hint="Name another folder, or chmod u+w.",
        )
    held = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()}
    if not held:
        return
    if not replace:
        raise OutputError(
            f"OUT: must be new or empty; found {counted(len(held), 'file')}. Nothing was written.",
            hint="Name another folder, or add --replace, which deletes what an earlier line has left there.",
        )
    foreign = held - _ours(out)
    if foreign:
        raise OutputError(
            f"OUT: must hold nothing but the results of an earlier line, as --replace deletes it; found "
            f"{counted(len(foreign), 'other or changed file')}.",
            hint="Name another folder, or move them away.",
        )


def check_apart(out: Path, given: Mapping[str, Path]) -> None:
    """Refuse to read what results are to take the place of.

    Args:
        out: the folder of the results.
        given: files and folders that are read, each by what it is called.

    Raises:
        UsageError: one lies in the folder of the results.
    """
    place = out.resolve()
    for name, path in given.items():
        if path.resolve().is_relative_to(place):
            raise UsageError(
                f"OUT: must not hold {name}, which it would take the place of; it does.",
                hint="Name another folder.",
            )


def _ours(out: Path) -> set[str]:
    """The files that an earlier line has written and nobody has changed since."""
    try:
        told: Any = json.loads((out / FILE).read_bytes())
        written = {str(name): digest for one in told["sessions"] for name, digest in one["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
    return {FILE, *(name for name, digest in written.items() if _is_still(out / name, digest))}


def _is_still(path: Path, digest: object) -> bool:
    try:
        return path.is_file() and sha256(path) == digest
    except OSError:
        return False


@contextmanager
def working_beside(out: Path) -> Iterator[Path]:
    """An empty folder beside the results, gone afterwards; what killed processes left there is swept.

    Args:
        out: where the results go.

    Raises:
        OutputError: nothing can be written there.
    """
    parent = out.resolve().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        sweep(parent, _PREFIX)
        folder = Path(tempfile.mkdtemp(prefix=owned_prefix(_PREFIX), dir=parent))
    except OSError as error:
        raise unwritable_out(error) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_results(made: Path, out: Path, *, replace: bool) -> None:
    """Put a whole folder of results in its place, unless somebody has put something there meanwhile.

    Args:
        made: the folder, on the same disk.
        out: its place.
        replace: as `check_out` has it.

    Raises:
        OutputError: it cannot be put there; what was there still is.
    """
    check_out(out, replace=replace)
    try:
        put_in_place({made: out.resolve()})
    except OSError as error:
        raise unwritable_out(error) from None


def unwritable_out(error: OSError) -> OutputError:
    """That the results cannot be written, in words."""
    return OutputError(
        f"OUT: must be writable and have space; found: {error.strerror}. Nothing was written.",
        hint="Make room or name another folder, then run the same command again.",
    )
