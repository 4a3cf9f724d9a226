"""What of a parcel a session on a server holds: by UID and bytes where those can be told, else by counts.

Bytes alone do not do. XNAT's default anonymisation script writes the labels into each file that arrives, so a
digest that is not ours may still be our file. When one digest of the session is ours, the server keeps bytes,
and another digest is another content; when none is, each file there stands for one of its UID here.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sarcoma_core.launch.upload.plan import Content
from sarcoma_core.xnat.rest.import_service import NOTHING, ArchivedFile, ArchivedFiles


class Comparison(NamedTuple):
    """A parcel beside what a session holds.

    Args:
        missing: what is not there.
        changed: how many of the others are there by their UID only, with other bytes.
    """

    missing: tuple[Content, ...]
    changed: int


def compare(
    wanted: Iterable[Content],
    held: ArchivedFiles,
    *,
    before: ArchivedFiles = NOTHING,
    sent: Collection[Content] = (),
) -> Comparison:
    """Find what a session does not hold.

    Args:
        wanted: contents, each with a UID and bytes of its own.
        held: what the session holds now.
        before: what it held before anything was sent.
        sent: what was sent since. A file that came since stands for one of these, whatever its bytes.

    Returns:
        What is missing, in the order of `wanted`, and how many files were taken for others by their UID.

    Raises:
        OSError: a file cannot be read.
    """
    contents = tuple(wanted)
    places = _by_uid(held)
    rest = [content for content in contents if not _take_same_bytes(content, places[content.uid])]
    keeps_bytes = len(rest) < len(contents)
    came = Counter(held.files) - Counter(before.files)
    changed = 0

    def arrived(file: ArchivedFile, content: Content) -> bool:
        return content in sent and file in came

    def may_be(file: ArchivedFile, content: Content) -> bool:
        return not keeps_bytes or not file.digest or arrived(file, content)

    for in_its_scan in (True, False):
        for content in tuple(rest):
            files = [file for file in places[content.uid] if may_be(file, content)]
            file = next((f for f in files if _is_scan_of(f, content) or not in_its_scan), None)
            if file:
                places[content.uid].remove(file)
                rest.remove(content)
                changed += bool(file.digest) and not arrived(file, content)
    return Comparison(tuple(rest), changed)


def _by_uid(held: ArchivedFiles) -> Mapping[str, list[ArchivedFile]]:
    files: dict[str, list[ArchivedFile]] = defaultdict(list)
    for file in held.files:
        files[file.uid].append(file)
    return files


def _take_same_bytes(content: Content, places: list[ArchivedFile]) -> bool:
    """Take the file of a content off those of its UID; whether there was one."""
    told = [file for file in places if file.digest]
    same = next((file for file in told if file.digest == content.digest), None)
    if same:
        places.remove(same)
    return same is not None


def _is_scan_of(file: ArchivedFile, content: Content) -> bool:
    """Whether a file lies in a scan of a content's SeriesNumber: `4`, or `4-MR1`."""
    return file.scan == content.number or file.scan.startswith(f"{content.number}-")
