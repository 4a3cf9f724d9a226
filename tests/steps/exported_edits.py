"""What people's tools make of a collection of ours: other UIDs and makers, other frames, contours and names.

dcmqi is the program itself; 3D Slicer and MIM are imitated with pydicom, after objects that they save.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import generate_uid

from sarcoma_core.imaging.volume import Mask
from tests.dicom.seg.other_readers import dcmqi_images

READER = "Roe^Richard"
LATER = "20990102"
"""A day after every study."""


def by_dcmqi(path: Path, masks: Mapping[str, Mask], images: Sequence[Dataset], scratch: Path) -> bytes:
    """A SEG that dcmqi took apart and put together again, its segments in another order.

    Args:
        path: the SEG.
        masks: the new voxels of segments by their label, shape (column, row, slice).
        images: of the series, in the order of the slices.
        scratch: an empty folder.
    """
    dcmqi_images(path, scratch)
    about = json.loads((scratch / "meta.json").read_text(encoding="utf-8"))
    files = []
    for (segment,) in about["segmentAttributes"]:
        file = scratch / f"{segment['labelID']}.nrrd"
        mask = masks.get(segment["SegmentLabel"])
        if mask is not None:
            sitk.WriteImage(_image(mask, images, segment["labelID"]), str(file))
        files.append(str(file))
    about["segmentAttributes"].reverse()
    files.reverse()
    about["ContentCreatorName"] = READER
    (scratch / "edited.json").write_text(json.dumps(about), encoding="utf-8")
    dicom = scratch / "images"
    dicom.mkdir()
    for number, image in enumerate(images):
        image.save_as(dicom / f"{number}.dcm")
    program = str(Path(sys.executable).with_name("itkimage2segimage"))
    words = ["--inputImageList", ",".join(files), "--inputDICOMDirectory", str(dicom)]
    words += ["--inputMetadata", str(scratch / "edited.json"), "--outputDICOM", str(scratch / "edited.dcm")]
    subprocess.run([program, *words], check=True, capture_output=True)
    return (scratch / "edited.dcm").read_bytes()


def _image(mask: Mask, images: Sequence[Dataset], value: int) -> sitk.Image:
    first, last = (np.array(images[n].ImagePositionPatient, float) for n in (0, -1))
    cosines = np.array(images[0].ImageOrientationPatient, float)
    step = (last - first) / (len(images) - 1)
    normal = step / np.linalg.norm(step)
    down, right = map(float, images[0].PixelSpacing)
    image = sitk.GetImageFromArray(mask.transpose(2, 1, 0).astype(np.uint8) * value)
    image.SetOrigin(first.tolist())
    image.SetSpacing([right, down, float(np.linalg.norm(step))])
    image.SetDirection(np.stack([cosines[:3], cosines[3:], normal], axis=1).ravel().tolist())
    return image


def by_slicer(path: Path, masks: Mapping[str, Mask], images: Sequence[Dataset]) -> bytes:
    """A SEG as 3D Slicer saves it: these segments alone, in this order, named in capitals.

    A frame only where a segment has voxels; the series is named, and no image of it.
    """
    ours = pydicom.dcmread(path)
    held = {str(segment.SegmentLabel): segment for segment in ours.SegmentSequence}
    segments, groups, frames = [], [], []
    for number, (label, mask) in enumerate(masks.items(), 1):
        segment = deepcopy(held[label])
        segment.SegmentNumber, segment.SegmentLabel = number, label.upper()
        segment.TrackingID, segment.TrackingUID = label.upper(), generate_uid()
        segments.append(segment)
        for place in np.flatnonzero(mask.any(axis=(0, 1))):
            groups.append(_group(images[int(place)], number, int(place)))
            frames.append(mask[:, :, place].T)
    ours.SegmentSequence = Items(segments)
    ours.PerFrameFunctionalGroupsSequence, ours.NumberOfFrames = Items(groups), len(frames)
    packed = np.packbits(np.stack(frames).ravel(), bitorder="little").tobytes()
    ours.PixelData = packed + b"\0" * (len(packed) % 2)
    for item in ours.ReferencedSeriesSequence:
        del item.ReferencedInstanceSequence
    del ours.SourceImageSequence, ours.ContributingEquipmentSequence
    ours.ContentCreatorName, ours.SeriesDescription = READER, "Segmentation"
    return _saved(ours, "3D Slicer", "Slicer")


def _group(image: Dataset, number: int, place: int) -> Dataset:
    return _item(
        PlanePositionSequence=Items([_item(ImagePositionPatient=image.ImagePositionPatient)]),
        SegmentIdentificationSequence=Items([_item(ReferencedSegmentNumber=number)]),
        FrameContentSequence=Items([_item(DimensionIndexValues=[number, place + 1])]),
    )


def by_mim(path: Path, names: Sequence[str], *, without: int, shift_mm: float) -> bytes:
    """An RTSTRUCT as MIM saves it: these ROIs alone, in this order, with other numbers.

    Coordinates have two decimals, and each contour starts at another of its points and runs the other way.

    Args:
        path: the RTSTRUCT.
        names: ROINames that stay; the first is edited.
        without: so many of its images lose their contours, from the last in space.
        shift_mm: along x, of its other contours.
    """
    ours = pydicom.dcmread(path)
    numbers = {str(roi.ROIName): int(roi.ROINumber) for roi in ours.StructureSetROISequence}
    places = {numbers[name]: 20 - 3 * place for place, name in enumerate(names)}
    for keyword, reference in (
        ("StructureSetROISequence", "ROINumber"),
        ("ROIContourSequence", "ReferencedROINumber"),
        ("RTROIObservationsSequence", "ReferencedROINumber"),
    ):
        stay = [item for item in ours[keyword].value if int(item[reference].value) in places]
        stay.sort(key=lambda item: -places[int(item[reference].value)])
        for item in stay:
            item[reference].value = places[int(item[reference].value)]
        ours[keyword].value = Items(stay)
    for roi in ours.StructureSetROISequence:
        roi.ROIName = roi.ROIName.upper()
    _edit(ours.ROIContourSequence[0], without, shift_mm)
    for roi in ours.ROIContourSequence:
        for contour in roi.ContourSequence:
            points = np.roll(_points(contour), 3, axis=0)[::-1]
            contour.ContourData = [f"{value:.2f}" for value in points.ravel()]
    ours.StructureSetLabel, ours.OperatorsName = "RTstruct_1", READER
    ours.StructureSetDate, ours.StructureSetTime = LATER, "101112"
    return _saved(ours, "MIM Software Inc.", "MIM")


def _edit(roi: Dataset, without: int, shift_mm: float) -> None:
    heights = sorted({_points(contour)[0, 2] for contour in roi.ContourSequence})
    kept = heights[: len(heights) - without]
    roi.ContourSequence = Items([c for c in roi.ContourSequence if _points(c)[0, 2] in kept])
    for contour in roi.ContourSequence:
        contour.ContourData = (_points(contour) + np.array([shift_mm, 0, 0])).ravel().tolist()


def _points(contour: Dataset) -> np.ndarray:
    return np.reshape(np.array(contour.ContourData, float), (-1, 3))


def _saved(dataset: Dataset, maker: str, model: str) -> bytes:
    """With a day, a maker and UIDs of its own."""
    dataset.Manufacturer, dataset.ManufacturerModelName, dataset.SoftwareVersions = maker, model, "5.6"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.ContentDate, dataset.ContentTime = LATER, "101112"
    stream = BytesIO()
    pydicom.dcmwrite(stream, dataset)
    return stream.getvalue()


def _item(**values: Any) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item
