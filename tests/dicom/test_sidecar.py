import json
from pathlib import Path

import pytest

from sarcoma_core.dicom.sidecar import write_sidecar
from sarcoma_core.errors import SeriesRefused


def test_physics_stays_and_people_places_and_times_go(tmp_path: Path) -> None:
    source, target = tmp_path / "in.json", tmp_path / "out.json"
    physics = {"Modality": "MR", "EchoTime": 0.03, "MagneticFieldStrength": 3, "Units": "BQML"}
    people = {
        "PatientName": "Doe^Jane",
        "AcquisitionTime": "10:13:14.5",
        "InstitutionName": "St. Elsewhere",
        "StationName": "SCANNER7",
        "DeviceSerialNumber": "175689",
        "SeriesDescription": "Jane Doe thigh",
        "ImageComments": "seen by Dr Roe",
        "AKeyOfTomorrow": "Jane",
    }
    source.write_text(json.dumps({**people, **physics}))

    write_sidecar(source, target)

    assert json.loads(target.read_text()) == physics


def test_what_is_no_json_refuses_the_scan(tmp_path: Path) -> None:
    source = tmp_path / "in.json"
    source.write_text('{"SeriesDescription": "a "quoted" word"}')

    with pytest.raises(SeriesRefused, match="not JSON"):
        write_sidecar(source, tmp_path / "out.json")


def test_equal_content_is_equal_bytes(tmp_path: Path) -> None:
    one, two, out = tmp_path / "1.json", tmp_path / "2.json", tmp_path / "out.json"
    one.write_text('{"Modality": "MR", "EchoTime": 0.03}')
    two.write_text('{"EchoTime":0.03,"Modality":"MR"}')

    write_sidecar(one, out)
    first = out.read_bytes()
    write_sidecar(two, out)

    assert out.read_bytes() == first
