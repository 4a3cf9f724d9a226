"""What made an object."""

from pydicom.dataset import Dataset

from sarcoma_core.dicom.equipment import read_software


def made_by(**values: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def test_manufacturer_model_and_versions_stand_in_one_line() -> None:
    dataset = made_by(Manufacturer="QIICR", ManufacturerModelName="dcmqi", SoftwareVersions=["1.2", "3"])
    assert read_software(dataset) == "QIICR, dcmqi, 1.2, 3"
    assert read_software(made_by(ManufacturerModelName="Slicer")) == "Slicer"
    assert read_software(Dataset()) == ""
