"""Who drew a version of a mask: what the object says of its reader, else where it was found."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from sarcoma_core.archive.drawn import reader_folder
from sarcoma_core.archive.masks import MaskVersion
from sarcoma_core.segmentation.readers.records import CONSENSUS, CaseReader
from sarcoma_core.xnat.roi.sending import collection_label

UNATTRIBUTED: Final = "unattributed"

_BLANKS = re.compile(r"[\s^,]+")
_WORD = re.compile(r"[^\W_]+")
_COLLECTION = "collection "


def drawn_by(version: MaskVersion, readers: Iterable[CaseReader], *, case: str = "") -> str:
    """Who drew a version.

    The reader that the object names counts first: the id or a name of one, small and capital letters alike,
    with DICOM's `^` and commas as blanks (PS3.5, 6.2: PN). Else a word of its origin that is an id: of the
    collection's label (`S1_anna`), or a folder below DRAWN (`DRAWN/5/anna/tumour.nii.gz`). The words of the
    session's label do not count, wherever they stand in that of the collection, nor does the name of a file:
    both may be a patient's.

    Args:
        version: as masks.json has it.
        readers: those of the project.
        case: label of the session.

    Returns:
        The id of the reader; `consensus` for a mask that was made of several; `unattributed` where nothing
        says it, or two are said.
    """
    known = tuple(readers)
    folders = reader_folder(version.origin)
    if folders.partition("/")[0] == CONSENSUS:
        return CONSENSUS
    named = plain_name(version.reader)
    told = {reader.id for reader in known if named and named in map(plain_name, (reader.id, *reader.names))}
    if not told:
        words = {*_words(folders), *_collection_words(version.origin, case)}
        told = {reader.id for reader in known if reader.id in words}
    return told.pop() if len(told) == 1 else UNATTRIBUTED


def plain_name(text: str) -> str:
    """A name in small letters, with one blank between its parts: `Doe^Anna` is `doe anna`.

    An accent is part of its letter, whether the software wrote it so or after it (Unicode's NFC and NFD).
    """
    return _BLANKS.sub(" ", _composed(text)).strip()


def _collection_words(origin: str, case: str) -> Sequence[str]:
    """The words of a collection's label without those of its session, as it is and as XNAT takes a label."""
    words = _words(origin.removeprefix(_COLLECTION)) if origin.startswith(_COLLECTION) else ()
    for label in (case, collection_label(case), collection_label(unicodedata.normalize("NFC", case))):
        words = _without(words, _words(label))
    return words


def _without(words: Sequence[str], label: Sequence[str]) -> Sequence[str]:
    """Words without each run of them that is a label: `rtstruct, s, 1, ben` without `s, 1`."""
    kept: list[str] = []
    place = 0
    while place < len(words):
        if label and words[place : place + len(label)] == label:
            place += len(label)
        else:
            kept.append(words[place])
            place += 1
    return tuple(kept)


def _words(text: str) -> Sequence[str]:
    return tuple(_WORD.findall(_composed(text)))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
