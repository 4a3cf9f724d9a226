"""Images laid into an archive that is thrown away: DICOM as every import does it, NIfTI as steps leave it."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from sarcoma_core import __version__
from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.roles import ROLE_TITLES, ROLES_LABEL, Role
from sarcoma_core.archive.store import Archive, Scan, Session, accession_id
from sarcoma_core.archive.unpacking import unpack
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Volume, check_values, read_nifti, write_nifti
from sarcoma_core.launch.alone.given import GivenImages
from sarcoma_core.provenance import Outcome, RunRecord, list_files, write_record
from sarcoma_core.steps.surroundings import software
from sarcoma_core.text import counted, printable

PROJECT: Final = "ALONE"
_SESSION: Final = "IMAGES"
_GIVEN: Final = "given"
"""What stands as the step that wrote a resource: whoever gave the files."""
_REASONS_SHOWN = 3
_VOXELS_MM: Final = (0.05, 20.0)
"""Bounds of a voxel along each axis, mm: no MR of a body is finer or coarser."""

Tell = Callable[[str], None]


def lay(archive: Archive, given: GivenImages, aside: Path, tell: Tell) -> tuple[Session, ...]:
    """Lay what was given into an archive.

    Args:
        archive: an empty one.
        given: the images.
        aside: an empty folder to unpack into.
        tell: is told of files that were left out.

    Returns:
        The sessions, in natural order of their labels.

    Raises:
        InputError: there is no DICOM, an archive of files is refused, or a NIfTI file cannot be used.
        OutputError: the disk is full.
    """
    return (_lay_niftis(archive, given.niftis),) if given.niftis else _import(archive, given, aside, tell)


def _import(archive: Archive, given: GivenImages, aside: Path, tell: Tell) -> tuple[Session, ...]:
    source = given.path
    if given.kind == "archive":
        source = aside
        unpack(given.path, aside)
    elif given.kind == "file":
        source = aside
        (aside / "image").symlink_to(given.path.resolve())
    report = import_folder(archive, PROJECT, source)
    for reason, number in Counter(report.reasons()).most_common(_REASONS_SHOWN):
        tell(f"{counted(number, 'file')} left out: {printable(reason)}")
    if not report.sessions:
        raise InputError(
            f"IMAGES: must hold DICOM; found none in {counted(len(report.files), 'file')}.",
            hint="Check the path. A NIfTI file is named itself: sarcoma segment FILE OUT --sequence T1CE",
        )
    return report.sessions


def _lay_niftis(archive: Archive, files: Mapping[Role, Path]) -> Session:
    """A session whose scans are called by their roles, with NIFTI and SERIES_ROLES as steps leave them."""
    place = archive.session_path(PROJECT, _SESSION)
    told: list[Outcome] = []
    scans: list[Scan] = []
    for role, file in files.items():
        path, shape = f"{role}/{role}.nii.gz", _copy(file, place / "RESOURCES" / "NIFTI" / role, role)
        told.append(Outcome(role, "MR", "done", files=(path,), facts={"units": "arbitrary"}))
        scans.append(Scan(role, "", None, "MR", ROLE_TITLES[role], shape[2]))
        (place / "SCANS" / role).mkdir(parents=True)
    number = accession_id(PROJECT, "", "", "")
    session = Session(PROJECT, _SESSION, number, "", "", "", "", tuple(scans), place)
    archive.write(session)
    _file(session, "NIFTI", _VOLUMES, told)
    roles = [Outcome(one.scan, "MR", "done", facts=_role_facts(one.scan)) for one in told]
    _file(session, ROLES_LABEL, _TOLD, roles)
    return session


def _copy(file: Path, folder: Path, role: Role) -> tuple[int, ...]:
    """Copy a volume, checked; gives its shape."""
    try:
        volume = read_nifti(file)
        check_values(volume.array)
        _check_size(volume)
    except InputError as error:
        hint = error.hint or "Is it one whole 3D image, and not a mask?"
        raise InputError(f"{role}: {error.message}", hint=hint) from None
    folder.mkdir(parents=True)
    write_nifti(folder / f"{role}.nii.gz", volume)
    return volume.array.shape


def _check_size(volume: Volume) -> None:
    least, most = _VOXELS_MM
    odd = next((length for length in volume.spacing if not least <= length <= most), None)
    if odd is not None:
        raise InputError(
            f"voxels must be {least:g} to {most:g} mm along each axis; found {odd:g} mm.",
            hint="Is its affine in millimetres?",
        )


def _role_facts(role: str) -> Mapping[str, Any]:
    return {
        "role": role,
        "chosen": True,
        "confidence": 1.0,
        "by": "person",
        "evidence": ["it was told with the file"],
        "runners_up": [],
        "needs_review": "",
    }


class _Words(NamedTuple):
    """What a manifest says of files that no step has written."""

    title: str
    caption: str
    methods: str


_VOLUMES: Final = _Words("Given volumes", "As given", "Volumes were given as NIfTI files.")
_TOLD: Final = _Words("Series roles", "", "The sequences of the volumes were told by who gave them.")


def _file(session: Session, label: str, words: _Words, outcomes: list[Outcome]) -> None:
    folder = session.resource(label)
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    record = RunRecord(
        step=_GIVEN,
        version=__version__,
        revision=1,
        title=words.title,
        caption=words.caption,
        params={},
        reads=(),
        inputs={},
        outcomes=tuple(outcomes),
        files=list_files(folder),
        methods=words.methods,
        cites=(),
        software=software("core"),
        image="local",
        started=now,
        finished=now,
    )
    write_record(folder, record)
