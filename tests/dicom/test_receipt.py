import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.dicom.nifti import NiftiImage
from sarcoma_core.dicom.receipt import Receipt, receipt_of
from sarcoma_core.dicom.series import read_scan
from tests.dicom.series_maker import Stack, save


@pytest.mark.parametrize(
    ("modality", "values", "units"),
    [
        ("MR", {}, "arbitrary"),
        ("CT", {}, "HU"),
        ("CT", {"RescaleType": "MGML"}, "MGML"),
        ("PT", {}, "BQML"),
        ("PT", {"Units": "GML", "SUVType": "BW"}, "GML"),
    ],
)
def test_a_receipt_says_what_the_values_mean(
    tmp_path: Path, modality: str, values: dict[str, str], units: str
) -> None:
    files = save(Stack(modality=modality).datasets(**values), tmp_path)
    (tmp_path / "copy").write_bytes(files[0].read_bytes())

    receipt = receipt_of(read_scan([*files, tmp_path / "copy"]))

    assert receipt.units == units
    assert receipt.suv_type == values.get("SUVType", "")
    assert receipt.modality == modality
    assert (receipt.files_in, receipt.duplicate_files, receipt.frames_in) == (7, 1, 6)
    assert receipt.transfer_syntaxes == ("Explicit VR Little Endian",)


def test_a_receipt_of_nothing_is_a_receipt() -> None:
    assert receipt_of(read_scan([])).frames_in == 0


def test_a_receipt_is_json_with_every_fact_in_it() -> None:
    image = NiftiImage(np.zeros((3, 4, 5)), 1.0, 0.0, np.diag([-2.0, 2.5, 4.0, 1.0]))
    receipt = replace(Receipt(files_in=5).with_grid(image), warnings=("InstanceNumber starts at 2",))

    found = json.loads(json.dumps(receipt.as_json()))

    assert found == receipt.as_json()
    assert found["shape"] == [3, 4, 5]
    assert found["spacing"] == [2.0, 2.5, 4.0]
    assert found["orientation"] == "LAS"
    assert found["affine"][1] == [0.0, 2.5, 0.0, 0.0]
    assert found["warnings"] == ["InstanceNumber starts at 2"]
