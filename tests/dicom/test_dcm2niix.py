import subprocess
from pathlib import Path
from typing import Any

import dcm2niix
import pytest

from sarcoma_core.dicom.dcm2niix import run_dcm2niix, version
from sarcoma_core.dicom.readable_copy import readable_files
from sarcoma_core.dicom.series import read_scan
from sarcoma_core.errors import RunError, SarcomaError, SeriesRefused
from tests.dicom.series_maker import Stack, save
from tests.dicom.truth import nib


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return save(Stack().datasets(), tmp_path / "DOE_JANE")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Record the call of the binary instead of making it; the test says how it ends."""
    calls: list[Any] = [0]

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        names = sorted(path.name for path in Path(command[-1]).iterdir())
        calls.extend([command, options, names])
        if isinstance(calls[0], Exception):
            raise calls[0]
        return subprocess.CompletedProcess(command, calls[0], b"DOE_JANE", b"Doe^Jane")

    monkeypatch.setattr(subprocess, "run", run)
    return calls


def test_the_binary_is_that_of_the_package_and_sees_neutral_names_only(
    files: list[Path], out: Path, called: list[Any]
) -> None:
    with pytest.raises(SeriesRefused, match="no image"):
        run_dcm2niix(files, out, philips=False)

    _, command, options, names = called
    assert command[0] == dcm2niix.bin
    assert options["env"] == {}
    assert names == [f"{n:06d}.dcm" for n in range(1, 7)]
    assert not any("DOE" in part for part in command[:-1] if str(out) not in part)


def test_it_writes_one_image_with_its_sidecar(files: list[Path], out: Path) -> None:
    (written,) = run_dcm2niix(files, out, philips=False)

    assert written.suffix == ""
    assert written.image.is_file()
    assert written.sidecar.is_file()
    assert written.gradients == ()


def test_the_input_is_only_read(files: list[Path], out: Path) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    run_dcm2niix(files, out, philips=False)

    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in files[0].parent.iterdir()} == before


def test_numbers_that_do_not_run_along_the_stack_lead_it_astray_and_new_ones_do_not(
    tmp_path: Path, out: Path
) -> None:
    datasets = Stack(modality="CT").datasets()
    datasets[4].InstanceNumber, datasets[5].InstanceNumber = 6, 5
    files = save(datasets, tmp_path / "swapped")
    (tmp_path / "astray").mkdir()

    with pytest.raises(SeriesRefused, match="_Eq"):
        run_dcm2niix(files, tmp_path / "astray", philips=False)
    (tmp_path / "numbered").mkdir()
    numbered = readable_files(read_scan(files).headers, tmp_path / "numbered", renumber=True)
    (written,) = run_dcm2niix(numbered, out, philips=False)

    assert nib.load(written.image).shape == (10, 12, 6)


def test_images_that_it_makes_up_are_not_taken(tmp_path: Path, out: Path) -> None:
    tilted = Stack(modality="CT").datasets()
    for k, ds in enumerate(tilted):
        ds.ImagePositionPatient[1] += k * 1.0

    with pytest.raises(SeriesRefused, match="of its own making"):
        run_dcm2niix(save(tilted, tmp_path / "tilted"), out, philips=False)


@pytest.mark.parametrize(("code", "words"), [(2, "no valid DICOM"), (4, "corrupt"), (8, "a part only")])
def test_what_is_the_fault_of_the_scan_refuses_the_scan(
    files: list[Path], out: Path, called: list[Any], code: int, words: str
) -> None:
    called[0] = code

    with pytest.raises(SeriesRefused, match=words):
        run_dcm2niix(files, out, philips=False)


@pytest.mark.parametrize("code", [6, 7, 127])
def test_a_call_that_is_wrong_is_an_error(files: list[Path], out: Path, called: list[Any], code: int) -> None:
    called[0] = code

    with pytest.raises(RunError, match=f"found {code}"):
        run_dcm2niix(files, out, philips=False)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (-11, "broke off on the scan"),
        (-9, "broke off on the scan"),
        (subprocess.TimeoutExpired("x", 3), "did not end on the scan within 3 s"),
    ],
)
def test_a_scan_on_which_it_crashes_or_hangs_is_refused_and_others_go_on(
    files: list[Path], out: Path, called: list[Any], end: Any, words: str
) -> None:
    called[0] = end

    with pytest.raises(SeriesRefused, match=words):
        run_dcm2niix(files, out, philips=False, timeout=3)


def test_a_binary_that_does_not_start_is_an_error(files: list[Path], out: Path, called: list[Any]) -> None:
    called[0] = PermissionError(13, "Permission denied")

    with pytest.raises(RunError, match="cannot be started"):
        run_dcm2niix(files, out, philips=False)


@pytest.mark.parametrize("code", [1, 99])
def test_no_message_carries_what_the_binary_says(
    files: list[Path], out: Path, called: list[Any], code: int
) -> None:
    called[0] = code

    with pytest.raises(SarcomaError) as error:
        run_dcm2niix(files, out, philips=False)
    assert "doe" not in str(error.value).lower()


def test_the_version_is_that_of_the_package() -> None:
    assert version().startswith("dcm2niix 1.0.")
