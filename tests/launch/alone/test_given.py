"""What was given is told by its first bytes, and what a NIfTI file is must be said."""

import gzip
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.launch.alone.given import look_at

IMAGE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.dcm", b"1")
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("a.dcm"))
    return stream.getvalue()


def nifti(kind: type[nib.Nifti1Image] = nib.Nifti1Image) -> bytes:
    content: bytes = kind(IMAGE, np.eye(4)).to_bytes()
    return content


CONTENTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a zip": (zipped, "archive"),
    "a tar": (tarred, "archive"),
    "a packed tar": (lambda: gzip.compress(tarred()), "archive"),
    "NIfTI": (nifti, "nifti"),
    "NIfTI-2": (lambda: nifti(nib.Nifti2Image), "nifti"),
    "packed NIfTI": (lambda: gzip.compress(nifti()), "nifti"),
    "DICOM": (lambda: bytes(128) + b"DICM" + bytes(500), "file"),
    "an image without a head": (lambda: bytes(900), "file"),
    "nothing": (bytes, "file"),
}


@pytest.mark.parametrize(("content", "kind"), CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("name", ["image", "image.dcm", "image.zip"])
def test_a_file_is_told_by_its_content_and_not_by_its_name(
    tmp_path: Path, name: str, content: Callable[[], bytes], kind: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content())
    assert look_at(path, "T1CE" if kind == "nifti" else "", ()).kind == kind


@pytest.mark.parametrize(
    ("name", "kind"), [("a.nii.gz", "nifti"), ("a.nii", "nifti"), ("a.tar.gz", "archive")]
)
def test_one_that_is_damaged_is_told_by_its_name_so_that_its_reader_says_what_is_wrong(
    tmp_path: Path, name: str, kind: str
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(nifti())[:40])
    assert look_at(path, "T1CE" if kind == "nifti" else "", ()).kind == kind


def test_a_folder_is_one_of_dicom(tmp_path: Path) -> None:
    given = look_at(tmp_path, "", ())
    assert (given.kind, given.niftis) == ("folder", {})


def test_a_pipe_or_a_device_is_refused_and_not_read(tmp_path: Path, image: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(InputError, match=r"IMAGES: must be .*; found a device or pipe"):
            look_at(path)
        with pytest.raises(InputError, match=r"--also T2FS: must be .*; found a device or pipe"):
            look_at(image, "T1CE", (f"T2FS={path}",))


def test_what_is_not_there_is_told_by_its_argument(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"IMAGES: must be .*; found: No such file"):
        look_at(tmp_path / "nothing", "", ())


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "t1.nii"
    path.write_bytes(nifti())
    return path


def test_the_role_of_a_nifti_file_must_be_said(image: Path) -> None:
    with pytest.raises(UsageError, match="--sequence: must be one of T1CE, T1, T2FS, T2 for a NIfTI") as no:
        look_at(image, "", ())
    assert "T1CE is T1 after contrast agent" in no.value.hint


@pytest.mark.parametrize(
    ("sequence", "also", "flag"), [("T1CE", (), "--sequence"), ("", ("T2FS=a",), "--also")]
)
def test_that_of_dicom_stands_in_its_headers(
    tmp_path: Path, sequence: str, also: tuple[str, ...], flag: str
) -> None:
    with pytest.raises(UsageError, match=f"{flag}: must be left out for DICOM"):
        look_at(tmp_path, sequence, also)


def test_where_the_headers_of_dicom_tell_it_wrongly_a_scan_is_said(tmp_path: Path, image: Path) -> None:
    assert look_at(tmp_path, series=("T1CE=5", "T2FS=4-MR1")).choices == {"T1CE": "5", "T2FS": "4-MR1"}
    for wrong in ("T1CE", "PET=5", "T1CE="):
        with pytest.raises(UsageError, match=f"--series: must be ROLE=SCAN .*; found '{wrong}'"):
            look_at(tmp_path, series=(wrong,))
    with pytest.raises(UsageError, match="--series: must be left out for a NIfTI file"):
        look_at(image, "T1CE", series=("T1CE=5",))


def test_several_files_have_a_role_each(image: Path) -> None:
    second = image.with_name("t2=b.nii")
    second.write_bytes(nifti())
    given = look_at(image, "T1CE", (f"T2FS={second}",))
    assert given.niftis == {"T1CE": image, "T2FS": second}


@pytest.mark.parametrize(
    ("also", "words"),
    [
        ("t2.nii", "must be ROLE=FILE with a role of T1CE, T1, T2FS, T2; found 't2.nii'"),
        ("T2FS=", "must be ROLE=FILE"),
        ("=t2.nii", "must be ROLE=FILE"),
        ("PET=t1.nii", "must be ROLE=FILE"),
        ("t2fs=t1.nii", "must be ROLE=FILE"),
        ("T1CE=t1.nii", "must name each role once; found T1CE twice"),
    ],
)
def test_a_further_file_that_is_not_told_rightly_is_refused(image: Path, also: str, words: str) -> None:
    with pytest.raises(UsageError, match=f"--also: {words}"):
        look_at(image, "T1CE", (also,))


def test_a_further_file_must_be_nifti_and_there(image: Path) -> None:
    with pytest.raises(UsageError, match="--also T2FS: must be a NIfTI file, as the first is; found none"):
        look_at(image, "T1CE", (f"T2FS={image.parent}",))
    with pytest.raises(InputError, match=r"--also T2FS: must be .*; found: No such file"):
        look_at(image, "T1CE", ("T2FS=nowhere.nii",))
