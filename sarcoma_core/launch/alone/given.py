"""What somebody gives to be segmented: DICOM in a folder, a file or an archive of files, or NIfTI.

A file is told by its content, as names are typed by hand.
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from sarcoma_core.archive.roles import Role
from sarcoma_core.errors import InputError, UsageError

MR_ROLES: Final[tuple[Role, ...]] = ("T1CE", "T1", "T2FS", "T2")
"""What a series can be that models look at."""

GivenKind = Literal["folder", "archive", "nifti", "file"]

_GZIP: Final = b"\x1f\x8b"
_HEAD = 540
"""Bytes of the header of NIfTI-2, the longer of both."""
_NIFTI_1, _NIFTI_2 = (344, (b"n+1\0", b"ni1\0")), (4, (b"n+2\0", b"ni2\0"))
"""Where the word is by which a NIfTI file is known, and which (nifti1.h and nifti2.h, `magic`)."""
_TAR = (257, (b"ustar",))
"""The same of a tar file (POSIX.1-2017, pax, `ustar Interchange Format`)."""
_TAR_NAMES = (".tgz", ".tar.gz")


@dataclass(frozen=True)
class GivenImages:
    """What is to be segmented.

    Args:
        path: what was named.
        kind: a folder of DICOM files, an archive of them (zip, tar), one of them, or NIfTI.
        niftis: the file of each role; none of DICOM, whose headers tell the roles.
        choices: the scan of each role that was said of DICOM; the headers tell the others.
    """

    path: Path
    kind: GivenKind
    niftis: Mapping[Role, Path] = field(default_factory=dict)
    choices: Mapping[Role, str] = field(default_factory=dict)

    @property
    def places(self) -> Mapping[str, Path]:
        """What is read, each by what it is called on the command line."""
        return {"IMAGES": self.path, **{f"--also {role}": file for role, file in self.niftis.items()}}


def look_at(
    path: Path, sequence: str = "", also: Sequence[str] = (), series: Sequence[str] = ()
) -> GivenImages:
    """Tell what was given, by its first bytes.

    Args:
        path: what was named.
        sequence: what a NIfTI file is; empty where nothing was said.
        also: further NIfTI files of the same patient, each as ROLE=FILE.
        series: which scan of DICOM is which, each as ROLE=SCAN.

    Raises:
        UsageError: the role of a NIfTI file is not told, or one is told twice, or of DICOM.
        InputError: there is no such file or folder, or it cannot be read.
    """
    kind = _kind_of(path, "IMAGES")
    if kind != "nifti":
        if sequence or also:
            raise UsageError(
                f"{'--sequence' if sequence else '--also'}: must be left out for DICOM, whose headers tell "
                "which series is which.",
                hint="Where they do not: --series T1CE=SCAN. To choose which model draws: --member",
            )
        return GivenImages(path, kind, choices=dict(_pairs("--series", "SCAN", series)))
    if series:
        raise UsageError("--series: must be left out for a NIfTI file; --sequence says what it is.")
    if not sequence:
        raise UsageError(
            f"--sequence: must be one of {', '.join(MR_ROLES)} for a NIfTI file, which does not tell what "
            "it is; found nothing.",
            hint="T1CE is T1 after contrast agent, T2FS is T2 with fat saturated, or STIR.",
        )
    files = {role: Path(file) for role, file in _pairs("--also", "FILE", [f"{sequence}={path}", *also])}
    for role, file in files.items():
        if _kind_of(file, f"--also {role}") != "nifti":
            raise UsageError(f"--also {role}: must be a NIfTI file, as the first is; found none.")
    return GivenImages(path, kind, files)


def _pairs(flag: str, what: str, texts: Sequence[str]) -> Iterator[tuple[Role, str]]:
    """Each role with what it is.

    Raises:
        UsageError: the form or the role is wrong, or one role is given twice.
    """
    told: set[Role] = set()
    for text in texts:
        name, equals, value = text.partition("=")
        role = next((one for one in MR_ROLES if one == name), None)
        if role is None or not (equals and value):
            raise UsageError(
                f"{flag}: must be ROLE={what} with a role of {', '.join(MR_ROLES)}; found {text!r}."
            )
        if role in told:
            raise UsageError(f"{flag}: must name each role once; found {role} twice.")
        told.add(role)
        yield role, value


def _kind_of(path: Path, flag: str) -> GivenKind:
    if path.is_dir():
        return "folder"
    if path.exists() and not path.is_file():
        raise InputError(
            f"{flag}: must be a folder, file or zip of DICOM, or a NIfTI file; found a device or pipe.",
            hint="Save it as a file first.",
        )
    try:
        head = _head(path)
        packed = zipfile.is_zipfile(path)
    except OSError as error:
        raise InputError(
            f"{flag}: must be a folder, file or zip of DICOM, or a NIfTI file; found: {error.strerror}.",
            hint="Check the path.",
        ) from None
    name = path.name.lower()
    if _holds(head, _NIFTI_1) or _holds(head, _NIFTI_2) or name.endswith((".nii", ".nii.gz")):
        return "nifti"
    return "archive" if packed or _holds(head, _TAR) or name.endswith(_TAR_NAMES) else "file"


def _head(path: Path) -> bytes:
    """The first bytes of a file, unpacked; nothing where they are damaged: who reads it all says more."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head.startswith(_GZIP):
        return head
    try:
        with gzip.open(path) as unpacked:
            return unpacked.read(_HEAD)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return b""


def _holds(head: bytes, mark: tuple[int, tuple[bytes, ...]]) -> bool:
    return head[mark[0] :].startswith(mark[1])
